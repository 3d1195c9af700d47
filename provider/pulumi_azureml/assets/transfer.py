"""Moving files into a container: in parallel, resumable, in constant memory, never sending what is there already."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..arm.clock import SYSTEM_CLOCK, Clock, Status, silent
from .blobs import LargeFile, md5_of, send_whole
from .copying import InsideCopy
from .datastore import BLOCK, THREADS, storage_errors
from .files import AssetFile
from .put import QuickPut
from .stored import StoredFiles

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, ContainerClient

# Below this much to send, looking for an earlier version to copy from costs more than sending.
_WORTH_COPYING_FILES, _WORTH_COPYING_BYTES = 16, 4 << 20
_WORTH_HURRYING_FILES = 16
_WORTH_TELLING_BYTES = 16 << 20
_MB = 1_000_000
# What azure-ai-ml writes on, and looks for at, one blob of a complete upload.
_STATUS, _COMPLETED = "upload_status", "completed"


def nothing_earlier() -> StoredFiles | None:
    """There is no earlier version."""
    return None


@dataclass(frozen=True)
class Destination:
    """Where files go.

    Attributes:
        container: opened for reading, writing and listing.
        prefix: path of the blobs, without a slash at its end; it names the content, so that a blob of the right
            size is the right one.
        content: digest of the content that belongs there.
        name: name of the asset, and `version` its version: written beside the mark of completeness, for the
            official client registers what it finds complete under these.
    """

    container: ContainerClient
    prefix: str
    content: str
    name: str
    version: str

    def path(self, file: AssetFile) -> str:
        """Path in the container of the blob that a file becomes."""
        return f"{self.prefix}/{file.relative}"

    def blob(self, file: AssetFile) -> BlobClient:
        """The blob that a file becomes."""
        return self.container.get_blob_client(self.path(file))


def transfer(
    place: Destination,
    files: Sequence[AssetFile],
    status: Status = silent,
    earlier: Callable[[], StoredFiles | None] = nothing_earlier,
    clock: Clock = SYSTEM_CLOCK,
) -> bool:
    """Bring `files` to their place; mark it when all are there. Tells whether nothing at all was there before.

    A blob appears only when it is whole: an upload that was interrupted goes on where it stopped, in the middle
    of a large file too. What an earlier version has at the same path with the same bytes is copied inside the
    storage; `earlier` opens that version, when it matters.

    Raises:
        ArmError: the storage refused, or did not answer.
        ValueError: a file changed meanwhile.
    """
    with storage_errors(f"upload {len(files)} files to {place.prefix}", place.container):
        # The file whose blob the official client looks at: the first by its real path.
        marker = place.blob(min(files, key=lambda file: (os.path.realpath(file.path), file.relative)))
        if _is_complete(marker):
            return False
        there = {blob.name: blob.size for blob in place.container.list_blobs(name_starts_with=f"{place.prefix}/")}
        missing = [file for file in files if there.get(place.path(file)) != file.size]
        worth = len(missing) > _WORTH_COPYING_FILES or sum(file.size for file in missing) > _WORTH_COPYING_BYTES
        found = _Earlier(source, clock) if missing and worth and (source := earlier()) else None
        _Transfer(place, found, files, missing, status).run()
        marker.set_blob_metadata({_STATUS: _COMPLETED, "name": place.name, "version": place.version})
        return not there


class _Earlier:
    """The blobs of an earlier version, by their path inside the asset."""

    def __init__(self, source: StoredFiles, clock: Clock) -> None:
        self._blobs = {
            source.relative(str(blob.name)): (
                str(blob.name),
                blob.size,
                bytes(blob.content_settings.content_md5 or b""),
            )
            for blob in source.blobs()
        }
        self._inside = InsideCopy(source.container, clock)

    def may_have(self, file: AssetFile) -> bool:
        """Whether it has a file of the same path and size, whose content can be compared."""
        _, size, md5 = self._blobs.get(file.relative, ("", -1, b""))
        return size == file.size and bool(md5)

    def copy(self, file: AssetFile, target: BlobClient) -> bool:
        """Copy the blob of this file; False where it has other content, or cannot be copied."""
        name, size, md5 = self._blobs[file.relative]
        return md5 == md5_of(file) and self._inside.copy(name, size, target)


class _Transfer:
    """One upload: every file is copied or sent, large ones in blocks, and progress is told."""

    def __init__(
        self,
        place: Destination,
        earlier: _Earlier | None,
        files: Sequence[AssetFile],
        missing: Sequence[AssetFile],
        status: Status,
    ) -> None:
        self._place = place
        self._earlier = earlier
        self._status = status
        self._missing = missing
        self._files, self._bytes = len(files), sum(file.size for file in files)
        self._files_left, self._bytes_left = len(missing), sum(file.size for file in missing)

    def run(self) -> None:
        self._tell()
        with ThreadPoolExecutor(max_workers=THREADS) as pool:
            try:
                self._bring(pool)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _bring(self, pool: ThreadPoolExecutor) -> None:
        """Copy first; send what could not be copied; then make the large blobs of their blocks."""
        copies: dict[Future[bool], AssetFile] = {}
        to_send: list[AssetFile] = []
        for file in self._missing:
            if self._earlier and self._earlier.may_have(file):
                copies[pool.submit(self._earlier.copy, file, self._place.blob(file))] = file
            else:
                to_send.append(file)
        for done in as_completed(copies):
            if done.result():
                self._count(copies[done].size, files=1)
            else:
                to_send.append(copies[done])
        sent: dict[Future[Any], tuple[int, int]] = {}  # to bytes and files that are there then
        digests: dict[AssetFile, Future[bytes]] = {}
        large = {
            file: LargeFile(self._place.blob(file), file, self._place.content) for file in to_send if file.size > BLOCK
        }
        for file, blocks in large.items():
            digests[file] = pool.submit(md5_of, file)
            missing = blocks.missing()
            self._count(file.size - sum(map(blocks.size_of, missing)))
            sent |= {pool.submit(blocks.send, number): (blocks.size_of(number), 0) for number in missing}
        small = [file for file in to_send if file not in large]
        container = self._place.container
        quick = QuickPut.into(container, THREADS) if len(small) > _WORTH_HURRYING_FILES else None
        for file in small:
            sent[pool.submit(send_whole, container, self._place.path(file), file, quick)] = (file.size, 1)
        for done in as_completed(sent):
            done.result()
            size, files = sent[done]
            self._count(size, files=files)
        for file, blocks in large.items():
            blocks.commit(digests[file].result())
            self._count(0, files=1)

    def _count(self, size: int, *, files: int = 0) -> None:
        self._bytes_left -= size
        self._files_left -= files
        self._tell()

    def _tell(self) -> None:
        text = f"uploading {self._files - self._files_left} of {self._files} files"
        if self._bytes > _WORTH_TELLING_BYTES:
            text += f", {(self._bytes - self._bytes_left) // _MB} of {self._bytes // _MB} MB"
        self._status(text)


def _is_complete(marker: BlobClient) -> bool:
    from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - slow import

    try:
        metadata = dict(marker.get_blob_properties().metadata or {})
    except ResourceNotFoundError:
        return False
    return metadata.get(_STATUS) == _COMPLETED
