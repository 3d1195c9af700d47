"""Counts of the requests served, for benchmarks and for tests that check what a client really sent."""

from __future__ import annotations

from collections import Counter
from typing import Any

_HOSTS = 1000


class Counters:
    """Requests by face and by method and kind, and the proxy's tunnels by host, since the last reset."""

    def __init__(self) -> None:
        self._faces: Counter[str] = Counter()
        self._by: Counter[str] = Counter()
        self._tunnels: dict[str, Counter[str]] = {}
        self._uploaded = 0
        self._uploaded_bytes = 0
        self._downloaded_bytes = 0

    def request(self, face: str, method: str, name: str) -> None:
        """Count one request."""
        self._faces[face] += 1
        self._by[f"{method} {name}"] += 1

    def tunnel(self, verdict: str, host: str) -> None:
        """Count a tunnel that the proxy was asked for; hosts beyond the first thousand count together."""
        hosts = self._tunnels.setdefault(verdict, Counter())
        hosts[host if host in hosts or len(hosts) < _HOSTS else "(others)"] += 1

    def uploaded_blob(self) -> None:
        """Count one blob that a client finished uploading."""
        self._uploaded += 1

    def uploaded_bytes(self, count: int) -> None:
        """Count bytes of blobs that clients sent, whole or in blocks."""
        self._uploaded_bytes += count

    def downloaded_bytes(self, count: int) -> None:
        """Count bytes of blobs that clients read; listings are none."""
        self._downloaded_bytes += count

    def reset(self) -> None:
        """Start from zero."""
        self._faces.clear()
        self._by.clear()
        self._tunnels.clear()
        self._uploaded = 0
        self._uploaded_bytes = 0
        self._downloaded_bytes = 0

    def report(self) -> dict[str, Any]:
        """The counts as ``GET /_emulator/requests`` answers them; the control routes are not counted."""
        faces = self._faces
        return {
            "total": sum(faces.values()),
            "arm": faces["arm"] + faces["history"] + faces["pipelines"],
            "dataplane": faces["dataplane"],
            "token": faces["token"],
            "blob": faces["blob"],
            "uploaded_blobs": self._uploaded,
            "uploaded_bytes": self._uploaded_bytes,
            "downloaded_bytes": self._downloaded_bytes,
            "by": dict(sorted(self._by.items())),
            "tunnels": {verdict: dict(hosts) for verdict, hosts in self._tunnels.items()},
        }
