"""Inputs and outputs of components: their types, and literals that fit them. Pure.

Source: Azure ML "CLI (v2) command component YAML schema" (inputs, outputs).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

DATA_TYPES = ("uri_folder", "uri_file", "mltable", "mlflow_model", "custom_model", "triton_model")
MODEL_TYPES = frozenset({"mlflow_model", "custom_model", "triton_model"})
LITERAL_TYPES = ("string", "integer", "number", "boolean")
_WORDS = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}


@dataclass(frozen=True)
class Port:
    """An input or an output that a component declares.

    ``default``, ``minimum``, ``maximum`` and ``choices`` are for literals, as texts and numbers.
    """

    name: str
    type: str
    optional: bool = False
    default: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_literal(self) -> bool:
        """Whether it takes a value rather than files."""
        return self.type in LITERAL_TYPES

    @property
    def is_required(self) -> bool:
        """Whether a job cannot run without a value for it."""
        return not self.optional and self.default is None


@dataclass(frozen=True)
class Interface:
    """What a component looks like from outside."""

    type: str
    inputs: dict[str, Port]
    outputs: dict[str, Port]


def text_of(value: Any) -> str:
    """A literal as text: numbers and booleans as Python writes them, as the official client does."""
    return str(value)


def literal(port: Port, value: Any) -> str:
    """The text of a literal for a port.

    Raises:
        ValueError: it is of another type, out of range, or none of the choices; the text says what is allowed.
    """
    if isinstance(value, (dict, list)) or value is None:
        raise ValueError(f"should be {_WORDS.get(port.type, 'a text')}, not {value!r}")
    text = text_of(value)
    number = _number(port, text)
    if number is not None:
        if port.minimum is not None and number < port.minimum:
            raise ValueError(f"is {text}, which is less than the minimum of {port.minimum:g}")
        if port.maximum is not None and number > port.maximum:
            raise ValueError(f"is {text}, which is more than the maximum of {port.maximum:g}")
    if port.choices and text not in port.choices:
        raise ValueError(f"is '{text}', which is none of: {', '.join(port.choices)}")
    return text


def _number(port: Port, text: str) -> float | None:
    """The number that a text stands for; ``None`` for types that are no numbers."""
    try:
        if port.type == "integer":
            return int(text)
        if port.type == "number":
            number = float(text)
            if math.isfinite(number):
                return number
            raise ValueError
    except ValueError:
        raise ValueError(f"should be {_WORDS[port.type]}, not '{text}'") from None
    if port.type == "boolean" and text.lower() not in {"true", "false"}:
        raise ValueError(f"should be {_WORDS[port.type]}, not '{text}'")
    return None


def mismatch(given: str, wanted: str) -> str | None:
    """Why something of one type cannot be given where another is wanted; ``None`` when it can."""
    if (given in LITERAL_TYPES) != (wanted in LITERAL_TYPES) or {given, wanted} == {"uri_file", "uri_folder"}:
        return f"is of the type {given}, but {wanted} is wanted"
    return None
