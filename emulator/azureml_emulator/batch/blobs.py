"""A light client of the blob service for drivers: list, read and write with a container SAS.

A driver must be working within a fraction of a second, and reads thousands of small blobs; importing the full
storage client takes longer than such a job, and a general HTTP client spends twice the processor time on each
blob. Azure Blob Storage REST API: List Blobs, Get Blob, Get Blob Properties, Put Blob.
"""

from __future__ import annotations

import base64
import http.client
import shutil
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

VERSION = "2021-12-02"
CHUNK = 1 << 20
WHOLE = 32 << 20
"""Files up to this many bytes are sent from memory."""
ATTEMPTS = 5
PATIENCE = 120.0
"""Seconds without a byte after which a connection counts as lost."""
BUSY = frozenset({500, 503})
NOT_FOUND = 404
FIRST_ERROR = 300


NO_DIGEST = ""
"""The digest of a blob that was written in blocks and therefore has none; others are MD5, hexadecimal."""


class BlobError(Exception):
    """The blob service refused or failed; the text says what was asked and what came back."""


class FirstBytes:
    """The first ``size`` bytes of an open file, as a file of its own: a log may grow while it is sent."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size

    def read(self, amount: int = -1) -> bytes:
        """Read on, never past the size."""
        left = self._size - self._file.tell()
        return self._file.read(left if amount < 0 else min(amount, left))


class Blobs:
    """Blobs of one account. Safe to use from several threads, each of which has its own connection.

    Args:
        url: the account's URL, ``http://host:port/account``.
        sas: a SAS token for each container.
        sleep: waits between attempts; tests hand in their own.
    """

    def __init__(self, url: str, sas: Mapping[str, str], sleep: Callable[[float], None] = time.sleep) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc
        self._account = parts.path.rstrip("/")
        self._sas = sas
        self._sleep = sleep
        self._own = threading.local()

    def list(self, container: str, prefix: str) -> dict[str, str]:
        """All blobs that start with ``prefix``: their names, each with its digest (see :data:`NO_DIGEST`)."""
        found: dict[str, str] = {}
        marker = ""
        while True:
            query = {"restype": "container", "comp": "list", "prefix": prefix, "maxresults": "5000"}
            if marker:
                query["marker"] = marker
            with self._answer("GET", container, "", query=query) as answer:
                # The document comes from the emulator's own blob service.
                root = ElementTree.fromstring(answer.read())  # noqa: S314
            for blob in root.iterfind("Blobs/Blob"):
                found[blob.findtext("Name") or ""] = _hexadecimal(blob.findtext("Properties/Content-MD5"))
            marker = root.findtext("NextMarker") or ""
            if not marker:
                return found

    def exists(self, container: str, name: str) -> bool:
        """Whether the blob exists."""
        with self._answer("HEAD", container, name, missing_ok=True) as answer:
            return answer.status != NOT_FOUND

    def download(self, container: str, name: str, target: Path) -> None:
        """Write a blob's content to the file ``target``."""
        with self._answer("GET", container, name) as answer, target.open("wb") as file:
            shutil.copyfileobj(answer, file, CHUNK)
            if answer.length:
                raise http.client.IncompleteRead(b"", answer.length)

    def upload(self, container: str, name: str, source: Path) -> None:
        """Write the file ``source`` as a block blob, replacing what is there."""
        with source.open("rb") as file:
            size = source.stat().st_size

            def content() -> bytes | FirstBytes:
                file.seek(0)
                return file.read(size) if size <= WHOLE else FirstBytes(file, size)

            headers = {"x-ms-blob-type": "BlockBlob", "content-length": str(size)}
            with self._answer("PUT", container, name, content=content, headers=headers):
                pass

    @contextmanager
    def _answer(
        self,
        method: str,
        container: str,
        name: str,
        *,
        query: Mapping[str, str] | None = None,
        content: Callable[[], bytes | FirstBytes] | None = None,
        headers: Mapping[str, str] | None = None,
        missing_ok: bool = False,
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a request and hand out the answer, whose body is read to its end inside the block.

        The service being busy or the connection being lost is tried again, up to ``ATTEMPTS`` times.
        """
        what = f"{method} of {'blob ' + name + ' in ' if name else ''}container {container}"
        target = f"{self._account}/{container}" + (f"/{quote(name)}" if name else "")
        asked = "&".join(filter(None, [urlencode(query or {}), self._sas.get(container, "")]))
        for attempt in range(1, ATTEMPTS + 1):
            if attempt > 1:
                self._sleep(0.1 * 2**attempt)
            try:
                answer = self._send(method, f"{target}?{asked}", content, {"x-ms-version": VERSION, **(headers or {})})
            except (http.client.HTTPException, OSError) as error:
                self._close()
                if attempt == ATTEMPTS:
                    raise BlobError(f"{what}: no answer from the blob service ({type(error).__name__})") from error
                continue
            if answer.status not in BUSY or attempt == ATTEMPTS:
                break
            answer.read()
        if answer.status >= FIRST_ERROR and not (missing_ok and answer.status == NOT_FOUND):
            self._refuse(what, answer)
        try:
            yield answer
            answer.read()
        except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
            self._close()
            raise BlobError(f"{what}: the answer broke off ({type(error).__name__})") from error
        except BaseException:
            self._close()
            raise

    def _refuse(self, what: str, answer: http.client.HTTPResponse) -> NoReturn:
        code = answer.headers.get("x-ms-error-code", answer.reason)
        answer.read()
        raise BlobError(f"{what}: the blob service answered {answer.status} {code}")

    def _send(
        self,
        method: str,
        target: str,
        content: Callable[[], bytes | FirstBytes] | None,
        headers: Mapping[str, str],
    ) -> http.client.HTTPResponse:
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = http.client.HTTPConnection(self._host, timeout=PATIENCE)
        connection.request(method, target, body=content() if content else None, headers=dict(headers))
        return connection.getresponse()

    def _close(self) -> None:
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is not None:
            connection.close()


def _hexadecimal(encoded: str | None) -> str:
    return base64.b64decode(encoded).hex() if encoded else NO_DIGEST
