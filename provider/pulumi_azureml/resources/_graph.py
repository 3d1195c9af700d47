"""What is wrong with a component, as far as its program tells: told at once, each at its property's path. Pure.

The service checks a pipeline when a component is registered; what can be known without it is told in a preview.
What is not known yet, or belongs to components that are only named, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from ..engine import UNKNOWN, InputError
from ._component_spec import LITERAL_TYPES, MODES, job_type, lent_to, literal_text

_PORT = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*(\.[a-zA-Z_][a-zA-Z0-9_]*)*")
_JOB = re.compile(r"[a-zA-Z_][a-zA-Z0-9_\-]*")
_EXPRESSION = re.compile(r"\$\{\{\s*(?P<inside>[^{}]*?)\s*\}\}")
_OPTIONAL = re.compile(r"\$\[\[.*?\]\]", re.DOTALL)
_BINDING = re.compile(r"parent\.(?:jobs\.(?P<job>[\w\-]+)\.outputs|(?P<side>inputs|outputs))\.(?P<name>[\w.\-]+)")
_WORDS = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
_FOR_COMMANDS = ("code", "environment", "instanceCount")
_HOW = "take ${{parent.inputs.NAME}} or ${{parent.jobs.JOB.outputs.NAME}}"


def check_component(values: Mapping[str, Any]) -> Iterator[InputError]:
    """Everything that is wrong with the checked inputs of a component."""
    yield from _one_sort(values)
    for side in ("inputs", "outputs"):
        for name, port in _items(values.get(side)):
            if not _PORT.fullmatch(name):
                yield InputError(
                    f"{side}.{name}", "should have a name of letters, digits and `_`, not beginning with a digit"
                )
            elif side == "inputs" and isinstance(port, Mapping):
                yield from _default(f"inputs.{name}", port)
    if isinstance(values.get("command"), str):
        yield from _mentions(values)
    if isinstance(values.get("jobs"), Mapping):
        yield from _Graph(values).problems()


def _one_sort(values: Mapping[str, Any]) -> Iterator[InputError]:
    command, jobs = values.get("command"), values.get("jobs")
    if command and jobs:
        yield InputError("jobs", "is for pipelines, and `command` for commands: a component is one of them")
    elif not command and jobs is None:
        yield InputError("command", "is required, or `jobs` for a pipeline")
    elif command and not values.get("environment"):
        yield InputError("environment", "is required with a command")
    if not command and jobs is not None:
        for key in _FOR_COMMANDS:
            if values.get(key):
                yield InputError(key, "is for commands: the components of a pipeline's jobs have their own")
        if jobs == {}:
            yield InputError("jobs", "should hold a job at least")
    wanted = "pipeline" if jobs else "command"
    if values.get("type") not in {None, UNKNOWN, wanted}:
        yield InputError("type", f"should be {wanted}, which is what the other inputs make of it")


def _default(path: str, port: Mapping[str, Any]) -> Iterator[InputError]:
    kind = port.get("type")
    if kind in LITERAL_TYPES:
        if port.get("default") is not None and (reason := misfit(port, port["default"])):
            yield InputError(f"{path}.default", reason)
    else:
        for key in ("default", "min", "max", "enum"):
            if port.get(key) is not None:
                yield InputError(f"{path}.{key}", f"is for literals, not for data of the type {kind}")


def misfit(port: Mapping[str, Any], value: Any) -> str | None:
    """Why a value is none for a literal port; None when it fits or is not known."""
    if value is UNKNOWN or any(item is UNKNOWN for item in port.values()):
        return None
    text, kind = literal_text(value), port.get("type")
    try:
        number = int(text) if kind == "integer" else float(text) if kind == "number" else None
    except ValueError:
        return f"should be {_WORDS[str(kind)]}, not {text!r}"
    if kind == "boolean" and text.lower() not in {"true", "false"}:
        return f"should be {_WORDS[kind]}, not {text!r}"
    low, high = port.get("min"), port.get("max")
    if number is not None and low is not None and number < float(low):
        return f"is {text}, less than the minimum of {float(low):g}"
    if number is not None and high is not None and number > float(high):
        return f"is {text}, more than the maximum of {float(high):g}"
    choices = [literal_text(choice) for choice in port.get("enum") or ()]
    return f"is {text!r}, none of: {', '.join(choices)}" if choices and text not in choices else None


def _mentions(values: Mapping[str, Any]) -> Iterator[InputError]:
    command = values["command"]
    outside = _OPTIONAL.sub("", command)
    for match in _EXPRESSION.finditer(command):
        side, _, name = match["inside"].partition(".")
        ports = values.get(side) if side in {"inputs", "outputs"} else None
        if side not in {"inputs", "outputs"}:
            yield InputError(
                "command", f"holds {match[0]}, which is neither ${{{{inputs.NAME}}}} nor ${{{{outputs.NAME}}}}"
            )
        elif isinstance(ports, Mapping) and name not in ports:
            yield InputError("command", f"holds {match[0]}, but the component has {_names(side, ports)}")
        elif side == "inputs" and isinstance(ports, Mapping) and _is_optional(ports[name]) and match[0] in outside:
            yield InputError("command", f"holds {match[0]}, which is optional: write it inside of $[[…]]")


class _Graph:
    """The jobs of a pipeline, and what is known of their components."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.jobs = {name: job for name, job in values["jobs"].items() if isinstance(job, Mapping)}
        self.all = set(values["jobs"])
        self.inputs = values.get("inputs")
        self.outputs = values.get("outputs")

    def problems(self) -> Iterator[InputError]:
        for name, job in self.jobs.items():
            path = f"jobs.{name}"
            if not _JOB.fullmatch(name):
                yield InputError(path, "should have a name of letters, digits, `_` and `-`, not beginning with a digit")
            yield from self._job_type(path, name, job)
            yield from self._inputs(path, name, job)
            yield from self._job_outputs(path, name, job)
        yield from self._unfilled()
        yield from self._cycle()

    def _lent(self, side: str, job: str) -> Mapping[str, Any] | None:
        """The inputs or outputs of a job's component, where they are known."""
        found = lent_to(self.values, side, job)
        return found if isinstance(found, Mapping) else None

    def _job_type(self, path: str, name: str, job: Mapping[str, Any]) -> Iterator[InputError]:
        lent = lent_to(self.values, "jobTypes", name)
        if lent is not None and job_type(name, job, self.values) != lent:
            yield InputError(f"{path}.type", f"should be {lent}, the type of the job's component")

    def _inputs(self, path: str, name: str, job: Mapping[str, Any]) -> Iterator[InputError]:
        ports, given = self._lent("jobInputs", name), job.get("inputs") or {}
        if not isinstance(given, Mapping):
            return
        for key, port in _items(ports):
            required = isinstance(port, Mapping) and not _is_optional(port) and port.get("default") is None
            if required and key not in given:
                yield InputError(f"{path}.inputs.{key}", f"is not bound: {_HOW}, or give a value")
        for key, value in given.items():
            where = f"{path}.inputs.{key}"
            if ports is not None and key not in ports:
                yield InputError(where, f"is not expected here: the component has {_names('inputs', ports)}")
                continue
            port = (ports or {}).get(key)
            for reason in self._value(value, port if isinstance(port, Mapping) else {}):
                yield InputError(where, reason)

    def _value(self, value: Any, port: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with what a job's input is given; `port` is empty where it is not known."""
        kind = port.get("type")
        if isinstance(value, Mapping):
            yield from _data(value, kind)
        elif isinstance(value, str) and _EXPRESSION.fullmatch(value.strip()):
            yield from self._bound(value.strip(), port)
        elif value is not UNKNOWN and kind is not None and kind is not UNKNOWN:
            if kind not in LITERAL_TYPES:
                yield f"is a value, but data of the type {kind} is wanted: bind it, or give {{'path': …}}"
            elif reason := misfit(port, value):
                yield reason

    def _bound(self, text: str, port: Mapping[str, Any]) -> Iterator[str]:
        match = _BINDING.fullmatch(_EXPRESSION.fullmatch(text)["inside"])  # type: ignore[index]  # it is an expression
        if match is None or match["side"] == "outputs":
            yield f"is {text}, which cannot be bound here: {_HOW}"
            return
        source: Any = None
        if match["side"]:
            if isinstance(self.inputs, Mapping):
                if match["name"] not in self.inputs:
                    names = _names("inputs", self.inputs)
                    yield f"is bound to the input {match['name']!r}, but the pipeline has {names}"
                    return
                source = self.inputs[match["name"]]
                if _is_optional(source) and port and not _is_optional(port) and port.get("default") is None:
                    yield f"is required, but the pipeline's input {match['name']!r} is optional"
        elif match["job"] not in self.all:
            yield f"is bound to the job {match['job']!r}, but the pipeline has the jobs {', '.join(sorted(self.all))}"
            return
        elif (outputs := self._lent("jobOutputs", match["job"])) is not None:
            if match["name"] not in outputs:
                yield f"is bound to the output {match['name']!r}, but the job has {_names('outputs', outputs)}"
                return
            source = outputs[match["name"]]
        if isinstance(source, Mapping) and (reason := _mismatch(source.get("type"), port.get("type"))):
            yield reason

    def _job_outputs(self, path: str, name: str, job: Mapping[str, Any]) -> Iterator[InputError]:
        ports, given = self._lent("jobOutputs", name), job.get("outputs") or {}
        for key, value in _items(given):
            where = f"{path}.outputs.{key}"
            if ports is not None and key not in ports:
                yield InputError(where, f"is not expected here: the component has {_names('outputs', ports)}")
            elif isinstance(value, Mapping):
                for reason in _data(value, None, "name", "version"):
                    yield InputError(where, reason)
            elif value is not UNKNOWN:
                target = _target(value)
                if target is None:
                    yield InputError(where, f"should be ${{{{parent.outputs.NAME}}}} or an object, not {value!r}")
                elif isinstance(self.outputs, Mapping) and target not in self.outputs:
                    names = _names("outputs", self.outputs)
                    yield InputError(where, f"is bound to the output {target!r}, but the pipeline has {names}")

    def _unfilled(self) -> Iterator[InputError]:
        if not isinstance(self.outputs, Mapping):
            return
        filled: dict[str, str] = {}
        for name, job in self.jobs.items():
            for key, value in _items(job.get("outputs")):
                if value is UNKNOWN:
                    return
                if (target := _target(value)) in self.outputs:
                    where = f"jobs.{name}.outputs.{key}"
                    if target in filled:
                        yield InputError(where, f"fills the output {target!r}, which {filled[target]} fills already")
                    filled.setdefault(str(target), where)
        for name in self.outputs:
            if name not in filled:
                yield InputError(
                    f"outputs.{name}", f"is not bound: give a job the output ${{{{parent.outputs.{name}}}}}"
                )

    def _cycle(self) -> Iterator[InputError]:
        graph: dict[str, set[str]] = {}
        for name, job in self.jobs.items():
            found = (_BINDING.search(value) for _, value in _items(job.get("inputs")) if isinstance(value, str))
            graph[name] = {match["job"] for match in found if match and match["job"]} & self.all
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            way = error.args[1]
            yield InputError(f"jobs.{way[0]}", f"is part of a cycle: {' → '.join(way)}")


def _data(value: Mapping[str, Any], wanted: Any, *more: str) -> Iterator[str]:
    """What is wrong with data that are given as an object."""
    known = ("type", "path", "mode", *more)
    if strange := sorted(set(value) - set(known)):
        yield f"holds {strange[0]!r}, which is not expected here; known are {', '.join(known)}"
    if not value.get("path") and not value.get("name"):
        yield "should have a path" + (", or a name under which it is registered" if more else "")
    if value.get("mode") not in {None, UNKNOWN, *MODES, *MODES.values()}:
        yield f"has the mode {value['mode']!r}, which is none of: {', '.join(MODES)}"
    if reason := _mismatch(value.get("type") or "uri_folder", wanted):
        yield reason


def _mismatch(given: Any, wanted: Any) -> str | None:
    """Why something of one type cannot be given where another is wanted; None when it can, or is not known."""
    if not isinstance(given, str) or not isinstance(wanted, str):
        return None
    if (given in LITERAL_TYPES) != (wanted in LITERAL_TYPES) or {given, wanted} == {"uri_file", "uri_folder"}:
        return f"is of the type {given}, but {wanted} is wanted"
    return None


def _target(value: Any) -> str | None:
    """The pipeline's output that an expression names."""
    match = _EXPRESSION.fullmatch(value.strip()) if isinstance(value, str) else None
    bound = _BINDING.fullmatch(match["inside"]) if match else None
    return bound["name"] if bound and bound["side"] == "outputs" else None


def _items(values: Any) -> Iterator[tuple[str, Any]]:
    yield from values.items() if isinstance(values, Mapping) else ()


def _is_optional(port: Any) -> bool:
    return isinstance(port, Mapping) and port.get("optional") is True


def _names(side: str, ports: Mapping[str, Any]) -> str:
    return f"the {side} {', '.join(ports)}" if ports else f"no {side}"
