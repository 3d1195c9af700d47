"""``azureml-stack data-factory`` writes pipelines as files of a factory's repository, which run."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from emulator.batch_service import ECHO, Endpoint
from pulumi_azureml import cli

from .conftest import Cloud
from .interpreter import Factory
from .test_runs import TABLE, put, scoring_uri

GUID = "0f1a2b3c-0000-4000-8000-00000000abcd"


@pytest.fixture
def project(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, with the workspace in the environment; Azure's own names lead to the emulator."""
    _, _, subscription, _, group, *_, workspace = cloud.service.workspace.split("/")
    for name, value in {
        **cloud.service.emulator.real_names,
        "AZURE_SUBSCRIPTION_ID": subscription,
        "AZUREML_RESOURCE_GROUP": group,
        "AZUREML_WORKSPACE": workspace,
        "AZUREML_LOCATION": "eastus",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def test_a_pipeline_endpoints_own_inputs_are_the_parameters_and_the_file_runs(
    cloud: Cloud, project: Path, endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["data-factory", "--endpoint", endpoint.name, "--folder", "factory", "--poll", "1"]) == 0
    assert capsys.readouterr().out == f"Wrote factory/pipeline/{endpoint.name}.json\n"
    document = written(project / f"factory/pipeline/{endpoint.name}.json")
    assert document["properties"]["parameters"] == {
        "table": {"type": "String"}, "times": {"type": "Int"}, "word": {"type": "String"}
    }  # fmt: skip
    factory: Factory = cloud.factory(f"adf-{uuid.uuid4().hex[:8]}")
    put(cloud, factory, document)
    run = factory.run(endpoint.name, table=TABLE, times=1, word="eins")
    job = run.outputs["Run job"]["name"]
    assert cloud.service.read(f"azureml/{job}/out/all.txt") == "row\neins\n"


def test_a_model_takes_one_folder_and_what_is_given_wins(
    cloud: Cloud, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scoring = cloud.service.deploy(ECHO)
    assert cli.main(["data-factory", "--scoring-uri", scoring_uri(scoring)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["name"] == scoring.name
    assert printed["properties"]["parameters"] == {"data": {"type": "String"}}
    arguments = ["--input", f"pictures=uri_file:{TABLE}", "--output-data", "score=uri_folder", "--timeout", "PT1H"]
    command = ["data-factory", "--endpoint", scoring.name, "--name", "nightly", "--json", *arguments]
    assert cli.main(command) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["path"]) == ("pipeline", "pipeline/nightly.json")
    assert told["document"]["properties"]["parameters"] == {
        "pictures": {"type": "String", "defaultValue": TABLE}, "score": {"type": "String"}
    }  # fmt: skip


def test_a_v1_pipeline_comes_with_its_linked_service(cloud: Cloud, project: Path) -> None:
    command = [
        "data-factory", "--pipeline-endpoint-id", GUID, "--pipeline-version", "2", "--linked-service", "AzureML",
        "--input", "rate=number:0.5", "--input", "quick=boolean:true", "--name", "old", "--folder", "factory",
    ]  # fmt: skip
    assert cli.main(command) == 0
    activity = written(project / "factory/pipeline/old.json")["properties"]["activities"][0]
    assert activity["typeProperties"]["version"] == "2"
    service = written(project / "factory/linkedService/AzureML.json")
    assert service["properties"]["typeProperties"]["mlWorkspaceName"] == "local"
    factory: Factory = cloud.factory(f"adf-{uuid.uuid4().hex[:8]}")
    put(cloud, factory, service, "linkedservices")
    put(cloud, factory, written(project / "factory/pipeline/old.json"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--input", "a-b=string"], "--input a-b should be named with letters, digits and '_'"),
        (["--input", "a=folder"], "--input a.type should be one of uri_folder"),
        (["--linked-service", "x"], "--linked-service is for v1 pipelines"),
        (["--poll", "0"], "--poll should be from 1 to 86400 seconds, not 0"),
        (["--timeout", "soon"], "--timeout should be an ISO 8601 duration"),
    ],
)
def test_a_wrong_option_is_named(
    project: Path, endpoint: Endpoint, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    assert cli.main(["data-factory", "--endpoint", endpoint.name, *arguments]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("text", ["rate", "rate=", "=number", "rate=number:much", "quick=boolean:perhaps"])
def test_an_input_that_cannot_be_read_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["data-factory", "--endpoint", "e", "--input", text])
    assert "argument --input:" in capsys.readouterr().err


def test_an_endpoint_without_a_deployment_is_told(
    cloud: Cloud, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.service.put("batchEndpoints/factory-empty", {"authMode": "AADToken"}, location="eastus")
    assert cli.main(["data-factory", "--endpoint", "factory-empty"]) == 2
    assert "'factory-empty' has no default deployment" in capsys.readouterr().err
