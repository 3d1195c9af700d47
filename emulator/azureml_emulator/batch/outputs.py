"""Rows and outcomes, written so that a killed driver can go on where it stopped.

``rows.txt`` grows by the lines of each finished mini-batch; ``journal.jsonl`` then gets one line that says
where they are. Rows that no journal line mentions do not exist: a restart cuts them off. The output file is
put together in the order of the input, whatever order the workers finished in.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Self

from azureml_emulator.batch.files import Listing
from azureml_emulator.batch.minibatch import Outcome
from azureml_emulator.batch.spec import Place

COPY_SIZE = 1 << 20


class Journal:
    """The finished mini-batches of a job, on disk."""

    def __init__(self, folder: Path) -> None:
        self.finished: dict[int, Outcome] = {}
        self._spans: dict[int, tuple[int, int]] = {}
        self._rows_path = folder / "rows.txt"
        end = self._replay(folder / "journal.jsonl")
        self._rows = self._rows_path.open("ab")
        self._rows.truncate(end)
        self._lines = (folder / "journal.jsonl").open("a", encoding="utf-8")
        self._end = end

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()
        self._lines.close()

    def _replay(self, path: Path) -> int:
        """Read what an earlier run finished; return where its rows end. A torn last line is dropped."""
        if not path.exists():
            return 0
        text = path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        if len(whole) < len(text):
            path.write_text(whole, encoding="utf-8")
        end = 0
        for line in whole.splitlines():
            index, succeeded, failed, start, length = json.loads(line)
            self.finished[index] = Outcome(index, succeeded, failed)
            self._spans[index] = (start, length)
            end = max(end, start + length)
        return end

    def add(self, outcome: Outcome, rows: str) -> None:
        """Write down a finished mini-batch with its rows."""
        data = rows.encode("utf-8", errors="backslashreplace")
        self._rows.write(data)
        self._rows.flush()
        self._lines.write(json.dumps([outcome.index, outcome.succeeded, outcome.failed, self._end, len(data)]) + "\n")
        self._lines.flush()
        self._spans[outcome.index] = (self._end, len(data))
        self._end += len(data)

    def assemble(self, target: Path) -> int:
        """Write every row to ``target`` in the order of the input; return the file's size in bytes."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._rows_path.open("rb") as rows, target.open("wb") as output:
            for index in sorted(self._spans):
                start, length = self._spans[index]
                rows.seek(start)
                while length > 0:
                    data = rows.read(min(length, COPY_SIZE))
                    output.write(data)
                    length -= len(data)
            return output.tell()


def load_plan(folder: Path) -> Listing | None:
    """The input's files as an earlier run of this job saw them."""
    path = folder / "plan.json"
    if not path.exists():
        return None
    plan = json.loads(path.read_text(encoding="utf-8"))
    return Listing(Place(**plan["folder"]), plan["names"], plan["digests"])


def save_plan(folder: Path, plan: Listing) -> None:
    """Keep the input's files, so that a restart cuts the same mini-batches."""
    temporary = folder / "plan.json.new"
    temporary.write_text(json.dumps(asdict(plan)), encoding="utf-8")
    temporary.replace(folder / "plan.json")
