"""A user of the REST API: makes what a batch endpoint needs without this project's provider."""

from pathlib import Path
from typing import Any

import requests
from azure.storage.blob import ContainerClient

from .local import ROOT, WORKSPACE, LocalAzure

SOURCE = ROOT / "examples/01-digits"


def request(
    azure: LocalAzure, method: str, path: str, body: Any = None, *, below: str = WORKSPACE, version: str = "2024-04-01"
) -> Any:
    """Send one request to a path of the workspace, or of another resource."""
    answer = requests.request(
        method,
        f"{azure.origin}{below}{path}",
        params={"api-version": version},
        headers={"authorization": f"Bearer {azure.token()}"},
        json=body,
        verify=azure.env["REQUESTS_CA_BUNDLE"],
        timeout=60,
    )
    assert answer.ok, answer.text
    return answer.json() if answer.content else None


def upload(azure: LocalAzure, container: ContainerClient, folder: Path, prefix: str) -> None:
    """Upload the files of a folder under a prefix."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            container.upload_blob(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes(), overwrite=True)


def make_code(azure: LocalAzure, path: str, folder: Path) -> str:
    """Register a folder as a code version, through the service's own upload container; return its id."""
    pending = request(azure, "POST", f"{path}/startPendingUpload", {"pendingUploadType": "TemporaryBlobReference"})
    place = pending["blobReferenceForConsumption"]
    verify = azure.env["REQUESTS_CA_BUNDLE"]
    container = ContainerClient.from_container_url(place["credential"]["sasUri"], connection_verify=verify)
    upload(azure, container, folder, "scoring")
    made = request(azure, "PUT", path, {"properties": {"codeUri": f"{place['blobUri']}/scoring", "isAnonymous": True}})
    return str(made["id"])


def default_container(azure: LocalAzure) -> ContainerClient:
    """The container of the workspace's default datastore."""
    store = request(azure, "GET", "/datastores/workspaceblobstore")["properties"]
    sas = request(azure, "POST", "/datastores/workspaceblobstore/listSecrets")["sasToken"]
    account = f"{store['protocol']}://{store['accountName']}.blob.{store['endpoint']}"
    verify = azure.env["REQUESTS_CA_BUNDLE"]
    return ContainerClient(account, store["containerName"], credential=sas, connection_verify=verify)


def make_model(azure: LocalAzure, path: str, folder: Path) -> str:
    """Register a folder as a model version in the default datastore; return its id."""
    container = default_container(azure)
    upload(azure, container, folder, "by-hand/model")
    uri = "azureml://datastores/workspaceblobstore/paths/by-hand/model"
    properties = {"modelUri": uri, "modelType": "custom_model", "tags": {"by": "hand"}}
    return str(request(azure, "PUT", path, {"properties": properties})["id"])


def make_endpoint(azure: LocalAzure, prepared: Path, name: str) -> None:
    """Make a batch endpoint `name` with one deployment, its default, and all that it uses."""
    code = make_code(azure, "/codes/hand-made-code/versions/1", SOURCE / "src")
    model = make_model(azure, "/models/hand-made-model/versions/7", prepared / "model")
    conda = (SOURCE / "environment/conda.yaml").read_text()
    image = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1"
    environment = request(
        azure,
        "PUT",
        "/environments/hand-made-env/versions/2025.1",
        {"properties": {"image": image, "condaFile": conda, "osType": "Linux", "description": 'with "quotes"'}},
    )
    cluster = {"vmSize": "STANDARD_D2_V2", "scaleSettings": {"maxNodeCount": 2, "minNodeCount": 0}}
    compute = request(
        azure,
        "PUT",
        "/computes/hand-made",
        {
            "location": "eastus",
            "properties": {
                "computeType": "AmlCompute",
                "properties": {**cluster, "remoteLoginPortPublicAccess": "Disabled"},
            },
        },
    )
    path = f"/batchEndpoints/{name}"
    endpoint = {
        "location": "eastus",
        "tags": {"team": "vision"},
        "properties": {"authMode": "aadToken", "description": "Made by hand", "properties": {"cost": "low"}},
    }
    request(azure, "PUT", path, endpoint)
    request(
        azure,
        "PUT",
        f"{path}/deployments/blue",
        {
            "location": "eastus",
            "properties": {
                "model": {"referenceType": "Id", "assetId": model},
                "codeConfiguration": {"codeId": code, "scoringScript": "score.py"},
                "environmentId": environment["id"],
                "environmentVariables": {"OMP_NUM_THREADS": "1"},
                "compute": compute["id"],
                "resources": {"instanceCount": 2},
                "miniBatchSize": 30,
                "retrySettings": {"maxRetries": 1, "timeout": "PT0M45S"},
                "errorThreshold": 0,
            },
        },
    )
    endpoint["properties"] = {**endpoint["properties"], "defaults": {"deploymentName": "blue"}}  # type: ignore[dict-item]
    request(azure, "PUT", path, endpoint)
