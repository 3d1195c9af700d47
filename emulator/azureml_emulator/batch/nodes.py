"""The nodes of computes: given to jobs in turn, shown in the computes' documents, given up when idle for long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from azureml_emulator.batch.queue import NodeQueue, Request
from azureml_emulator.batch.submit import max_nodes, scale_down
from azureml_emulator.batch.views import with_nodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from azureml_emulator.emulator import Emulator

_MARGIN = 0.05
"""Seconds after a node's time is up, so that a timer does not come a moment too early."""


class Nodes:
    """The nodes of all computes. ``go`` is called with each job that has got what it asked for."""

    def __init__(self, emulator: Emulator, go: Callable[[str], None]) -> None:
        self._emulator = emulator
        self._go = go
        self._queue = NodeQueue()
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def ask(self, compute_id: str, job: str, nodes: int, since: str) -> None:
        """Stand in line for nodes of a compute; ``since`` is when the job was submitted."""
        self._queue.ask(compute_id, Request(job, nodes, since))
        self.grant(compute_id)

    def leave(self, compute_id: str, job: str) -> None:
        """Give back a job's nodes, or its place in the line."""
        self._queue.leave(compute_id, job, self._emulator.clock.now())
        self.grant(compute_id)

    def waiting(self, compute_id: str) -> list[str]:
        """The jobs that stand in line for a compute."""
        return self._queue.waiting(compute_id)

    def grant(self, compute_id: str) -> None:
        """Give free nodes to the jobs whose turn it is, and show the compute's nodes."""
        most = max_nodes(self._emulator, compute_id)
        for job in self._queue.grant(compute_id, most if most is not None else 0):
            self._go(job)
        self._show(compute_id)

    def settle(self) -> None:
        """Give up what has been idle for long enough by now; the clock may have jumped."""
        for compute_id in self._queue.computes():
            self._show(compute_id)

    def stop(self) -> None:
        """Show nothing more."""
        for timer in self._timers.values():
            timer.cancel()

    def _show(self, compute_id: str) -> None:
        """Write the compute's node counts into its document, now and when the next idle node is given up."""
        compute_id = compute_id.lower()
        store = self._emulator.store
        compute = store.get(compute_id)
        if (timer := self._timers.pop(compute_id, None)) is not None:
            timer.cancel()
        if compute is None:
            return
        minimum, idle_time = scale_down(self._emulator, compute_id)
        now = self._emulator.clock.now()
        counts = self._queue.counts(compute_id, minimum=minimum, idle_time=idle_time, now=now)
        store.put(compute_id, "computes", compute_id.rpartition("/")[0], with_nodes(compute, counts))
        if counts.next_change is not None:
            after = counts.next_change - now + _MARGIN
            self._timers[compute_id] = asyncio.get_running_loop().call_later(after, self._show, compute_id)
