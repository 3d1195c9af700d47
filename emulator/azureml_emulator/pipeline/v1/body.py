"""The body by which the first interface submits a run, as an invocation of the pipeline. Pure.

Source: Azure ML "Publish and track machine learning pipelines" (v1): ``ParameterAssignments`` are literals,
``DataPathAssignments`` places in datastores, ``DataSetDefinitionValueAssignments`` registered data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from azureml_emulator.batch.lenient import BodyError, Fields
from azureml_emulator.http import ServiceError
from azureml_emulator.pipeline.component import Problem
from azureml_emulator.pipeline.invocation import LITERAL, Given, PipelineInvocation, check_invocation
from azureml_emulator.pipeline.ports import Interface

PARAMETERS, PATHS, DATASETS = "ParameterAssignments", "DataPathAssignments", "DataSetDefinitionValueAssignments"
GROUPS = (PARAMETERS, PATHS, DATASETS)
_NOT_SUPPORTED = ("AssetOutputSettingsAssignments",)
_DEFAULT_STORE = "workspaceblobstore"


@dataclass(frozen=True)
class Submission:
    """What one submission asks for: every assignment by its input's name, as it was sent, and the run's own fields."""

    assigned: dict[str, dict[str, Any]]
    experiment: str | None = None
    description: str | None = None
    source: str | None = None
    type: str | None = None
    go_on: bool | None = None
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)

    def group(self, name: str) -> str:
        """The kind of assignment by which an input is given; empty when it is not."""
        return next((group for group, given in self.assigned.items() if name in given), "")


def read_submission(body: Any) -> Submission:
    """Read a body; keys in any case, as clients of several languages write them.

    Raises:
        BodyError: something is of the wrong type; the text names it.
        ServiceError: 501, it asks for what the emulator does not have.
    """
    fields = Fields({} if body is None else body)
    for name in _NOT_SUPPORTED:
        if fields.get(name):
            raise ServiceError(501, "NotImplemented", f"The emulator does not support '{name}' of a run.", name)
    assigned = {group: fields.object(group).items for group in GROUPS}
    for name, groups in _groups(assigned).items():
        if len(groups) > 1:
            raise BodyError(f"'{groups[1]}.{name}' is in '{groups[0]}' too: assign an input once.")
    return Submission(
        assigned=assigned,
        experiment=fields.text("ExperimentName"),
        description=fields.text("Description"),
        source=fields.text("RunSource"),
        type=fields.text("RunType"),
        go_on=_flag(fields, "ContinueRunOnStepFailure"),
        tags=fields.texts("tags"),
        properties=fields.texts("Properties"),
    )


def as_invocation(asked: Submission, pipeline: Interface, run: str) -> PipelineInvocation:
    """The invocation that a submission means, of a run with this name; data get the types that the pipeline wants.

    Raises:
        BodyError: an assignment cannot be read; the text names it.
    """
    inputs = {name: _parameter(name, value) for name, value in asked.assigned[PARAMETERS].items()}
    for name, value in asked.assigned[PATHS].items():
        inputs[name] = Given(_type(pipeline, name), uri=_path(value, f"{PATHS}.{name}"))
    for name, value in asked.assigned[DATASETS].items():
        inputs[name] = Given(_type(pipeline, name), uri=_dataset(value, f"{DATASETS}.{name}"))
    return PipelineInvocation(
        inputs=inputs,
        name=run,
        experiment=asked.experiment,
        description=asked.description,
        go_on=asked.go_on,
        tags=asked.tags,
        properties=asked.properties,
    )


def check_submission(asked: Submission, invocation: PipelineInvocation, pipeline: Interface) -> Iterator[Problem]:
    """Everything in which a submission does not fit a pipeline, each problem at the field of the submission."""
    for problem in check_invocation(invocation, pipeline):
        name = problem.path.removeprefix("inputData.").removesuffix(".value")
        port = pipeline.inputs.get(name)
        group = asked.group(name) or (PARAMETERS if port is not None and port.is_literal else PATHS)
        yield Problem(f"{group}.{name}", problem.text)


def _groups(assigned: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """The kinds of assignments that each input is in."""
    found: dict[str, list[str]] = {}
    for group, given in assigned.items():
        for name in given:
            found.setdefault(name, []).append(group)
    return found


def _type(pipeline: Interface, name: str) -> str:
    """The type of an input of data; a folder where the pipeline has no such input, or one for a literal."""
    port = pipeline.inputs.get(name)
    return "uri_folder" if port is None or port.is_literal else port.type


def _parameter(name: str, value: Any) -> Given:
    if value is None or isinstance(value, (dict, list)):
        raise BodyError(f"'{PARAMETERS}.{name}' must be a string, a number, true or false, not {value!r}.")
    return Given(LITERAL, value=str(value))


def _path(value: Any, where: str) -> str:
    given = Fields(value, where)
    path = given.text("RelativePath")
    if path is None:
        raise BodyError(f"'{where}.RelativePath' must not be empty.")
    return f"azureml://datastores/{given.text('DataStoreName') or _DEFAULT_STORE}/paths/{path.strip('/')}"


def _dataset(value: Any, where: str) -> str:
    """Where the data of a dataset assignment are: a place, or an asset by its id, or by name and version."""
    given = Fields(value, where)
    if given.get("LiteralValue") is not None:
        return _path(given.get("LiteralValue"), f"{where}.LiteralValue")
    for name in ("SavedDataSetReference", "DataSetReference", "AssetDefinition"):
        if given.get(name) is None:
            continue
        reference = given.object(name)
        found = reference.text("Id") or reference.text("AssetId") or reference.text("Path")
        if found:
            return found if "/" in found or ":" in found else f"azureml:{found}@latest"
        named, version = reference.text("Name"), reference.text("Version")
        if named:
            return f"azureml:{named}:{version}" if version else f"azureml:{named}@latest"
        raise BodyError(f"'{where}.{name}.Id' must not be empty.")
    raise BodyError(
        f"'{where}' must be {{SavedDataSetReference: {{Id}}}}, {{DataSetReference: {{Name, Version}}}}, "
        "{AssetDefinition: {AssetId}} or {LiteralValue: {DataStoreName, RelativePath}}."
    )


def _flag(fields: Fields, name: str) -> bool | None:
    value = fields.get(name)
    if value is None or isinstance(value, bool):
        return value
    if str(value).lower() in {"true", "false"}:
        return str(value).lower() == "true"
    raise BodyError(f"'{name}' must be true or false, not {value!r}.")
