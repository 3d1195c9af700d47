"""Processes with everything that they started: measured, and killed without letting one get away."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass

import psutil

MOST_ROUNDS = 100
"""Rounds of stopping; each one leaves only what was forked since the one before began."""
_ENDED = frozenset({psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD})


@dataclass(frozen=True)
class Usage:
    """What some processes use: bytes of memory, and how many they are."""

    memory: int = 0
    processes: int = 0


class Family:
    """The descendants of one process, looked up once."""

    def __init__(self, pid: int) -> None:
        self._children: dict[int, list[psutil.Process]] = {}
        for process in descendants(pid):
            with suppress(psutil.Error):
                self._children.setdefault(process.ppid(), []).append(process)
        self._root = pid

    def children(self) -> list[int]:
        """The process's own children, adopted orphans included."""
        return [process.pid for process in self._children.get(self._root, ())]

    def usage(self, pid: int, *, exact: bool = False) -> Usage:
        """What a member and everything that it started use.

        Memory is that of each process, in which pages that are shared after a fork count for each; ``exact``
        shares them out (Linux's proportional set size), which takes far longer to find out.
        """
        tree = [pid]
        for member in tree:
            tree.extend(process.pid for process in self._children.get(member, ()))
        return Usage(sum(_memory(member, exact=exact) for member in tree), len(tree))


def descendants(pid: int) -> list[psutil.Process]:
    """Everything that a process started and that still runs."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def kill_tree(pid: int, *, itself: bool = True) -> None:
    """Kill a process's descendants, those in other sessions included, and the process itself with its group.

    All are stopped before one is killed: what is stopped starts nothing, and leaves no orphan whose parent nobody
    knows any more. So not even processes that fork without end get away.
    """
    if itself:
        with suppress(psutil.Error):
            psutil.Process(pid).suspend()
    stopped: dict[int, psutil.Process] = {}
    for _ in range(MOST_ROUNDS):
        fresh = [process for process in descendants(pid) if process.pid not in stopped]
        for process in fresh:
            stopped[process.pid] = process
            with suppress(psutil.Error):
                process.suspend()
        if not fresh:
            break
    if itself:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        with suppress(psutil.Error):
            psutil.Process(pid).kill()
    for process in stopped.values():
        with suppress(psutil.Error):
            process.kill()


def kill_session(session: int) -> None:
    """Kill what is left of a session whose leader died without cleaning up."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if os.getsid(process.pid) == session:
                process.kill()


def _memory(pid: int, *, exact: bool) -> int:
    try:
        process = psutil.Process(pid)
        if process.status() in _ENDED:
            return 0
        if exact and hasattr(info := process.memory_full_info(), "pss"):
            return int(info.pss)
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
