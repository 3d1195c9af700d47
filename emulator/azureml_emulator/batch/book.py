"""The books of a running job: outcomes to the journal, progress to whoever watches, failures to the user's logs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

from azureml_emulator.batch.failure import Failure, Screen
from azureml_emulator.batch.logs import PROGRESS, PROGRESS_EVERY, USER_ERRORS, LogFolder, progress_line
from azureml_emulator.batch.node_logs import NodeLogs

if TYPE_CHECKING:
    from azureml_emulator.batch.minibatch import Ledger, Outcome
    from azureml_emulator.batch.outputs import Journal
    from azureml_emulator.batch.workers import Slot

FULL_REPORTS = 100
"""Failed attempts that are reported with their traceback; later ones get a line each."""


class Listener(Protocol):
    """Who watches."""

    def emit(self, event: str, **values: Any) -> None:
        """Send one event."""


class Book(NodeLogs):
    """Writes down what happens in a pool; progress at most five times a second."""

    def __init__(
        self, job: str, logs: LogFolder, listener: Listener, journal: Journal, ledger: Ledger, items: int
    ) -> None:
        super().__init__(logs)
        self._job = job
        self._logs = logs
        self._listener = listener
        self._journal = journal
        self._ledger = ledger
        self._items = items
        self._begun = time.monotonic()
        self._shown = 0.0
        self._shown_done = 0
        self._failures = 0
        self.progress(final=True)

    def finished(self, outcome: Outcome, rows: str) -> None:
        """A mini-batch is through."""
        self._journal.add(outcome, rows)
        self.progress()

    def failed(self, failure: Failure, slot: Slot) -> None:
        """An attempt failed: tell the user, and keep it with the process that it happened in."""
        self._failures += 1
        if self._failures > FULL_REPORTS:
            text = f"{failure.title} ({failure.where}; {', '.join(failure.files[:1])})"
        else:
            text = str(Screen(self._job, "an attempt failed", failure)) + "\n"
        self._logs.add(USER_ERRORS, text)
        self._logs.add(f"logs/user/error/{slot.node_name}/{slot.process_name}.txt", text)

    def catch_up(self) -> None:
        """Show what was not shown because it came too soon after something else."""
        if len(self._ledger.finished) != self._shown_done:
            self.progress()

    def progress(self, *, final: bool = False) -> None:
        """Show where the job stands."""
        now = time.monotonic()
        if not final and now - self._shown < PROGRESS_EVERY:
            return
        self._shown = now
        ledger = self._ledger
        done, total = len(ledger.finished), len(ledger.batches)
        self._shown_done = done
        line = progress_line(done, total, ledger, self._items, now - self._begun)
        self._logs.add(PROGRESS, line, stamped=False)
        self._listener.emit(
            "progress",
            done=done,
            total=total,
            items_done=ledger.items_done,
            items_total=self._items,
            items_failed=ledger.items_failed,
        )
