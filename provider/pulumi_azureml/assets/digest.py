"""The digest of an asset's content: what decides its version.

The algorithm is that of the official client `azure-ai-ml` (`hash_version` 202208), so that an asset
uploaded by either is recognised by the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from .files import list_files

HASH_VERSION = "202208"
_CHUNK = 1 << 20


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


def digest_path(path: Path) -> ContentDigest:
    """The digest of the file or folder at `path`; constant memory.

    Raises:
        FileNotFoundError: nothing is there.
        EmptyAssetError: the folder holds no file.
    """
    files = list_files(path)
    digest = hashlib.sha256(str(len(files)).encode())
    for file in files:
        digest.update(f"#{file.relative}#{file.size}".encode())
    for file in files:
        with file.path.open("rb") as content:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
    return ContentDigest(digest.hexdigest(), len(files), sum(file.size for file in files))
