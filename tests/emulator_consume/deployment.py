"""A batch endpoint made over REST, with no Pulumi: what a user's stack would have made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pulumi_azureml.arm import ArmClient, wait_for_operation
from pulumi_azureml.assets import upload_code

# Scoring with the emulator's own interpreter: no environment has to be built for scripts of the standard library.
REUSE = {"azureml.emulator.reuseInterpreter": "true"}


def put(client: ArmClient, path: str, properties: dict[str, Any]) -> str:
    """PUT a resource below the workspace, wait for it, return its ARM id."""
    resource = f"{client.settings.workspace_id}/{path}"
    body = {"location": client.settings.location, "properties": properties}
    answer = client.request("PUT", resource, json=body, operation=f"create {path}")
    wait_for_operation(client, answer, resource, operation=f"create {path}")
    return resource


def make_shared(client: ArmClient, folder: Path) -> dict[str, Any]:
    """What every deployment of these tests uses: model, environment and compute."""
    model = folder / "model"
    model.mkdir()
    (model / "weights.txt").write_text("0.5")
    code = f"{client.settings.workspace_id}/codes/model-files/versions/1"
    model_uri = upload_code(client, code, model)
    compute = {"scaleSettings": {"minNodeCount": 0, "maxNodeCount": 4}, "vmSize": "STANDARD_D2_V2"}
    return {
        "model": {
            "referenceType": "Id",
            "assetId": put(client, "models/model/versions/1", {"modelUri": model_uri, "modelType": "custom_model"}),
        },
        "environmentId": put(
            client,
            "environments/any/versions/1",
            {"image": "mcr.microsoft.com/azureml/minimal", "condaFile": "dependencies: [python=3.11]\n"},
        ),
        "compute": put(client, "computes/cpu", {"computeType": "AmlCompute", "properties": compute}),
    }


def deploy(client: ArmClient, shared: dict[str, Any], folder: Path, name: str, script: str, **settings: Any) -> str:
    """Make endpoint `name` with the deployment `main` as its default; return the scoring URI."""
    code = folder / f"code-{name}"
    code.mkdir()
    (code / "score.py").write_text(script)
    version = f"{client.settings.workspace_id}/codes/{name}/versions/1"
    code_uri = upload_code(client, version, code)
    endpoint = {"authMode": "AADToken"}
    put(client, f"batchEndpoints/{name}", endpoint)
    deployment = {
        **shared,
        "codeConfiguration": {
            "codeId": put(client, f"codes/{name}/versions/1", {"codeUri": code_uri}),
            "scoringScript": "score.py",
        },
        "properties": REUSE,
        **settings,
    }
    put(client, f"batchEndpoints/{name}/deployments/main", deployment)
    resource = put(client, f"batchEndpoints/{name}", {**endpoint, "defaults": {"deploymentName": "main"}})
    body = client.request("GET", resource, operation="read the endpoint").body
    return str(body["properties"]["scoringUri"])


def wait_until(happens: Any, seconds: float = 30.0) -> None:
    """Fail when `happens()` is not true in time."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
