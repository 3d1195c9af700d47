"""Time as a thing that is handed in, so that tests advance it instead of waiting; and who is told of a wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

Status = Callable[[str], None]


def silent(_text: str) -> None:
    """A status that nobody watches."""


class Clock(Protocol):
    """A monotonic clock in seconds, and the only way to wait."""

    def now(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        ...


class _SystemClock:
    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        # An event rather than time.sleep: a waiting thread stays interruptible on every platform.
        threading.Event().wait(seconds)


SYSTEM_CLOCK: Clock = _SystemClock()
