"""A REST client for tests that knows nothing of the emulator's insides: requests, a token, ARM ids."""

from __future__ import annotations

import time
from typing import Any

import requests

from azureml_emulator.testing import RunningEmulator

API_VERSION = "2024-04-01"
MANAGEMENT = "https://management.azure.com"
SCORING = "https://ml.azure.com"


class Arm:
    """Requests to one emulator with a management token."""

    def __init__(self, emulator: RunningEmulator) -> None:
        self.emulator = emulator
        self.environment = emulator.environment
        self.workspace = emulator.workspace_id
        self._filled: set[str] = set()
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = self.environment["REQUESTS_CA_BUNDLE"]
        self.session.headers["Authorization"] = f"Bearer {self.token(MANAGEMENT)}"

    def token(self, audience: str) -> str:
        answer = self.ask_token({"scope": f"{audience}/.default"})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def ask_token(self, form: dict[str, str], *, tenant: str | None = None) -> requests.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.environment["AZURE_CLIENT_ID"],
            "client_secret": self.environment["AZURE_CLIENT_SECRET"],
            **form,
        }
        tenant = tenant or self.environment["AZURE_TENANT_ID"]
        return self.session.post(f"{self.emulator.origin}/{tenant}/oauth2/v2.0/token", data=form)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str | None = API_VERSION,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        """A request to a full address, an ARM id, or a path below the workspace."""
        url = path
        if not path.startswith("https://"):
            url = self.emulator.origin + (path if path.startswith("/") else f"{self.workspace}/{path}")
        params = dict(query or {})
        if version is not None and "api-version=" not in url:
            params["api-version"] = version
        data = body if isinstance(body, (str, bytes)) else None
        json = None if data is not None else body
        sent = {"Content-Type": "application/json", **(headers or {})} if data is not None else headers
        return self.session.request(method, url, params=params, json=json, data=data, headers=sent, timeout=60)

    def get(self, path: str, **options: Any) -> Any:
        answer = self.call("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def put(self, path: str, body: Any, **options: Any) -> Any:
        answer = self.call("PUT", path, body, **options)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def delete(self, path: str, seconds: float = 60) -> None:
        """Delete what a path names, and wait until it is gone."""
        answer = self.call("DELETE", path)
        assert answer.status_code == 202, answer.text
        end = time.monotonic() + seconds
        while self.call("GET", path).status_code != 404:
            assert time.monotonic() < end, f"{path} is still there"
            time.sleep(0.02)

    def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str, str]:
        """Status, code and message of an error in ARM's form."""
        answer = self.call(method, path, body, **options)
        assert answer.status_code >= 400, answer.text
        error = answer.json()["error"]
        assert set(error) == {"code", "message", "target", "details", "additionalInfo"}
        return answer.status_code, error["code"], error["message"]

    def ended(self, started: requests.Response, seconds: float = 60) -> Any:
        """The operation that an answer started, once it has ended."""
        end = time.monotonic() + seconds
        while (operation := self.get(started.headers["Azure-AsyncOperation"]))["status"] == "InProgress":
            assert time.monotonic() < end, operation
            time.sleep(0.02)
        return operation

    # Bodies that the service takes, for tests that are about something else.

    def asset_uri(self, path: str = "LocalUpload/0/files") -> str:
        """A folder of the default datastore with one file in it, where the emulator has blobs."""
        if path not in self._filled and self.emulator.running.health()["blobs"] != "off":
            found = self.get("datastores/workspaceblobstore")["properties"]
            sas = self.call("POST", "datastores/workspaceblobstore/listSecrets").json()["sasToken"]
            root = f"https://{found['accountName']}.blob.{found['endpoint']}/{found['containerName']}"
            headers = {"x-ms-blob-type": "BlockBlob"}
            answer = requests.put(
                f"{root}/{path}/file.txt?{sas}", data=b"x", headers=headers, verify=self.session.verify, timeout=60
            )
            assert answer.status_code == 201, answer.text
        self._filled.add(path)
        return f"azureml://datastores/workspaceblobstore/paths/{path}"

    def make_model(self, name: str, version: str = "1", **properties: Any) -> str:
        body = {"properties": {"modelUri": self.asset_uri(), "modelType": "custom_model", **properties}}
        return str(self.put(f"models/{name}/versions/{version}", body)["id"])

    def make_code(self, name: str, version: str = "1", **properties: Any) -> str:
        body = {"properties": {"codeUri": self.asset_uri(), **properties}}
        return str(self.put(f"codes/{name}/versions/{version}", body)["id"])

    def make_environment(self, name: str, version: str = "1", **properties: Any) -> str:
        body = {"properties": {"image": "ubuntu:22.04", "condaFile": "dependencies: [python=3.11]", **properties}}
        return str(self.put(f"environments/{name}/versions/{version}", body)["id"])

    def cluster(self, **properties: Any) -> dict[str, Any]:
        inner = {"vmSize": "STANDARD_DS3_V2", "scaleSettings": {"maxNodeCount": 4}, **properties}
        return {"location": "eastus", "properties": {"computeType": "AmlCompute", "properties": inner}}

    def make_compute(self, name: str) -> str:
        return str(self.put(f"computes/{name}", self.cluster())["id"])

    def endpoint(self, **properties: Any) -> dict[str, Any]:
        return {"location": "eastus", "properties": {"authMode": "AADToken", **properties}}

    def deployment(self, name: str, **properties: Any) -> dict[str, Any]:
        """A valid deployment whose assets and compute are called ``name``; they are made when missing."""
        given: dict[str, Any] = {
            "model": {"referenceType": "Id", "assetId": self.make_model(name)},
            "codeConfiguration": {"codeId": self.make_code(name), "scoringScript": "score.py"},
            "environmentId": self.make_environment(name),
            "compute": self.make_compute(name),
            **properties,
        }
        kept = {key: value for key, value in given.items() if value is not None}
        return {"location": "eastus", "properties": kept}

    def online_endpoint(self, **properties: Any) -> dict[str, Any]:
        return {"location": "eastus", "properties": {"authMode": "Key", **properties}}

    def online_deployment(self, name: str, capacity: int = 1, **properties: Any) -> dict[str, Any]:
        """A valid online deployment whose assets are called ``name``; they are made when missing."""
        given: dict[str, Any] = {
            "endpointComputeType": "Managed",
            "model": self.make_model(name),
            "codeConfiguration": {"codeId": self.make_code(name), "scoringScript": "score.py"},
            "environmentId": self.make_environment(name),
            "instanceType": "Standard_DS3_v2",
            **properties,
        }
        kept = {key: value for key, value in given.items() if value is not None}
        return {"location": "eastus", "sku": {"name": "Default", "capacity": capacity}, "properties": kept}
