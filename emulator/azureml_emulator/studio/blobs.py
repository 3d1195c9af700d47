"""Reading from the blob service for a page: a part of a blob, or the beginning of a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree  # the document is the blob service's own

from azureml_emulator.http import ServiceError
from azureml_emulator.upstream import UpstreamError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azureml_emulator.storage import Storage

_OK, _PARTIAL, _NOT_FOUND, _NO_SUCH_RANGE = 200, 206, 404, 416
_VERSION = b"2021-12-02"


@dataclass(frozen=True)
class Part:
    """Some bytes of a blob: those from ``start`` on, of ``size`` in all."""

    data: bytes
    start: int
    size: int

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole blob."""
        return len(self.data) == self.size


async def read(storage: Storage, container: str, path: str, *, most: int, start: int = 0) -> Part | None:
    """At most ``most`` bytes of a blob, from ``start`` on; ``None`` where there is no such blob.

    Raises:
        ServiceError: 503, the blob service cannot be asked.
    """
    target = f"{quote(container)}/{quote(path)}?{storage.blob_sas(container, path)}"
    status, headers, body = await _get(storage, target, f"bytes={start}-{start + most - 1}")
    if status == _NO_SUCH_RANGE:
        return Part(b"", start, start)
    if status not in {_OK, _PARTIAL}:
        return None
    total = headers.get(b"content-range", b"").rpartition(b"/")[2]
    return Part(body, start, int(total) if total.isdigit() else len(body))


async def read_end(storage: Storage, container: str, path: str, *, most: int) -> Part | None:
    """As :func:`read`, the last bytes."""
    part = await read(storage, container, path, most=most)
    if part is None or part.is_whole:
        return part
    return await read(storage, container, path, most=most, start=part.size - most)


async def names(storage: Storage, container: str, folder: str, *, most: int) -> list[tuple[str, int]]:
    """The first blobs below a folder, by name: their paths below it, and their sizes in bytes.

    A path that is a blob itself gives that blob, by its own name.
    """
    prefix = f"{folder.strip('/')}/" if folder.strip("/") else ""
    found = await _list(storage, container, prefix, most)
    if found or not prefix:
        return [(name.removeprefix(prefix), length) for name, length in found]
    itself = [each for each in await _list(storage, container, prefix[:-1], 1) if each[0] == prefix[:-1]]
    return [(name.rpartition("/")[2], length) for name, length in itself]


async def _list(storage: Storage, container: str, prefix: str, most: int) -> list[tuple[str, int]]:
    query = f"restype=container&comp=list&maxresults={most}&prefix={quote(prefix, safe='')}"
    target = f"{quote(container)}?{query}&{storage.sas(container, permissions='l')}"
    status, _, body = await _get(storage, target)
    if status == _NOT_FOUND:
        return []
    blobs = ElementTree.fromstring(body).iterfind("Blobs/Blob")  # noqa: S314 - from our own Azurite
    return [(blob.findtext("Name") or "", int(blob.findtext("Properties/Content-Length") or 0)) for blob in blobs]


async def _get(storage: Storage, target: str, span: str = "") -> tuple[int, Mapping[bytes, bytes], bytes]:
    upstream = await storage.ready()
    headers = [(b"host", f"{upstream.host}:{upstream.port}".encode()), (b"x-ms-version", _VERSION)]
    if span:
        headers.append((b"x-ms-range", span.encode()))
    try:
        response = await upstream.request("GET", f"/{storage.account_name}/{target}".encode(), headers)
        body = b"".join([piece async for piece in response.body])
    except UpstreamError as error:
        raise ServiceError(503, "ServiceUnavailable", f"The emulator's blob service: {error}") from error
    return response.status, dict(response.headers), body
