"""`azureml-stack release …` and `rollback`, on lock files and a `pulumi` that answers as the real one does."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pulumi_azureml import cli
from pulumi_azureml.release.lock import write_release

from .releases import MODEL, ORIGIN, RELEASE

PULUMI = """#!{python}
import json, sys
from pathlib import Path

here = Path(__file__).parent
arguments = [each for each in sys.argv[1:] if each != "--non-interactive"]
with (here / "asked").open("a") as log:
    log.write(" ".join(arguments) + "\\n")
if arguments[:2] == ["config", "--json"]:
    print((here / "config.json").read_text())
elif arguments[:2] == ["stack", "history"]:
    print((here / "history.json").read_text())
elif arguments[0] == "up":
    sys.exit(int((here / "exit").read_text()))
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with releases v1 and v2, and a `pulumi` on PATH that writes down what it is asked."""
    folder, bin_ = tmp_path / "project", tmp_path / "bin"
    folder.mkdir()
    bin_.mkdir()
    (folder / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    write_release(RELEASE, folder / "releases/v1.json")
    model = replace(MODEL, version="fedcba9876543210", digest="d" * 64)
    later = replace(ORIGIN, created="2025-07-01T12:00:00Z", by="bob@example.com", commit="decade")
    write_release(replace(RELEASE, name="v2", origin=later, assets=(model,)), folder / "releases/v2.json")
    (bin_ / "pulumi").write_text(PULUMI.format(python=sys.executable))
    (bin_ / "pulumi").chmod(0o755)
    (bin_ / "exit").write_text("0")
    (bin_ / "config.json").write_text(json.dumps({"azureml:release": {"value": "v2"}}))
    (bin_ / "history.json").write_text(json.dumps([update("v2"), update("v1")]))
    monkeypatch.setenv("PATH", str(bin_))
    monkeypatch.chdir(folder)
    return folder


def update(release: str) -> dict[str, Any]:
    return {"kind": "update", "result": "succeeded", "config": {"azureml:release": {"value": release}}}


def asked(project: Path) -> list[str]:
    return (project.parent / "bin/asked").read_text().splitlines()


def test_show_tells_where_a_release_comes_from_what_it_holds_and_what_its_gates_found(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["release", "show", "v1"]) == 0
    told = capsys.readouterr().out
    for line in (
        "made      2025-06-01T12:00:00Z by ada@example.com",
        "from      stack digits/dev, commit c0ffee",
        f"workspace {ORIGIN.workspace}",
        "Model model: digits-model:0123456789abcdef, 2 files, 1.2 kB",
        f"sha256 {'a' * 64}",
        "miniBatchSize: 30",
        "gate: accuracy 0.97 (job-1)",
    ):
        assert line in told


def test_diff_tells_where_both_come_from_and_what_differs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["release", "diff", "v1", "v2"]) == 3
    told = capsys.readouterr().out
    assert "by ada@example.com" in told
    assert "by bob@example.com" in told
    assert "commit decade" in told
    assert "~ Model 'model': digits-model:0123456789abcdef → digits-model:fedcba9876543210" in told
    assert "- Environment 'env': digits-env:1" in told
    assert cli.main(["release", "diff", "v1", "v1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["commit"] == "c0ffee"


def test_a_release_that_is_not_there_is_answered_with_those_that_are(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["release", "show", "v3"]) == 2
    assert "there are v1, v2" in capsys.readouterr().err


def test_rollback_sets_the_release_before_and_runs_one_up(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rollback", "--stack", "prod", "--yes"]) == 0
    assert asked(project)[-2:] == ["config set azureml:release v1 --stack prod", "up --stack prod --yes"]
    assert "goes back from release v2 to v1" in capsys.readouterr().out


def test_rollback_takes_a_release_by_name_and_leaves_the_up_to_the_user(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["rollback", "--to", "v1", "--no-up"]) == 0
    assert asked(project)[-1] == "config set azureml:release v1"
    assert "pulumi up" in capsys.readouterr().out


def test_rollback_ends_as_the_up_ends(project: Path) -> None:
    (project.parent / "bin/exit").write_text("5")
    assert cli.main(["rollback", "--yes"]) == 5


@pytest.mark.parametrize("how", ["gone", "edited", "nothing before"])
def test_a_rollback_that_cannot_be_changes_nothing(project: Path, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    lock = project / "releases/v1.json"
    if how == "gone":
        lock.unlink()
    elif how == "edited":
        lock.write_text(lock.read_text().replace("0123456789abcdef", "fedcba9876543210"))
    else:
        (project.parent / "bin/history.json").write_text(json.dumps([update("v2")]))
    assert cli.main(["rollback", "--yes"]) != 0
    assert {"gone": "no release 'v1'", "edited": "was changed after it was made", "nothing before": "--to NAME"}[
        how
    ] in capsys.readouterr().err
    assert not [line for line in asked(project) if line.startswith(("config set", "up"))]
