"""The lock file: one text for one release, and no other text is taken for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pulumi_azureml.release.errors import LockError, ReleaseError
from pulumi_azureml.release.lock import lock_file, read_release, write_release

from .releases import RELEASE, release


def edit(path: Path, *steps: Any, value: Any) -> None:
    """Change one value of a JSON file, as an editor does."""
    document = json.loads(path.read_text())
    inner = document
    for step in steps[:-1]:
        inner = inner[step]
    inner[steps[-1]] = value
    path.write_text(json.dumps(document))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_release(RELEASE, tmp_path / "releases/v1.json")
    assert read_release("v1", tmp_path) == RELEASE


def test_layout_and_order_of_keys_make_no_difference(tmp_path: Path) -> None:
    path = tmp_path / "v1.json"
    write_release(RELEASE, path)
    document = json.loads(path.read_text())
    path.write_text(json.dumps(dict(reversed(document.items())), separators=(",", ":")))
    assert read_release(str(path)) == RELEASE


@pytest.mark.parametrize(
    ("steps", "value"),
    [
        (("assets", 0, "digest"), "f" * 64),
        (("assets", 0, "version"), "2"),
        (("assets", 1, "settings", "image"), "mcr.microsoft.com/base:2"),
        (("deployments", 0, "settings", "miniBatchSize"), 31),
        (("origin", "commit"), "decaf"),
        (("origin", "by"), "eve@example.com"),
        (("gates", 0, "value"), 0.99),
        (("name",), "v2"),
        (("digest",), "sha256:" + "0" * 64),
        (("extra",), "new"),
    ],
)
def test_any_edit_is_found(tmp_path: Path, steps: tuple[Any, ...], value: Any) -> None:
    path = tmp_path / "v1.json"
    write_release(RELEASE, path)
    edit(path, *steps, value=value)
    with pytest.raises(LockError, match=r"was changed after it was made(.|\n)*git checkout"):
        read_release(str(path))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "cannot be read"),
        ("[]", "is no lock file"),
        ('{"assets": []}', "has no formatVersion"),
        ('{"formatVersion": 2}', "has the format version 2, and this version of pulumi-azureml reads 1"),
    ],
)
def test_what_is_no_lock_file_is_told_apart(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "v1.json"
    path.write_text(text)
    with pytest.raises(LockError, match=said):
        read_release(str(path))


def test_a_release_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    for name in ("v1", "v2"):
        write_release(release(name=name), tmp_path / f"releases/{name}.json")
    with pytest.raises(LockError, match=r"no release 'v3'(.|\n)*there are v1, v2"):
        read_release("v3", tmp_path)


def test_a_release_is_never_overwritten_unless_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "v1.json"
    write_release(RELEASE, path)
    with pytest.raises(ReleaseError, match="a release is never changed"):
        write_release(release(assets=()), path)
    assert read_release(str(path)) == RELEASE
    write_release(release(assets=()), path, force=True)
    assert read_release(str(path)).assets == ()
    assert [file.name for file in tmp_path.iterdir()] == ["v1.json"]


def test_a_name_is_a_file_beside_the_program_and_a_path_is_itself(tmp_path: Path) -> None:
    assert lock_file("v1", tmp_path) == tmp_path / "releases/v1.json"
    assert lock_file("locks/v1.json", tmp_path) == tmp_path / "locks/v1.json"
    assert lock_file("/elsewhere/v1.json", tmp_path) == Path("/elsewhere/v1.json")
