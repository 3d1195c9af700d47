"""The code blocks of a document, and one shell that runs them in a copy of the project."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from e2e.local import ROOT, base_environment, free_port

_BLOCK = re.compile(r"(?:<!-- not run: (?P<reason>[^>]+) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
_MARK = "@@ block "


@dataclass(frozen=True)
class Block:
    """One fenced block; `reason` says why it cannot be run here, and is empty when it is run."""

    number: int
    language: str
    text: str
    reason: str

    @property
    def runnable(self) -> bool:
        """Whether this is something that a user types."""
        return self.language in {"sh", "python"} and not self.reason

    @property
    def command(self) -> str:
        """The block as a shell runs it."""
        return self.text if self.language == "sh" else f"python - <<'END-OF-BLOCK'\n{self.text}END-OF-BLOCK\n"


def blocks(document: Path) -> list[Block]:
    """Return the fenced blocks of a document, in order."""
    found = enumerate(_BLOCK.finditer(document.read_text()), 1)
    return [Block(n, match["language"], match["text"], (match["reason"] or "").strip()) for n, match in found]


def checkout(target: Path) -> Path:
    """Copy the project to `target` as a clone would have it, its stack on a free port; return it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((ROOT / name).read_bytes())
            (target / name).chmod((ROOT / name).stat().st_mode)
    (target / ".venv").symlink_to(ROOT / ".venv")
    stack = target / "Pulumi.local.yaml"
    stack.write_text(stack.read_text().replace(":7443", f":{free_port()}"))
    return target


def run_blocks(found: list[Block], folder: Path) -> tuple[dict[int, str], int]:
    """Run the blocks in one shell, which stops at the first failure; return what each printed and the exit code."""
    script = "set -euo pipefail\n" + "".join(f"echo '{_MARK}{block.number}'\n{block.command}\n" for block in found)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=base_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1200,
        check=False,
    )
    outputs = {}
    for part in done.stdout.split(_MARK)[1:]:
        number, _, text = part.partition("\n")
        outputs[int(number)] = text
    return outputs, done.returncode
