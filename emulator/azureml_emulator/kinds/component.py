"""Component assets: a command with typed inputs and outputs, or a pipeline of such commands."""

from __future__ import annotations

from typing import Any

from azureml_emulator import registries
from azureml_emulator.arm import errors, references
from azureml_emulator.arm.assets import Asset, AssetProperties
from azureml_emulator.arm.kind import Lack, Properties, Target
from azureml_emulator.arm.schema import Body
from azureml_emulator.http import ServiceError
from azureml_emulator.pipeline.component import (
    OTHER_TYPES,
    CommandPart,
    NotSupportedError,
    PipelinePart,
    Problem,
    interface,
    read_component,
    refuse_unsupported_jobs,
)
from azureml_emulator.pipeline.graph import check_command, check_pipeline
from azureml_emulator.pipeline.ports import Interface
from azureml_emulator.pipeline.submit import find_component, refuse

_SPEC = "properties.componentSpec"


class ComponentProperties(AssetProperties):
    """The properties of a component version."""

    component_spec: dict[str, Any] | None = None


class ComponentBody(Body):
    """PUT of a component version."""

    properties: ComponentProperties


def _prepare(target: Target, body: Any) -> Properties:
    properties: Properties = body.properties.dump()
    spec = properties["componentSpec"]
    if not spec:
        raise errors.must_not_be_empty("Component Spec", _SPEC)
    try:
        read, problems = read_component(spec)
        if isinstance(read, PipelinePart):
            refuse_unsupported_jobs(read)
    except NotSupportedError as error:
        raise ServiceError(501, "NotImplemented", f"The emulator does not support {error}.") from error
    problems += _names(target, spec)
    refuse(problems, "ValidationError", _SPEC)
    if isinstance(read, CommandPart):
        refuse(check_command(read), "ValidationError", _SPEC)
        return {**properties, "componentSpec": {**spec, **_command(target, read)}}
    assert isinstance(read, PipelinePart)  # noqa: S101 - without problems it is one of the two
    jobs, interfaces = _jobs(target, read, spec["jobs"])
    refuse(check_pipeline(read, interfaces), "ValidationError", _SPEC)
    return {**properties, "componentSpec": {**spec, "jobs": jobs}}


def _names(target: Target, spec: dict[str, Any]) -> list[Problem]:
    """The name and version in a specification, where it has them, are those of the address."""
    name, version = target.id.split("/")[-3], target.name
    return [
        Problem(key, f"is '{spec[key]}', but the component's address says '{wanted}'")
        for key, wanted in (("name", name), ("version", version))
        if spec.get(key) is not None and str(spec[key]) != wanted and not name.startswith("azureml_anonymous")
    ]


def _command(target: Target, read: CommandPart) -> dict[str, str]:
    """Code and environment of a command, as ids of what exists."""
    environment = references.asset(target, read.environment, "environments", f"{_SPEC}.environment")
    found = {"environment": _as_sent(read.environment, environment)}
    if read.code:
        found["code"] = _as_sent(read.code, references.asset(target, read.code, "codes", f"{_SPEC}.code"))
    return found


def _jobs(target: Target, read: PipelinePart, jobs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Interface]]:
    """The jobs with the ids of their components, and these components' interfaces."""
    found, interfaces = {}, {}
    for name, job in read.jobs.items():
        where = f"{_SPEC}.jobs.{name}"
        component = references.asset(target, job.component_id, "components", f"{where}.componentId")
        if job.compute_id:
            references.compute(target, job.compute_id, f"{where}.computeId")
        found[name] = {**jobs[name], "componentId": _as_sent(job.component_id, component)}
        interfaces[name] = interface(find_component(target.emulator, component))
    return found, interfaces


def _as_sent(reference: str, found: str) -> str:
    """A reference by id stays as it was written; a name or label becomes the id of what it names now."""
    if registries.is_reference(found):
        return found
    return reference if reference.removeprefix("azureml:").lower() == found.lower() else f"azureml:{found}"


COMPONENT = Asset(
    plural="components",
    label="component",
    body=ComponentBody,
    content=("componentSpec",),
    what="component spec",
    prepare=_prepare,
    latest_alias="azureml_default",
    lacks=(Lack(f"{_SPEC}.type", tuple(OTHER_TYPES), "components of the type"),),
)
