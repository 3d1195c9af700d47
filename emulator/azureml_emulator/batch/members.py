"""The workers of a pool: started, listened to, removed; one selector for all that a pool waits for."""

from __future__ import annotations

import os
import selectors
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azureml_emulator.batch.minibatch import MiniBatch
    from azureml_emulator.batch.workers import Slot, WorkerProcess


@dataclass(eq=False)
class Member:
    """A worker in the pool: what it is doing, since when, and until when it may (seconds of the monotonic clock)."""

    worker: WorkerProcess
    state: Literal["starting", "idle", "busy", "leaving"]
    deadline: float
    since: float = 0.0
    batch: MiniBatch | None = None


class Members:
    """The workers that there are, and the places where there could be more."""

    def __init__(self, start_worker: Callable[[Slot], WorkerProcess], slots: list[Slot]) -> None:
        self._start_worker = start_worker
        self._free_slots = slots[::-1]
        self._members: dict[int, Member] = {}
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = os.pipe()
        for descriptor in (self._wake_read, self._wake_write):
            os.set_blocking(descriptor, False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)

    def __iter__(self) -> Iterator[Member]:
        return iter(list(self._members.values()))

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, member: Member) -> bool:
        return self._members.get(member.worker.fileno()) is member

    @property
    def has_room(self) -> bool:
        """Whether another worker may be started."""
        return bool(self._free_slots)

    def hire(self, setup: Callable[[WorkerProcess], dict[str, Any]], deadline: float) -> None:
        """Start a worker in a free place and send it its set-up."""
        worker = self._start_worker(self._free_slots.pop())
        self._members[worker.fileno()] = Member(worker, "starting", deadline)
        self._selector.register(worker, selectors.EVENT_READ)
        worker.send(setup(worker))

    def remove(self, member: Member, patience: float = 0.0) -> int:
        """End a worker; return its exit code. See :meth:`WorkerProcess.kill`."""
        self._selector.unregister(member.worker)
        del self._members[member.worker.fileno()]
        self._free_slots.append(member.worker.slot)
        return member.worker.kill(patience)

    def wait(self, seconds: float) -> Iterator[Member]:
        """Wait until somebody has something to say; yield who has. Ends early when it is woken."""
        for key, _ in self._selector.select(max(0.0, seconds)):
            if key.fd == self._wake_read:
                with suppress(BlockingIOError):
                    os.read(self._wake_read, 1 << 16)
            elif key.fd in self._members:
                yield self._members[key.fd]

    def wake(self) -> None:
        """End a wait. May be called from any thread."""
        with suppress(BlockingIOError, OSError):
            os.write(self._wake_write, b"w")

    def close(self) -> None:
        """End every worker and let go of everything."""
        for member in self:
            self.remove(member)
        self._selector.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
