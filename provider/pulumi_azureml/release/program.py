"""What is checked once, before a program declares anything: its release, and in production its git tree."""

from __future__ import annotations

from pathlib import Path

from .errors import ReleaseError
from .lock import read_release
from .source_tree import source_tree


def check_program(mode: str, release: str, folder: Path | None = None) -> None:
    """Refuse a program that must not be deployed.

    Args:
        mode: the stack's `azureml:mode`.
        release: its `azureml:release`, or nothing.
        folder: the program's; the working folder unless given.

    Raises:
        ReleaseError: the lock file cannot be read or was edited; or, in production, the git tree has changes.
    """
    folder = folder or Path.cwd()
    if release:
        read_release(release, folder)
    if mode == "production" and (tree := source_tree(folder)).changes:
        raise ReleaseError(
            f"The stack's azureml:mode is production, and the git tree has uncommitted changes: {tree.shown()}.\n"
            "  what to do: commit them, or put them away with `git stash --include-untracked`; what runs in production "
            "must be found again by its commit."
        )
