"""Which files belong to an asset: a file alone, or a folder's files but for the ignored ones."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

# The first one that exists at the root of the folder counts; they are never merged, and those in sub-folders
# do not count (azure-ai-ml's rule).
IGNORE_FILES = (".amlignore", ".gitignore")


class EmptyAssetError(ValueError):
    """The path holds nothing that could be uploaded."""


@dataclass(frozen=True)
class AssetFile:
    """One file of an asset.

    Attributes:
        relative: path inside the asset with forward slashes; the file's name when the asset is one file.
        path: where it is on disk.
        size: bytes.
    """

    relative: str
    path: Path
    size: int


def list_files(path: Path) -> list[AssetFile]:
    """The files of the asset at `path`, sorted by lower-cased relative path; symbolic links are followed.

    Raises:
        FileNotFoundError: nothing is at `path`.
        EmptyAssetError: it is a folder without any file that is not ignored.
    """
    if path.is_file():
        return [AssetFile(path.name, path, path.stat().st_size)]
    if not path.is_dir():
        raise FileNotFoundError(f"there is no file or folder {str(path)!r}")
    ignored = _ignore_spec(path)
    files = [file for file in _walk(path) if ignored is None or not ignored.match_file(file.relative)]
    if not files:
        because = " that its ignore file does not leave out" if ignored is not None else ""
        raise EmptyAssetError(f"the folder {str(path)!r} holds no file{because}")
    return sorted(files, key=lambda file: file.relative.lower())


def _walk(root: Path) -> list[AssetFile]:
    found: list[AssetFile] = []
    seen: set[str] = set()
    for folder, folders, names in os.walk(root, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:  # a link back to a folder above would never end
            folders.clear()
            continue
        seen.add(real)
        for name in names:
            path = Path(folder, name)
            if path.is_file():  # a dangling link or a socket is not content
                found.append(AssetFile(path.relative_to(root).as_posix(), path, path.stat().st_size))
    return found


def _ignore_spec(root: Path) -> GitIgnoreSpec | None:
    for name in IGNORE_FILES:
        file = root / name
        if file.is_file():
            return GitIgnoreSpec.from_lines(file.read_text(encoding="utf-8").splitlines())
    return None
