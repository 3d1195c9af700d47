"""`azureml-stack policy`: what it prints, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pulumi_azureml.cli import main

from .test_rules import OWNED, UNKNOWN, preview


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "preview.json"


def test_a_rule_that_is_not_kept_is_told_and_fails(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(json.dumps(preview("Model", {"path": "model"})))
    assert main(["policy", "--preview", str(file)]) == 1
    assert "violates  no-local-assets: Model 'it': its content is the local path 'model'" in capsys.readouterr().out


def test_rules_that_are_kept_pass(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(json.dumps(preview("Model", {"path": "azureml://m"})))
    assert main(["policy", "--preview", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["event"] == "passed"


def test_what_is_not_known_yet_is_told_and_does_not_fail(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(json.dumps(preview("BatchDeployment", {**OWNED, "instanceCount": UNKNOWN})))
    assert main(["policy", "--preview", str(file)]) == 0
    assert "unknown   bounded-compute: BatchDeployment 'it'" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "Previewing update"])
def test_a_file_that_is_no_preview_is_refused(file: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    file.write_text(text)
    assert main(["policy", "--preview", str(file)]) == 2
    assert "is not what `pulumi preview --json` writes" in capsys.readouterr().err
