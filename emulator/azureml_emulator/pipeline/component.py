"""A component's specification, read strictly: a command, or the jobs of a pipeline. Pure.

Sources: Azure ML "CLI (v2) command component" and "pipeline component YAML schema", and what the official
client makes of them: the keys of a specification are in snake case, jobs name their component by ``componentId``
and their compute by ``computeId``, and every value of a job's input is an object with a ``job_input_type``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from azureml_emulator.pipeline.ports import DATA_TYPES, LITERAL_TYPES, Interface, Port, literal, text_of

OTHER_TYPES = ("automl", "data_transfer", "import", "parallel", "spark", "sweep")
"""Types of components and jobs that Azure ML has and the emulator does not."""
_PORT_NAME = r"^[a-zA-Z_][a-zA-Z0-9_]*(\.[a-zA-Z_][a-zA-Z0-9_]*)*$"
_JOB_NAME = r"^[a-zA-Z_][a-zA-Z0-9_\-]*$"

Scalar = str | int | float | bool


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a specification: where, by dotted path in it, and what."""

    path: str
    text: str

    def below(self, path: str) -> Problem:
        """The same problem, seen from further up."""
        return Problem(".".join(filter(None, (path, self.path))), self.text)


class NotSupportedError(Exception):
    """Something that Azure ML has and the emulator does not; the text names it."""


class Part(BaseModel):
    """An object of a specification; what begins with an underscore is a client's own note."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)


def _named(pattern: str) -> Any:
    return Annotated[str, Field(pattern=pattern)]


class InputPart(Part):
    """An input that a component declares."""

    type: Literal[*DATA_TYPES, *LITERAL_TYPES]  # type: ignore[valid-type]
    default: Scalar | None = None
    optional: bool = False
    min: Scalar | None = None
    max: Scalar | None = None
    enum: list[Scalar] = Field(default_factory=list)
    description: str | None = None
    mode: str | None = None
    path: str | None = None


class OutputPart(Part):
    """An output that a component declares."""

    type: Literal[*DATA_TYPES]  # type: ignore[valid-type]
    description: str | None = None
    mode: str | None = None


class ResourcesPart(Part):
    """What a command needs of its compute."""

    instance_count: Annotated[int, Field(ge=1)] = 1
    instance_type: str | None = None
    shm_size: str | None = None
    docker_args: str | None = None
    properties: dict[str, Any] | None = None


class LimitsPart(Part):
    """``timeout`` is in seconds."""

    timeout: Annotated[float, Field(gt=0)] | None = None
    job_limits_type: str | None = None


class JobInputPart(Part):
    """What a job of a pipeline is given for an input: a value, an expression, or an address."""

    job_input_type: Annotated[str, BeforeValidator(lambda value: str(value).lower())]
    value: Scalar | None = None
    uri: str | None = None
    mode: str | None = None
    description: str | None = None
    path_on_compute: str | None = None


class JobOutputPart(Part):
    """Where an output of a job goes: an expression as ``value``, an address, or the name of an asset."""

    type: str | None = None
    job_output_type: str | None = None
    value: str | None = None
    uri: str | None = None
    mode: str | None = None
    name: str | None = None
    version: str | None = None
    description: str | None = None


class JobPart(Part):
    """One job of a pipeline."""

    type: str
    component_id: Annotated[str, Field(alias="componentId", min_length=1)]
    compute_id: Annotated[str | None, Field(alias="computeId")] = None
    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    comment: str | None = None
    tags: dict[str, str] | None = None
    properties: dict[str, Any] | None = None
    inputs: dict[_named(_PORT_NAME), JobInputPart] = Field(default_factory=dict)  # type: ignore[valid-type]
    outputs: dict[_named(_PORT_NAME), JobOutputPart] = Field(default_factory=dict)  # type: ignore[valid-type]
    environment_variables: dict[str, str] = Field(default_factory=dict)
    resources: ResourcesPart | None = None
    limits: LimitsPart | None = None
    distribution: dict[str, Any] | None = None
    identity: dict[str, Any] | None = None
    services: dict[str, Any] | None = None
    queue_settings: dict[str, Any] | None = None


class _ComponentPart(Part):
    id: str | None = None
    creation_context: dict[str, Any] | None = None
    """What the official client sends back when it registers what it has read."""
    name: str | None = None
    version: str | None = None
    display_name: str | None = None
    description: str | None = None
    tags: dict[str, str] | None = None
    properties: dict[str, Any] | None = None
    is_deterministic: bool = True
    inputs: dict[_named(_PORT_NAME), InputPart] = Field(default_factory=dict)  # type: ignore[valid-type]
    outputs: dict[_named(_PORT_NAME), OutputPart] = Field(default_factory=dict)  # type: ignore[valid-type]

    def ports(self) -> tuple[dict[str, Port], dict[str, Port]]:
        """Inputs and outputs by name."""
        inputs = {name: _port(name, part) for name, part in self.inputs.items()}
        return inputs, {name: Port(name, part.type) for name, part in self.outputs.items()}


class CommandPart(_ComponentPart):
    """A command component."""

    type: Literal["command"]
    command: Annotated[str, Field(min_length=1)]
    code: str | None = None
    environment: str
    environment_variables: dict[str, str] = Field(default_factory=dict)
    resources: ResourcesPart | None = None
    limits: LimitsPart | None = None
    distribution: dict[str, Any] | None = None
    additional_includes: list[str] | None = None


class PipelinePart(_ComponentPart):
    """A pipeline component."""

    type: Literal["pipeline"]
    jobs: dict[_named(_JOB_NAME), JobPart]  # type: ignore[valid-type]
    source_job_id: Annotated[str | None, Field(alias="sourceJobId")] = None


Specification = CommandPart | PipelinePart


def read_component(document: Any) -> tuple[Specification | None, list[Problem]]:
    """Read a specification; with problems there is none.

    Raises:
        NotSupportedError: it is of a type, or uses a feature, that the emulator does not have.
    """
    if not isinstance(document, dict):
        return None, [Problem("", "should be an object")]
    kind = str(document.get("type") or "")
    if kind.removesuffix("_component") in OTHER_TYPES:
        raise NotSupportedError(f"components of the type '{kind}'")
    if kind not in {"command", "pipeline"}:
        return None, [Problem("type", f"should be command or pipeline, not '{kind}'")]
    part: type[Specification] = CommandPart if kind == "command" else PipelinePart
    try:
        read = part.model_validate(without_notes(document))
    except ValidationError as error:
        return None, [_problem(each) for each in error.errors(include_url=False, include_context=False)]
    if isinstance(read, CommandPart):
        _refuse_many_nodes("the component", read.resources, read.distribution)
    return read, _check_defaults(read)


def interface(read: Specification) -> Interface:
    """What a component looks like from outside."""
    return Interface(read.type, *read.ports())


def refuse_unsupported_jobs(pipeline: PipelinePart) -> None:
    """Raise :class:`NotSupportedError` for jobs of types, or with features, that the emulator does not have."""
    for name, job in pipeline.jobs.items():
        if job.type not in {"command", "pipeline"}:
            raise NotSupportedError(f"jobs of the type '{job.type}' (job '{name}')")
        _refuse_many_nodes(f"the job '{name}'", job.resources, job.distribution)


def without_notes(document: Any) -> Any:
    """A document without the keys that are clients' own notes: ``$schema``, and what begins with an underscore."""
    if isinstance(document, dict):
        return {key: without_notes(value) for key, value in document.items() if str(key)[:1] not in {"_", "$"}}
    return document


def _refuse_many_nodes(what: str, resources: ResourcesPart | None, distribution: dict[str, Any] | None) -> None:
    if distribution is not None or (resources is not None and resources.instance_count > 1):
        raise NotSupportedError(f"commands on several nodes ({what} asks for them)")


def _port(name: str, part: InputPart) -> Port:
    return Port(
        name=name,
        type=part.type,
        optional=part.optional,
        default=None if part.default is None else text_of(part.default),
        minimum=_bound(part.min),
        maximum=_bound(part.max),
        choices=tuple(text_of(choice) for choice in part.enum),
    )


def _bound(value: Scalar | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def _check_defaults(read: Specification) -> list[Problem]:
    found = []
    for name, part in read.inputs.items():
        port = _port(name, part)
        for key in ("min", "max"):
            value = getattr(part, key)
            if value is not None and _bound(value) is None:
                found.append(Problem(f"inputs.{name}.{key}", f"should be a number, not '{value}'"))
        if port.default is not None and port.is_literal:
            try:
                literal(port, port.default)
            except ValueError as error:
                found.append(Problem(f"inputs.{name}.default", str(error)))
        elif port.default is not None:
            found.append(Problem(f"inputs.{name}.default", "is for literals; data inputs have no default"))
    return found


def _problem(error: Any) -> Problem:
    path = ".".join(str(part) for part in error["loc"] if part != "[key]")
    if error["type"] == "extra_forbidden":
        return Problem(path, "is not expected here")
    if error["type"] == "missing":
        return Problem(path, "is required")
    if error["loc"] and error["loc"][-1] == "[key]":
        return Problem(path, "should have a name of letters, digits and '_' that begins with a letter")
    text = error["msg"]
    return Problem(path, f"{text[0].lower()}{text[1:]}, not {error['input']!r}")
