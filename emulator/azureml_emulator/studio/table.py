"""Predictions as a table: the rows that a scoring script returned, which may be of any form. Pure."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass

PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")
_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"BM": "image/bmp",
}
_LONGEST_CELL = 400


@dataclass(frozen=True)
class Row:
    """A row in its cells, and the input file that it speaks of, if any of them names one."""

    cells: list[str]
    file: str | None

    @property
    def is_picture(self) -> bool:
        """Whether its file is a picture, by its name."""
        return self.file is not None and self.file.lower().endswith(PICTURES)


def read_rows(lines: Sequence[str], files: Sequence[str]) -> list[Row]:
    """Rows from lines; ``files`` are the paths of the input's files, of which rows name the last segment."""
    by_name = {path.rpartition("/")[2]: path for path in reversed(files)}
    rows = []
    for cells in _cut(lines):
        named = (cell.rpartition("/")[2] for cell in cells)
        file = next((by_name[name] for name in named if name in by_name), None)
        rows.append(Row([cell[:_LONGEST_CELL] for cell in cells], file))
    return rows


def _cut(lines: Sequence[str]) -> list[list[str]]:
    """Lines in cells, by the separator that cuts all of them into equally many; else each line is one cell."""
    for separator in (",", "\t", " "):
        rows = list(csv.reader(lines, delimiter=separator, skipinitialspace=True))
        if rows and len(rows) == len(lines) and len({len(row) for row in rows}) == 1 and len(rows[0]) > 1:
            return rows
    return [[line] for line in lines]


def picture_type(data: bytes) -> str | None:
    """The media type of a picture that browsers show without running anything of it; ``None`` for all else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), None)
