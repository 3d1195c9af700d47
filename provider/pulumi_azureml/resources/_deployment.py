"""What batch and online deployments have in common: names, the script in its code folder, versions by content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ..arm import Settings
from ..engine import UNKNOWN, InputError, arm, computed, local, reference
from ..engine.unknown import has_unknown

_LONGEST_NAME, _DIGEST, _SCORING_DIGEST = 32, 8, 16
# What a deployment computes depends on these.
_CONTENT = ("model", "code", "environment", "scoringScript", "environmentVariables", "component")
# And its predictions, as a job writes them, on these too.
_SCORING = (*_CONTENT, "miniBatchSize", "errorThreshold", "outputAction", "outputFileName", "settings")

EndpointName = Annotated[
    str,
    arm(url=True),
    Field(
        pattern=r"^[a-zA-Z][a-zA-Z0-9\-]{1,30}[a-zA-Z0-9]$",
        description="Name, unique in the region: 3 to 32 letters, digits and `-`, beginning with a letter. "
        "Default: the logical name with a suffix.",
    ),
]
DeploymentName = Annotated[
    str,
    arm(url=True),
    Field(
        pattern=r"^[a-zA-Z][a-zA-Z0-9\-]{1,30}[a-zA-Z0-9]$",
        description="Name in the endpoint, 3 to 32 letters, digits and `-`. Default: the logical name.",
    ),
]
Code = Annotated[
    str,
    reference("codes", "properties.codeConfiguration.codeId"),
    Field(description="The code: resource, ARM id, or `azureml:{name}:{version}`. None for an MLflow model."),
]
CodePath = Annotated[
    str,
    local(compared=False),
    Field(description="The code's local folder, known when `code` is a resource: the script is looked for there."),
]
Environment = Annotated[
    str,
    reference("environments", "properties.environmentId"),
    Field(description="The environment: resource, ARM id, or `azureml:{name}:{version}`. None for MLflow models."),
]
EnvironmentVariables = Annotated[
    dict[str, str],
    arm("properties.environmentVariables"),
    Field(description="Environment variables that the scoring script sees."),
]
Properties = Annotated[
    dict[str, str],
    arm("properties.properties"),
    Field(description="Properties: entries can be added and changed; the service keeps those that are left out."),
]

ScoringDigest = Annotated[
    str,
    computed(compared=False),
    Field(description="Digest of what the predictions depend on, by which a gate knows that it must try it again."),
]


def script_rules(values: Mapping[str, Any], function: str) -> Iterator[InputError]:
    """Code and scoring script come together, and the script is in the code's folder; `function` as users write it."""
    code, script = values.get("code"), values.get("scoringScript")
    if code and not script:
        yield InputError("scoringScript", f"is required with code: the script in it that has init() and {function}")
    if script and not code:
        yield InputError("code", "is required with scoringScript: the folder that holds it")
    folder = values.get("codePath")
    if not isinstance(folder, str) or not isinstance(script, str) or not Path(folder).is_dir():
        return
    if not Path(folder, script).is_file():
        there = ", ".join(sorted(path.name for path in Path(folder).glob("*.py"))) or "no Python file"
        yield InputError("scoringScript", f"{script!r} is not in the code folder {folder!r}; it holds {there}")


def versioned_name(values: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The inputs with a name that ends in a digest of the content, where the deployment or production asks for it."""
    if not values.get("versioned", settings.mode == "production") or values.get("name") is UNKNOWN:
        return values
    content = [values.get(key) for key in _CONTENT]
    if has_unknown(content):
        return {**values, "name": UNKNOWN}
    name = values["name"][: _LONGEST_NAME - _DIGEST - 1].rstrip("-")
    return {**values, "name": f"{name}-{_digest(content)[:_DIGEST]}"}


def scoring_digest(values: Mapping[str, Any]) -> Any:
    """The digest of what the predictions depend on; UNKNOWN while a preview does not know all of it."""
    content = [values.get(key) for key in _SCORING]
    return UNKNOWN if has_unknown(content) else _digest(content)[:_SCORING_DIGEST]


def _digest(content: list[Any]) -> str:
    # Name and version of an asset, without its workspace: the same content has the same name in each environment.
    tails = [part.lower().split("/")[-4:] if isinstance(part, str) else part for part in content]
    return hashlib.sha256(json.dumps(tails, sort_keys=True).encode()).hexdigest()
