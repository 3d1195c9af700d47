"""Time as a thing that is handed in, so that tests advance it instead of waiting."""

from __future__ import annotations

import threading
import time
from typing import Protocol


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
