"""The git tree that a program lies in: its commit, and whether something in it was changed since."""

from __future__ import annotations

import getpass
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# What pipelines say of who started them: GitHub Actions, Azure DevOps.
_WHO = ("GITHUB_ACTOR", "BUILD_REQUESTEDFOREMAIL")
_STACK_FILE = re.compile(r"Pulumi\.[^/]+\.ya?ml$")
_SHOWN = 5


@dataclass(frozen=True)
class SourceTree:
    """A git tree.

    Attributes:
        commit: the full hash; empty outside of git, or before the first commit.
        changes: files that differ from the commit or are not in it, stack files (`Pulumi.{stack}.yaml`) left out:
            which release a stack deploys is written there, and `pulumi` keeps it in the stack's history.
    """

    commit: str = ""
    changes: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The commit, with `-dirty` when it does not tell all."""
        return f"{self.commit}-dirty" if self.commit and self.changes else self.commit

    def shown(self) -> str:
        """The changed files in words, a few of them."""
        more = len(self.changes) - _SHOWN
        return ", ".join(self.changes[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def source_tree(folder: Path) -> SourceTree:
    """The tree that `folder` lies in; an empty one where there is no git."""
    status = _git(folder, "status", "--porcelain=v1", "--untracked-files=all", "--no-renames", "-z")
    if status is None:
        return SourceTree()
    changed = [entry[3:] for entry in status.split("\0") if entry]
    changes = tuple(name for name in changed if not _STACK_FILE.search(name))
    return SourceTree((_git(folder, "rev-parse", "HEAD") or "").strip(), changes)


def who(folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Who makes a release: the pipeline's user, git's, or this machine's."""
    environ = os.environ if environment is None else environment
    named = next(filter(None, (environ.get(name) for name in _WHO)), "")
    return named or (_git(folder, "config", "user.email") or "").strip() or _login()


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
