"""The digest of an asset's content: what decides its version.

The algorithm is that of the official client `azure-ai-ml` (`hash_version` 202208), so that an asset
uploaded by either is recognised by the other.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .files import AssetFile, list_files

HASH_VERSION = "202208"
_CHUNK = 1 << 20
# A file changed this recently may change again without a new time stamp: its digest is not remembered.
_SETTLED_NS = 2_000_000_000


@dataclass(frozen=True)
class ContentDigest:
    """What is in an asset.

    Attributes:
        sha256: hexadecimal digest over names, sizes and contents.
        files: number of files.
        size: bytes in all.
    """

    sha256: str
    files: int
    size: int


def digest_path(path: Path, *, memory: Path | None = None) -> ContentDigest:
    """The digest of the file or folder at `path`; constant memory.

    A digest is remembered by every file's path, size, time of change and inode, in the user's cache, so
    that a preview without changes does not read gigabytes again.

    Args:
        path: a file or a folder.
        memory: folder to remember in, instead of the user's cache.

    Raises:
        FileNotFoundError: nothing is there.
        EmptyAssetError: the folder holds no file.
    """
    files = list_files(path)
    size = sum(file.size for file in files)
    remembered = (memory or _cache_folder()) / _identity(files)
    try:
        return ContentDigest(remembered.read_text(), len(files), size)
    except OSError:
        digest = _read(files)
    if _settled(files):
        _remember(remembered, digest)
    return ContentDigest(digest, len(files), size)


def content_digest(files: Sequence[tuple[str, int, Iterable[bytes]]]) -> str:
    """The digest over relative paths, sizes and contents of files, in the order of `list_files`."""
    digest = hashlib.sha256(str(len(files)).encode())
    for relative, size, _ in files:
        digest.update(f"#{relative}#{size}".encode())
    for _, _, chunks in files:
        for chunk in chunks:
            digest.update(chunk)
    return digest.hexdigest()


def environment_digest(image: str, conda_file: str | None, os_type: str) -> str:
    """The digest of an environment, which has no files: of its image, packages and operating system."""
    return hashlib.sha256(json.dumps([image, conda_file, os_type]).encode()).hexdigest()


def _read(files: Sequence[AssetFile]) -> str:
    return content_digest([(file.relative, file.size, _chunks(file.path)) for file in files])


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK):
            yield chunk


def _identity(files: Sequence[AssetFile]) -> str:
    seen = hashlib.sha256(HASH_VERSION.encode())
    for file in files:
        stat = file.path.stat()
        entry = (str(file.path.resolve()), file.relative, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
        seen.update(repr(entry).encode())
    return seen.hexdigest()


def _settled(files: Sequence[AssetFile]) -> bool:
    newest = max(file.path.stat().st_mtime_ns for file in files)
    return time.time_ns() - newest > _SETTLED_NS


def _remember(place: Path, digest: str) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        whole = place.with_suffix(f".{os.getpid()}")
        whole.write_text(digest)
        whole.replace(place)  # at once, for several providers may write it
    except OSError:
        return  # a cache that cannot be written only costs time


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pulumi-azureml" / "digests"
