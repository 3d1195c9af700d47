"""Ctrl-C that is not lost.

Python raises `KeyboardInterrupt` wherever it happens to be. Inside a weak reference's callback or a finaliser, of which
there are thousands while modules are imported, it prints "Exception ignored" and goes on: who has pressed Ctrl-C a
moment after the start would have to do it again.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_AGAIN_SECONDS = 0.05  # long enough for Python to be out of what ignored the first


@contextmanager
def interrupts_arrive() -> Iterator[None]:
    """While it lasts, an interrupt that Python ignores is sent again; whatever else is ignored is told as before."""
    told = sys.unraisablehook

    def ignored(what: Any) -> None:
        if what.exc_type is KeyboardInterrupt:
            again = threading.Timer(_AGAIN_SECONDS, _interrupt)
            again.daemon = True
            again.start()
        else:
            told(what)

    sys.unraisablehook = ignored
    try:
        yield
    finally:
        sys.unraisablehook = told


def _interrupt() -> None:
    # To the main thread: it may be in a system call, which only a signal of its own ends.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
