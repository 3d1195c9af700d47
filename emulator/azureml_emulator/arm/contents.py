"""Whether there are files where an asset says that they are."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.etree import ElementTree  # the document is the blob service's own

from azureml_emulator.http import ServiceError
from azureml_emulator.upstream import UpstreamError

if TYPE_CHECKING:
    from azureml_emulator.storage import Storage

_NOT_FOUND = 404


async def has_blobs(storage: Storage, container: str, path: str) -> bool:
    """Whether a path of a container is a blob, or a folder with one in it; waits for the blob service.

    Raises:
        ServiceError: 503, the blob service cannot be asked.
    """
    folder = path.rstrip("/")
    if not folder or await _first(storage, container, f"{folder}/"):
        return True
    return await _first(storage, container, folder) == folder  # a blob's own name sorts before all that it begins


async def _first(storage: Storage, container: str, prefix: str) -> str | None:
    """The name of the first blob that begins so."""
    upstream = await storage.ready()
    query = f"restype=container&comp=list&maxresults=1&prefix={quote(prefix, safe='')}"
    target = f"/{storage.account_name}/{quote(container)}?{query}&{storage.sas(container, permissions='l')}"
    headers = [(b"host", f"{upstream.host}:{upstream.port}".encode())]
    try:
        response = await upstream.request("GET", target.encode(), headers)
        body = b"".join([piece async for piece in response.body])
    except UpstreamError as error:
        raise ServiceError(503, "ServiceUnavailable", f"The emulator's blob service: {error}") from error
    if response.status == _NOT_FOUND:
        return None
    name = ElementTree.fromstring(body).find("Blobs/Blob/Name")  # noqa: S314 - from our own Azurite
    return None if name is None else name.text
