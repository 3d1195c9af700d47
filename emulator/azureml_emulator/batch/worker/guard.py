"""What keeps a worker within bounds from inside: its end, its descriptors, its limits, its last words."""

from __future__ import annotations

import faulthandler
import os
import resource
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PR_SET_PDEATHSIG = 1
SIGKILL = 9
LIMITS = {"file_size": resource.RLIMIT_FSIZE, "processes": resource.RLIMIT_NPROC}
"""Limits by the names under which the driver sends them."""


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when the driver is gone, even in the middle of C code."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415 - Linux only

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), SIGKILL)


def keep_to_oneself(descriptors: Sequence[int]) -> None:
    """Let no other program have the descriptors: neither one that is started, nor a child that is forked.

    A forked child must not keep the pipes open, nor answer in the worker's name.
    """
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - the call has no names
    os.register_at_fork(after_in_child=lambda: silence(descriptors))


def silence(descriptors: Sequence[int]) -> None:
    """Point descriptors at nothing; the numbers stay taken, for the file objects that still own them."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(nothing, descriptor, inheritable=False)
    os.close(nothing)


def limit(limits: Mapping[str, int]) -> None:
    """Set this process's limits, which everything that it starts inherits, and write no core dumps.

    Never above what is in force already; a number of processes counts all of the user's (and binds no superuser).
    """
    for name, most in limits.items():
        hard = resource.getrlimit(LIMITS[name])[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(LIMITS[name], (allowed, allowed))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def leave_trace(path: str) -> None:
    """Write where the script is to a file, when this process crashes, and when the driver asks with SIGUSR2."""
    file = open(path, "wb")  # noqa: PTH123, SIM115 - it stays open for as long as the process lives
    faulthandler.enable(file, all_threads=False)
    faulthandler.register(signal.SIGUSR2, file, all_threads=False)
