"""Versions that follow from content."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ..assets import EmptyAssetError, digest_path
from ..engine import InputError, version_of


def digest_of(path: Any) -> str:
    """The content digest of a local file or folder; InputError at `path` when there is none."""
    if not isinstance(path, str):
        return ""
    try:
        return digest_path(Path(path)).sha256
    except (FileNotFoundError, EmptyAssetError) as error:
        raise InputError("path", f"{error}; it is looked for relative to the program's folder ({Path.cwd()})") from None
    except OSError as error:
        raise InputError("path", f"cannot read {path!r}: {error.strerror}") from None


def versioned(values: dict[str, Any], digest: str) -> dict[str, Any]:
    """`values` with the content's digest, and the version that follows from it unless one is given."""
    if not digest:
        return values
    return {"version": version_of(digest), **values, "contentDigest": digest}


def is_remote(path: str) -> bool:
    """Whether `path` is an address in storage rather than a local path."""
    return "://" in path


def digest_of_path_or_uri(path: Any) -> str:
    """The digest of what is at a local path; what lies behind an address cannot be read: the address stands for it."""
    if isinstance(path, str) and is_remote(path):
        return hashlib.sha256(path.encode()).hexdigest()
    return digest_of(path)
