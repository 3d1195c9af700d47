"""Copying blobs inside the storage: no content crosses the wire."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from ..arm.clock import Clock

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, ContainerClient

# Copy Blob From URL, which ends when the copy does, takes no more than this; Copy Blob, which is polled, does.
_MOST_IN_ONE_REQUEST = 256 << 20
_SIGNATURE_HOURS = 24
_PENDING_SECONDS = 1.0


class InsideCopy:
    """Has the storage copy blobs of one container; safe to share between threads.

    Args:
        source: the container that they are in.
        clock: for the wait for large copies.
    """

    def __init__(self, source: ContainerClient, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._signature = signature(source)

    def copy(self, blob: str, size: int, target: BlobClient) -> bool:
        """Copy one blob; False where the storage refuses, as it does for a source that it cannot read."""
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415 - slow import

        if self._signature is None:
            return False
        address = self._source.get_blob_client(blob).url.split("?", 1)[0]
        source = f"{address}?{self._signature}" if self._signature else address
        try:
            if size <= _MOST_IN_ONE_REQUEST:
                target.start_copy_from_url(source, requires_sync=True)
                return True
            target.start_copy_from_url(source)
            return self._copied(target)
        except HttpResponseError:
            return False

    def _copied(self, target: BlobClient) -> bool:
        while (state := target.get_blob_properties().copy.status) == "pending":
            self._clock.sleep(_PENDING_SECONDS)
        return state in {None, "success"}


def signature(container: ContainerClient, *, write: bool = False) -> str | None:
    """What lets one read a container, or write to it: its signature, one made with its key; None without either."""
    from azure.storage.blob import ContainerSasPermissions, generate_container_sas  # noqa: PLC0415 - slow import

    _, _, signed = container.url.partition("?")
    if signed:
        return signed
    credential = container.credential
    key = getattr(credential, "account_key", None)
    if not key:
        return None  # an identity's token cannot be handed to the storage as a signature
    return generate_container_sas(
        account_name=str(container.account_name),
        container_name=container.container_name,
        account_key=key,
        permission=ContainerSasPermissions(read=True, write=write, create=write),
        expiry=datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=_SIGNATURE_HOURS),
    )
