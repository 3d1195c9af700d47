"""A pipeline endpoint invoked by the command with named inputs, against the local Azure ML that runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.batch_service import Service as Rest
from emulator.pipeline_service import Pipelines, to_parent
from pulumi_azureml import cli

from .conftest import Service

COMMAND = """
    mkdir -p ${{outputs.model}}/deep
    cat ${{inputs.left}}/*.txt ${{inputs.right}} > ${{outputs.model}}/deep/weights.txt
    echo "${{inputs.rate}} ${{inputs.quick}} ${{inputs.kernel}}" > ${{outputs.report}}
"""
INPUTS = {
    "left": {"type": "uri_folder"},
    "right": {"type": "uri_file"},
    "rate": {"type": "number", "min": 0, "max": 1},
    "quick": {"type": "boolean", "default": "False"},
    "kernel": {"type": "string", "default": "linear"},
}
OUTPUTS = {"model": {"type": "uri_folder"}, "report": {"type": "uri_file"}}


@pytest.fixture(scope="module")
def pipeline(service: Service) -> Iterator[str]:
    """The name of an endpoint whose pipeline copies its inputs into its outputs."""
    with Rest(service.emulator) as rest:
        pipelines = Pipelines(rest)
        bound = {name: {"job_input_type": "literal", "value": f"${{{{parent.inputs.{name}}}}}"} for name in INPUTS}
        step = {"type": "command", "componentId": pipelines.command(COMMAND, inputs=INPUTS, outputs=OUTPUTS)}
        job = {**step, "inputs": bound, "outputs": {name: to_parent(name) for name in OUTPUTS}}
        yield pipelines.deploy(pipelines.pipeline({"train": job}, inputs=INPUTS, outputs=OUTPUTS)).name


@pytest.fixture
def given(pipeline: str, project: Path) -> list[str]:
    """The command with all data inputs."""
    (project / "one.txt").write_text("one\n")
    (project / "in" / "file 1.txt").write_text("folder\n")
    for each in (project / "in").glob("file [2-4].txt"):
        each.unlink()
    return ["invoke", "--endpoint", pipeline, "--input", "left=in", "--input", "right=one.txt"]


def read(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_a_pipeline_runs_with_named_inputs_and_its_outputs_are_saved_by_name(given: list[str], project: Path) -> None:
    assert cli.main([*given, "--set", "rate=0.25", "--set", "quick=true", "--download", "out"]) == 0
    found = read(project / "out")
    assert found.pop("model/deep/weights.txt") == "folder\none\n"
    ((_, report),) = found.items()
    assert report.lower() == "0.25 true linear\n"


def test_outputs_go_where_the_caller_wants_them(given: list[str], project: Path) -> None:
    place = f"azureml://datastores/workspaceblobstore/paths/{project.name}"
    wanted = ["--output", f"model={place}/model", "--output", f"report={place}/report.txt"]
    assert cli.main([*given, "--set", "rate=1", *wanted, "--download", "out"]) == 0
    assert set(read(project / "out")) == {"model/deep/weights.txt", "report/report.txt"}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([], "inputData.rate"),
        (["--set", "rate=2"], "inputData.rate.value"),
        (["--set", "rate=fast"], "inputData.rate.value"),
        (["--set", "rate=1", "--set", "speed=1"], "inputData.speed"),
        (["--set", "rate=1", "--set", "left=1"], "'left' is both data and a literal"),
    ],
)
def test_an_input_that_does_not_fit_is_told_by_its_name(
    given: list[str], more: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*given, *more, "--json"]) in {1, 2}
    event: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told in event["message"]
