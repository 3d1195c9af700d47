"""Contents of small blobs that have passed through this machine, so that jobs need not fetch them again.

The blob service spends more processor time on handing out a small blob than copying one takes. So what is uploaded
through the emulator, and what a job has fetched, is kept under its digest (the blob service's own ``Content-MD5``),
whatever names it has: new versions of a folder share what did not change. Contents are checked against their digest
whenever they are read, and those that were not used for longest go when there are too many.

They lie in one SQLite database rather than in a file each: making a file costs more than all else that is done for a
small blob, and many made at once hold up those of the blob service.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

LARGEST = 4 << 20
"""Bytes of the largest content that is kept; beyond it, fetching costs little more than copying."""
LIMIT = 1 << 30
"""Bytes that all contents may take."""

_LOG = logging.getLogger(__name__)
_NAME = "contents.db"
_DIGEST = 32
_READS = 512
"""Reads whose times are written at once; as many are forgotten when a process ends without :meth:`Contents.close`."""
_PAGE = 4096
_SPOILT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_T = TypeVar("_T")
_R = TypeVar("_R")
# What is here can be fetched again, so nothing waits for the disk; a log larger than this is cut after use.
_SCHEMA = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
PRAGMA journal_size_limit = {16 << 20};
CREATE TABLE IF NOT EXISTS contents (
    id INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    used REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
"""


class Contents:
    """The contents in a folder. Several threads may use one, and several processes the same folder."""

    def __init__(self, folder: Path, limit: int = LIMIT) -> None:
        self.folder = folder
        self._limit = limit
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._told = False
        self._read: set[str] = set()
        self._added = 0

    def get(self, digest: str) -> bytes | None:
        """The content of a digest (hexadecimal MD5), if it is here and whole."""
        if len(digest) != _DIGEST or not digest.isalnum():
            message = f"'{digest}' is not a hexadecimal MD5 digest"
            raise ValueError(message)
        content: bytes | None = self._do(_find, digest)
        if content is None or _digest(content) != digest:
            return None
        with self._lock:
            self._read.add(digest)
            many = len(self._read) >= _READS
        if many:
            self._note_reads()
        return content

    def add(self, contents: Mapping[str, bytes]) -> None:
        """Keep contents by digest, but for those that are large, are not what their digest says, or cannot be written.

        They are copies: it is no error when they are not kept.
        """
        kept = {
            digest: content
            for digest, content in contents.items()
            if len(content) <= LARGEST and _digest(content) == digest
        }
        self._do(_insert, kept)
        self._added += sum(map(_size, kept.values()))
        if self._added > self._limit // 8:
            self.trim()

    def trim(self) -> None:
        """Remove what was not used for longest, until what is left takes seven eighths of the limit at most."""
        self._added = 0
        self._note_reads()
        self._do(_remove_oldest, self._limit * 7 // 8)

    def close(self) -> None:
        """Note what was read last, and close the files."""
        self._note_reads()
        with self._lock:
            self._close()

    def _note_reads(self) -> None:
        with self._lock:
            read, self._read = self._read, set()
        if read:
            self._do(_note_use, read)

    def _do(self, work: Callable[[sqlite3.Connection, _T], _R], given: _T) -> _R | None:
        """Do something in one transaction, for one thread at a time; None, and told once, where it cannot be done."""
        with self._lock:
            try:
                self._db = self._db or self._open()
                with self._db:
                    return work(self._db, given)
            except (sqlite3.Error, OSError) as error:
                if not self._told:
                    _LOG.warning("contents of blobs cannot be kept in %s: %s", self.folder, error)
                self._told = True
                if getattr(error, "sqlite_errorcode", None) in _SPOILT:
                    self._close()
                    for path in self.folder.glob(f"{_NAME}*"):  # with its log: what comes next makes it anew
                        path.unlink(missing_ok=True)
            return None

    def _open(self) -> sqlite3.Connection:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / _NAME
        if not path.exists():
            for entry in self.folder.iterdir():
                if entry.is_dir():  # of earlier versions, which kept each content in a file
                    shutil.rmtree(entry, ignore_errors=True)
        db = sqlite3.connect(path, check_same_thread=False, timeout=10)
        try:
            db.executescript(_SCHEMA)
        except sqlite3.Error:
            db.close()
            raise
        return db

    def _close(self) -> None:
        if self._db is not None:
            self._db.close()
        self._db = None


def _find(db: sqlite3.Connection, digest: str) -> bytes | None:
    found = db.execute("SELECT body FROM contents JOIN bodies USING (id) WHERE digest = ?", (digest,)).fetchone()
    content: bytes | None = found and found[0]
    return content


def _insert(db: sqlite3.Connection, contents: Mapping[str, bytes]) -> None:
    now = time.time()
    for digest, content in contents.items():
        # One that is here already is written again: it may be spoilt.
        (number,) = db.execute(
            "INSERT INTO contents (digest, size, used) VALUES (?, ?, ?) "
            "ON CONFLICT (digest) DO UPDATE SET used = excluded.used RETURNING id",
            (digest, _size(content), now),
        ).fetchone()
        db.execute("INSERT OR REPLACE INTO bodies (id, body) VALUES (?, ?)", (number, content))


def _note_use(db: sqlite3.Connection, digests: Iterable[str]) -> None:
    now = time.time()
    db.executemany("UPDATE contents SET used = ? WHERE digest = ?", [(now, digest) for digest in digests])


def _remove_oldest(db: sqlite3.Connection, allowed: int) -> None:
    (total,) = db.execute("SELECT coalesce(sum(size), 0) FROM contents").fetchone()
    gone: list[tuple[int]] = []
    for number, size in db.execute("SELECT id, size FROM contents ORDER BY used, id"):
        if total <= allowed:
            break
        gone.append((number,))
        total -= size
    db.executemany("DELETE FROM contents WHERE id = ?", gone)
    db.executemany("DELETE FROM bodies WHERE id = ?", gone)


def _size(content: bytes) -> int:
    return -(-len(content) // _PAGE) * _PAGE


def _digest(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
