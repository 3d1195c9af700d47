"""How requests are shared out: by weights, and copied by a percentage. Pure.

The service decides each request by chance. Here the shares are exact over any stretch of requests (smooth weighted
round robin), so that a split can be seen after a few requests and tested without statistics.
"""

from __future__ import annotations

from collections.abc import Mapping


class Split:
    """Picks names in proportion to their weights, evenly mixed."""

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._weights = {name: weight for name, weight in weights.items() if weight > 0}
        self._total = sum(self._weights.values())
        self._credit = dict.fromkeys(self._weights, 0)

    def pick(self) -> str | None:
        """The name whose turn it is; ``None`` when no name has a weight."""
        if len(self._weights) <= 1:
            return next(iter(self._weights), None)
        for name, weight in self._weights.items():
            self._credit[name] += weight
        chosen = max(self._credit, key=self._credit.__getitem__)
        self._credit[chosen] -= self._total
        return chosen


class Share:
    """Says yes to a percentage of the questions, evenly spread."""

    def __init__(self, percent: int) -> None:
        self._percent = percent
        self._credit = 0

    def take(self) -> bool:
        """Whether this one is among the percentage."""
        self._credit += self._percent
        if self._credit < 100:  # noqa: PLR2004 - percent
            return False
        self._credit -= 100
        return True
