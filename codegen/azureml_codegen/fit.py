"""Whether a value fits a shape: the check that generated clients make, for callers in this language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .schema import Shape

_KINDS: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": (list, tuple),
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
}


def misfits(value: Any, shape: Shape, place: str = "body") -> Iterator[str]:
    """What does not fit, one sentence for each field, such as ``body.data[0].a must be of the type number``."""
    if shape.type != "any" and not _is(value, shape.type):
        yield f"{place} must be of the type {shape.type}, not {value!r:.80}"
        return
    if shape.choices and value not in shape.choices:
        yield f"{place} must be one of {', '.join(map(str, shape.choices))}, not {value!r:.80}"
    if (shape.least is not None and value < shape.least) or (shape.most is not None and value > shape.most):
        yield f"{place} must be from {shape.least} to {shape.most}, not {value}"
    if isinstance(value, dict):
        yield from (f"{place}.{name} is missing" for name in shape.required if name not in value)
        for name, each in value.items():
            known = shape.properties.get(name) or shape.values
            if known is not None:
                yield from misfits(each, known, f"{place}.{name}")
            elif shape.closed:
                yield f"{place}.{name} is not known"
    if isinstance(value, list | tuple) and shape.items is not None:
        for index, each in enumerate(value):
            yield from misfits(each, shape.items, f"{place}[{index}]")


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _KINDS[kind]) and isinstance(value, bool) == (kind == "boolean")
