"""One try of one mini-batch, as the logs tell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azureml_emulator.batch.workers import Slot

COLUMNS = (
    "mini-batch id",
    "node id",
    "process name",
    "result",
    "items",
    "succeeded items",
    "failed items",
    "start time",
    "elapsed seconds",
    "run method seconds",
    "process seconds",
    "error",
)


@dataclass(frozen=True)
class Attempt:
    """One try of one mini-batch of ``items`` files by the worker ``pid``.

    ``started`` is in seconds since 1970. ``elapsed`` is what it took in all, ``run_time`` the call of ``run()`` and
    ``process_time`` the processor's time in it, in seconds; the latter two are unknown where the worker did not
    answer. ``error`` is empty unless the try failed.
    """

    batch: int
    items: int
    slot: Slot
    pid: int
    started: float
    elapsed: float
    run_time: float | None = None
    process_time: float | None = None
    succeeded: int = 0
    error: str = ""

    @property
    def result(self) -> str:
        """In one word, as the service's table has it."""
        return "failed" if self.error else "succeeded"

    def cells(self) -> list[str]:
        """The values of :data:`COLUMNS`."""
        return [
            str(self.batch),
            self.slot.node_name,
            self.slot.process_name,
            self.result,
            *(str(number) for number in (self.items, self.succeeded, self.items - self.succeeded)),
            datetime.fromtimestamp(self.started, UTC).isoformat(timespec="milliseconds"),
            *(_seconds(time) for time in (self.elapsed, self.run_time, self.process_time)),
            self.error,
        ]

    def __str__(self) -> str:
        times = [
            f"{name} {_seconds(time)} s"
            for name, time in (("run method", self.run_time), ("process", self.process_time))
            if time is not None
        ]
        return (
            f"mini-batch {self.batch} {self.result}: {self.items} items, {self.succeeded} succeeded, "
            f"{self.items - self.succeeded} failed; {', '.join([f'elapsed {_seconds(self.elapsed)} s', *times])}"
            + (f"; {self.error}" if self.error else "")
        )


def _seconds(time: float | None) -> str:
    return "" if time is None else f"{time:.3f}"
