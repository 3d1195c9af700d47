"""One file becomes one blob: sent whole, or in blocks that an interrupted upload finds again."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .datastore import BLOCK
from .files import AssetFile

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, ContainerClient

    from .put import QuickPut

_IN_MEMORY = 64 << 20  # bytes of content that all threads of the process may hold at once
_MOST_BLOCKS = 50_000  # of one blob, the service's limit
_MD5_CHUNK = 1 << 20


class _Budget:
    """Bytes of content that may be in memory at once: what keeps it constant whatever the files' sizes."""

    def __init__(self, size: int) -> None:
        self._left = self._all = size
        self._changed = threading.Condition()

    @contextmanager
    def of(self, size: int) -> Iterator[None]:
        """Wait until `size` bytes are free, or all that there are, and hold them."""
        with self._changed:
            self._changed.wait_for(lambda: self._left >= size or self._left == self._all)
            self._left -= size
        try:
            yield
        finally:
            with self._changed:
                self._left += size
                self._changed.notify_all()


_BUDGET = _Budget(_IN_MEMORY)


def md5_of(file: AssetFile) -> bytes:
    """The MD5 of a file's content: what the storage service keeps of a blob; it secures nothing."""
    digest = hashlib.md5(usedforsecurity=False)
    with file.path.open("rb") as content:
        while chunk := content.read(_MD5_CHUNK):
            digest.update(chunk)
    return digest.digest()


def send_whole(container: ContainerClient, path: str, file: AssetFile, quick: QuickPut | None) -> None:
    """Send a file of one block's size at most to the blob at `path`."""
    with _BUDGET.of(file.size):
        data = _read(file, 0, file.size)
        if quick and quick.put(path, data):
            return
        # With its MD5, which the service compares: what arrives is what was sent.
        container.get_blob_client(path).upload_blob(data, length=file.size, overwrite=True, validate_content=True)


class LargeFile:
    """A file that goes in blocks, each by itself; `commit` makes the blob of them.

    A block's name tells its place and its size, and `content` what the whole is. So blocks that an interrupted
    upload of the same content has left are found again.
    """

    def __init__(self, blob: BlobClient, file: AssetFile, content: str) -> None:
        self._blob = blob
        self._file = file
        self._size = max(BLOCK, -(-file.size // _MOST_BLOCKS))
        self._names = [
            base64.b64encode(f"{content[:16]}-{self._size:012}-{number:06}".encode()).decode()
            for number in range(-(-file.size // self._size))
        ]

    def missing(self) -> list[int]:
        """The numbers of the blocks that are not there yet."""
        from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - slow import

        try:
            _, uncommitted = self._blob.get_block_list("uncommitted")
        except ResourceNotFoundError:
            uncommitted = []
        there = {block.id: block.size for block in uncommitted}
        return [number for number, name in enumerate(self._names) if there.get(name) != self.size_of(number)]

    def size_of(self, number: int) -> int:
        """Bytes of a block."""
        return min(self._size, self._file.size - number * self._size)

    def send(self, number: int) -> None:
        """Send one block; safe to call from several threads."""
        size = self.size_of(number)
        with _BUDGET.of(size):
            data = _read(self._file, number * self._size, size)
            self._blob.stage_block(self._names[number], data, length=size, validate_content=True)

    def commit(self, md5: bytes) -> None:
        """Make the blob of its blocks; the service computes no MD5 of what comes in blocks, so it is told."""
        from azure.storage.blob import BlobBlock, ContentSettings  # noqa: PLC0415 - slow import

        blocks = [BlobBlock(name) for name in self._names]
        self._blob.commit_block_list(blocks, content_settings=ContentSettings(content_md5=bytearray(md5)))


def _read(file: AssetFile, offset: int, size: int) -> bytes:
    with file.path.open("rb") as content:
        content.seek(offset)
        data = content.read(size)
    if len(data) != size:
        raise ValueError(f"the file {str(file.path)!r} became shorter while it was being uploaded")
    return data
