"""From a pipeline and the values of one invocation to its steps: every binding followed to its source. Pure.

Pipelines within the pipeline are flattened: the step ``train`` of the job ``retrain`` is ``retrain.train``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from azureml_emulator.pipeline.component import CommandPart, JobInputPart, JobPart, PipelinePart, Specification
from azureml_emulator.pipeline.expressions import binding, is_expression
from azureml_emulator.pipeline.graph import dependencies
from azureml_emulator.pipeline.ports import Port, literal, text_of


@dataclass(frozen=True)
class Value:
    """A literal."""

    text: str


@dataclass(frozen=True)
class Data:
    """Files at an address."""

    uri: str
    type: str
    direct: bool = False


@dataclass(frozen=True)
class Made:
    """What a step of the same run makes."""

    step: str
    output: str
    direct: bool = False


Source = Value | Data | Made


@dataclass(frozen=True)
class Destination:
    """Where an output goes.

    ``uri`` is empty for the default place, ``asset`` and ``version`` are for what is registered when the step
    is done, ``pipeline`` is the pipeline's output that it fills.
    """

    type: str
    uri: str = ""
    asset: str = ""
    version: str = ""
    pipeline: str = ""


@dataclass(frozen=True)
class Step:
    """One command of a run, with every value known or coming from a step before it."""

    name: str
    component: str
    command: CommandPart
    inputs: dict[str, Source]
    outputs: dict[str, Destination]
    compute: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    timeout: float | None = None

    @property
    def needs(self) -> set[str]:
        """The steps whose outputs it takes."""
        return {source.step for source in self.inputs.values() if isinstance(source, Made)}


@dataclass
class _Scope:
    """A pipeline in the making: the outer one, or one within it."""

    prefix: str
    values: Mapping[str, Source]
    targets: Mapping[str, Destination]
    find: Callable[[str], Specification]
    steps: list[Step]
    made: dict[tuple[str, str], Made] = field(default_factory=dict)


def make_steps(
    pipeline: PipelinePart,
    values: Mapping[str, Source],
    targets: Mapping[str, Destination],
    find: Callable[[str], Specification],
) -> list[Step]:
    """The steps of a run, in an order in which they could be carried out one by one.

    Args:
        pipeline: a pipeline without problems.
        values: what its inputs are; those without a value are left out.
        targets: where its outputs go.
        find: the specification of a component by its ARM id.

    Raises:
        ValueError: a value does not fit the step that it goes to.
    """
    steps: list[Step] = []
    _walk(pipeline, _Scope("", values, targets, find, steps))
    return steps


def with_defaults(ports: Mapping[str, Port], given: Mapping[str, Source]) -> dict[str, Source]:
    """The values of inputs, with the defaults of those that are not given."""
    defaults = {name: Value(port.default) for name, port in ports.items() if port.default is not None}
    return {**defaults, **given}


def _walk(pipeline: PipelinePart, scope: _Scope) -> dict[str, Made]:
    """Add the steps of a pipeline; return what fills each of its outputs."""
    filled: dict[str, Made] = {}
    for name in _order(pipeline):
        job = pipeline.jobs[name]
        inner = scope.find(job.component_id)
        ports, outputs = inner.ports()
        inputs = with_defaults(ports, _sources(name, job, ports, scope))
        targets = {key: _target(key, port, job, scope) for key, port in outputs.items()}
        if isinstance(inner, PipelinePart):
            below = _Scope(f"{scope.prefix}{name}.", inputs, targets, scope.find, scope.steps)
            made = _walk(inner, below)
        else:
            step = _step(f"{scope.prefix}{name}", job, inner, inputs, targets)
            scope.steps.append(step)
            made = {key: Made(step.name, key) for key in outputs}
        scope.made |= {(name, key): source for key, source in made.items()}
        for key, given in job.outputs.items():
            bound = binding(given.value or "")
            if bound is not None and key in made:
                filled[bound.name] = made[key]
    return filled


def _step(
    name: str, job: JobPart, command: CommandPart, inputs: dict[str, Source], targets: dict[str, Destination]
) -> Step:
    limits = job.limits or command.limits
    return Step(
        name=name,
        component=job.component_id,
        command=command,
        inputs=inputs,
        outputs=targets,
        compute=job.compute_id or "",
        variables={**command.environment_variables, **job.environment_variables},
        timeout=limits.timeout if limits is not None else None,
    )


def _order(pipeline: PipelinePart) -> list[str]:
    """The jobs' names, each after those whose outputs it takes; otherwise as they are written."""
    left = {name: dependencies(job) for name, job in pipeline.jobs.items()}
    ordered: list[str] = []
    while left:
        name = next(name for name, needs in left.items() if not needs & left.keys())
        del left[name]
        ordered.append(name)
    return ordered


def _sources(name: str, job: JobPart, ports: Mapping[str, Port], scope: _Scope) -> dict[str, Source]:
    found: dict[str, Source] = {}
    for key, given in job.inputs.items():
        try:
            source = _source(given, ports[key], scope)
        except ValueError as error:
            # The pipeline's own input may allow more than the step that it goes to.
            raise ValueError(f"the input '{key}' of the job '{scope.prefix}{name}' {error}") from None
        if source is not None:
            found[key] = source
    return found


def _source(given: JobInputPart, port: Port, scope: _Scope) -> Source | None:
    """Where the value of a job's input comes from; ``None`` when an optional input has none."""
    direct = (given.mode or "").lower() == "direct"
    if given.job_input_type != "literal":
        return Data(given.uri or "", given.job_input_type, direct)
    text = text_of(given.value)
    bound = binding(text) if is_expression(text) else None
    if bound is None:
        return Value(literal(port, given.value))
    source = scope.made[bound.job, bound.name] if bound.job else scope.values.get(bound.name)
    if isinstance(source, Value):
        return Value(literal(port, source.text))
    if direct and isinstance(source, Data):
        return Data(source.uri, source.type, direct)
    if direct and isinstance(source, Made):
        return Made(source.step, source.output, direct)
    return source


def _target(key: str, port: Port, job: JobPart, scope: _Scope) -> Destination:
    given = job.outputs.get(key)
    if given is None:
        return Destination(port.type)
    bound = binding(given.value or "")
    if bound is not None:
        outer = scope.targets[bound.name]
        # Azure ML takes the type from the job's output, which knows what it makes.
        return Destination(port.type, outer.uri, outer.asset, outer.version, outer.pipeline)
    return Destination(port.type, given.uri or "", given.name or "", given.version or "")
