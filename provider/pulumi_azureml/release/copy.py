"""Copying blobs from one place to another: inside the storage where it lets us, else by this machine."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import IO, TYPE_CHECKING, Any, cast

from ..arm.clock import Clock
from ..assets.datastore import BLOCK
from ..assets.stored import StoredFiles
from .errors import ContentError
from .manifest import StoredFile

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, ContainerClient

_THREADS = 8
# Copy Blob From URL, which ends when the copy does, takes no more than this; Copy Blob, which is polled, does.
_MOST_IN_ONE_REQUEST = 256 << 20
_SIGNATURE_HOURS = 24
_PENDING_SECONDS = 1.0


class Copy:
    """Brings files from a source to a container.

    Args:
        source: where they are.
        container: where they go.
        clock: for the wait for large copies.
    """

    def __init__(self, source: StoredFiles, container: ContainerClient, clock: Clock) -> None:
        self._source = source
        self._container = container
        self._clock = clock
        self._signature = _signature(source.container)

    def bring(self, files: Sequence[tuple[StoredFile, str]], status: Callable[[str], None]) -> None:
        """Copy each file to the blob of the given name."""
        size = sum(file.size for file, _ in files)
        done = 0
        status(f"copying {len(files)} files, {megabytes(size)}")
        with ThreadPoolExecutor(max_workers=_THREADS) as pool:
            sent = [pool.submit(self._bring, file, name) for file, name in files]
            try:
                for future in as_completed(sent):
                    done += future.result()
                    status(f"copied {megabytes(done)} of {megabytes(size)}")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _bring(self, file: StoredFile, name: str) -> int:
        target = self._container.get_blob_client(name)
        if not self._inside(file, target):
            self._stream(file, target)
        return file.size

    def _inside(self, file: StoredFile, target: BlobClient) -> bool:
        """Copy inside the storage; False where it refuses, as it does for a source that it cannot read."""
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415 - slow import

        if self._signature is None:
            return False
        address = self._source.container.get_blob_client(file.blob).url.split("?", 1)[0]
        source = f"{address}?{self._signature}" if self._signature else address
        try:
            if file.size <= _MOST_IN_ONE_REQUEST:
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

    def _stream(self, file: StoredFile, target: BlobClient) -> None:
        """Read the blob and write it again, in constant memory, and compare what came by with what was listed."""
        from azure.storage.blob import ContentSettings  # noqa: PLC0415 - slow import

        reader = _Hashing(self._source.container.download_blob(file.blob, max_concurrency=1))
        target.upload_blob(
            cast("IO[bytes]", reader),
            length=file.size,
            overwrite=True,
            max_concurrency=1,
            # The service computes the MD5 of what comes in one piece, but not of what comes in blocks.
            content_settings=ContentSettings(content_md5=bytearray(file.md5)) if file.size > BLOCK else None,
        )
        if reader.digest.digest() != file.md5:
            target.delete_blob()
            raise ContentError(f"the blob {file.blob} changed while it was being copied; run the command again.")


class _Hashing:
    """A download as a stream of bytes that are hashed while they are read."""

    def __init__(self, download: Any) -> None:
        self._download = download
        self.digest = hashlib.md5(usedforsecurity=False)

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size` of them."""
        found: bytes = self._download.read(size)
        self.digest.update(found)
        return found


def _signature(container: ContainerClient) -> str | None:
    """What lets the storage read the source: its signature, one made with its key; None when there is neither."""
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
        permission=ContainerSasPermissions(read=True),
        expiry=datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=_SIGNATURE_HOURS),
    )


def megabytes(size: float) -> str:
    """Bytes in words: `12 B`, `3.4 kB`, `1.2 GB`."""
    if size < 1000:  # noqa: PLR2004 - the unit's own factor
        return f"{size:.0f} B"
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 1000 or unit == "GB":  # noqa: PLR2004
            break
    return f"{size:.1f} {unit}"
