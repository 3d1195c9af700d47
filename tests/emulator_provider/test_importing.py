"""Import: what is there is declared as it is, and what cannot be declared is refused or left out by name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator
from pulumi_azureml.arm import ArmClient, NotFoundError
from pulumi_azureml.consume.project import Project
from pulumi_azureml.importing.command import Imported, ImportOptions, import_resources
from pulumi_azureml.importing.errors import ImportRefusedError
from pulumi_azureml.resources import (
    BATCH_DEPLOYMENT,
    BATCH_ENDPOINT,
    CODE,
    COMPUTE,
    DATA,
    DEFAULT_DEPLOYMENT,
    ENVIRONMENT,
    MODEL,
)

from .stack import Stack

CONDA = "name: e\ndependencies: [python=3.11]\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "program"
    folder.mkdir()
    return Project("taken-over", "dev", folder)


@pytest.fixture
def deployed(stack: Stack, source: Path) -> Stack:
    """Two endpoints whose deployments have one name and share what they use."""
    given = {
        "model": stack.up(MODEL, "model", path=str(source), tags={"of": "both"}).id,
        "code": stack.up(CODE, "code", path=str(source)).id,
        "environment": stack.up(ENVIRONMENT, "env", image="ubuntu:22.04", conda_file=CONDA).id,
        "compute": stack.up(COMPUTE, "cpu", vm_size="STANDARD_D2_V2").id,
        "scoring_script": "score.py",
    }
    for name in ("first", "second"):
        endpoint = stack.up(BATCH_ENDPOINT, name, name=f"import-{name}")
        blue = stack.up(BATCH_DEPLOYMENT, f"{name}-blue", name="blue", endpoint=endpoint.id, **given)
        stack.up(DEFAULT_DEPLOYMENT, f"{name}-default", endpoint=endpoint.id, deployment=blue.id)
    return stack


def run(client: ArmClient, project: Project, *asked: str, **options: Any) -> Imported:
    return import_resources(client, project, ImportOptions(asked, file=project.program / "import.json", **options))


def entries(done: Imported) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(done.file.read_text())["resources"]
    return found


def test_two_endpoints_share_what_both_use_and_have_names_of_their_own(
    client: ArmClient, project: Project, deployed: Stack
) -> None:
    done = run(client, project, "import-first", "import-second")
    named = [(entry["type"].rpartition(":")[2], entry["name"]) for entry in entries(done)]
    assert sorted(named) == sorted(
        [
            ("Code", "code"),
            ("Model", "model"),
            ("Environment", "env"),
            ("Compute", "cpu"),
            ("BatchEndpoint", "import-first"),
            ("BatchEndpoint", "import-second"),
            ("BatchDeployment", "import-first-blue"),
            ("BatchDeployment", "import-second-blue"),
            ("DefaultDeployment", "import-first-default"),
            ("DefaultDeployment", "import-second-default"),
        ]
    )
    assert done.notes == []
    assert (project.program / "environments/env.yaml").read_text() == CONDA
    assert (project.program / "code/code/score.py").read_text().startswith("def run")


def test_the_program_is_valid_and_formatted(client: ArmClient, project: Project, deployed: Stack) -> None:
    done = run(client, project, "import-first", "import-second")
    compile(done.program.read_text(), done.program, "exec")
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length", "120", done.program]
    formatted = subprocess.run(command, capture_output=True, text=True, check=False)
    assert formatted.returncode == 0, done.program.read_text()
    assert 'tags={"of": "both"}' in done.program.read_text()
    assert "pulumi-owner" not in done.program.read_text()


def test_nothing_in_the_workspace_is_changed(
    azureml: RunningEmulator, client: ArmClient, project: Project, deployed: Stack
) -> None:
    azureml.control("POST", "/_emulator/requests/reset")
    run(client, project, "import-first")
    sent = azureml.control("GET", "/_emulator/requests")["by"]
    assert not [name for name in sent if name.startswith(("PUT", "PATCH", "DELETE"))]


def test_a_state_belongs_to_the_stack_that_it_is_imported_into(
    client: ArmClient, project: Project, deployed: Stack
) -> None:
    for entry in entries(run(client, project, "import-first")):
        assert entry["inputs"]["resourceUrn"] == f"urn:pulumi:dev::taken-over::{entry['type']}::{entry['name']}"
        assert entry["inputs"]["__provider"] == entry["outputs"]["__provider"]
        assert entry["id"] == entry["inputs"]["armId"]


def test_single_resources_are_asked_for_by_path_by_id_and_by_short_name(
    client: ArmClient, project: Project, stack: Stack, source: Path
) -> None:
    model = stack.up(MODEL, "single", path=str(source), version="3")
    stack.up(COMPUTE, "single-cpu", vm_size="STANDARD_D2_V2")
    data = stack.up(DATA, "numbers", path=str(source / "score.py"))
    done = run(client, project, "azureml:single:3", "computes/single-cpu", data.id, program=Path("assets.py"))
    assert {entry["id"] for entry in entries(done)} >= {model.id, data.id}
    program = done.program.read_text()
    assert f'path="{model.outputs["modelUri"]}"' in program
    assert 'data_type="uri_file"' in program
    assert "import pulumi\n" not in program


def test_a_short_name_of_several_meanings_is_refused_with_all_of_them(
    client: ArmClient, project: Project, stack: Stack, source: Path
) -> None:
    stack.up(MODEL, "both", path=str(source), version="1")
    stack.up(DATA, "both-data", name="both", path=str(source), version="1")
    with pytest.raises(ImportRefusedError, match=r"models/both/versions/1(.|\n)*data/both/versions/1"):
        run(client, project, "azureml:both:1")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("azureml:nothing:1", "has no such version"),
        ("jobs/some-job", "a kind that cannot be declared"),
        ("/subscriptions/x/resourceGroups/y", "no resource of workspace"),
        ("datastores/workspaceblobstore", "comes and goes with the workspace"),
    ],
)
def test_what_cannot_be_imported_is_refused_and_nothing_is_written(
    client: ArmClient, project: Project, asked: str, told: str
) -> None:
    with pytest.raises(ImportRefusedError, match=told):
        run(client, project, asked)
    assert list(project.program.iterdir()) == []


def test_an_endpoint_that_does_not_exist_is_said(client: ArmClient, project: Project) -> None:
    with pytest.raises(NotFoundError, match="no-such-endpoint"):
        run(client, project, "no-such-endpoint")


def test_files_are_overwritten_only_by_force(client: ArmClient, project: Project, deployed: Stack) -> None:
    (project.program / "__main__.py").write_text("# mine\n")
    with pytest.raises(ImportRefusedError, match=r"__main__\.py(.|\n)*--force"):
        run(client, project, "import-first")
    assert (project.program / "__main__.py").read_text() == "# mine\n"
    assert "azureml.BatchEndpoint(" in run(client, project, "import-first", force=True).program.read_text()


def test_a_deployment_that_cannot_be_declared_is_left_out_and_named(
    client: ArmClient, project: Project, deployed: Stack
) -> None:
    endpoint = deployed.made["first"][1].id
    document = client.request("GET", f"{endpoint}/deployments/blue").body
    store = f"{client.settings.workspace_id}/datastores/workspaceblobstore"
    document["properties"]["model"] = {"referenceType": "DataPath", "datastoreId": store, "path": "model"}
    client.request("PUT", f"{endpoint}/deployments/by-path", json=document)
    done = run(client, project, "import-first")
    (note,) = done.notes
    assert "by-path" in note
    assert "DataPath" in note
    assert note in done.program.read_text()
    assert not [entry for entry in entries(done) if entry["id"].endswith("by-path")]
    client.request("DELETE", f"{endpoint}/deployments/by-path")


def test_what_was_written_is_removed_when_the_code_cannot_be_had(
    client: ArmClient, project: Project, stack: Stack
) -> None:
    uri = "azureml://datastores/workspaceblobstore/paths/nothing/here"
    resource = f"{client.settings.workspace_id}/codes/hollow/versions/1"
    client.request("PUT", resource, json={"properties": {"codeUri": uri}})
    with pytest.raises(ImportRefusedError, match="no file at its codeUri"):
        run(client, project, "codes/hollow/versions/1")
    assert not [path for path in project.program.rglob("*") if path.is_file()]
    client.request("DELETE", resource)
