"""Contents of small blobs that have passed through this machine, so that jobs need not fetch them again.

The blob service spends more processor time on handing out a small blob than copying one takes. So what is uploaded
through the emulator, and what a job has fetched, is kept in a folder under its digest (the blob service's own
``Content-MD5``), whatever names it has: new versions of a folder share what did not change. Contents are checked
against their digest whenever they are read, and those that were not used for longest go when there are too many.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

LARGEST = 4 << 20
"""Bytes of the largest content that is kept; beyond it, fetching costs little more than copying."""
LIMIT = 1 << 30
"""Bytes of disk that all contents may take."""
_BLOCK = 4096
_DIGEST = 32


class Contents:
    """A folder of contents. Several processes may use one at the same time."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder = folder
        self._limit = limit
        self._added = 0

    def get(self, digest: str) -> bytes | None:
        """The content of a digest (hexadecimal MD5), if it is here and whole."""
        path = self._path(digest)
        try:
            # Plain paths: for a small content, a `Path` would cost more time than reading it.
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123
                content = file.read()
        except OSError:
            return None
        if _digest(content) != digest:
            with suppress(OSError):
                Path(path).unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return content

    def add(self, digest: str, content: bytes) -> None:
        """Keep a content, unless it is large, is not what the digest says, or cannot be written: it is a copy."""
        if len(content) > LARGEST or _digest(content) != digest:
            return
        path = Path(self._path(digest))
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary.write_bytes(content)
            temporary.replace(path)
        self._added += _on_disk(len(content))
        if self._added > self._limit // 8:
            self.trim()

    def trim(self) -> None:
        """Remove what was not used for longest, until what is left takes seven eighths of the limit at most."""
        self._added = 0
        found = []
        for folder in self.folder.glob("*"):
            with suppress(OSError), os.scandir(folder) as entries:
                found += [(status.st_mtime, _on_disk(status.st_size), entry.path) for entry, status in _files(entries)]
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._limit * 7 // 8:
                break
            with suppress(OSError):
                Path(path).unlink()
            total -= size

    def _path(self, digest: str) -> str:
        if len(digest) != _DIGEST or not digest.isalnum():
            message = f"'{digest}' is not a hexadecimal MD5 digest"
            raise ValueError(message)
        return f"{self.folder}/{digest[:2]}/{digest[2:]}"


def _files(entries: Iterable[os.DirEntry[str]]) -> list[tuple[os.DirEntry[str], os.stat_result]]:
    return [(entry, entry.stat()) for entry in entries]


def _on_disk(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _digest(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
