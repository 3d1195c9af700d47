"""Looks at a step's processes twice a second: time, memory, processes, disk."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from azureml_emulator.batch import limits
from azureml_emulator.batch.failure import Failure
from azureml_emulator.batch.process_tree import Family, Usage

if TYPE_CHECKING:
    from azureml_emulator.batch.command_spec import CommandSpec

EVERY = 0.5
SCAN_SHARE = 20
"""A scan of the written files may take one part in this many of the time."""


class Watch:
    """The limits of one step, from when it is made; ``written`` are the folders that its command writes to."""

    def __init__(self, spec: CommandSpec, written: list[Path], log: str) -> None:
        self._spec = spec
        self._written = written
        self._log = log
        self._begun = time.monotonic()
        self._scan_at = 0.0

    def verdict(self) -> Failure | None:
        """Why the step has to be stopped; ``None`` while it keeps to its limits.

        What the command has left in the background counts too: it is the driver's by then.
        """
        now, timeout = time.monotonic(), self._spec.timeout
        if timeout is not None and now - self._begun > timeout:
            title = f"the command took longer than the {timeout:g} s that its limits.timeout allows"
            return Failure("command_timeout", title, log=self._log)
        node, family = self._spec.node, Family(os.getpid())
        usages = {0: _sum(family, exact=False)}
        if (crowd := limits.too_many_processes(node, usages)) is not None:
            return crowd[1]
        if limits.too_much_memory(node, usages) is not None:
            # The quick figures count shared pages more than once.
            exact = limits.too_much_memory(node, {0: _sum(family, exact=True)})
            if exact is not None:
                return exact[1]
        return limits.disk_failure(Path(self._spec.folder)) or self._quota(now)

    def _quota(self, now: float) -> Failure | None:
        if now < self._scan_at:
            return None
        size = limits.size_below(self._written)
        self._scan_at = now + (time.monotonic() - now) * SCAN_SHARE
        return limits.quota_failure(self._spec.node, 1, size)


def _sum(family: Family, *, exact: bool) -> Usage:
    usages = [family.usage(pid, exact=exact) for pid in family.children()]
    return Usage(sum(usage.memory for usage in usages), sum(usage.processes for usage in usages))
