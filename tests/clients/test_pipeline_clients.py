"""Generated clients of a pipeline endpoint, run as their users would, against the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from azureml_codegen import generate
from azureml_emulator.settings import LOCATION, RESOURCE_GROUP, SUBSCRIPTION_ID, WORKSPACE_NAME
from azureml_emulator.testing import RunningEmulator
from clients.deployed import Clients
from emulator.batch_service import Service
from emulator.pipeline_service import Pipelines, to_parent
from pulumi_azureml.arm import ArmClient, Settings
from pulumi_azureml.consume import generate_client

DATA = "data=azureml://datastores/workspaceblobstore/paths/given/numbers"
COMMAND = """
    mkdir -p ${{outputs.model}}/deep
    cat ${{inputs.data}}/*.txt > ${{outputs.model}}/deep/weights.txt
    echo "${{inputs.rate}} ${{inputs.rounds}} ${{inputs.kernel}} ${{inputs.quick}}" > ${{outputs.report}}
"""
INPUTS = {
    "data": {"type": "uri_folder", "description": "numbers to learn from"},
    "rate": {"type": "number", "min": 0, "max": 1},
    "rounds": {"type": "integer", "default": 3},
    "kernel": {"type": "string", "default": "poly", "enum": ["linear", "poly"]},
    "quick": {"type": "boolean", "default": "True"},
}
OUTPUTS = {"model": {"type": "uri_folder"}, "report": {"type": "uri_file"}}


@pytest.fixture(scope="module")
def pipeline(local: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    with Service(local) as service:
        pipelines = Pipelines(service)
        service.upload("given/numbers", {"a.txt": "1\n", "b.txt": "22\n"})
        step = pipelines.command(COMMAND, inputs=INPUTS, outputs=OUTPUTS)
        bound = {name: {"job_input_type": "literal", "value": f"${{{{parent.inputs.{name}}}}}"} for name in INPUTS}
        job = {"type": "command", "componentId": step, "inputs": bound}
        job["outputs"] = {name: to_parent(name) for name in OUTPUTS}
        deployed = pipelines.deploy(pipelines.pipeline({"train": job}, inputs=INPUTS, outputs=OUTPUTS))
        yield Clients(deployed, "pipeline", tmp_path_factory.mktemp("clients"))


def test_a_pipeline_runs_with_the_values_given_and_its_outputs_are_saved(
    pipeline: Clients, language: str, tmp_path: Path
):
    given = (DATA, "rate=0.25", "rounds=5", "kernel=linear", "quick=false")
    client = pipeline.of(language)
    pipeline.busy(503, 13)
    done = client.run(pipeline.environment, tmp_path / "out", *given)
    assert done.code == 0, done.err
    files = {
        str(file.relative_to(tmp_path / "out")): file.read_text() for file in tmp_path.rglob("*") if file.is_file()
    }
    assert files["model/deep/weights.txt"] == "1\n22\n"
    assert files["report"].lower() == "0.25 5 linear false\n"
    assert done.waited[0] == 13


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ((DATA,), "inputs.rate is missing"),
        ((DATA, "rate=high"), "inputs.rate must be of the type number, not"),
        ((DATA, "rate=1.5"), "inputs.rate must be from 0 to 1, not 1.5"),
        ((DATA, "rate=1", "rounds=2.5"), "inputs.rounds must be of the type integer, not 2.5"),
        ((DATA, "rate=1", "kernel=rbf"), "inputs.kernel must be one of"),
        ((DATA, "rate=1", "quick=3"), "inputs.quick must be of the type boolean, not 3"),
        ((DATA, "rate=1", "rat=1"), "inputs.rat is not known"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_the_name_of_the_field(
    pipeline: Clients, language: str, tmp_path: Path, given: tuple[str, ...], told: str
):
    done = pipeline.of(language).run(pipeline.environment, tmp_path / "out", *given)
    assert done.code == 1
    assert told in done.err


def test_what_is_left_out_has_its_default(pipeline: Clients, language: str, tmp_path: Path):
    done = pipeline.of(language).run(pipeline.environment, tmp_path / "out", DATA, "rate=1")
    assert done.code == 0, done.err
    assert (tmp_path / "out" / "report").read_text().lower().split()[1:] == ["3", "poly", "true"]


def test_the_command_line_writes_this_very_client(pipeline: Clients, monkeypatch: pytest.MonkeyPatch):
    workspace = {"subscriptionId": SUBSCRIPTION_ID, "resourceGroup": RESOURCE_GROUP, "workspace": WORKSPACE_NAME}
    for name, value in pipeline.environment.items():
        monkeypatch.setenv(name, value)
    client = ArmClient.from_settings(Settings.from_mapping({**workspace, "location": LOCATION}))
    assert generate_client(client, pipeline.deployed.name, "r") == generate(pipeline.endpoint(), "r")
