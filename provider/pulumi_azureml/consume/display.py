"""What a command shows while it works: a live bar, plain lines, JSON lines, or results alone.

Results go to standard output, progress and messages to standard error, so that output can be piped.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from .progress import Progress

PLAIN_INTERVAL = 2.0
"""Seconds between two progress lines where there is no terminal."""


class Display(Protocol):
    """Where a command says what it does."""

    def status(self, text: str) -> None:
        """What goes on just now; replaced by what comes next."""

    def progress(self, progress: Progress) -> None:
        """A snapshot of the job."""

    def result(self, event: str, text: str, **fields: Any) -> None:
        """Something that is done and that the user wants to keep: ``text`` for people, the rest as JSON."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class QuietDisplay:
    """Results alone."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def status(self, text: str) -> None:
        """Nothing."""

    def progress(self, progress: Progress) -> None:
        """Nothing."""

    def result(self, event: str, text: str, **fields: Any) -> None:  # noqa: ARG002 - fields are for JSON
        """The text, on a line of its own."""
        self._out.write(text + "\n")
        self._out.flush()

    def close(self) -> None:
        """Nothing."""


class JsonDisplay(QuietDisplay):
    """One JSON object a line, each with its ``event``."""

    def progress(self, progress: Progress) -> None:
        """A ``progress`` event."""
        self.result("progress", "", **progress.as_json())

    def result(self, event: str, text: str, **fields: Any) -> None:  # noqa: ARG002 - text is for people
        """The fields as one line of JSON."""
        self._out.write(json.dumps({"event": event, **fields}) + "\n")
        self._out.flush()


class PlainDisplay(QuietDisplay):
    """Lines for logs and pipes: at changes only, and at most one every two seconds, but for changes of state."""

    def __init__(self, out: TextIO, err: TextIO, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(out)
        self._err = err
        self._now = now
        self._next = 0.0
        self._last = ""
        self._state = ""
        self._held = ""

    def status(self, text: str) -> None:
        """A line, unless one was written just now."""
        self._line(text, must=False)

    def progress(self, progress: Progress) -> None:
        """A line, at once where the state is new."""
        self._line(progress.text(), must=progress.status != self._state)
        self._state = progress.status

    def result(self, event: str, text: str, **fields: Any) -> None:
        """The text, after the last line that was held back."""
        self.close()
        super().result(event, text, **fields)

    def close(self) -> None:
        """Write the line that was held back."""
        if self._held:
            self._line(self._held, must=True)

    def _line(self, text: str, *, must: bool) -> None:
        if text == self._last:
            return
        if not must and self._now() < self._next:
            self._held = text
            return
        self._err.write(text + "\n")
        self._err.flush()
        self._last, self._held, self._next = text, "", self._now() + PLAIN_INTERVAL


class LiveDisplay(QuietDisplay):
    """A progress bar on a terminal."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        super().__init__(out)
        self._err = err
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def status(self, text: str) -> None:
        """The text beside a spinner."""
        self._show(text, done=0, total=None, numbers="")

    def progress(self, progress: Progress) -> None:
        """State, bar over the mini-batches, and the numbers."""
        _, _, numbers = progress.text().partition(": ")
        self._show(progress.status, done=progress.done, total=progress.total, numbers=numbers)

    def result(self, event: str, text: str, **fields: Any) -> None:
        """The text, below the finished bar."""
        self.close()
        super().result(event, text, **fields)

    def close(self) -> None:
        """End the bar; it stays on the screen when it showed a job."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _show(self, text: str, *, done: int, total: int | None, numbers: str) -> None:
        if self._bar is None:
            self._bar, self._task = _start_bar(self._err)
        if self._task is not None:
            self._bar.update(self._task, description=text, completed=done, total=total, numbers=numbers)


def _start_bar(err: TextIO) -> tuple[Bar, TaskID]:
    from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    bar = RichProgress(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[numbers]}", markup=False),
        TimeElapsedColumn(),
        console=Console(file=err),
    )
    bar.start()
    return bar, bar.add_task("", total=None, numbers="")


def open_display(*, as_json: bool, quiet: bool, out: TextIO | None = None, err: TextIO | None = None) -> Display:
    """The display for the options and the terminal at hand."""
    out, err = out or sys.stdout, err or sys.stderr
    if as_json:
        return JsonDisplay(out)
    if quiet:
        return QuietDisplay(out)
    return LiveDisplay(out, err) if err.isatty() else PlainDisplay(out, err)
