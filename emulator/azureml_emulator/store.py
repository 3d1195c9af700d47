"""The emulator's state: JSON documents by resource id, in SQLite.

Writes are single statements or transactions in WAL mode: once a call has returned, the write survives a
killed process. The store belongs to one thread, the event loop's; a call takes some tens of microseconds.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

Document = dict[str, Any]
Documents = list[Document]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    parent TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS documents_by_parent ON documents (kind, parent, seq);
CREATE TABLE IF NOT EXISTS marks (
    scope TEXT NOT NULL,
    value TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (scope, value, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS marks_by_key ON marks (key);
"""

_AFTER = chr(ord("/") + 1)


@dataclass(frozen=True)
class Page:
    """Some documents of a list; ``cursor`` continues it, ``None`` at the end."""

    documents: Documents
    cursor: int | None


class Store:
    """Documents by id (compared without regard to case), listed by kind and parent in creation order."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, cached_statements=64)
        path.chmod(0o600)
        self._db.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=5000; PRAGMA cache_size=-32768;"
        )
        self._db.executescript(_SCHEMA)
        self._depth = 0

    def close(self) -> None:
        """Close the database; the store cannot be used afterwards."""
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the writes inside it one write: all of them are kept, or none. May be nested."""
        if self._depth:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        else:
            self._db.execute("COMMIT")
        finally:
            self._depth = 0

    def put(self, doc_id: str, kind: str, parent: str, body: Document, marks: Mapping[str, str] | None = None) -> None:
        """Write a document. ``marks`` (scope → value) replace its marks; ``None`` leaves them as they are."""
        key = doc_id.lower()
        with self.transaction() if marks is not None else contextlib.nullcontext():
            self._db.execute(
                "INSERT INTO documents (key, kind, parent, body) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (key) DO UPDATE SET body = excluded.body",
                (key, kind, parent.lower(), orjson.dumps(body)),
            )
            if marks is not None:
                self._db.execute("DELETE FROM marks WHERE key = ?", (key,))
                self._db.executemany(
                    "INSERT INTO marks (scope, value, key) VALUES (?, ?, ?)",
                    [(scope, value, key) for scope, value in marks.items()],
                )

    def get(self, doc_id: str) -> Document | None:
        """The document of this id, or ``None``."""
        row = self._db.execute("SELECT body FROM documents WHERE key = ?", (doc_id.lower(),)).fetchone()
        return None if row is None else _load(row[0])

    def delete(self, doc_id: str) -> bool:
        """Remove a document and its marks; whether it was there."""
        key = doc_id.lower()
        with self.transaction():
            self._db.execute("DELETE FROM marks WHERE key = ?", (key,))
            return self._db.execute("DELETE FROM documents WHERE key = ?", (key,)).rowcount > 0

    def delete_under(self, doc_id: str) -> int:
        """Remove every document whose id lies below this one; how many there were."""
        bounds = (doc_id.lower() + "/", doc_id.lower() + _AFTER)
        with self.transaction():
            self._db.execute("DELETE FROM marks WHERE key > ? AND key < ?", bounds)
            return self._db.execute("DELETE FROM documents WHERE key > ? AND key < ?", bounds).rowcount

    def list(
        self, kind: str, parent: str, *, skip: int = 0, top: int | None = None, newest_first: bool = False
    ) -> Documents:
        """Documents of a kind under a parent id, in creation order."""
        order = "DESC" if newest_first else "ASC"
        rows = self._db.execute(
            f"SELECT body FROM documents WHERE kind = ? AND parent = ? ORDER BY seq {order} LIMIT ? OFFSET ?",  # noqa: S608
            (kind, parent.lower(), -1 if top is None else top, skip),
        )
        return [_load(row[0]) for row in rows]

    def all(self, kind: str) -> Documents:
        """Documents of a kind, whatever they lie under, in creation order."""
        rows = self._db.execute("SELECT body FROM documents WHERE kind = ? ORDER BY seq", (kind,))
        return [_load(row[0]) for row in rows]

    def page(
        self,
        kind: str,
        parent: str,
        *,
        size: int,
        cursor: int | None = None,
        newest_first: bool = False,
        keep: Callable[[Document], bool] | None = None,
    ) -> Page:
        """One page of a list: at most ``size`` documents that ``keep`` accepts, starting after ``cursor``.

        The cost depends on the page alone, however far into the list it lies.
        """
        order, compare = ("DESC", "<") if newest_first else ("ASC", ">")
        start = cursor if cursor is not None else (2**62 if newest_first else 0)
        rows = self._db.execute(
            f"SELECT seq, body FROM documents WHERE kind = ? AND parent = ? AND seq {compare} ? ORDER BY seq {order}",  # noqa: S608
            (kind, parent.lower(), start),
        )
        documents: Documents = []
        last = start
        for seq, body in rows:
            document = _load(body)
            if keep is not None and not keep(document):
                continue
            if len(documents) == size:
                return Page(documents, last)
            documents.append(document)
            last = seq
        return Page(documents, None)

    def find(self, scope: str, value: str) -> Documents:
        """The documents that carry this mark, in creation order."""
        rows = self._db.execute(
            "SELECT d.body FROM marks m JOIN documents d ON d.key = m.key "
            "WHERE m.scope = ? AND m.value = ? ORDER BY d.seq",
            (scope, value),
        )
        return [_load(row[0]) for row in rows]

    def rewrite(self, change: Callable[[Document], Document]) -> None:
        """Change every document, as one write."""
        with self.transaction():
            for seq, body in self._db.execute("SELECT seq, body FROM documents").fetchall():
                new = orjson.dumps(change(_load(body)))
                if new != body:
                    self._db.execute("UPDATE documents SET body = ? WHERE seq = ?", (new, seq))

    def count(self, kind: str | None = None, parent: str | None = None) -> int:
        """How many documents there are: of one kind under a parent id, of one kind, or of all."""
        if kind is None:
            row = self._db.execute("SELECT COUNT(*) FROM documents").fetchone()
        elif parent is not None:
            query = "SELECT COUNT(*) FROM documents WHERE kind = ? AND parent = ?"
            row = self._db.execute(query, (kind, parent.lower())).fetchone()
        else:
            row = self._db.execute("SELECT COUNT(*) FROM documents WHERE kind = ?", (kind,)).fetchone()
        return int(row[0])


def _load(body: bytes) -> Document:
    document: Document = orjson.loads(body)
    return document
