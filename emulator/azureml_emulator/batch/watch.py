"""Looks at a job's workers twice a second: who uses more than its node has, and whether the disk is filling up."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol

from azureml_emulator.batch import limits
from azureml_emulator.batch.failure import Failure, JobFailedError
from azureml_emulator.batch.process_tree import Family, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from azureml_emulator.batch.members import Member
    from azureml_emulator.batch.spec import NodeSize
    from azureml_emulator.batch.workers import Slot

EVERY = 0.5
SCAN_SHARE = 20
"""A scan of the written files may take one part in this many of the time."""
REPORT_EVERY = 10.0


class Meter(Protocol):
    """Where measurements are written down."""

    def resources(self, usages: dict[Slot, Usage], written: int) -> None:
        """What each worker uses now, and the bytes that the job's scripts have written."""


class Watch:
    """The limits of one job.

    Args:
        node: what one node has.
        nodes: how many nodes the job has.
        folder: the job's folder, whose disk keeps a reserve.
        written: the folders that scripts write to.
        meter: is told the measurements every ten seconds, at first at once.
    """

    def __init__(self, node: NodeSize, nodes: int, folder: Path, written: list[Path], meter: Meter) -> None:
        self._node = node
        self._nodes = nodes
        self._folder = folder
        self._written = written
        self._meter = meter
        self._scan_at = 0.0
        self._size = 0
        self._report_at = 0.0
        self.due = time.monotonic() + EVERY

    def look(self, members: Iterable[Member]) -> list[tuple[Member, Failure]]:
        """Return the workers that must be stopped, each with the reason.

        Raises:
            JobFailedError: the job as a whole uses too much.
        """
        now = time.monotonic()
        self.due = now + EVERY
        self._check_disk(now)
        family = Family(os.getpid())
        known = {member.worker.process.pid: member for member in members}
        usages = {pid: family.usage(pid) for pid in known}
        self._check_strays(family, [pid for pid in family.children() if pid not in known and not _reaped(pid)])
        if now >= self._report_at:
            self._report_at = now + REPORT_EVERY
            self._meter.resources({known[pid].worker.slot: usage for pid, usage in usages.items()}, self._size)
        found = []
        for node in sorted({member.worker.slot.node for member in known.values()}):
            mine = {pid: usages[pid] for pid, member in known.items() if member.worker.slot.node == node}
            verdict = limits.too_many_processes(self._node, mine) or self._too_much_memory(family, mine)
            if verdict is not None:
                found.append((known[verdict[0]], verdict[1]))
        return found

    def _too_much_memory(self, family: Family, usages: dict[int, Usage]) -> tuple[int, Failure] | None:
        """Judge by exact figures where the quick ones, which count shared pages more than once, are too high."""
        if limits.too_much_memory(self._node, usages) is None:
            return None
        return limits.too_much_memory(self._node, {pid: family.usage(pid, exact=True) for pid in usages})

    def _check_strays(self, family: Family, strays: list[int]) -> None:
        """Bound what has left its worker's tree: the driver has adopted it, and ends it with the job."""
        usages = [family.usage(pid) for pid in strays]
        total = Usage(sum(usage.memory for usage in usages), sum(usage.processes for usage in usages))
        most_memory = self._node.memory * self._nodes
        if total.processes <= self._node.processes and (not most_memory or total.memory <= most_memory):
            return
        title = f"the job was stopped: its scripts had left {total.processes} processes running in the background"
        raise JobFailedError(Failure("too_many_processes", title))

    def _check_disk(self, now: float) -> None:
        if (full := limits.disk_failure(self._folder)) is not None:
            raise JobFailedError(full)
        if now < self._scan_at:
            return
        self._size = limits.size_below(self._written)
        self._scan_at = now + (time.monotonic() - now) * SCAN_SHARE
        if (full := limits.quota_failure(self._node, self._nodes, self._size)) is not None:
            raise JobFailedError(full)


def _reaped(pid: int) -> bool:
    """Let an orphan that has ended go: whoever adopts must also bury."""
    try:
        return os.waitpid(pid, os.WNOHANG) != (0, 0)
    except ChildProcessError:
        return True
