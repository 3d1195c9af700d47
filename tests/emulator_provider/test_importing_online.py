"""Import of real-time endpoints: deployments with what they use, and the traffic by deployment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator
from pulumi_azureml.arm import ArmClient
from pulumi_azureml.consume.project import Project
from pulumi_azureml.importing.command import Imported, ImportOptions, import_resources
from pulumi_azureml.importing.discovery import Found, undeclarable
from pulumi_azureml.importing.errors import ImportRefusedError
from pulumi_azureml.resources import CODE, ENVIRONMENT, MODEL, ONLINE_DEPLOYMENT, ONLINE_ENDPOINT, TRAFFIC

from .conftest import connect
from .stack import Stack

SCRIPT = "def init():\n    pass\n\ndef run(raw_data):\n    return raw_data\n"


@pytest.fixture(scope="module")
def imported(
    azureml: RunningEmulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ArmClient, Imported]]:
    """An endpoint with blue, green and a mirror, imported into a program; the client, and what was written."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in azureml.environment.items():
            patch.setenv(name, value)
        client = connect(azureml)
        source = tmp_path_factory.mktemp("src")
        (source / "score.py").write_text(SCRIPT)
        stack = Stack(client, "online-import")
        endpoint = stack.up(ONLINE_ENDPOINT, "endpoint", name="import-online", auth_mode="AMLToken").id
        given = {
            "endpoint": endpoint,
            "model": stack.up(MODEL, "online-model", path=str(source)).id,
            "code": stack.up(CODE, "online-code", path=str(source)).id,
            "environment": stack.up(ENVIRONMENT, "online-env", image="ubuntu:22.04").id,
            "scoring_script": "score.py",
            "instance_type": "Standard_DS3_v2",
            "request_settings": {"request_timeout": "PT20S"},
        }
        for color in ("blue", "green", "next"):
            stack.up(ONLINE_DEPLOYMENT, color, name=color, **given)
        stack.up(TRAFFIC, "live", endpoint=endpoint, traffic={"blue": 90, "green": 10}, mirror_traffic={"next": 5})
        folder = tmp_path_factory.mktemp("program")
        done = run(client, Project("taken-over", "dev", folder), "import-online")
        yield client, done
        stack.destroy()


def run(client: ArmClient, project: Project, *asked: str, **options: Any) -> Imported:
    return import_resources(client, project, ImportOptions(asked, file=project.program / "import.json", **options))


def test_an_endpoint_comes_with_its_deployments_what_they_use_and_its_traffic(
    imported: tuple[ArmClient, Imported],
) -> None:
    _, done = imported
    entries = json.loads(done.file.read_text())["resources"]
    assert [(each["type"].rpartition(":")[2], each["name"]) for each in entries] == [
        ("Code", "online-code"),
        ("Model", "online-model"),
        ("Environment", "online-env"),
        ("OnlineEndpoint", "import-online"),
        ("OnlineDeployment", "blue"),
        ("OnlineDeployment", "green"),
        ("OnlineDeployment", "next"),
        ("Traffic", "import-online-traffic"),
    ]
    assert done.notes == [], "the next `pulumi up` changes nothing"


def test_the_program_says_the_traffic_by_deployment_so_that_it_goes_first_when_all_goes(
    imported: tuple[ArmClient, Imported],
) -> None:
    _, done = imported
    program = done.program.read_text()
    compile(program, done.program, "exec")
    assert "traffic={blue_deployment: 90, green_deployment: 10}" in program
    assert "mirror_traffic={next_deployment: 5}" in program
    assert 'auth_mode="AMLToken"' in program
    assert '"request_timeout": "PT20S"' in program
    assert 'pulumi.export("scoringUri", endpoint.scoring_uri)' in program


def test_machines_are_in_the_state_as_deployments_lend_them(imported: tuple[ArmClient, Imported]) -> None:
    _, done = imported
    (traffic,) = [each for each in json.loads(done.file.read_text())["resources"] if each["name"].endswith("-traffic")]
    assert traffic["inputs"]["instanceTypes"] == {"blue": "Standard_DS3_v2", "green": "Standard_DS3_v2"}


def test_a_deployment_that_scales_by_itself_is_refused_by_name(
    imported: tuple[ArmClient, Imported], tmp_path: Path
) -> None:
    client, _ = imported
    path = f"{client.settings.workspace_id}/onlineEndpoints/import-online/deployments/blue"
    document = client.request("GET", path).body
    document["properties"]["scaleSettings"] = {"scaleType": "TargetUtilization"}
    assert "TargetUtilization" in undeclarable(Found(ONLINE_DEPLOYMENT, path, document))
    document["properties"]["endpointComputeType"] = "Kubernetes"
    assert "Kubernetes" in undeclarable(Found(ONLINE_DEPLOYMENT, path, document))
    with pytest.raises(ImportRefusedError, match="no resource of workspace"):
        run(client, Project("taken-over", "dev", tmp_path), "onlineEndpoints/import-online/nothing/here")
