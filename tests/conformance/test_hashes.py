"""One folder is one asset for this project and for the official client: the same files, the same hashes."""

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pulumi_azureml.assets import digest_path, list_files
from pulumi_azureml.assets.digest import upload_hash

from .official import HERE, official_python

NAMES = [
    "a",
    "B",
    "b",
    "A.py",
    "b.py",
    "data",
    "größe 1",
    "日本",
    ".hidden",
    "x.log",
    "keep.log",
    "build",
    "z.tmp",
    "é",
]
PATTERNS = [
    "*.log", "!keep.log", "build/", "build", "/data", "data/**", "**/b", "a/*", "!a/b", "# a note", "", "*.tmp  ",
    "[ab].py", "b?py", "/", "!/data", "a/**/b", "größe*", "\\#x", "!*.py", "x.*",
]  # fmt: skip


def plant(folder: Path, elsewhere: Path, dice: random.Random, depth: int = 0) -> None:
    """Fill a folder with files, folders (some empty), and links to files and folders."""
    folder.mkdir(parents=True)
    for name in dice.sample(NAMES, dice.randint(0 if depth else 3, 6)):
        child, kind = folder / name, dice.random()
        if kind < 0.3 and depth < 4:
            plant(child, elsewhere, dice, depth + 1)
        elif kind < 0.4:
            child.symlink_to(elsewhere / dice.choice(["file.py", "folder"]))
        else:
            child.write_bytes(dice.randbytes(dice.randint(0, 40)))


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Folders of all shapes; some have an ignore file, some both."""
    root = tmp_path_factory.mktemp("trees")
    elsewhere = root / "elsewhere"
    (elsewhere / "folder/in").mkdir(parents=True)
    for name in ("file.py", "folder/in/b.py", "folder/x.log"):
        (elsewhere / name).write_text("linked")
    made = []
    for number in range(60):
        dice = random.Random(number)
        tree = root / "all" / f"tree-{number}"
        plant(tree, elsewhere, dice)
        (tree / "score.py").write_text("always there")
        for name in (".amlignore", ".gitignore"):
            if dice.random() < 0.5:
                lines = [*dice.sample(PATTERNS, dice.randint(1, 5)), "!score.py"]
                (tree / name).write_text("\n".join(lines) + "\n", encoding="utf-8-sig")
        made.append(tree)
    return made


@pytest.fixture(scope="module")
def official(trees: list[Path]) -> list[Any]:
    command: list[str | Path] = [official_python(), HERE / "hashes.py", *trees]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: list[Any] = json.loads(done.stdout)
    return found


def test_the_same_files_belong_to_it(trees: list[Path], official: list[Any]) -> None:
    for tree, (names, _, _) in zip(trees, official, strict=True):
        assert sorted(file.relative for file in list_files(tree)) == names, tree


def test_the_content_hashes_are_equal(trees: list[Path], official: list[Any], tmp_path: Path) -> None:
    for tree, (_, content, _) in zip(trees, official, strict=True):
        assert digest_path(tree, memory=tmp_path).sha256 == content, tree


def test_the_upload_hashes_are_equal(trees: list[Path], official: list[Any], tmp_path: Path) -> None:
    for tree, (_, _, upload) in zip(trees, official, strict=True):
        assert upload_hash(tree, memory=tmp_path) == upload, tree
