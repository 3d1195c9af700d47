"""Predictions and their labels: read, and brought together row by row. Pure, but for reading the files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..consume.errors import RowsError
from ..consume.rows import read_rows
from .errors import GateError

Row = Mapping[str, str]
_SHOWN = 5


def read_predictions(path: Path, columns: Sequence[str]) -> list[Row]:
    """The rows that a scoring job wrote, with names for their values.

    Raises:
        GateError: there is no row, or one has another number of values.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows: list[Row] = [
                dict(zip(columns, row, strict=True)) for row in read_rows(stream, columns, source=path.name)
            ]
    except UnicodeDecodeError as error:
        raise GateError(f"{path.name} is not UTF-8 text (byte {error.start}): it holds no prediction rows.") from None
    except RowsError as error:
        raise GateError(f"the predictions do not have the gate's columns: {error}") from None
    if not rows:
        raise GateError(f"the predictions are empty: {path.name} has no row.")
    return rows


def count_rows(path: Path) -> int:
    """The lines that are not blank."""
    with path.open("rb") as stream:
        return sum(1 for line in stream if line.strip())


def read_labels(path: Path, source: str) -> list[Row]:
    """The rows of a CSV file with a header; `source` is the file in messages.

    Raises:
        GateError: there is no row, or one does not have the header's columns.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, strict=True)
            rows: list[Row] = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise GateError(f"the labels {source} are no CSV file: {error}.") from None
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            header = ", ".join(reader.fieldnames or ())
            raise GateError(f"row {number} of the labels {source} does not have the header's columns ({header}).")
    if not rows:
        raise GateError(f"the labels {source} are empty: a CSV file with a header and a row for each prediction.")
    return rows


def match(predictions: Sequence[Row], labels: Sequence[Row], source: str) -> list[Row]:
    """The label of each prediction, in the predictions' order: the row with the same values in all shared columns.

    Raises:
        GateError: they share no column; a row stands twice; a prediction has no label, or a label no prediction.
    """
    shared = [name for name in predictions[0] if name in labels[0]]
    if not shared:
        raise GateError(
            f"predictions and labels share no column, so their rows cannot be matched: the predictions have "
            f"{', '.join(predictions[0])}; the labels {source} have {', '.join(labels[0])}."
        )
    by_key = _index(labels, shared, f"the labels {source}")
    predicted = _index(predictions, shared, "the predictions")
    if unlabelled := [key for key in predicted if key not in by_key]:
        raise GateError(
            f"{len(unlabelled)} of {len(predicted)} predictions have no label in {source}: {_few(unlabelled)}."
        )
    if missed := [key for key in by_key if key not in predicted]:
        raise GateError(f"{len(missed)} of {len(by_key)} labels in {source} have no prediction: {_few(missed)}.")
    return [by_key[key] for key in predicted]


def answers(rows: Sequence[Row], others: Sequence[Row], what: str) -> list[str]:
    """The values of the first column that the other rows do not have: what is predicted, or what is right.

    Raises:
        GateError: there is no such column, or a value is empty.
    """
    own = [name for name in rows[0] if name not in others[0]]
    if not own:
        raise GateError(f"the {what} have no column of their own to compare, but {', '.join(rows[0])}.")
    values = [row[own[0]].strip() for row in rows]
    if empty := sum(not value for value in values):
        raise GateError(f"the {what} have no value in column {own[0]} of {empty} of {len(values)} rows.")
    return values


def same_answer(first: str, second: str) -> bool:
    """Whether two values are the same text or the same number: 7, 7.0 and ` 7` are one."""
    if first == second:
        return True
    try:
        return float(first) == float(second)
    except ValueError:
        return False


def _index(rows: Sequence[Row], shared: Sequence[str], what: str) -> dict[tuple[str, ...], Row]:
    found: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = tuple(row[name] for name in shared)
        if key in found:
            raise GateError(
                f"{what} have {_few([key])} twice in {', '.join(shared)}, by which rows are matched: give both a "
                "further column that tells them apart."
            )
        found[key] = row
    return found


def _few(keys: Iterable[tuple[str, ...]]) -> str:
    listed = [" ".join(key) for key in keys]
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
