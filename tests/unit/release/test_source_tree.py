"""The git tree that a program lies in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pulumi_azureml.release.errors import LockError, ReleaseError
from pulumi_azureml.release.program import check_program
from pulumi_azureml.release.source_tree import source_tree, who


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.email=ada@example.com", "-c", "user.name=Ada")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "__main__.py").write_text("")
    (tmp_path / ".gitignore").write_text("model/\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def test_a_clean_tree_has_a_commit_and_no_changes(tree: Path) -> None:
    found = source_tree(tree)
    assert len(found.commit) == 40
    assert found.version == found.commit
    check_program("production", "", tree)


@pytest.mark.parametrize("name", ["__main__.py", "new.py", "a folder/größe.py"])
def test_changed_and_new_files_make_a_tree_dirty(tree: Path, name: str) -> None:
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).write_text("changed")
    found = source_tree(tree)
    assert found.changes == (name,)
    assert found.version.endswith("-dirty")
    with pytest.raises(ReleaseError, match=f"uncommitted changes: {name}"):
        check_program("production", "", tree)
    check_program("development", "", tree)


def test_ignored_files_and_stack_files_are_no_changes(tree: Path) -> None:
    (tree / "model").mkdir()
    (tree / "model/weights").write_text("big")
    (tree / "Pulumi.prod.yaml").write_text("config: {}")
    assert source_tree(tree).changes == ()


def test_a_folder_without_git_has_neither_commit_nor_changes(tmp_path: Path) -> None:
    found = source_tree(tmp_path)
    assert (found.commit, found.changes, found.version) == ("", (), "")
    check_program("production", "", tmp_path)


def test_a_release_that_cannot_be_read_stops_a_program_of_any_mode(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="no release 'v1'"):
        check_program("", "v1", tmp_path)


def test_a_pipeline_says_who_runs_it(tree: Path) -> None:
    assert who(tree, {"GITHUB_ACTOR": "octocat"}) == "octocat"
    assert who(tree, {})
