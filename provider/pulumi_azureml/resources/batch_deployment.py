"""Batch deployment: a model with the code, environment and compute that score with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from ..arm import ArmClient, Settings
from ..engine import UNKNOWN, InputError, Inputs, Kind, Output, arm, local, reference
from ..engine.unknown import has_unknown
from ..engine.values import get
from ._types import Duration, Location, ResourceInputs, ResourceTags, any_case

_INT_MAX = 2**31 - 1
_LONGEST_NAME, _DIGEST = 32, 8
# What a deployment computes depends on these.
_CONTENT = ("model", "code", "environment", "scoringScript", "environmentVariables")
_NOT_IN_FILE_NAMES = r'~"#%&*:<>?/\{|}'


class RetrySettings(Inputs):
    """What happens to a mini-batch that fails."""

    max_retries: Annotated[int, Field(ge=0, le=_INT_MAX, description="Retries of a failed mini-batch.")] = 3
    timeout: Annotated[Duration, Field(description="Time for one mini-batch, an ISO 8601 duration.")] = "PT30S"


class BatchDeploymentInputs(ResourceInputs):
    """Inputs of a model deployment. All but its name and endpoint can change in place."""

    endpoint: Annotated[
        str, reference("batchEndpoints", url=True), Field(description="The endpoint: resource, ARM id or name.")
    ]
    model: Annotated[
        str,
        reference("models", "properties.model.assetId"),
        Field(min_length=1, description="The model: resource, ARM id, or `azureml:{name}:{version}`."),
    ]
    compute: Annotated[
        str,
        reference("computes", "properties.compute"),
        Field(min_length=1, description="The cluster that scores: resource, ARM id or name."),
    ]
    name: (
        Annotated[
            str,
            arm(url=True),
            Field(
                pattern=r"^[a-zA-Z][a-zA-Z0-9\-]{1,30}[a-zA-Z0-9]$",
                description="Name in the endpoint, 3 to 32 letters, digits and `-`. Default: the logical name.",
            ),
        ]
        | None
    ) = None
    versioned: (
        Annotated[
            bool,
            local(compared=False),
            Field(
                description="Whether the name ends in a digest of model, code, environment, script and variables: new "
                "content is then a new deployment beside the old one, which a gate can try before the default moves to "
                "it, and not a change in place. Default: true in production, else false."
            ),
        ]
        | None
    ) = None
    code: (
        Annotated[
            str,
            reference("codes", "properties.codeConfiguration.codeId"),
            Field(description="The code: resource, ARM id, or `azureml:{name}:{version}`. None for an MLflow model."),
        ]
        | None
    ) = None
    scoring_script: (
        Annotated[
            str,
            arm("properties.codeConfiguration.scoringScript"),
            Field(min_length=1, description="The script in the code's folder that has `init()` and `run(mini_batch)`."),
        ]
        | None
    ) = None
    code_path: (
        Annotated[
            str,
            local(compared=False),
            Field(
                description="The code's local folder, known when `code` is a resource: the script is looked for there."
            ),
        ]
        | None
    ) = None
    environment: (
        Annotated[
            str,
            reference("environments", "properties.environmentId"),
            Field(
                description="The environment: resource, ARM id, or `azureml:{name}:{version}`. None for MLflow models."
            ),
        ]
        | None
    ) = None
    environment_variables: (
        Annotated[
            dict[str, str],
            arm("properties.environmentVariables"),
            Field(description="Environment variables that the scoring script sees."),
        ]
        | None
    ) = None
    instance_count: Annotated[
        int, arm("properties.resources.instanceCount"), Field(ge=1, le=_INT_MAX, description="Nodes for each job.")
    ] = 1
    mini_batch_size: Annotated[int, Field(ge=1, le=2**63 - 1, description="Files in each call of `run`.")] = 10
    max_concurrency_per_instance: Annotated[
        int, Field(ge=1, le=_INT_MAX, description="Worker processes on each node.")
    ] = 1
    error_threshold: Annotated[
        int,
        Field(ge=-1, le=_INT_MAX, description="Failed items that a job may have; -1 allows any number."),
    ] = -1
    retry_settings: Annotated[
        RetrySettings, Field(default_factory=RetrySettings, description="What happens to a mini-batch that fails.")
    ]
    output_action: Annotated[
        Literal["AppendRow", "SummaryOnly"],
        any_case("AppendRow", "SummaryOnly"),
        Field(description="`AppendRow` gathers what `run` returns in one file; `SummaryOnly` counts it."),
    ] = "AppendRow"
    output_file_name: (
        Annotated[str, Field(min_length=1, description="File for the gathered rows; `predictions.csv` unless set.")]
        | None
    ) = None
    logging_level: Annotated[
        Literal["Debug", "Info", "Warning"],
        any_case("Debug", "Info", "Warning"),
        Field(description="Log level handed to the script: `Debug`, `Info` or `Warning`."),
    ] = "Info"
    description: Annotated[str, Field(description="What the deployment is for.")] | None = None
    properties: (
        Annotated[
            dict[str, str],
            arm("properties.properties"),
            Field(
                description="Properties: entries can be added and changed; the service keeps those that are left out."
            ),
        ]
        | None
    ) = None
    location: Location | None = None
    tags: ResourceTags | None = None


def _rules(values: Mapping[str, Any]) -> Iterator[InputError]:
    name = values.get("outputFileName")
    if isinstance(name, str) and (bad := sorted(set(name) & set(_NOT_IN_FILE_NAMES))):
        yield InputError("outputFileName", f"should hold none of {_NOT_IN_FILE_NAMES} but holds {' '.join(bad)}")
    if name is not None and values.get("outputAction") == "SummaryOnly":
        yield InputError("outputFileName", "is for AppendRow only: with SummaryOnly the script writes its own files")
    code, script = values.get("code"), values.get("scoringScript")
    if code and not script:
        yield InputError("scoringScript", "is required with code: the script in it that has init() and run(mini_batch)")
    if script and not code:
        yield InputError("code", "is required with scoringScript: the folder that holds it")
    yield from _script_is_there(values)


def _script_is_there(values: Mapping[str, Any]) -> Iterator[InputError]:
    folder, script = values.get("codePath"), values.get("scoringScript")
    if not isinstance(folder, str) or not isinstance(script, str) or not Path(folder).is_dir():
        return
    if not Path(folder, script).is_file():
        there = ", ".join(sorted(path.name for path in Path(folder).glob("*.py"))) or "no Python file"
        yield InputError("scoringScript", f"{script!r} is not in the code folder {folder!r}; it holds {there}")


def _derive(values: dict[str, Any], settings: Settings) -> dict[str, Any]:
    if not values.get("versioned", settings.mode == "production") or values.get("name") is UNKNOWN:
        return values
    content = [values.get(key) for key in _CONTENT]
    if has_unknown(content):
        return {**values, "name": UNKNOWN}
    # Name and version of an asset, without its workspace: the same content has the same name in each environment.
    tails = [part.lower().split("/")[-4:] if isinstance(part, str) else part for part in content]
    digest = hashlib.sha256(json.dumps(tails, sort_keys=True).encode()).hexdigest()[:_DIGEST]
    return {**values, "name": f"{values['name'][: _LONGEST_NAME - _DIGEST - 1].rstrip('-')}-{digest}"}


def _in_use(client: ArmClient, resource: str, _state: dict[str, Any]) -> str:
    endpoint, _, name = resource.rpartition("/deployments/")
    found = client.request("GET", endpoint, operation=f"look whether {name} is the default").body
    is_default = str(get(found, "properties.defaults.deploymentName") or "").lower() == name.lower()
    return "it is the endpoint's default deployment" if is_default else ""


BATCH_DEPLOYMENT = Kind(
    name="BatchDeployment",
    title="batch deployment",
    path="{endpoint}/deployments/{name}",
    inputs=BatchDeploymentInputs,
    outputs=(Output("provisioningState", "properties.provisioningState", "State of the deployment itself."),),
    fixed={"properties.model.referenceType": "Id"},
    carried=("properties.resources.instanceType", "properties.resources.properties"),
    borrows={"codePath": ("code", "path")},
    timeout=3600.0,
    in_use=_in_use,
    derive=_derive,
    rules=_rules,
)
