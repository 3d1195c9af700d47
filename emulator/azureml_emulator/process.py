"""What one emulator process has for itself: its home folder and its port."""

from __future__ import annotations

import contextlib
import fcntl
import socket
from collections.abc import Iterator
from pathlib import Path

EXIT_PORT_TAKEN = 3
EXIT_HOME_TAKEN = 4
EXIT_PROXY_PORT_TAKEN = 5


@contextlib.contextmanager
def hold_home(home: Path) -> Iterator[None]:
    """Hold the home folder for this process; raises ``BlockingIOError`` when another one has it."""
    with (home / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises ``OSError`` when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except BaseException:
        listener.close()
        raise
    return listener


def is_held(home: Path) -> bool:
    """Whether a process holds the home folder, which an emulator does as long as it lives."""
    try:
        with (home / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
