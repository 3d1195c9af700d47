"""When a request is sent again, and how long its answer is waited for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """How long one request is insisted on.

    Attributes:
        statuses: the answers after which it is sent again.
        seconds: the longest time between two bytes of an answer; the client's own when ``None``.
    """

    statuses: frozenset[int] = frozenset({408, 429, 500, 502, 503, 504})
    seconds: float | None = None


PATIENCE = Patience()
