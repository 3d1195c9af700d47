"""The service's raw prediction rows, made a CSV with a header.

``AppendRow`` writes a DataFrame space-separated, without header and index, quoted as pandas does (a value
with a space, quote or line break stands in double quotes, a quote inside is doubled); an MLflow model
without a script writes comma-separated rows (Azure ML: "Author scoring scripts for batch deployments",
"Deploy MLflow models in batch deployments").
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from .errors import RowsError

SEPARATORS = (" ", ",")
_SHOWN = 120


def parse_columns(text: str) -> tuple[str, ...]:
    """Column names out of ``"file,prediction,probability"``.

    Raises:
        RowsError: a name is empty or given twice.
    """
    columns = tuple(name.strip() for name in text.split(","))
    if not all(columns):
        raise RowsError(f"The columns '{text}' have an empty name: give names separated by single commas.")
    if len(set(columns)) != len(columns):
        raise RowsError(f"The columns '{text}' name one column twice: give each its own name.")
    return columns


def read_rows(stream: TextIO, columns: Sequence[str], *, source: str) -> Iterator[list[str]]:
    """The rows of ``stream``, each with ``len(columns)`` values.

    The separator is the one (space, then comma) that gives the first row that many values. With a single
    column every line is a value, unless it is one quoted value. ``stream`` must be opened with
    ``newline=""``. Blank lines are skipped.

    Raises:
        RowsError: a row has another number of values, or a quote is not closed; the text names the line.
    """
    first = next((line for line in stream if line.strip()), None)
    if first is None:
        return
    stream.seek(0)
    separator = _separator(first, columns)
    if separator is None and len(columns) == 1:
        yield from ([line.rstrip("\r\n")] for line in stream if line.strip())
        return
    yield from _split(stream, separator or SEPARATORS[0], columns, source)


def convert(path: Path, columns: Sequence[str], *, target: Path | None = None) -> int:
    """Rewrite the raw rows in ``path`` as CSV with a header, into ``target`` (default: in place).

    The target appears only when every row was good. Returns the number of rows.

    Raises:
        RowsError: the file is not text, or a row does not have ``len(columns)`` values.
    """
    target = target or path
    part = target.with_name(f".{target.name}.part")
    try:
        with path.open(newline="", encoding="utf-8") as raw, part.open("w", newline="", encoding="utf-8") as out:
            count = write_csv(out, columns, read_rows(raw, columns, source=str(path)))
        part.replace(target)
    except UnicodeDecodeError as error:
        raise RowsError(f"{path} is not UTF-8 text (byte {error.start}): it holds no prediction rows.") from error
    finally:
        part.unlink(missing_ok=True)
    return count


def write_csv(out: TextIO, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Write header and rows as CSV (RFC 4180, with line feeds). Returns the number of rows."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow(row)
        count += 1
    return count


def _separator(line: str, columns: Sequence[str]) -> str | None:
    for separator in SEPARATORS:
        # Not strict here: a quoted value may go on in the next line, and still its commas count.
        if len(next(csv.reader([line], delimiter=separator))) == len(columns):
            return separator
    return None


def _split(stream: TextIO, separator: str, columns: Sequence[str], source: str) -> Iterator[list[str]]:
    reader = csv.reader(stream, delimiter=separator, strict=True)
    line = 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise RowsError(
                f"{source}, line {line}: {error}. The rows are read as pandas writes them; "
                "leave --columns out to keep the file as the service wrote it."
            ) from error
        if row is None:
            return
        if row:
            if len(row) != len(columns):
                raise RowsError(_mismatch(source, line, row, separator, columns))
            yield row
        line = reader.line_num + 1


def _mismatch(source: str, line: int, row: Sequence[str], separator: str, columns: Sequence[str]) -> str:
    shown = separator.join(row)
    if len(shown) > _SHOWN:
        shown = shown[:_SHOWN] + "…"
    return (
        f"{source}, line {line}: {len(row)} value{'s' * (len(row) != 1)} where {len(columns)} columns are "
        f"expected ({','.join(columns)}): {shown!r}. Give --columns as many names as run() returns columns, "
        "or leave it out to keep the file as the service wrote it."
    )
