"""Values as source text: whatever an endpoint is called or says of itself, it stays data in every language.

Everything that a template prints must have come through here (:class:`Code`); :mod:`.generate` sees to that.
"""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import dataclass
from typing import Any

WIDTH = 110
_COMMENT_ENDS = re.compile(r'\*/|"""|\\')


class Code(str):
    """Source text that is safe to print where it was made for."""

    __slots__ = ()


@dataclass(frozen=True)
class _Style:
    """How a language that is much like JSON differs from it."""

    none: str
    true: str
    false: str
    step: int
    list_ends: tuple[str, str] = ("[", "]")
    object_ends: tuple[str, str] = ("{", "}")
    trailing: str = ","


_PYTHON = _Style("None", "True", "False", 4)
_JAVASCRIPT = _Style("null", "true", "false", 2)
_JSON = _Style("null", "true", "false", 2, trailing="")
_R = _Style("NULL", "TRUE", "FALSE", 2, ("list(", ")"), ("list(", ")"), trailing="")


def python(value: Any, indent: int = 0) -> Code:
    """A Python literal of a JSON value; ``indent`` is how far the line that it begins on is indented."""
    return _written(value, indent, _PYTHON)


def javascript(value: Any, indent: int = 0) -> Code:
    """A JavaScript literal of a JSON value."""
    return _written(value, indent, _JAVASCRIPT)


def r(value: Any, indent: int = 0) -> Code:
    """An R literal of a JSON value; an array becomes a list, so that it stays one when it is written as JSON."""
    return _written(value, indent, _R)


def csharp(value: Any, indent: int = 0) -> Code:
    """A C# literal: a text, a number or a truth value; anything else is a text that holds its JSON."""
    if value is None or isinstance(value, bool | int | float | str):
        return _written(value, indent, _JSON)
    return quoted(_written(value, 0, _JSON))


def shell(value: Any, indent: int = 0) -> Code:
    """A word for the shell: a text as it is, anything else as JSON, nothing as an empty word."""
    text = "" if value is None else value if isinstance(value, str) else _written(value, indent, _JSON)
    return Code("'" + _clean(text).replace("'", "'\\''") + "'")


def quoted(text: str) -> Code:
    """A double-quoted text with escapes that Python, C#, JavaScript and R share."""
    plain = json.dumps(_clean(text), ensure_ascii=False)
    return Code("".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in plain))


def comment(text: str, prefix: str = "", width: int = WIDTH) -> Code:
    """Lines of a comment. Whatever could end the comment is taken out."""
    plain = "".join(sign if sign.isprintable() else " " for sign in _clean(text))
    words = " ".join(_COMMENT_ENDS.sub(" ", plain).split())
    return Code("\n".join(prefix + line for line in textwrap.wrap(words, width - len(prefix), break_on_hyphens=False)))


def _written(value: Any, indent: int, style: _Style) -> Code:
    if isinstance(value, dict):
        if not value and style is _R:
            return Code("setNames(list(), character())")  # an empty list() would be an array in JSON
        keys = (_key(name, style) for name in value)
        parts = [
            f"{key}{_written(each, indent + style.step, style)}" for key, each in zip(keys, value.values(), strict=True)
        ]
        return _between(style.object_ends, parts, indent, style)
    if isinstance(value, list | tuple):
        return _between(style.list_ends, [_written(each, indent + style.step, style) for each in value], indent, style)
    if value is None or isinstance(value, bool):
        return Code(style.none if value is None else style.true if value else style.false)
    return quoted(value) if isinstance(value, str) else Code(json.dumps(value))


def _key(name: str | int, style: _Style) -> str:
    if style is _R:
        return f"{quoted(str(name))} = "
    return f"{name}: " if isinstance(name, int) and style is not _JSON else f"{quoted(str(name))}: "


def _between(ends: tuple[str, str], parts: list[str], indent: int, style: _Style) -> Code:
    """Some parts between brackets, on one line where they fit, else on a line each."""
    flat = ends[0] + ", ".join(parts) + ends[1]
    if len(flat) + indent <= WIDTH and "\n" not in flat:
        return Code(flat)
    lines = f",\n{' ' * (indent + style.step)}".join(parts)
    return Code(f"{ends[0]}\n{' ' * (indent + style.step)}{lines}{style.trailing}\n{' ' * indent}{ends[1]}")


def _clean(text: str) -> str:
    """The text without what some language or encoding cannot hold."""
    return "".join("\ufffd" if _unwritable(sign) else sign for sign in text)


def _unwritable(sign: str) -> bool:
    """NUL, half of a surrogate pair, and unprintable signs that have no short escape."""
    return sign == "\0" or "\ud800" <= sign <= "\udfff" or (ord(sign) > 0xFFFF and not sign.isprintable())  # noqa: PLR2004
