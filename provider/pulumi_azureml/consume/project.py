"""The Pulumi project and stack that a command is about."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import yaml

from .errors import StackError
from .stack import find_pulumi

_FILES = ("Pulumi.yaml", "Pulumi.yml")


@dataclass(frozen=True)
class Project:
    """A Pulumi project and one stack of it.

    Attributes:
        name: the project's name.
        stack: the stack's name, without organization and project.
        program: the folder of its program, where the engine runs it.
    """

    name: str
    stack: str
    program: Path

    def urn(self, kind: str, name: str) -> str:
        """The URN of a resource of the stack, not within another one."""
        return f"urn:pulumi:{self.stack}::{self.name}::{kind}::{name}"


def open_project(stack: str | None, cwd: Path) -> Project:
    """The project in or above `cwd`, with the stack `stack` or, when None, the selected one.

    Raises:
        StackError: there is no project, or no stack is selected.
    """
    start = cwd.absolute()
    files = [folder / name for folder in (start, *start.parents) for name in _FILES if (folder / name).is_file()]
    if not files:
        raise StackError(
            f"There is no Pulumi project in {start} or above it. Make one (`pulumi new python`), or name its folder "
            "with --cwd FOLDER."
        )
    content = yaml.safe_load(files[0].read_text(encoding="utf-8")) or {}
    program = (files[0].parent / str(content.get("main") or ".")).resolve()
    name = (stack or _selected(start)).rpartition("/")[2]
    return Project(str(content["name"]), name, program.parent if program.is_file() else program)


def _selected(cwd: Path) -> str:
    command = [find_pulumi(), "stack", "--show-name", "--non-interactive"]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(
            f"`pulumi stack --show-name` in {cwd} failed: {done.stderr.strip() or done.stdout.strip()}\n"
            "  what to do: select a stack with `pulumi stack select NAME`, or name it with --stack NAME."
        )
    return done.stdout.strip()
