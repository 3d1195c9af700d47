"""Moving files into a container: in parallel, resumable, in constant memory, never sending what is there already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any

from .datastore import BLOCK, storage_errors
from .files import AssetFile

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

Status = Callable[[str], None]

_THREADS = 8
# Below this much to send, looking for an earlier version to copy from costs more than sending.
_WORTH_COPYING_FILES, _WORTH_COPYING_BYTES = 16, 4 << 20
# What azure-ai-ml writes on, and looks for at, the first blob of a complete upload.
_COMPLETED = {"upload_status": "completed"}

# Blobs of an earlier version by path below it: size and MD5.
Earlier = Mapping[str, tuple[int, bytes]]


def silent(_text: str) -> None:
    """A status that nobody watches."""


def transfer(
    container: ContainerClient,
    prefix: str,
    files: Sequence[AssetFile],
    status: Status = silent,
    earlier: Callable[[], str] = lambda: "",
) -> None:
    """Bring `files` under `prefix`, which names their content; mark the first one when all are there.

    A blob appears only when it is whole, so one of the right name and size is the right one: an upload
    that was interrupted goes on where it stopped. What an earlier version has at the same path with the
    same bytes is copied inside the storage.

    Raises:
        ArmError: the storage refused, or did not answer.
    """
    with storage_errors(f"upload {len(files)} files to {prefix}", container):
        marker = container.get_blob_client(f"{prefix}/{files[0].relative}")
        if _is_complete(marker):
            return
        there = {blob.name: blob.size for blob in container.list_blobs(name_starts_with=f"{prefix}/")}
        missing = [file for file in files if there.get(f"{prefix}/{file.relative}") != file.size]
        worth = len(missing) > _WORTH_COPYING_FILES or sum(file.size for file in missing) > _WORTH_COPYING_BYTES
        source = earlier() if missing and worth else ""
        _bring(_Transfer(container, prefix, source), missing, len(files), status)
        marker.set_blob_metadata(_COMPLETED)


def _bring(job: _Transfer, missing: Sequence[AssetFile], total: int, status: Status) -> None:
    done = total - len(missing)
    status(f"uploading {done} of {total} files")
    with ThreadPoolExecutor(max_workers=_THREADS) as pool:
        sent = [pool.submit(job.bring, file) for file in missing]
        try:
            for future in as_completed(sent):
                future.result()
                done += 1
                status(f"uploading {done} of {total} files")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _Transfer:
    """One way for a file to come to its place: copied from an earlier version where that has it, else sent."""

    def __init__(self, container: ContainerClient, prefix: str, source: str) -> None:
        self._container = container
        self._prefix = prefix
        self._source = source
        self._earlier = _list_earlier(container, source) if source else {}

    def bring(self, file: AssetFile) -> None:
        size, md5 = self._earlier.get(file.relative, (-1, b""))
        same = size == file.size and md5 and md5 == _md5(file)
        if not (same and self._copy(file)):
            self._send(file)

    def _copy(self, file: AssetFile) -> bool:
        """Copy inside the storage; False where it does not let this credential do so, and the file is sent."""
        from azure.core.exceptions import HttpResponseError  # noqa: PLC0415 - slow import

        source = self._container.get_blob_client(f"{self._source}/{file.relative}")
        try:
            self._container.get_blob_client(f"{self._prefix}/{file.relative}").start_copy_from_url(
                source.url, requires_sync=True
            )
        except HttpResponseError:
            return False
        return True

    def _send(self, file: AssetFile) -> None:
        from azure.storage.blob import ContentSettings  # noqa: PLC0415 - slow import

        # The service computes the MD5 of what comes in one piece, but not of what comes in blocks.
        settings = ContentSettings(content_md5=bytearray(_md5(file))) if file.size > BLOCK else None
        with file.path.open("rb") as content:
            self._container.upload_blob(
                f"{self._prefix}/{file.relative}",
                content,
                length=file.size,
                overwrite=True,
                max_concurrency=2,
                content_settings=settings,
            )


def _list_earlier(container: ContainerClient, source: str) -> Earlier:
    return {
        blob.name[len(source) + 1 :]: (blob.size, bytes(blob.content_settings.content_md5 or b""))
        for blob in container.list_blobs(name_starts_with=f"{source}/")
    }


def _md5(file: AssetFile) -> bytes:
    # MD5 is what the storage service keeps of a blob; it finds equal files here and secures nothing.
    with file.path.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).digest()


def _is_complete(marker: Any) -> bool:
    from azure.core.exceptions import ResourceNotFoundError  # noqa: PLC0415 - slow import

    try:
        metadata = marker.get_blob_properties().metadata or {}
    except ResourceNotFoundError:
        return False
    return dict(metadata).get("upload_status") == "completed"
