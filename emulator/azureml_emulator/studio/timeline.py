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
    """Lanes, the marks of the axis (place in thousandths, words), and how long it all took."""

    lanes: list[Lane]
    marks: list[tuple[float, str]]
    seconds: float


def draw(events: Iterable[Event]) -> Timeline | None:
    """The picture of some events, with its lanes in their order; ``None`` where there are none."""
    given = list(events)
    if not given:
        return None
    begin = min(event.begins for event in given)
    span = max(max(event.ends for event in given) - begin, 0.001)
    lanes = {event.lane: Lane(event.lane) for event in given}
    for event in sorted(given, key=lambda event: event.begins):
        lane = lanes[event.lane]
        x = round((event.begins - begin) / span * WIDTH, 1)
        width = max(round((event.ends - event.begins) / span * WIDTH, 1), 1.0)
        _add(lane.bars, Bar(x, width, event.result, event.text))
    marks = [(WIDTH * mark / _MARKS, _mark(span * mark / _MARKS, span)) for mark in range(_MARKS + 1)]
    return Timeline(list(lanes.values()), marks, span)


def _mark(seconds: float, span: float) -> str:
    """A mark's words: in milliseconds where tenths of a second would read alike."""
    return f"{seconds * 1000:.0f} ms" if span < 1 else duration(seconds)


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
    """The tries of mini-batches as events, in the lanes of their processes, by name."""
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
    return sorted(events, key=lambda event: event.lane)
