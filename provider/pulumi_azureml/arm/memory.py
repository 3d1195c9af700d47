"""What one process knows of the service for a while, so that it need not ask again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any

from .clock import Clock

_FRESH = 300.0  # seconds for which what was made here is taken to be as it was left


class Memory:
    """What was made here a moment ago, and what was asked for once; safe to share between threads.

    It is empty at the start of a process: whatever an earlier one left is asked of the service.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._made: dict[str, tuple[float, dict[str, Any]]] = {}
        self._changed: set[str] = set()
        self._noted: dict[Hashable, float] = {}
        self._found: dict[Hashable, tuple[float, Any]] = {}
        self._finding: dict[Hashable, threading.Lock] = {}

    def made(self, resource: str, document: dict[str, Any]) -> None:
        """Note that this process has made `resource`, where nothing was before, and that it is `document` now."""
        with self._lock:
            self._made[resource.lower()] = (self._clock.now(), document)

    def changing(self, resource: str) -> None:
        """Note that something else than reading is asked of `resource`: from now on it may be there, or another."""
        with self._lock:
            self._made.pop(resource.lower(), None)
            self._changed.add(resource.lower())

    def left(self, resource: str) -> dict[str, Any] | None:
        """`resource` as this process left it, when it has made it a moment ago and not touched it since."""
        with self._lock:
            since, document = self._made.get(resource.lower(), (0.0, None))
        return document if document is not None and self._clock.now() - since < _FRESH else None

    def content_is_new(self, resource: str) -> None:
        """Note that the content of `resource`, an asset version that is named after it, was nowhere in the storage."""
        self.note(("new", resource.lower()), _FRESH)

    def cannot_exist(self, resource: str) -> bool:
        """Whether nothing can be at this id, and nothing was asked for here.

        Either what it lies beneath was made here, or it is a version of content that was not there before.
        """
        parent = resource.rsplit("/", 2)[0]
        with self._lock:
            asked = resource.lower() in self._changed
        return not asked and (self.noted(("new", resource.lower())) or self.left(parent) is not None)

    def note(self, key: Hashable, seconds: float) -> None:
        """Keep in mind for so many `seconds` that something is the case."""
        with self._lock:
            self._noted[key] = self._clock.now() + seconds

    def noted(self, key: Hashable) -> bool:
        """Whether it has been noted, and is still to be kept in mind."""
        with self._lock:
            return self._clock.now() < self._noted.get(key, 0.0)

    def once(self, key: Hashable, find: Callable[[], Any], seconds: float) -> Any:
        """What `find` gives, asked for once in so many `seconds`; who comes meanwhile waits for it.

        What `find` raises is not kept.
        """
        with self._lock:
            finding = self._finding.setdefault(key, threading.Lock())
        with finding:
            since, value = self._found.get(key, (0.0, None))
            if key not in self._found or self._clock.now() - since >= seconds:
                value = find()
                self._found[key] = (self._clock.now(), value)
            return value
