"""A light client of the blob service for drivers: list, read and write with a container SAS.

A driver must be working within a fraction of a second, and reads thousands of small blobs; the full storage
client takes longer to import than such a job takes to run. Azure Blob Storage REST API: List Blobs, Get Blob,
Get Blob Properties, Put Blob.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import urllib3

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "2021-12-02"
CONNECTIONS = 16
CHUNK = 1 << 20
WHOLE = 32 << 20
"""Files up to this many bytes are sent from memory."""
RETRIES = urllib3.Retry(total=5, backoff_factor=0.2, status_forcelist=(500, 503), allowed_methods=None)
NOT_FOUND = 404
FIRST_ERROR = 300


class BlobError(Exception):
    """The blob service refused or failed; the text says what was asked and what came back."""


class FirstBytes:
    """The first ``size`` bytes of an open file, as a file that can be rewound."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size

    def read(self, amount: int = -1) -> bytes:
        """Read on, never past the size."""
        left = self._size - self._file.tell()
        return self._file.read(left if amount < 0 else min(amount, left))

    def tell(self) -> int:
        """The position."""
        return self._file.tell()

    def seek(self, position: int) -> int:
        """Go to a position."""
        return self._file.seek(position)


class Blobs:
    """Blobs of one account. Safe to use from several threads.

    Args:
        url: the account's URL, ``http://host:port/account`` or ``https://account.blob.…``.
        sas: a SAS token for each container.
    """

    def __init__(self, url: str, sas: Mapping[str, str]) -> None:
        self._url = url.rstrip("/")
        self._sas = sas
        self._http = urllib3.PoolManager(maxsize=CONNECTIONS, retries=RETRIES, block=True)

    def list(self, container: str, prefix: str) -> list[str]:
        """Names of all blobs that start with ``prefix``."""
        names: list[str] = []
        marker = ""
        while True:
            query = {"restype": "container", "comp": "list", "prefix": prefix, "maxresults": "5000"}
            if marker:
                query["marker"] = marker
            answer = self._request("GET", container, "", query=query)
            # The document comes from the emulator's own blob service.
            root = ElementTree.fromstring(answer.data)  # noqa: S314
            names += [element.text or "" for element in root.iterfind("Blobs/Blob/Name")]
            marker = root.findtext("NextMarker") or ""
            if not marker:
                return names

    def exists(self, container: str, name: str) -> bool:
        """Whether the blob exists."""
        return self._request("HEAD", container, name, missing_ok=True).status != NOT_FOUND

    def download(self, container: str, name: str, target: Path) -> None:
        """Write a blob's content to the file ``target``."""
        answer = self._request("GET", container, name, preload=False)
        try:
            with target.open("wb") as file:
                shutil.copyfileobj(answer, file, CHUNK)
        except urllib3.exceptions.HTTPError as error:
            message = f"reading blob {name} of container {container} broke off: {error}"
            raise BlobError(message) from error
        finally:
            answer.release_conn()

    def upload(self, container: str, name: str, source: Path) -> None:
        """Write the file ``source`` as a block blob, replacing what is there."""
        with source.open("rb") as file:
            size = source.stat().st_size
            headers = {"x-ms-blob-type": "BlockBlob", "content-length": str(size)}
            # A log may grow while it is read: exactly the announced length is sent.
            body = file.read(size) if size <= WHOLE else FirstBytes(file, size)
            self._request("PUT", container, name, body=body, headers=headers)

    def _request(
        self,
        method: str,
        container: str,
        name: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        preload: bool = True,
        missing_ok: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        address = f"{self._url}/{container}" + (f"/{quote(name)}" if name else "")
        asked = "&".join(filter(None, [urlencode(query or {}), self._sas.get(container, "")]))
        what = f"{method} of {'blob ' + name + ' in ' if name else ''}container {container}"
        try:
            answer = self._http.request(
                method,
                f"{address}?{asked}",
                body=body,  # type: ignore[arg-type]
                headers={"x-ms-version": VERSION, **(headers or {})},
                preload_content=preload,
            )
        except urllib3.exceptions.HTTPError as error:
            message = f"{what}: no answer from the blob service ({type(error).__name__})"
            raise BlobError(message) from None  # the original names the URL, which carries the SAS
        if answer.status >= FIRST_ERROR and not (missing_ok and answer.status == NOT_FOUND):
            code = answer.headers.get("x-ms-error-code", answer.reason)
            answer.drain_conn()
            message = f"{what}: the blob service answered {answer.status} {code}"
            raise BlobError(message)
        return answer
