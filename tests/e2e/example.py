"""An example with a project of its own: copied with what it needs, and its README typed block by block."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from docs.readme import Block, blocks

from .local import ROOT, LocalAzure, run
from .stack import Stack

LOCAL = "https://127.0.0.1:7443"


@dataclass
class Example:
    """A copy of an example whose stack `local` leads to a test's own local Azure ML."""

    stack: Stack
    readme: list[Block]

    @property
    def folder(self) -> Path:
        """Where the copy is."""
        return self.stack.folder

    def type(self, first_line: str) -> str:
        """Run the README's block that begins with a line; return what it printed."""
        (block,) = [block for block in self.readme if block.runnable and block.text.startswith(first_line + "\n")]
        done = run(["bash", "-euo", "pipefail", "-c", block.command], self.stack.environment, self.folder)
        assert done.returncode == 0, f"{block.text}\n{done.stdout}"
        return done.stdout

    def runnable(self) -> list[str]:
        """The first lines of all blocks that a user types."""
        return [block.text.splitlines()[0] for block in self.readme if block.runnable]


def copy(name: str, target: Path, azure: LocalAzure) -> Example:
    """Copy an example below `target/examples`, without what it has generated."""
    folder = target / "examples" / name
    generated = shutil.ignore_patterns("data", "model", "out", "__pycache__")
    shutil.copytree(ROOT / "examples" / name, folder, ignore=generated)
    configuration = folder / "Pulumi.local.yaml"
    text = configuration.read_text()
    assert LOCAL in text
    configuration.write_text(text.replace(LOCAL, azure.origin))
    stack = Stack(folder, target / "state", azure.env, name="local")
    return Example(stack, blocks(folder / "README.md"))
