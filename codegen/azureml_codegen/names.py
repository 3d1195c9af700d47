"""Names out of what a service calls its things, as each language spells names."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Iterable

from .literals import Code

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# C# and JavaScript; every one of them would be a syntax error as the name of a variable in one of the two.
_RESERVED = frozenset(
    re.findall(
        r"\w+",
        """
        abstract arguments as async await base bool break byte case catch char checked class const continue
        debugger decimal default delegate delete do double else enum eval event explicit export extends extern
        false finally fixed float for foreach function goto if implicit import in instanceof int interface
        internal is let lock long namespace new null object operator out override params private protected
        public readonly ref return sbyte sealed short sizeof stackalloc static string struct super switch this
        throw true try typeof uint ulong unchecked unsafe ushort using var virtual void volatile while with
        yield
        """,
    )
)

Style = Callable[[str], str]


def words(name: str) -> list[str]:
    """The words of a name in any spelling, in lower case: ``MyHTTPEndpoint-2`` is my, http, endpoint, 2."""
    return [word.lower() for word in _WORDS.findall(name)] or ["x"]


def snake(name: str) -> Code:
    """``my_endpoint``; the style of Python, R and the shell's variables."""
    return _legal("_".join(words(name)))


def camel(name: str) -> Code:
    """``myEndpoint``; the style of JavaScript, and of variables in C#."""
    first, *rest = words(name)
    return _legal(first + "".join(word.capitalize() for word in rest))


def pascal(name: str) -> Code:
    """``MyEndpoint``; the style of classes, and of properties in C#."""
    return _legal("".join(word.capitalize() for word in words(name)))


def kebab(name: str) -> Code:
    """``my-endpoint``; the style of file names."""
    return Code("-".join(words(name)))


def _legal(name: str) -> Code:
    if name[0].isdigit():
        name = f"n{name}"
    return Code(f"{name}_" if keyword.iskeyword(name) or name in _RESERVED else name)


def distinct(names: Iterable[str], style: Style, taken: Iterable[str] = ()) -> dict[str, Code]:
    """A name in a style for each of some names, all different from each other and from those taken."""
    used, found = set(taken), {}
    for name in names:
        spelt = wanted = style(name)
        number = 2
        while spelt in used:
            spelt, number = f"{wanted}{number}", number + 1
        used.add(spelt)
        found[name] = Code(spelt)
    return found
