"""Bodies as people send them: keys in any case, numbers as strings. Pure.

The batch data plane takes these (Microsoft's own sample scripts send them), so the emulator does too.
"""

from __future__ import annotations

import re
from typing import Any

_DURATION = re.compile(
    r"P(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE,
)


class BodyError(ValueError):
    """A body or a value in it that cannot be read; the text names it."""


class Fields:
    """An object whose keys are found in any case; ``path`` names it in errors."""

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, dict):
            raise BodyError(f"'{path or 'the body'}' must be an object, not {type(value).__name__}.")
        self.path = path
        self.items = value
        self._by_lower = {str(key).lower(): item for key, item in value.items()}

    def get(self, name: str) -> Any:
        """The value of a key, ``None`` when it is absent or null."""
        return self._by_lower.get(name.lower())

    def object(self, name: str) -> Fields:
        """The object under a key, empty when it is absent."""
        value = self.get(name)
        return Fields({} if value is None else value, self._at(name))

    def text(self, name: str) -> str | None:
        """The text under a key; numbers count as text."""
        value = self.get(name)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BodyError(f"'{self._at(name)}' must be a string, not {value!r}.")
        return str(value)

    def whole(self, name: str, minimum: int) -> int | None:
        """The whole number under a key, which may be written as a string.

        Raises:
            BodyError: it is no whole number, or lies below ``minimum`` or above the service's int.
        """
        value = self.get(name)
        if value is None:
            return None
        try:
            number = int(str(value)) if not isinstance(value, bool) else None
        except ValueError:
            number = None
        if number is None or not minimum <= number < 2**31:
            raise BodyError(f"'{self._at(name)}' must be a whole number from {minimum} to {2**31 - 1}, not {value!r}.")
        return number

    def seconds(self, name: str) -> float | None:
        """The ISO 8601 duration under a key, in seconds; ``PT30S`` is 30."""
        value = self.text(name)
        return None if value is None else parse_duration(value, self._at(name))

    def texts(self, name: str) -> dict[str, str]:
        """The object of texts under a key."""
        return {str(key): str(value) for key, value in self.object(name).items.items() if value is not None}

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def parse_duration(text: str, path: str) -> float:
    """Seconds of an ISO 8601 duration such as ``PT1M30S``.

    Raises:
        BodyError: it is no such duration, or not longer than nothing.
    """
    match = _DURATION.fullmatch(text.strip())
    parts = {unit: float(number) for unit, number in match.groupdict().items() if number} if match else {}
    units = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
    seconds = sum(number * units[unit] for unit, number in parts.items())
    if seconds <= 0:
        raise BodyError(f"'{path}' must be an ISO 8601 duration such as PT30S, not '{text}'.")
    return seconds
