"""The graph that the jobs of a pipeline make: checked as a whole, every problem at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from azureml_emulator.pipeline.component import CommandPart, JobInputPart, JobPart, PipelinePart, Problem
from azureml_emulator.pipeline.expressions import Binding, binding, is_expression, mentions
from azureml_emulator.pipeline.ports import Interface, Port, literal, mismatch

Interfaces = Mapping[str, Interface]
"""The interface of each job's component, by the job's name; jobs whose component is not known are left out."""

_SOURCES = "take ${{parent.inputs.NAME}} or ${{parent.jobs.JOB.outputs.NAME}}"


def check_command(command: CommandPart) -> Iterator[Problem]:
    """What is wrong with the expressions of a command."""
    inputs, outputs = command.ports()
    for mention in mentions(command.command):
        ports = inputs if mention.side == "inputs" else outputs
        if not mention.side:
            yield Problem("command", f"has {mention.text}, which is neither ${{{{inputs.X}}}} nor ${{{{outputs.X}}}}")
        elif mention.name not in ports:
            yield Problem("command", f"has {mention.text}, but {_known(mention.side, ports)}")
        elif mention.side == "inputs" and ports[mention.name].optional and not mention.optional:
            yield Problem("command", f"has {mention.text}, which is optional: write it inside of $[[…]]")


def check_pipeline(pipeline: PipelinePart, interfaces: Interfaces) -> Iterator[Problem]:
    """What is wrong with the jobs of a pipeline."""
    inputs, outputs = pipeline.ports()
    if not pipeline.jobs:
        yield Problem("jobs", "holds no job")
    for name, job in pipeline.jobs.items():
        where = f"jobs.{name}"
        own = interfaces.get(name)
        if own is not None and own.type != job.type:
            yield Problem(f"{where}.type", f"is {job.type}, but the component {job.component_id} is a {own.type}")
        elif own is not None:
            yield from _unbound(where, job, own)
            yield from _unknown(where, "inputs", job.inputs, own.inputs)
            yield from _unknown(where, "outputs", job.outputs, own.outputs)
            for key, given in job.inputs.items():
                for text in _input(given, own.inputs.get(key), inputs, pipeline.jobs, interfaces):
                    yield Problem(f"{where}.inputs.{key}", text)
    yield from _outputs(pipeline, outputs, interfaces)
    yield from _cycle(pipeline)


def dependencies(job: JobPart) -> set[str]:
    """The jobs whose outputs a job takes."""
    found = (binding(str(given.value)) for given in job.inputs.values())
    return {source.job for source in found if source is not None and source.job}


def output_bindings(pipeline: PipelinePart) -> Iterator[tuple[str, str, str]]:
    """Which job's output fills which output of the pipeline: job, its output, the pipeline's output."""
    for name, job in pipeline.jobs.items():
        for key, given in job.outputs.items():
            target = binding(given.value or "")
            if target is not None and target.side == "outputs" and not target.job:
                yield name, key, target.name


def _unknown(where: str, side: str, given: Iterable[str], ports: Mapping[str, Port]) -> Iterator[Problem]:
    for key in given:
        if key not in ports:
            yield Problem(f"{where}.{side}.{key}", f"is not known: {_known(side, ports)}")


def _known(side: str, ports: Mapping[str, Port]) -> str:
    return f"the component has the {side} {', '.join(ports)}" if ports else f"the component has no {side}"


def _unbound(where: str, job: JobPart, own: Interface) -> Iterator[Problem]:
    for port in own.inputs.values():
        if port.is_required and port.name not in job.inputs:
            yield Problem(f"{where}.inputs.{port.name}", f"is not bound: {_SOURCES}, or a value")


def _input(
    given: JobInputPart,
    port: Port | None,
    inputs: Mapping[str, Port],
    jobs: Mapping[str, JobPart],
    interfaces: Interfaces,
) -> Iterator[str]:
    """What is wrong with what a job is given for an input."""
    if port is None:
        return
    value = "" if given.value is None else str(given.value)
    if given.job_input_type != "literal":
        if not given.uri:
            yield "has no uri"
        if text := mismatch(given.job_input_type, port.type):
            yield text
    elif not is_expression(value):
        yield from _value(port, given)
    elif (source := binding(value)) is None or (source.side == "outputs" and not source.job):
        yield f"is {value}, which cannot be bound here: {_SOURCES}"
    else:
        yield from _bound(source, port, inputs, jobs, interfaces)


def _value(port: Port, given: JobInputPart) -> Iterator[str]:
    if not port.is_literal:
        yield f"is a value, but data of the type {port.type} is wanted"
        return
    try:
        literal(port, given.value)
    except ValueError as error:
        yield str(error)


def _bound(
    source: Binding, port: Port, inputs: Mapping[str, Port], jobs: Mapping[str, JobPart], interfaces: Interfaces
) -> Iterator[str]:
    if not source.job:
        outer = inputs.get(source.name)
        if outer is None:
            yield f"names the pipeline's input '{source.name}', which it does not have; it has {_names(inputs)}"
            return
        if outer.optional and port.is_required:
            yield f"is required, but the pipeline's input '{source.name}' is optional"
    elif source.job not in jobs:
        yield f"names the job '{source.job}', which the pipeline does not have; it has {_names(jobs)}"
        return
    elif source.job not in interfaces:
        return
    else:
        outer = interfaces[source.job].outputs.get(source.name)
        if outer is None:
            there = _names(interfaces[source.job].outputs)
            yield f"names the output '{source.name}', which the job '{source.job}' does not have; it has {there}"
            return
    if text := mismatch(outer.type, port.type):
        yield text


def _outputs(pipeline: PipelinePart, outputs: Mapping[str, Port], interfaces: Interfaces) -> Iterator[Problem]:
    filled: dict[str, str] = {}
    for name, job in pipeline.jobs.items():
        for key, given in job.outputs.items():
            if given.value is not None and (binding(given.value) or Binding("", "")).side != "outputs":
                text = f"is {given.value}, which cannot be bound here: take ${{{{parent.outputs.NAME}}}}"
                yield Problem(f"jobs.{name}.outputs.{key}", text)
    for name, key, target in output_bindings(pipeline):
        where = f"jobs.{name}.outputs.{key}"
        if target not in outputs:
            yield Problem(where, f"names the pipeline's output '{target}'; it has {_names(outputs)}")
        elif target in filled:
            yield Problem(where, f"fills the pipeline's output '{target}', which {filled[target]} fills already")
        else:
            filled[target] = where
            own = interfaces[name].outputs.get(key) if name in interfaces else None
            if own is not None and (wrong := mismatch(own.type, outputs[target].type)):
                yield Problem(where, wrong)
    for name in outputs:
        if name not in filled:
            text = f"is not bound: give one job the output ${{{{parent.outputs.{name}}}}}"
            yield Problem(f"outputs.{name}", text)


def _cycle(pipeline: PipelinePart) -> Iterator[Problem]:
    graph = {name: dependencies(job) & set(pipeline.jobs) for name, job in pipeline.jobs.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        way = error.args[1]
        yield Problem(f"jobs.{way[0]}", f"is part of a cycle: {' → '.join(way)}")


def _names(items: Mapping[str, object]) -> str:
    return ", ".join(items) or "none"
