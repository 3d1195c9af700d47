"""How far a job is, read from the ``job_progress_overview`` log of its scoring step. Pure, no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

OVERVIEW_LOG = re.compile(r"logs/job_progress_overview[^/]*\.txt")
"""The service adds a time stamp to the name and starts a new file after a recovery; the newest one counts."""

_OVERVIEW_LINE = re.compile(
    r"Progress: (?P<done>\d+)/(?P<total>\d+) mini-batches, (?P<items_done>\d+)/(?P<items_total>\d+) items, "
    r"(?P<items_failed>\d+) failed, (?P<rate>\d+(?:\.\d+)?) items/s, (?P<elapsed>\d+(?:\.\d+)?) s"
)
# The lines that Azure ML's own clusters write (seen in public issues of ParallelRunStep).
_SCHEDULED = re.compile(r"There are (?P<total>\d+) tasks with (?P<items>\d+) items")
_PROCESSED = re.compile(
    r"Processed (?P<done>\d+) of (?P<total>\d+) mini batches in (?P<elapsed>(?:\d+ days?, )?[\d:.]+)"
)


@dataclass(frozen=True)
class Progress:
    """A snapshot of a job.

    ``status`` is the job's state. Mini-batches ``done`` of ``total``; items (files) ``items_done`` of
    ``items_total``, of which ``items_failed`` failed; ``rate`` in items a second; ``elapsed`` in seconds
    since scoring began. ``total`` is ``None`` until the service has cut the mini-batches, and the other
    optional numbers are ``None`` where the service does not tell them.
    """

    status: str
    done: int = 0
    total: int | None = None
    items_done: int | None = None
    items_total: int | None = None
    items_failed: int | None = None
    rate: float | None = None
    elapsed: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The numbers by name, for ``--json``."""
        return asdict(self)

    def text(self) -> str:
        """One line for people, such as ``Running: 3/9 mini-batches, 30/90 items, 12.5 items/s``."""
        if self.total is None:
            return self.status
        parts = [f"{self.done}/{self.total} mini-batches"]
        if self.items_total is not None:
            done = "" if self.items_done is None else f"{self.items_done}/"
            parts.append(f"{done}{self.items_total} items")
        if self.items_failed:
            parts.append(f"{self.items_failed} failed")
        if self.rate:
            parts.append(f"{self.rate:.1f} items/s")
        return f"{self.status}: {', '.join(parts)}"


def parse_overview(status: str, text: str) -> Progress:
    """The progress that the last telling lines of an overview log give; only ``status`` when none does."""
    last = next(reversed(list(_OVERVIEW_LINE.finditer(text))), None)
    if last is not None:
        return Progress(
            status,
            done=int(last["done"]),
            total=int(last["total"]),
            items_done=int(last["items_done"]),
            items_total=int(last["items_total"]),
            items_failed=int(last["items_failed"]),
            rate=float(last["rate"]),
            elapsed=float(last["elapsed"]),
        )
    return _parse_cluster_overview(status, text)


def newest_overview(log_files: Mapping[str, str]) -> str | None:
    """The name of the overview log to read, the newest where there are several."""
    names = [name for name in log_files if OVERVIEW_LOG.fullmatch(name)]
    return max(names, key=lambda name: (len(name), name), default=None)


def _parse_cluster_overview(status: str, text: str) -> Progress:
    scheduled = _SCHEDULED.search(text)
    items_total = int(scheduled["items"]) if scheduled else None
    processed = next(reversed(list(_PROCESSED.finditer(text))), None)
    if processed is not None:
        return Progress(
            status,
            done=int(processed["done"]),
            total=int(processed["total"]),
            items_total=items_total,
            elapsed=_seconds(processed["elapsed"]),
        )
    return Progress(status, total=int(scheduled["total"]) if scheduled else None, items_total=items_total)


def _seconds(text: str) -> float:
    """Seconds of Python's ``str(timedelta)``, such as ``5:02:14`` or ``1 day, 0:00:03.5``."""
    days, _, clock = text.rpartition(", ")
    seconds = 0.0
    for part in clock.strip(".").split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + (int(days.split()[0]) * 86400 if days else 0)
