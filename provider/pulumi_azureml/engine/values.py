"""Plain functions on JSON-like documents: get, set and remove by dotted path; one form for comparing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]

_DURATION = re.compile(
    r"P(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE,
)
_SECONDS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


def get(document: Any, path: str) -> Any:
    """The value at dotted `path`, or None where any step is missing."""
    for step in path.split("."):
        if not isinstance(document, Mapping):
            return None
        document = document.get(step)
    return document


def put(document: Document, path: str, value: Any) -> None:
    """Set the value at dotted `path`, making what is missing on the way."""
    *steps, last = path.split(".")
    for step in steps:
        following = document.get(step)
        if not isinstance(following, dict):
            following = document[step] = {}
        document = following
    document[last] = value


def duration_seconds(text: str) -> float | None:
    """Seconds of an ISO 8601 duration of days and smaller units, or None when `text` is none."""
    match = _DURATION.fullmatch(text)
    if not match or text.upper() in {"P", "PT"} or text.upper().endswith("T"):
        return None
    return sum(float(amount) * _SECONDS[unit] for unit, amount in match.groupdict().items() if amount)


def canonical(value: Any) -> Any:
    """One form for values that mean the same: key order, 4.0 and 4, `PT30S` and `PT0M30S`, ids in any case."""
    if isinstance(value, Mapping):
        return {key: canonical(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        if value[:15].lower() == "/subscriptions/":
            return value.rstrip("/").lower()
        if value[:1] in {"P", "p"} and (seconds := duration_seconds(value)) is not None:
            return f"{seconds:g} s"
    return value
