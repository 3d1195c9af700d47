from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pulumi_azureml.arm import ConfigError
from pulumi_azureml.consume import StackError
from pulumi_azureml.consume.stack import ENDPOINT_OUTPUTS, SCORING_URI_OUTPUTS, Stack, endpoint_output, find_pulumi
from pulumi_azureml.consume.target import Target, TargetOptions

CONFIGURATION = {
    "azureml:subscriptionId": {"value": "00000000-0000-0000-0000-000000000001", "secret": False},
    "azureml:resourceGroup": {"value": "group", "secret": False},
    "azureml:workspace": {"value": "space", "secret": False},
    "azureml:location": {"value": "eastus", "secret": False},
    "azureml:hidden": {"secret": True},
    "other:key": {"value": "x", "secret": False},
}
ENVIRONMENT = {
    "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000002",
    "AZUREML_RESOURCE_GROUP": "group-of-environment",
    "AZUREML_WORKSPACE": "space-of-environment",
    "AZUREML_LOCATION": "westeurope",
}


class Pulumi:
    """Answers as the CLI does, and records what it was asked."""

    def __init__(self, outputs: Any = None, error: str = "", answer: str | None = None) -> None:
        self.outputs, self.error, self.answer = outputs or {}, error, answer
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, command: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
        self.asked.append(tuple(command[1:]))
        if self.error:
            return subprocess.CompletedProcess(command, 255, "", self.error)
        body = CONFIGURATION if command[1] == "config" else self.outputs
        return subprocess.CompletedProcess(command, 0, self.answer or json.dumps(body), "")


@pytest.fixture(autouse=True)
def _pulumi_on_path(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("bin")
    (folder / "pulumi").write_text("#!/bin/sh\n")
    (folder / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: digits\n")
    return tmp_path


def target(pulumi: Pulumi, **options: Any) -> Target:
    options.setdefault("environment", {})
    return Target(TargetOptions(**options), Stack(options.get("stack"), options["cwd"], run=pulumi))


def test_endpoint_and_workspace_come_from_the_stack(project: Path):
    pulumi = Pulumi({"scoringUri": "https://host/jobs"})
    settings, uri = target(pulumi, cwd=project, stack="dev").settings_and_scoring_uri()
    assert uri == "https://host/jobs"
    assert (settings.workspace, settings.resource_group) == ("space", "group")
    assert sorted(pulumi.asked) == [
        ("config", "--json", "--stack", "dev", "--non-interactive"),
        ("stack", "output", "--json", "--stack", "dev", "--non-interactive"),
    ]


def test_the_selected_stack_is_the_default(project: Path):
    pulumi = Pulumi()
    assert target(pulumi, cwd=project).settings().workspace == "space"
    assert pulumi.asked == [("config", "--json", "--non-interactive")]


def test_a_sub_folder_of_the_project_will_do(project: Path):
    (project / "src").mkdir()
    assert target(Pulumi(), cwd=project / "src").settings().workspace == "space"


def test_a_complete_environment_needs_no_pulumi_outside_of_a_project(tmp_path: Path):
    pulumi = Pulumi()
    found = target(pulumi, cwd=tmp_path, scoring_uri="https://host/jobs", environment=ENVIRONMENT)
    settings, uri = found.settings_and_scoring_uri()
    assert (settings.workspace, uri) == ("space-of-environment", "https://host/jobs")
    assert pulumi.asked == []


def test_inside_a_project_the_stack_wins_over_the_environment(project: Path):
    assert target(Pulumi(), cwd=project, environment=ENVIRONMENT).settings().workspace == "space"


def test_neither_project_nor_environment_is_told(tmp_path: Path):
    with pytest.raises(StackError) as caught:
        target(Pulumi(), cwd=tmp_path).settings()
    for part in ("no Pulumi project", str(tmp_path), "--cwd", "azureml:workspace is not set"):
        assert part in str(caught.value)


def test_an_incomplete_configuration_is_told(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(CONFIGURATION, "azureml:workspace")
    with pytest.raises(ConfigError, match="azureml:workspace is not set"):
        target(Pulumi(), cwd=project).settings()


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("error: no Pulumi.yaml project file found (searching upwards from /tmp).", "--cwd FOLDER"),
        ("error: no stack selected; please use `pulumi stack select`", "--stack NAME"),
        ("error: no stack named 'dev' found", "pulumi stack ls"),
        ("error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE"),
        ("error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions", "pulumi login"),
    ],
)
def test_what_pulumi_refuses_is_told_with_the_way_out(project: Path, said: str, hint: str):
    with pytest.raises(StackError) as caught:
        target(Pulumi(error=said), cwd=project).settings()
    assert said.removeprefix("error: ") in str(caught.value)
    assert hint in str(caught.value).partition("what to do:")[2]
    assert "`pulumi config --json" in str(caught.value)


def test_a_preview_that_fails_is_told_by_its_errors_alone(project: Path):
    told = {"config": {"azureml:mode": "x"}, "diagnostics": [{"severity": "error", "message": "no such model"}]}
    with pytest.raises(StackError) as caught:
        Stack("dev", project, Pulumi(error=json.dumps(told))).preview()
    assert str(caught.value).endswith("failed: no such model")


def test_an_answer_that_is_no_json_is_told(project: Path):
    with pytest.raises(StackError, match="did not answer JSON"):
        target(Pulumi(answer="Logging in…"), cwd=project).settings()


def test_a_project_folder_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(StackError, match="does not exist"):
        Stack(None, tmp_path / "gone").outputs()


def test_no_pulumi_is_told_with_the_alternatives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(StackError) as caught:
        find_pulumi()
    for part in ("no `pulumi` on PATH", "Install it", "--endpoint", "AZUREML_WORKSPACE"):
        assert part in str(caught.value)


def test_pulumi_beside_this_python_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", "")
    (tmp_path / "pulumi").write_text("#!/bin/sh\n")
    (tmp_path / "pulumi").chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert find_pulumi() == str(tmp_path / "pulumi")


def test_outputs_are_found_by_convention_or_by_name():
    outputs = {"scoring_uri": "https://snake", "endpointName": "digits", "blueUri": "https://blue"}
    assert endpoint_output(outputs, "stack 'dev'", None, SCORING_URI_OUTPUTS) == "https://snake"
    assert endpoint_output(outputs, "stack 'dev'", None, ENDPOINT_OUTPUTS) == "digits"
    assert endpoint_output(outputs, "stack 'dev'", "blueUri", SCORING_URI_OUTPUTS) == "https://blue"


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        ({"a": "1", "b": "2"}, "has no output 'scoringUri'. Its outputs: a, b."),
        ({}, "run `pulumi up` first"),
        ({"scoringUri": ["x"]}, "is no plain text"),
        ({"scoringUri": "[secret]"}, "is no plain text"),
    ],
)
def test_an_output_that_is_missing_is_told_with_those_there_are(outputs: dict[str, Any], told: str):
    with pytest.raises(StackError) as caught:
        endpoint_output(outputs, "stack 'dev'", None, SCORING_URI_OUTPUTS)
    assert told in str(caught.value)
