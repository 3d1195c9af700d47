"""Data Factory pipelines for an endpoint that is deployed: written as files of a factory's repository.

What the endpoint takes is read from its OpenAPI document, where the caller does not say it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi_azureml.arm import ArmClient
from pulumi_azureml.data_factory import DataFactoryError, Run, linked_service, pipeline
from pulumi_azureml.data_factory.run import DATA_TYPES

from .errors import InputError
from .generate_endpoint import describe
from .target import Target

if TYPE_CHECKING:
    from .display import Display
    from .target import TargetOptions

_OURS = {theirs: ours for ours, theirs in DATA_TYPES.items()}
_OPTIONS = {"scoring_uri": "--scoring-uri", "inputs": "--input", "outputs": "--output-data", "poll_seconds": "--poll"}


@dataclass(frozen=True)
class FactoryOptions:
    """What a command asks for.

    Attributes:
        name: the pipeline's name; that of the endpoint when None.
        run: what it runs; the scoring URI is filled in.
        inputs: as in :class:`Run`; None takes those that the endpoint has.
        folder: where the files go; None prints the pipeline.
    """

    name: str | None = None
    run: Run = field(default_factory=Run)
    inputs: Mapping[str, Any] | None = None
    folder: Path | None = None


def write_pipeline(target: TargetOptions, display: Display, options: FactoryOptions) -> None:
    """Write the pipeline that runs an endpoint, and for a v1 pipeline its linked service.

    Raises:
        InputError: naming every option that is wrong.
    """
    found = Target(target)
    run, name = options.run, options.name
    if run.is_v1:
        name = name or "run-pipeline"
        workspace = found.settings().workspace_id
        run = replace(run, inputs=options.inputs or {})
    else:
        settings, uri = found.settings_and_scoring_uri()
        client = ArmClient.from_settings(settings)
        endpoint = target.endpoint or _name_of(uri)
        name, workspace = name or endpoint, settings.workspace_id
        display.status(f"reading what the endpoint {endpoint} takes")
        inputs = options.inputs if options.inputs is not None else taken(client, endpoint, run.deployment or None)
        run = replace(run, scoring_uri=uri, inputs=inputs, audience=settings.scope("ml").removesuffix("/.default"))
    try:
        files = {f"pipeline/{name}.json": pipeline(name, run)}
        if run.is_v1:
            files[f"linkedService/{run.linked_service}.json"] = linked_service(run.linked_service, workspace)
    except DataFactoryError as error:
        raise InputError(_told(error)) from error
    _write(display, files, options.folder)


def taken(client: ArmClient, endpoint: str, deployment: str | None) -> dict[str, Any]:
    """The inputs that an endpoint has, as its OpenAPI document says.

    Raises:
        InputError: it has none that says so.
    """
    document = describe(client, endpoint, deployment).document or {}
    schema = (document.get("components") or {}).get("schemas", {}).get("InputData")
    if schema is None:
        raise InputError(
            f"The endpoint '{endpoint}' does not say what it takes: name its inputs with --input NAME=TYPE."
        )
    named = schema.get("properties") or {}
    if not named and isinstance(schema.get("additionalProperties"), Mapping):
        return {"data": {"type": "uri_folder"}}  # a model: one folder, whatever its name
    return {name: _port(each["properties"]) for name, each in named.items()}


def _port(properties: Mapping[str, Any]) -> dict[str, Any]:
    if "value" in properties:
        value = properties["value"]
        default = {"value": value["default"]} if "default" in value else {}
        return {"type": value["type"], **default}
    return {"type": _OURS[properties["jobInputType"]["enum"][0]]}


def _name_of(uri: str) -> str:
    """The endpoint's name in its scoring URI, by Azure's host name or by another one that leads to it."""
    host, _, path = uri.removeprefix("https://").partition("/")
    return (path.partition("/")[2] if path.startswith("inference/") else host).partition(".")[0]


def _told(error: DataFactoryError) -> str:
    lines = [f"  {_option(problem.path)} {problem.text}" for problem in error.problems]
    return "\n".join(["No pipeline can be made of this:", *lines])


def _option(path: str) -> str:
    head, _, rest = path.partition(".")
    option = _OPTIONS.get(head, f"--{head.replace('_', '-')}")
    return f"{option} {rest}" if rest else option


def _write(display: Display, files: Mapping[str, Any], folder: Path | None) -> None:
    if folder is None:
        path, document = next(iter(files.items()))
        display.result("pipeline", json.dumps(document, indent=2), path=path, document=document)
        return
    for path, document in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        display.result("file", f"Wrote {file}", file=str(file))
