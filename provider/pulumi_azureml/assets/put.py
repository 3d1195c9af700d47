"""Put Blob as one plain request, for small files by the thousand.

What the storage client does around one request takes more of the processor than the request itself; it stays the one
that sends whatever this cannot: see `QuickPut.put`.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from ..arm.settings import STORAGE_SCOPE
from .copying import signature

if TYPE_CHECKING:
    import urllib3
    from azure.core.credentials import TokenCredential
    from azure.storage.blob import ContainerClient

_CREATED = 201
_SECONDS = 60.0  # to connect, and between two bytes of the answer


class QuickPut:
    """Puts blobs into one container by its signature or its identity; safe to share between threads.

    Args:
        container: where they go.
        pool: connections to its host.
        signed: the signature that allows it; None where a token of the container's identity does.
    """

    def __init__(self, container: ContainerClient, pool: urllib3.HTTPConnectionPool, signed: str | None) -> None:
        self._pool = pool
        self._folder = urlsplit(container.url).path.rstrip("/")
        self._query = f"?{signed}" if signed else ""
        self._credential: TokenCredential | None = None if signed else container.credential
        self._version = container.api_version

    @classmethod
    def into(cls, container: ContainerClient, threads: int) -> QuickPut | None:
        """Its way into a container; None where neither signature nor token is to be had, or a proxy in between."""
        import requests  # noqa: PLC0415 - slow import
        import urllib3  # noqa: PLC0415

        address = container.url.partition("?")[0]
        told = requests.Session().merge_environment_settings(address, {}, None, None, None)
        signed = signature(container, write=True)
        allowed = signed or hasattr(container.credential, "get_token")
        if not allowed or requests.utils.select_proxy(address, told["proxies"]):
            return None
        trusted = told["verify"] if isinstance(told["verify"], str) else requests.utils.DEFAULT_CA_BUNDLE_PATH
        pools = urllib3.PoolManager(maxsize=threads, ca_certs=trusted, timeout=_SECONDS)
        return cls(container, pools.connection_from_url(address), signed)

    def put(self, path: str, data: bytes) -> bool:
        """Make the blob at `path` of `data`, which the service compares with its MD5.

        False where that did not come about, for whatever reason: the storage client, which knows when to try again
        and how to tell what is wrong, is to do it then.
        """
        import urllib3  # noqa: PLC0415

        headers = {
            "x-ms-version": self._version,
            "x-ms-blob-type": "BlockBlob",
            "Content-Type": "application/octet-stream",
            "Content-MD5": base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode(),
        }
        if self._credential:
            headers["Authorization"] = f"Bearer {self._credential.get_token(STORAGE_SCOPE).token}"
        target = f"{self._folder}/{quote(path, safe='~/')}{self._query}"
        try:
            # Straight to the host's pool, which need not be found for each address anew.
            answer = self._pool.urlopen("PUT", target, body=data, headers=headers, retries=False)
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == _CREATED
