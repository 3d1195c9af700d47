"""Time, as the emulator sees it; tests hand in their own."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Wall-clock time that can be moved forward, in seconds since 1970."""

    def __init__(self) -> None:
        self._offset = 0.0

    def now(self) -> float:
        """The time in seconds since 1970-01-01T00:00Z."""
        return time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._offset += seconds

    def timestamp(self) -> str:
        """The time as the service writes it, such as ``2024-04-01T12:00:00.1234567+00:00``."""
        return timestamp(self.now())


def timestamp(seconds: float) -> str:
    """Format seconds since 1970 as the service does: UTC with seven digits of a second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0+00:00")
