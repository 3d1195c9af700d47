"""The digests of an asset's content: what decides its version, and where in the storage it lies.

Both algorithms are those of the official client `azure-ai-ml`, so that an asset uploaded by either is recognised
by the other. A digest is remembered in the user's cache, so that a preview without changes does not read gigabytes
again.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .files import AssetFile, list_files, walk_in_order

HASH_VERSION = "202208"
_UPLOAD_SEED = b"Initialize for october 2021 AML CLI version"
_CHUNK = 1 << 20
_LARGE = 64 << 20  # bytes, of which a digest takes some 40 ms
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

    It is the official client's content hash of code, `hash_version` 202208.

    Args:
        path: a file or a folder.
        memory: folder to remember in, instead of the user's cache.

    Raises:
        FileNotFoundError: nothing is there.
        EmptyAssetError: the folder holds no file.
    """
    files = list_files(path)
    parts = [(file.relative, file.path) for file in files]
    size = sum(file.size for file in files)

    def compute() -> str:
        if size < _LARGE:
            return _content_hash(files)
        # An upload will ask for its own hash of the same bytes: made by another core meanwhile, and remembered.
        with ThreadPoolExecutor(max_workers=1) as other:
            other.submit(upload_hash, path, memory=memory)
            return _content_hash(files)

    return ContentDigest(_remembered(HASH_VERSION, path, parts, compute, memory), len(files), size)


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


def _content_hash(files: Sequence[AssetFile]) -> str:
    return content_digest([(file.relative, file.size, _chunks(file.path)) for file in files])


def upload_hash(path: Path, *, memory: Path | None = None) -> str:
    """The hash that names the folder of an upload to a datastore; constant memory.

    It is older than the content hash, and differs from it also for one content: the official client names
    the places of models and data by it to this day.
    """
    parts = list(walk_in_order(path)) if path.is_dir() else [("", path)]
    return _remembered("2021-10", path, parts, lambda: _upload_hash(parts), memory)


def _upload_hash(parts: Iterable[tuple[str, Path | None]]) -> str:
    digest = hashlib.sha256(_UPLOAD_SEED)
    for name, path in parts:
        digest.update(name.encode())
        for chunk in _chunks(path) if path is not None else ():
            digest.update(chunk)
    return digest.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK):
            yield chunk


def _remembered(
    algorithm: str,
    root: Path,
    parts: Sequence[tuple[str, Path | None]],
    compute: Callable[[], str],
    memory: Path | None,
) -> str:
    """What `compute` gives, remembered by the path of the root and every file's name, size, times and inode."""
    identity = hashlib.sha256(f"{algorithm} {root.resolve()}".encode())
    newest = 0
    for name, path in parts:
        stat = path.stat() if path is not None else None
        kept = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) if stat else ()
        newest = max(newest, stat.st_mtime_ns if stat else 0)
        identity.update(repr((name, *kept)).encode())
    place = (memory or _cache_folder()) / identity.hexdigest()
    try:
        return place.read_text()
    except OSError:
        digest = compute()
    if time.time_ns() - newest > _SETTLED_NS:
        _remember(place, digest)
    return digest


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
