"""Inputs and outputs of a job as the command line spells them: ``DATA``, or ``NAME=DATA`` for each. Pure, no I/O
but the question whether a file is called like that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from .errors import InputError
from .request import Literal

_NAMED = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<rest>.+)", re.DOTALL)


def parse_inputs(given: Sequence[str], literals: Mapping[str, Literal]) -> str | Mapping[str, str]:
    """What ``--input`` says: one piece of data, or several by name; none where there are literals alone.

    Raises:
        InputError: there is nothing to score, or several inputs of which one has no name.
    """
    if len(given) == 1 and _split(given[0]) is None:
        return given[0]
    found = _by_name("--input", given)
    if not found and not literals:
        raise InputError("There is nothing to score: name it with --input DATA, or a pipeline's inputs with NAME=DATA.")
    return found


def parse_literals(given: Iterable[str]) -> dict[str, Literal]:
    """What ``--set NAME=VALUE`` says: numbers, ``true`` and ``false`` as such, all else as texts.

    Raises:
        InputError: one has no name, or is there twice.
    """
    return {name: _value(text) for name, text in _by_name("--set", given).items()}


def parse_outputs(given: Sequence[str]) -> tuple[str | None, Mapping[str, str]]:
    """What ``--output`` says: the place of a model's predictions, or those of a pipeline's outputs by name.

    Raises:
        InputError: several outputs of which one has no name.
    """
    if not given:
        return None, {}
    if len(given) == 1 and _split(given[0]) is None:
        return given[0], {}
    return None, _by_name("--output", given)


def _by_name(option: str, given: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        split = _split(text)
        if split is None:
            raise InputError(f"{option} '{text}' has no name: write {option} NAME=… for each.")
        name, rest = split
        if name in found:
            raise InputError(f"{option} gives '{name}' twice.")
        found[name] = rest
    return found


def _split(text: str) -> tuple[str, str] | None:
    match = _NAMED.fullmatch(text)
    return None if match is None or Path(text).exists() else (match["name"], match["rest"])


def _value(text: str) -> Literal:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    # What would be written in another way (1e3, 007) is left as it was typed: it may be meant as a text.
    written = isinstance(value, bool | int | float) and json.dumps(value) == text
    return value if written or isinstance(value, str) else text
