"""Registries: assets that several workspaces share, and what they may be made of."""

from __future__ import annotations

from typing import Any

import pytest
from arm_client import Arm

from emulator.batch_service import FILES, Service
from emulator.online_service import OnlineEndpoint

SCRIPT = """
import os
from pathlib import Path

def run(mini_batch):
    weights = next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("weights.txt")).read_text()
    return [f"{Path(path).read_text()} by {weights}" for path in mini_batch]
"""

ONLINE_SCRIPT = """
import os
from pathlib import Path

def init():
    pass

def run(raw_data):
    return "by " + next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("weights.txt")).read_text()
"""


@pytest.fixture
def registry(arm: Arm, name: str) -> str:
    """The ARM id of a registry of the test's own."""
    return arm.emulator.add_registry(f"reg-{name}")


def upload(arm: Arm, version: str, files: dict[str, str]) -> str:
    """Upload files to where a version's are to be; return the address of their folder."""
    started = arm.call("POST", f"{version}/startPendingUpload", {"pendingUploadType": "TemporaryBlobReference"})
    assert started.status_code == 200, started.text
    place = started.json()["blobReferenceForConsumption"]
    folder, _, signature = place["credential"]["sasUri"].partition("?")
    for file, content in files.items():
        sent = arm.session.put(
            f"{folder}/it/{file}?{signature}",
            data=content,
            headers={"x-ms-blob-type": "BlockBlob", "Authorization": ""},
        )
        assert sent.status_code == 201, sent.text
    return f"{place['blobUri']}/it"


def body(arm: Arm, registry: str, kind: str) -> dict[str, Any]:
    path = f"{registry}/{kind}/it/versions/1"
    if kind == "environments":
        return {"image": "ubuntu:22.04"}
    uri = upload(arm, path, {"a.py": "x"})
    return {"codes": {"codeUri": uri}, "models": {"modelUri": uri}, "data": {"dataUri": uri, "dataType": "uri_folder"}}[
        kind
    ]


@pytest.mark.parametrize("kind", ["codes", "models", "environments", "data"])
def test_an_asset_is_made_by_a_long_running_put_read_listed_and_deleted(arm: Arm, registry: str, kind: str) -> None:
    path = f"{registry}/{kind}/it/versions/1"
    made = arm.call("PUT", path, {"properties": body(arm, registry, kind)})
    assert made.status_code == 201
    status = arm.call("GET", made.headers["Azure-AsyncOperation"])
    assert status.json()["status"] == "Succeeded"
    found = arm.get(path)
    assert found["id"] == path
    assert found["type"] == f"Microsoft.MachineLearningServices/registries/{kind}/versions"
    assert [each["name"] for each in arm.get(f"{registry}/{kind}/it/versions")["value"]] == ["1"]
    assert arm.get(f"{registry}/{kind}/it")["properties"]["latestVersion"] == "1"
    assert arm.get(f"{kind}")["value"] == [] or "it" not in {each["name"] for each in arm.get(kind)["value"]}
    assert arm.call("DELETE", path).status_code == 202
    status_code, code, message = arm.refused("GET", path)
    assert (status_code, code) == (404, "UserError")
    assert f"azureml://registries/{registry.rsplit('/', 1)[1]}/{kind}/it/versions/1" in message


def test_files_of_a_workspace_are_refused(arm: Arm, registry: str) -> None:
    path = f"{registry}/models/it/versions/1"
    told = arm.refused("PUT", path, {"properties": {"modelUri": arm.asset_uri("LocalUpload/1/a")}})
    assert told[:2] == (400, "UserError")
    assert "not in the storage of the registry" in told[2]


def test_a_model_without_files_is_refused(arm: Arm, registry: str) -> None:
    path = f"{registry}/models/it/versions/1"
    nowhere = upload(arm, path, {"a": "x"}).replace("/it", "/nothing")
    answer = arm.call("PUT", path, {"properties": {"modelUri": nowhere}})
    assert answer.status_code == 400
    assert "No blobs found" in answer.text


def test_the_name_of_a_registry_is_unique_and_its_regions_hold_its_own(arm: Arm, registry: str) -> None:
    group = arm.workspace.partition("/providers/")[0]
    arm.call("PUT", f"{group.rsplit('/', 1)[0]}/other-group", {"location": "eastus"})
    other = registry.replace(f"{group}/", f"{group.rsplit('/', 1)[0]}/other-group/")
    properties = {"regionDetails": [{"location": "eastus"}]}
    taken = arm.refused("PUT", other, {"location": "eastus", "properties": properties})
    assert taken[:2] == (409, "Conflict")
    fresh = f"{registry}-2"
    assert "Region Details" in arm.refused("PUT", fresh, {"location": "eastus", "properties": {}})[2]
    elsewhere = arm.refused("PUT", fresh, {"location": "westus", "properties": properties})
    assert "not among its regions" in elsewhere[2]
    made = arm.call("PUT", fresh, {"location": "East US", "properties": properties})
    assert made.status_code == 201
    assert made.json()["properties"]["regionDetails"][0]["location"] == "eastus"


def test_clients_find_a_registry_by_its_name(arm: Arm, registry: str) -> None:
    name = registry.rsplit("/", 1)[1]
    found = arm.get(f"{arm.emulator.origin}/registrymanagement/v1.0/registries/{name}/discovery", version=None)
    assert (found["registryName"], found["resourceGroup"], found["primaryRegion"]) == (name, "local", "eastus")
    lost = arm.call("GET", f"{arm.emulator.origin}/registrymanagement/v1.0/registries/none/discovery", version=None)
    assert lost.status_code == 404
    assert "Registry with name 'none' does not exist." in lost.text


def test_the_files_of_an_asset_are_lent_for_reading_only(arm: Arm, registry: str) -> None:
    path = f"{registry}/models/it/versions/1"
    uri = upload(arm, path, {"weights": "w"})
    arm.put(path, {"properties": {"modelUri": uri}})
    asset = f"azureml://registries/{registry.rsplit('/', 1)[1]}/models/it/versions/1"
    asked = {"assetId": asset, "blobUri": uri}
    lent = arm.call("POST", f"{registry}/datareferences/it/versions/1", asked)
    signature = lent.json()["blobReferenceForConsumption"]["credential"]["sasUri"].partition("?")[2]
    read = arm.session.get(f"{uri}/weights?{signature}", headers={"Authorization": ""})
    assert (read.status_code, read.text) == (200, "w")
    write = arm.session.put(
        f"{uri}/weights?{signature}", data="x", headers={"x-ms-blob-type": "BlockBlob", "Authorization": ""}
    )
    assert write.status_code == 403
    beside = {**asked, "blobUri": f"{uri}-beside"}
    assert arm.refused("POST", f"{registry}/datareferences/it/versions/1", beside)[0] == 400
    assert arm.refused("POST", f"{registry}/datareferences/it/versions/2", asked)[0] == 404


def test_an_asset_of_a_registry_refers_to_assets_of_registries_only(arm: Arm, registry: str, name: str) -> None:
    arm.put(f"environments/{name}/versions/1", {"properties": {"image": "ubuntu:22.04"}})
    arm.put(f"{registry}/environments/env/versions/1", {"properties": {"image": "ubuntu:22.04"}})
    spec = {"type": "command", "command": "true", "environment": f"azureml:{name}:1"}
    path = f"{registry}/components/it/versions/1"
    assert "refer to assets of registries only" in arm.refused("PUT", path, {"properties": {"componentSpec": spec}})[2]
    shared = f"azureml://registries/{registry.rsplit('/', 1)[1]}/environments/env/labels/latest"
    made = arm.call("PUT", path, {"properties": {"componentSpec": {**spec, "environment": shared}}})
    assert made.status_code == 201, made.text
    kept = made.json()["properties"]["componentSpec"]["environment"]
    assert kept == shared.replace("labels/latest", "versions/1")


def test_what_is_not_there_is_refused_by_its_reference(arm: Arm, registry: str) -> None:
    missing = f"azureml://registries/{registry.rsplit('/', 1)[1]}/environments/none/versions/1"
    spec = {"type": "command", "command": "true", "environment": missing}
    told = arm.refused("PUT", "components/it/versions/1", {"properties": {"componentSpec": spec}})
    assert told == (400, "UserError", f"Could not find asset with ID: {missing}")


class Shared:
    """A registry that is filled with what a deployment is made of."""

    def __init__(self, service: Service, name: str) -> None:
        self.arm = Arm(service.emulator)
        self.id = service.emulator.add_registry(name)

    def made(self, kind: str, **properties: Any) -> str:
        """Make an asset; return the reference to it."""
        self.arm.put(f"{self.id}/{kind}/it/versions/1", {"properties": properties})
        return f"azureml://registries/{self.id.rpartition('/')[2]}/{kind}/it/versions/1"

    def of_files(self, kind: str, files: dict[str, str], **properties: Any) -> str:
        """Make an asset of files; return the reference to it."""
        uri = upload(self.arm, f"{self.id}/{kind}/it/versions/1", files)
        key = {"codes": "codeUri", "models": "modelUri", "data": "dataUri"}[kind]
        return self.made(kind, **{key: uri, **properties})


def test_a_job_runs_from_a_registry_alone(service: Service) -> None:
    shared = Shared(service, "jobs")
    model = shared.of_files("models", {"weights.txt": "shared"}, modelType="custom_model")
    environment = shared.made("environments", image="ubuntu:22.04", condaFile="dependencies:\n- python=3.11\n")
    code = shared.of_files("codes", {"score.py": SCRIPT})
    endpoint = service.deploy(
        "",
        model={"referenceType": "Id", "assetId": model},
        codeConfiguration={"codeId": code, "scoringScript": "score.py"},
        environmentId=environment,
    )
    kept = shared.arm.get(f"batchEndpoints/{endpoint.name}/deployments/{endpoint.deployment}")["properties"]
    assert (kept["model"]["assetId"], kept["environmentId"]) == (model, environment)
    job = endpoint.run(shared.of_files("data", FILES, dataType="uri_folder"))
    assert sorted(endpoint.rows(job)) == [f"{number} by shared" for number in range(5)]


def test_an_online_deployment_serves_from_a_registry(service: Service) -> None:
    shared = Shared(service, "online")
    model = shared.of_files("models", {"weights.txt": "shared"}, modelType="custom_model")
    code = {"codeId": shared.of_files("codes", {"score.py": ONLINE_SCRIPT}), "scoringScript": "score.py"}
    endpoint = OnlineEndpoint(service)
    assert endpoint.deploy("blue", model=model, codeConfiguration=code) == "Succeeded"
    kept = shared.arm.get(f"onlineEndpoints/{endpoint.name}/deployments/blue")["properties"]
    assert kept["model"] == model
    endpoint.route(blue=100)
    answer = endpoint.ask({})
    assert (answer.status_code, answer.json()) == (200, "by shared")
