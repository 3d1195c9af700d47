"""What lies in storage, as a digest: by what the storage knows of each blob, or by reading every byte."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..assets.digest import content_digest
from ..assets.stored import StoredFiles

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

_CHUNK = 4 << 20


@dataclass(frozen=True)
class StoredFile:
    """A file of an asset in storage.

    Attributes:
        relative: path inside the asset; the file's own name when the asset is one file.
        blob: name of the blob.
        size: bytes.
        md5: of its content, as the storage keeps it, or read where it keeps none.
    """

    relative: str
    blob: str
    size: int
    md5: bytes


@dataclass(frozen=True)
class Manifest:
    """All files of an asset, sorted as the content digest sorts them."""

    files: tuple[StoredFile, ...]

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256 over path, size and MD5 of every file; empty when there is none."""
        if not self.files:
            return ""
        lines = (f"{file.relative}\0{file.size}\0{file.md5.hex()}\n" for file in self.files)
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(file.size for file in self.files)


def read_manifest(stored: StoredFiles) -> Manifest:
    """List what is stored; content is read of those blobs only whose MD5 the storage does not keep."""
    return Manifest(tuple(_listed(stored)))


def _listed(stored: StoredFiles) -> Iterator[StoredFile]:
    found = []
    for blob in stored.blobs():
        kept = blob.content_settings.content_md5
        md5 = bytes(kept) if kept else _read_md5(stored.container, str(blob.name))
        found.append(StoredFile(stored.relative(str(blob.name)), str(blob.name), int(blob.size), md5))
    return iter(sorted(found, key=lambda file: file.relative.lower()))


def _read_md5(container: ContainerClient, name: str) -> bytes:
    digest = hashlib.md5(usedforsecurity=False)  # what storage services keep of a blob; SHA-256 names the content
    for chunk in container.download_blob(name).chunks():
        digest.update(chunk)
    return digest.digest()


def read_content(
    stored: StoredFiles, files: Sequence[StoredFile], on_bytes: Callable[[int], None] = lambda _count: None
) -> str:
    """The content digest of what is stored, as `assets.digest_path` computes it of local files: every byte is read.

    Args:
        stored: where the files are.
        files: of its manifest, in order.
        on_bytes: told how many more bytes were read.
    """

    def chunks(file: StoredFile) -> Iterable[bytes]:
        for chunk in stored.container.download_blob(file.blob).chunks():
            on_bytes(len(chunk))
            yield chunk

    return content_digest([(file.relative, file.size, chunks(file)) for file in files])
