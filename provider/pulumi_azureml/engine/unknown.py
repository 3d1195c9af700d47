"""Values that a preview does not know yet."""

from __future__ import annotations

from typing import Any, Final


class _Unknown:
    """A value that will only be known after something else was made; there is one, `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


def has_unknown(value: Any) -> bool:
    """Whether `value` is unknown or holds something unknown, however deep."""
    if value is UNKNOWN:
        return True
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    return isinstance(value, list) and any(has_unknown(item) for item in value)
