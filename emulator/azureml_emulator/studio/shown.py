"""How values are written for people: times, durations, sizes, states. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

_MINUTE, _HOUR, _DAY = 60, 3600, 24 * 3600
_KILO = 1024
_LONGEST_LINE = 72
_LIST = re.compile(r"\[\n\s*([^\[\]{}]*?)\n\s*\]")
_LONG_NUMBER = re.compile(r"-?\d{1,12}\.\d{5,}")
_TONES = {
    "Succeeded": "good",
    "Completed": "good",
    "Failed": "bad",
    "NotResponding": "bad",
    "Canceled": "off",
    "Running": "busy",
    "Finalizing": "busy",
    "Preparing": "busy",
    "Creating": "busy",
    "Updating": "busy",
}


def seconds_of(stamp: str | None) -> float | None:
    """A time as the service writes it, in seconds since 1970."""
    return datetime.fromisoformat(stamp).timestamp() if stamp else None


def moment(stamp: str | None) -> str:
    """A time as people read it, in UTC."""
    return datetime.fromisoformat(stamp).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if stamp else "–"


def duration(seconds: float | None) -> str:
    """A length of time in its two largest units."""
    if seconds is None:
        return "–"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 - a digit more tells little
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def size(count: int) -> str:
    """A number of bytes in its largest unit."""
    value, units = float(count), ["bytes", "kB", "MB", "GB", "TB"]
    while value >= _KILO and len(units) > 1:
        value /= _KILO
        del units[0]
    return f"{value:.0f} {units[0]}" if units[0] == "bytes" else f"{value:.1f} {units[0]}"


def tone(state: str) -> str:
    """The look of a state: ``good``, ``bad``, ``busy``, ``off``, else ``wait``."""
    return _TONES.get(state, "wait")


def pretty(value: Any) -> str:
    """A document as indented JSON, with short lists of plain values on one line."""
    return _LIST.sub(_on_one_line, json.dumps(value, indent=2, ensure_ascii=False))


def _on_one_line(match: re.Match[str]) -> str:
    joined = re.sub(r"\n\s*", " ", match[1]).strip()
    return f"[{joined}]" if len(joined) <= _LONGEST_LINE else match[0]


def rounded(text: str) -> str:
    """A number with more digits than anybody reads, with four behind the point; any other text as it is."""
    return f"{float(text):.4f}" if _LONG_NUMBER.fullmatch(text) else text


def breakable(text: object) -> Markup:
    """An address or id that may be broken after a slash. Escaped."""
    return Markup("/<wbr>").join(str(text).split("/"))


def short(version: str) -> str:
    """A version that is the digest of a content, as its beginning."""
    longest = 16
    return version if len(version) <= longest else f"{version[:12]}…"


def last(path: str) -> str:
    """The last segment of a path or id."""
    return path.rstrip("/").rpartition("/")[2]


FILTERS: Mapping[str, Callable[..., Any]] = {
    "moment": moment,
    "duration": duration,
    "size": size,
    "tone": tone,
    "pretty": pretty,
    "short": short,
    "rounded": rounded,
    "breakable": breakable,
    "last": last,
}
"""What templates may use besides Jinja's own filters."""
