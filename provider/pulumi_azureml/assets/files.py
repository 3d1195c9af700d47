"""Which files belong to an asset: a file alone, or a folder's files but for the ignored ones.

The rules are those of the official client `azure-ai-ml`, so that one folder is one asset for both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pathspec import PathSpec

# The first one that exists at the root of the folder counts; they are never merged, and those in sub-folders
# do not count.
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


class IgnoreRules:
    """What the ignore file of a folder leaves out: the last pattern that fits decides, for files as for folders."""

    def __init__(self, root: Path) -> None:
        self._base = os.path.realpath(root)
        self.file = next((root / name for name in IGNORE_FILES if (root / name).is_file()), None)
        lines = self.file.read_text(encoding="utf-8-sig").splitlines() if self.file else []
        # White space around a pattern never counts, and a lone slash fits nothing.
        patterns = [line.strip() for line in lines if line.strip() != "/"]
        try:
            self._patterns = PathSpec.from_lines("gitignore", patterns)
        except ValueError as error:
            raise ValueError(f"the ignore file {str(self.file)!r} has a line that is no pattern: {error}") from None

    def leave_out(self, path: str | Path) -> bool:
        """Whether `path` is left out. Below a link to a folder elsewhere, it is where it really lies that counts."""
        if self.file is None:
            return False
        return self._patterns.match_file(os.path.relpath(path, self._base))


def list_files(path: Path) -> list[AssetFile]:
    """The files of the asset at `path`, sorted by lower-cased relative path; symbolic links are followed.

    Raises:
        FileNotFoundError: nothing is at `path`.
        EmptyAssetError: it is a folder without any file that is not ignored.
        ValueError: its ignore file cannot be understood.
    """
    if path.is_file():
        return [AssetFile(path.resolve().name, path, path.stat().st_size)]
    if not path.is_dir():
        raise FileNotFoundError(f"there is no file or folder {str(path)!r}")
    ignored = IgnoreRules(path)
    files = list(_walk(path, ignored))
    if not files:
        because = " that its ignore file does not leave out" if ignored.file is not None else ""
        raise EmptyAssetError(f"the folder {str(path)!r} holds no file{because}")
    return sorted(files, key=lambda file: file.relative.lower())


def _walk(
    folder: Path, ignored: IgnoreRules, inside: str = "", above: frozenset[str] = frozenset()
) -> Iterator[AssetFile]:
    real = os.path.realpath(folder)
    if real in above:  # a link back to a folder above would never end
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            path, relative = Path(entry.path), f"{inside}{entry.name}"
            if entry.is_dir():
                yield from _walk(path, ignored, f"{relative}/", above | {real})
            # A dangling link or a socket is not content.
            elif entry.is_file() and not ignored.leave_out(f"{real}/{entry.name}"):
                yield AssetFile(relative, path, entry.stat().st_size)


def walk_in_order(path: Path) -> Iterator[tuple[str, Path | None]]:
    """Names of folders and files in the order in which the official client's upload hash takes them.

    A folder comes before what is in it, has no path here, and counts even when it is empty; a file comes
    with its path.
    """
    yield from _in_order(path, IgnoreRules(path), frozenset())


def _in_order(folder: Path, ignored: IgnoreRules, above: frozenset[str]) -> Iterator[tuple[str, Path | None]]:
    real = os.path.realpath(folder)
    if real in above:
        return
    for child in sorted(folder.iterdir(), key=lambda path: str(path).lower()):
        if ignored.leave_out(child.absolute()):
            continue
        target = child.resolve() if child.is_symlink() else child
        if target.is_file():
            yield child.name, target
        else:
            yield child.name, None
            if target.is_dir():
                yield from _in_order(target, ignored, above | {real})
