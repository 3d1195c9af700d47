"""The program: declarations as Python source. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .declare import Declaration, Reference
from .discovery import ENDPOINTS

_WIDTH = 120
_INDENT = "    "


def render(declarations: Sequence[Declaration], notes: Sequence[str], workspace: str) -> str:
    """The source of a program that declares all of them; its formatting is ruff's."""
    variables = {item.id.lower(): item.variable for item in declarations}
    referred = {each.id.lower() for item in declarations for value in item.arguments.values() for each in _of(value)}
    endpoints = [item for item in declarations if item.kind.name in ENDPOINTS]
    kept = referred | {item.id.lower() for item in endpoints}
    lines = [f'"""Imported from the Azure Machine Learning workspace {workspace}."""', ""]
    if endpoints:
        lines += ["import pulumi", ""]
    lines += ["import pulumi_azureml as azureml", ""]
    lines += [f"# {note}" for note in notes]
    for item in declarations:
        assigned = f"{item.variable} = " if item.id.lower() in kept else ""
        lines.append(_call(item, assigned, variables))
    if endpoints:
        lines.append("")
    for item in endpoints:
        prefix = "" if len(endpoints) == 1 else f"{item.name}-"
        lines.append(f"pulumi.export({_text(f'{prefix}scoringUri')}, {item.variable}.scoring_uri)")
        lines.append(f"pulumi.export({_text(f'{prefix}endpointName')}, {item.variable}.name)")
    return "\n".join(lines) + "\n"


def _of(value: Any) -> Iterator[Reference]:
    """The references in an argument: itself, or the keys of a mapping."""
    yield from (each for each in (value if isinstance(value, Mapping) else [value]) if isinstance(each, Reference))


def _call(item: Declaration, assigned: str, variables: Mapping[str, str]) -> str:
    head = f"{assigned}azureml.{item.kind.name}("
    rows = [_text(item.name)]
    rows += [f"{name}={_value(value, variables, len(name) + 1)}" for name, value in item.arguments.items()]
    single = f"{head}{', '.join(rows)})"
    if len(single) <= _WIDTH and "\n" not in single:
        return single
    return "\n".join([head, *(f"{_INDENT}{row}," for row in rows), ")"])


def _value(value: Any, variables: Mapping[str, str], before: int) -> str:
    if isinstance(value, Reference):
        return variables[value.id.lower()]
    if not isinstance(value, Mapping):
        return _text(value)
    keys = [variables[key.id.lower()] if isinstance(key, Reference) else _text(key) for key in value]
    rows = [f"{key}: {_text(item)}" for key, item in zip(keys, value.values(), strict=True)]
    single = "{" + ", ".join(rows) + "}"
    if len(_INDENT) + before + len(single) < _WIDTH:
        return single
    return "\n".join(["{", *(f"{_INDENT * 2}{row}," for row in rows), f"{_INDENT}}}"])


def _text(value: Any) -> str:
    """A value as Python writes it, texts in double quotes."""
    if not isinstance(value, str) or ('"' in value and "'" not in value):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)
