"""Copying blobs from one place to another: inside the storage where it lets us, else by this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import IO, TYPE_CHECKING, Any, cast

from ..arm.clock import Clock
from ..assets.copying import InsideCopy
from ..assets.datastore import BLOCK
from ..assets.stored import StoredFiles
from .errors import ContentError
from .manifest import StoredFile
from .size import megabytes

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, ContainerClient

_THREADS = 8


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
        self._inside = InsideCopy(source.container, clock)

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
        if not self._inside.copy(file.blob, file.size, target):
            self._stream(file, target)
        return file.size

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
