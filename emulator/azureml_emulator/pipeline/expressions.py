"""``${{...}}`` and ``$[[...]]`` in commands and between the jobs of a pipeline. Pure.

Source: Azure ML "CLI (v2) core YAML syntax", expressions; "command component YAML schema", optional inputs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

_EXPRESSION = re.compile(r"\$\{\{\s*(?P<inside>[^{}]*?)\s*\}\}")
_OPTIONAL = re.compile(r"\$\[\[(?P<inside>.*?)\]\]", re.DOTALL)
_OWN = re.compile(r"(?P<side>inputs|outputs)\.(?P<name>[\w.\-]+)")
_PARENT = re.compile(r"parent\.(?P<side>inputs|outputs)\.(?P<name>[\w.\-]+)")
_JOB = re.compile(r"parent\.jobs\.(?P<job>[\w\-]+)\.outputs\.(?P<name>[\w.\-]+)")


@dataclass(frozen=True)
class Binding:
    """What an expression of a pipeline's job names: ``job`` is empty for the pipeline's own inputs and outputs."""

    side: str
    name: str
    job: str = ""


@dataclass(frozen=True)
class Mention:
    """An input or output that a command mentions, and whether only inside of ``$[[...]]``."""

    text: str
    side: str
    name: str
    optional: bool


def is_expression(text: str) -> bool:
    """Whether a text is one expression and nothing else."""
    return _EXPRESSION.fullmatch(text.strip()) is not None


def binding(text: str) -> Binding | None:
    """The binding that an expression is; ``None`` when it is another kind of expression.

    Known are ``${{parent.inputs.x}}``, ``${{parent.outputs.x}}`` and ``${{parent.jobs.y.outputs.z}}``.
    """
    match = _EXPRESSION.fullmatch(text.strip())
    inside = match["inside"] if match else ""
    if found := _PARENT.fullmatch(inside):
        return Binding(found["side"], found["name"])
    if found := _JOB.fullmatch(inside):
        return Binding("outputs", found["name"], found["job"])
    return None


def mentions(command: str) -> Iterator[Mention]:
    """Every expression of a command; ``side`` and ``name`` are empty where it names no input and no output."""
    for optional, text in _sections(command):
        for match in _EXPRESSION.finditer(text):
            own = _OWN.fullmatch(match["inside"])
            yield Mention(match[0], own["side"] if own else "", own["name"] if own else "", optional)


def fill(command: str, inputs: Mapping[str, str | None], outputs: Mapping[str, str]) -> str:
    """The command with values and paths in place of its expressions.

    A section ``$[[...]]`` goes away with the first of its inputs that has no value.
    """
    parts = []
    for optional, text in _sections(command):
        absent = any(mention.side == "inputs" and inputs.get(mention.name) is None for mention in mentions(text))
        if not (optional and absent):
            parts.append(_EXPRESSION.sub(_replacement(inputs, outputs), text))
    return "".join(parts)


def fill_path(path: str, *, name: str, output: str) -> str:
    """An output's address with ``${{name}}`` (the run) and ``${{output_name}}`` in it filled in."""
    known = {"name": name, "output_name": output}
    return _EXPRESSION.sub(lambda match: known.get(match["inside"], match[0]), path)


def _sections(command: str) -> Iterator[tuple[bool, str]]:
    end = 0
    for match in _OPTIONAL.finditer(command):
        yield False, command[end : match.start()]
        yield True, match["inside"]
        end = match.end()
    yield False, command[end:]


def _replacement(inputs: Mapping[str, str | None], outputs: Mapping[str, str]) -> Callable[[re.Match[str]], str]:
    def value(match: re.Match[str]) -> str:
        own = _OWN.fullmatch(match["inside"])
        found = None if own is None else (inputs if own["side"] == "inputs" else outputs).get(own["name"])
        return match[0] if found is None else found

    return value
