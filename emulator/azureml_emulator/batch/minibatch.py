"""Mini-batches: how the input is cut, and what becomes of every part. Pure; no I/O and no clock.

The rules are those of Azure ML's batch deployments (schema reference of the batch deployment, and the
ParallelRunStep documentation that its runtime is built on):

* work is split by number of **files**, whatever their size, in the order of their names;
* a mini-batch that raises, times out or loses its worker is tried again, at most ``max_retries`` times;
* ``min(len(result), len(mini_batch))`` items have succeeded, the shortfall has failed;
* the job is aborted once more items have failed than ``error_threshold`` allows; -1 never aborts;
* a job in which no item succeeded has failed, whatever the threshold says.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NO_THRESHOLD = -1


@dataclass(frozen=True, slots=True)
class MiniBatch:
    """One part of the input: the files ``[start, stop)`` of the sorted list."""

    index: int
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished mini-batch came to, in items (files)."""

    index: int
    succeeded: int
    failed: int


def sort_files(names: Iterable[str]) -> list[str]:
    """Return the input's files in the one order that mini-batches are cut in: by name, in any depth."""
    return sorted(names)


def split(count: int, size: int) -> list[MiniBatch]:
    """Cut ``count`` files into mini-batches of ``size`` files; only the last one may be smaller.

    Raises:
        ValueError: ``size`` is below one.
    """
    if size < 1:
        message = f"A mini-batch holds at least one file; miniBatchSize is {size}."
        raise ValueError(message)
    starts = range(0, count, size)
    return [MiniBatch(index, start, min(start + size, count)) for index, start in enumerate(starts)]


@dataclass
class Ledger:
    """The accounts of a job: what waits, what was tried how often, what came of it.

    A mini-batch is in exactly one place at a time (waiting, taken or finished), so that a retry can
    neither lose nor double its rows.

    Args:
        batches: every mini-batch of the job.
        max_retries: further attempts after the first, 0 … n.
        error_threshold: failed items that are tolerated; -1 tolerates all.
        finished: outcomes known from an earlier run of the same job.
    """

    batches: Sequence[MiniBatch]
    max_retries: int
    error_threshold: int
    finished: dict[int, Outcome] = field(default_factory=dict)
    attempts: dict[int, int] = field(default_factory=dict)
    _waiting: deque[int] = field(default_factory=deque)
    _taken: set[int] = field(default_factory=set)
    _items_done: int = 0
    _items_failed: int = 0

    def __post_init__(self) -> None:
        for outcome in self.finished.values():
            self._count(outcome)

    def offer(self, index: int) -> None:
        """Say that a mini-batch's files are at hand, so that it can be taken."""
        if index not in self.finished:
            self._waiting.append(index)

    def take(self) -> MiniBatch | None:
        """Hand out the next mini-batch, or nothing when none waits."""
        if not self._waiting:
            return None
        index = self._waiting.popleft()
        self._taken.add(index)
        self.attempts[index] = self.attempts.get(index, 0) + 1
        return self.batches[index]

    def give_back(self, index: int) -> None:
        """Undo a take that never reached ``run()``, so that it does not count as an attempt."""
        self._taken.remove(index)
        self.attempts[index] -= 1
        self._waiting.appendleft(index)

    def succeed(self, index: int, returned: int) -> Outcome:
        """Close a mini-batch whose ``run()`` returned ``returned`` rows."""
        size = len(self.batches[index])
        succeeded = min(returned, size)
        return self._finish(Outcome(index, succeeded, size - succeeded))

    def fail(self, index: int) -> Outcome | None:
        """Book a failed attempt: ``None`` when it will be tried again, else the final outcome."""
        if self.attempts[index] <= self.max_retries:
            self._taken.remove(index)
            self._waiting.append(index)
            return None
        return self._finish(Outcome(index, 0, len(self.batches[index])))

    def _finish(self, outcome: Outcome) -> Outcome:
        self._taken.remove(outcome.index)
        self.finished[outcome.index] = outcome
        self._count(outcome)
        return outcome

    def _count(self, outcome: Outcome) -> None:
        self._items_done += outcome.succeeded + outcome.failed
        self._items_failed += outcome.failed

    @property
    def max_attempts(self) -> int:
        """Attempts that a mini-batch gets in all."""
        return self.max_retries + 1

    @property
    def items_done(self) -> int:
        """Files whose mini-batch is finished, failed ones included."""
        return self._items_done

    @property
    def items_failed(self) -> int:
        """Files that count as failed so far."""
        return self._items_failed

    @property
    def all_finished(self) -> bool:
        """Whether every mini-batch has its outcome."""
        return len(self.finished) == len(self.batches)

    @property
    def threshold_exceeded(self) -> bool:
        """Whether more items failed than ``error_threshold`` tolerates."""
        return self.error_threshold != NO_THRESHOLD and self._items_failed > self.error_threshold

    @property
    def nothing_succeeded(self) -> bool:
        """Whether the job is through and not one item succeeded."""
        return self.all_finished and self._items_done == self._items_failed
