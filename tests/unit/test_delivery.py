"""The pipelines of the promotion example: what the services' schemas ask for, and what cannot be seen from those."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/06-promotion"
DELIVERY = EXAMPLE / "delivery"
WORKFLOWS = sorted((DELIVERY / "github").glob("*.yml"))
SCRIPTS = [path for path in sorted(DELIVERY.rglob("*")) if path.is_file() and not path.suffix]
SECRET = re.compile(r"secret|password|passphrase|token|key", re.IGNORECASE)


# As the linter's own hook for pre-commit has it: templates are taken apart, and the schema's patterns are JavaScript's.
AZURE = ("--data-transform", "azure-pipelines", "--regex-variant", "nonunicode")


def checked(schema: str, *arguments: Path | str) -> str:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def jobs(workflow: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(workflow.read_text())["jobs"]
    return found


def commands(workflow: Path) -> list[str]:
    return [step["run"] for job in jobs(workflow).values() for step in job["steps"] if "run" in step]


def test_the_workflows_are_what_github_takes(tmp_path: Path) -> None:
    assert checked("vendor.github-workflows", *WORKFLOWS) == ""
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "runs_on:"))
    assert "runs_on" in checked("vendor.github-workflows", broken)


def test_the_pipeline_is_what_azure_devops_takes(tmp_path: Path) -> None:
    pipeline = DELIVERY / "azure-devops/azure-pipelines.yml"
    assert checked("vendor.azure-pipelines", *AZURE, pipeline, DELIVERY / "azure-devops/prepare.yml") == ""
    broken = tmp_path / "broken.yml"
    broken.write_text(pipeline.read_text().replace("strategy:", "strategies:"))
    assert checked("vendor.azure-pipelines", *AZURE, broken) != ""


def test_a_release_goes_from_one_environment_to_the_next() -> None:
    promote = jobs(DELIVERY / "github/promote.yml")
    assert {name: job["environment"] for name, job in promote.items()} == {n: n for n in ("dev", "test", "prod")}
    assert (promote["test"]["needs"], promote["prod"]["needs"]) == ("dev", "test")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_github_signs_in_by_openid_connect_and_no_secret_of_azure_is_kept(workflow: Path) -> None:
    told = yaml.safe_load(workflow.read_text())
    assert told["permissions"]["id-token"] == "write"
    for job in told["jobs"].values():
        (login,) = [step for step in job["steps"] if str(step.get("uses")).startswith("azure/login@")]
        assert set(login["with"]) == {"client-id", "tenant-id", "subscription-id"}
    assert set(re.findall(r"secrets\.(\w+)", workflow.read_text())) == {"PULUMI_CONFIG_PASSPHRASE"}


def test_no_pipeline_holds_a_secret() -> None:
    for file in DELIVERY.rglob("*.yml"):
        for line in file.read_text().splitlines():
            name, _, value = line.strip().partition(":")
            value = value.partition("#")[0].strip()
            if SECRET.search(name) and value not in {"", "true", '"true"', "write"}:
                assert value.startswith(("$(", "${{")), line


def test_every_script_that_a_pipeline_runs_is_there() -> None:
    pipelines = "\n".join(file.read_text() for file in DELIVERY.rglob("*.yml"))
    named = set(re.findall(r"delivery/[\w/-]+", re.sub(r"#.*", "", pipelines)))
    assert named == {f"delivery/{path.relative_to(DELIVERY)}" for path in SCRIPTS}


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck (Debian's package of that name)")
def test_scripts_and_snippets_are_sound_shell(tmp_path: Path) -> None:
    snippets = []
    for number, text in enumerate(text for workflow in WORKFLOWS for text in commands(workflow)):
        snippet = tmp_path / f"snippet-{number}"
        snippet.write_text(f"#!/usr/bin/env bash\n{re.sub(r'[$][{][{].*?[}][}]', 'value', text)}\n")
        snippets.append(snippet)
    assert len(snippets) > 5
    done = subprocess.run(["shellcheck", *SCRIPTS, *snippets], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_stop_at_the_first_error_and_can_be_run(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    assert "\nset -euo pipefail\n" in script.read_text()
    assert len(script.read_text().splitlines()) <= 20
