"""Data Factory's expression language, as far as the generated pipelines use it; strict on everything else.

Source: "Expressions and functions in Azure Data Factory".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TOKENS = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<sign>[().,]))"
)


class ExpressionError(ValueError):
    """An expression that Data Factory, or this part of it, does not take."""


@dataclass(frozen=True)
class Scope:
    """What expressions can name: parameters, variables, the outputs of activities, and the run's id."""

    run: str
    parameters: Mapping[str, Any]
    variables: Mapping[str, Any]
    outputs: Mapping[str, Any]


def evaluate(value: Any, scope: Scope) -> Any:
    """A JSON value with every expression in it evaluated."""
    if isinstance(value, Mapping):
        if value.get("type") == "Expression" and set(value) == {"type", "value"}:
            return _text(value["value"], scope)
        return {key: evaluate(item, scope) for key, item in value.items()}
    if isinstance(value, list):
        return [evaluate(item, scope) for item in value]
    return _text(value, scope) if isinstance(value, str) else value


def _text(text: str, scope: Scope) -> Any:
    if text.startswith("@") and not text.startswith(("@@", "@{")):
        return _Parser(text[1:], scope).whole()
    parts = re.split(r"(@?@\{[^}]*\})", text)
    for index in range(1, len(parts), 2):
        if parts[index].startswith("@@"):
            parts[index] = parts[index][1:]
        else:
            parts[index] = str(_Parser(parts[index][2:-1], scope).whole())
    joined = "".join(parts)
    return joined[1:] if text.startswith("@@") and not text.startswith("@@{") else joined


class _Parser:
    """One expression: strings, numbers, calls, and the properties of what calls give."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text, self.scope, self.at = text, scope, 0
        self.functions: Mapping[str, tuple[tuple[type, ...] | None, Callable[..., Any]]] = {
            "pipeline": ((), self._pipeline),
            "activity": ((str,), self._activity),
            "variables": ((str,), self._variable),
            "equals": ((object, object), lambda one, other: one == other),
            "or": ((bool, bool), lambda one, other: one or other),
            "concat": (None, self._concat),
        }

    def whole(self) -> Any:
        found = self._value()
        if self.text[self.at :].strip():
            raise ExpressionError(f"'{self.text}': nothing is expected at '{self.text[self.at :]}'")
        return found

    def _token(self) -> tuple[str, str]:
        match = _TOKENS.match(self.text, self.at)
        if match is None:
            raise ExpressionError(f"'{self.text}': '{self.text[self.at :]}' cannot be read")
        self.at = match.end()
        return str(match.lastgroup), match[str(match.lastgroup)]

    def _next_is(self, sign: str) -> bool:
        match = _TOKENS.match(self.text, self.at)
        if match is None or match["sign"] != sign:
            return False
        self.at = match.end()
        return True

    def _value(self) -> Any:
        kind, token = self._token()
        if kind == "text":
            return token[1:-1].replace("''", "'")
        if kind == "number":
            return float(token) if "." in token else int(token)
        if kind != "name" or not self._next_is("("):
            raise ExpressionError(f"'{self.text}': '{token}' is not expected")
        found = self._call(token)
        while self._next_is("."):
            name = self._token()[1]
            if not isinstance(found, Mapping) or name not in found:
                raise ExpressionError(f"'{self.text}': there is no property '{name}' in {found!r}")
            found = found[name]
        return found

    def _call(self, name: str) -> Any:
        arguments = []
        if not self._next_is(")"):
            arguments.append(self._value())
            while self._next_is(","):
                arguments.append(self._value())
            if not self._next_is(")"):
                raise ExpressionError(f"'{self.text}': ')' is missing")
        if name not in self.functions:
            raise ExpressionError(f"'{self.text}': the function '{name}' is not known")
        types, function = self.functions[name]
        if types is not None:
            fits = len(types) == len(arguments) and all(map(isinstance, arguments, types))
            if not fits:
                raise ExpressionError(f"'{self.text}': {name} does not take {arguments!r}")
        return function(*arguments)

    def _pipeline(self) -> Mapping[str, Any]:
        return {"parameters": self.scope.parameters, "RunId": self.scope.run}

    def _activity(self, name: str) -> Mapping[str, Any]:
        if name not in self.scope.outputs:
            raise ExpressionError(f"'{self.text}': the activity '{name}' has no output")
        return {"output": self.scope.outputs[name]}

    def _variable(self, name: str) -> Any:
        if name not in self.scope.variables:
            raise ExpressionError(f"'{self.text}': there is no variable '{name}'")
        return self.scope.variables[name]

    def _concat(self, *parts: Any) -> str:
        if not parts or not all(isinstance(part, str) for part in parts):
            raise ExpressionError(f"'{self.text}': concat takes strings, not {parts!r}")
        return "".join(parts)
