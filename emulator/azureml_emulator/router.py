"""Finding the route of a path: a tree of segments, matched without regard to case as ARM does.

A request costs one dictionary look-up per segment, however many routes there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from azureml_emulator.http import Route

_PARAMETER = re.compile(r"\{(\w+)\}")
_LONGEST_SEGMENT = 1024


class BadPathError(ValueError):
    """The path cannot name a resource: dots, slashes or control characters hidden in a segment."""


@dataclass
class _Node:
    fixed: dict[str, _Node] = field(default_factory=dict)
    patterns: list[tuple[str, re.Pattern[str], _Node]] = field(default_factory=list)
    any: _Node | None = None
    routes: dict[str, tuple[Route, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """The routes at a path by method, and the values of its parameters in order."""

    routes: dict[str, tuple[Route, tuple[str, ...]]]
    values: tuple[str, ...]

    def params(self, names: tuple[str, ...]) -> dict[str, str]:
        """The parameters by the names that a route gives them."""
        return dict(zip(names, self.values, strict=True))


class Router:
    """The route table as a tree."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._root
        names: list[str] = []
        for segment in _split(route.path):
            node = _child(node, segment)
            names += _PARAMETER.findall(segment)
        if route.method in node.routes:
            raise ValueError(f"two routes for {route.method} {route.path}")
        node.routes[route.method] = (route, tuple(names))

    def match(self, segments: list[str]) -> Match | None:
        """The routes at these decoded segments; a fixed segment wins over a parameter."""
        return _walk(self._root, segments, 0, ())


def _walk(node: _Node, segments: list[str], index: int, values: tuple[str, ...]) -> Match | None:
    if index == len(segments):
        return Match(node.routes, values) if node.routes else None
    segment = segments[index]
    fixed = node.fixed.get(segment.lower())
    if fixed is not None:
        found = _walk(fixed, segments, index + 1, values)
        if found is not None:
            return found
    for _, pattern, child in node.patterns:
        match = pattern.fullmatch(segment)
        if match is not None:
            found = _walk(child, segments, index + 1, values + match.groups())
            if found is not None:
                return found
    return _walk(node.any, segments, index + 1, (*values, segment)) if node.any is not None else None


def _child(node: _Node, segment: str) -> _Node:
    if "{" not in segment:
        return node.fixed.setdefault(segment.lower(), _Node())
    if _PARAMETER.fullmatch(segment):
        node.any = node.any or _Node()
        return node.any
    shape = _PARAMETER.sub("{}", segment)
    for known, _, child in node.patterns:
        if known == shape:
            return child
    parts = [re.escape(part) for part in shape.split("{}")]
    pattern = re.compile("([^.]+)".join(parts), re.IGNORECASE)
    child = _Node()
    node.patterns.append((shape, pattern, child))
    return child


def _split(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def decode_path(raw: bytes) -> list[str]:
    """The segments of a raw path, percent-decoded one by one.

    Raises :class:`BadPathError` when a segment holds an encoded slash, a control character, or is ``.``
    or ``..``: such a name could escape the place that it names.
    """
    segments = []
    for piece in raw.split(b"/"):
        if not piece:
            continue
        try:
            segment = unquote_to_bytes(piece).decode() if b"%" in piece else piece.decode()
        except UnicodeDecodeError as error:
            raise BadPathError("a path segment is not UTF-8") from error
        if segment in {".", ".."} or "/" in segment or "\\" in segment or not segment.isprintable():
            raise BadPathError("a path segment holds '.', '..', a slash or a control character")
        if len(segment) > _LONGEST_SEGMENT:
            raise BadPathError(f"a path segment is longer than {_LONGEST_SEGMENT} characters")
        segments.append(segment)
    return segments
