"""Assets: which files belong, and the digest that decides the version."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from pulumi_azureml.assets import EmptyAssetError, digest_path, list_files


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def names(root: Path) -> list[str]:
    return [file.relative for file in list_files(root)]


def test_a_folder_is_its_files_in_any_depth_sorted_without_regard_to_case(tmp_path: Path) -> None:
    write(tmp_path, "b.py", "A.py", "deep/er/c.py")
    assert names(tmp_path) == ["A.py", "b.py", "deep/er/c.py"]


def test_amlignore_wins_over_gitignore_and_they_are_not_merged(tmp_path: Path) -> None:
    write(tmp_path, "keep.py", "data/x.csv", "notes.txt")
    (tmp_path / ".gitignore").write_text("*.txt\n")
    assert "notes.txt" not in names(tmp_path)
    (tmp_path / ".amlignore").write_text("data/\n.*ignore\n")
    assert names(tmp_path) == ["keep.py", "notes.txt"]


def test_symbolic_links_are_followed_and_a_circle_ends(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", "shared.py")
    write(tmp_path / "src", "score.py")
    (tmp_path / "src" / "lib").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "src" / "again").symlink_to(tmp_path / "src")
    assert names(tmp_path / "src") == ["lib/shared.py", "score.py"]


def test_an_empty_folder_and_a_missing_path_are_told(tmp_path: Path) -> None:
    with pytest.raises(EmptyAssetError, match="holds no file"):
        list_files(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list_files(tmp_path / "nowhere")


def test_the_digest_is_the_official_clients(tmp_path: Path) -> None:
    # azure-ai-ml, hash_version 202208: count, then "#name#size" of each file, then the contents, one order for both.
    (tmp_path / "b.py").write_bytes(b"bb")
    (tmp_path / "A.py").write_bytes(b"a")
    expected = hashlib.sha256(b"2" + b"#A.py#1" + b"#b.py#2" + b"a" + b"bb").hexdigest()
    found = digest_path(tmp_path)
    assert (found.sha256, found.files, found.size) == (expected, 2, 3)


def test_renaming_a_file_or_changing_one_byte_changes_the_digest(tmp_path: Path) -> None:
    write(tmp_path, "a.py")
    first = digest_path(tmp_path).sha256
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    second = digest_path(tmp_path).sha256
    (tmp_path / "b.py").write_text("b.py")
    assert len({first, second, digest_path(tmp_path).sha256}) == 3


def settled(path: Path) -> None:
    """Make a file look as if it had not been touched for a while."""
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns - 10_000_000_000))


def test_a_digest_is_remembered_until_a_file_changes(tmp_path: Path) -> None:
    memory, folder = tmp_path / "memory", tmp_path / "model"
    write(folder, "a.bin")
    settled(folder / "a.bin")
    first = digest_path(folder, memory=memory)
    (remembered,) = memory.iterdir()
    remembered.write_text("0" * 64)
    assert digest_path(folder, memory=memory).sha256 == "0" * 64
    (folder / "a.bin").write_text("A.BIN")  # as long as before
    settled(folder / "a.bin")
    assert digest_path(folder, memory=memory).sha256 not in {"0" * 64, first.sha256}


def test_a_file_that_was_just_written_is_not_remembered(tmp_path: Path) -> None:
    memory, folder = tmp_path / "memory", tmp_path / "model"
    write(folder, "a.bin")
    digest_path(folder, memory=memory)
    assert not memory.exists()


def test_a_memory_that_cannot_be_written_only_costs_time(tmp_path: Path) -> None:
    write(tmp_path, "model/a.bin", "blocked")
    settled(tmp_path / "model" / "a.bin")
    assert digest_path(tmp_path / "model", memory=tmp_path / "blocked" / "x").files == 1
