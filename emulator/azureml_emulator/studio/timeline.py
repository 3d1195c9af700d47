"""A timeline as a picture: lanes, and bars of what happened when. Pure.

Bars are placed in thousandths of the width, so that the picture can be as wide as the page. Where more bars follow
each other than a screen has points, neighbours of the same result become one.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azureml_emulator.studio.shown import duration, seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH = 1000
_MARKS = 4


@dataclass(frozen=True)
class Event:
    """One thing that took time: in which lane, from when to when (seconds since 1970), how it ended, and its words."""

    lane: str
    begins: float
    ends: float
    result: str
    text: str


@dataclass
class Bar:
    """A bar of a lane; ``x`` and ``width`` are in thousandths, ``tone`` is its look."""

    x: float
    width: float
    tone: str
    text: str
    count: int = 1


@dataclass
class Lane:
    """A row of the picture."""

    name: str
    bars: list[Bar] = field(default_factory=list)


@dataclass(frozen=True)
class Timeline:
    """Lanes by name, the marks of the axis (place in thousandths, words), and how long it all took."""

    lanes: list[Lane]
    marks: list[tuple[float, str]]
    seconds: float


def draw(events: Iterable[Event], until: float | None = None) -> Timeline | None:
    """The picture of some events; ``None`` where there are none. It ends at ``until``, else with the last event."""
    ordered = sorted(events, key=lambda event: (event.lane, event.begins))
    if not ordered:
        return None
    begin = min(event.begins for event in ordered)
    end = max([*(event.ends for event in ordered), *([until] if until is not None else [])])
    span = max(end - begin, 0.001)
    lanes: dict[str, Lane] = {}
    for event in ordered:
        lane = lanes.setdefault(event.lane, Lane(event.lane))
        x = round((event.begins - begin) / span * WIDTH, 1)
        width = max(round((event.ends - event.begins) / span * WIDTH, 1), 1.0)
        _add(lane.bars, Bar(x, width, event.result, event.text))
    marks = [(WIDTH * mark / _MARKS, duration(span * mark / _MARKS)) for mark in range(_MARKS + 1)]
    return Timeline(list(lanes.values()), marks, span)


def _add(bars: list[Bar], bar: Bar) -> None:
    before = bars[-1] if bars else None
    if before is None or before.tone != bar.tone or bar.x - before.x >= 1 or bar.width > 1:
        bars.append(bar)
        return
    before.count += 1
    before.text = f"{before.count} short ones: {before.text.rpartition(': ')[2]} … {bar.text}"


def attempts(table: str) -> list[dict[str, str]]:
    """The rows of a job's table of tried mini-batches (``processed_mini-batches.csv``); a torn last line is dropped."""
    whole = table[: table.rfind("\n") + 1]
    return [row for row in csv.DictReader(io.StringIO(whole)) if None not in row.values()]


def mini_batches(rows: Iterable[dict[str, str]]) -> list[Event]:
    """The tries of mini-batches as events, in the lanes of their processes."""
    events = []
    for row in rows:
        begins = seconds_of(row["start time"]) or 0.0
        length = float(row["elapsed seconds"] or 0)
        failed = row["result"] != "succeeded" or row["failed items"] != "0"
        words = (
            f"mini-batch {row['mini-batch id']}: {row['succeeded items']} of {row['items']} items in {duration(length)}"
        )
        text = f"{words}; {row['error']}" if row["error"] else words
        tone = "bad" if failed else "good"
        events.append(Event(f"{row['node id']} {row['process name']}", begins, begins + length, tone, text))
    return events
