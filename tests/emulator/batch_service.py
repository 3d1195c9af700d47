"""A small REST client for tests: deploys a scoring script on a running emulator and runs jobs on it."""

from __future__ import annotations

import ssl
import textwrap
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from azureml_emulator.settings import CLIENT_ID, TENANT_ID
from azureml_emulator.testing import RunningEmulator
from emulator.batch_support import ECHO

__all__ = ["ECHO", "FILES", "WAIT", "Endpoint", "Service"]

API = "2024-04-01"
TERMINAL = {"Completed", "Failed", "Canceled"}
WAIT = """
    import os, time
    def run(mini_batch):
        print("waiting")
        while True:
            time.sleep(0.1)
"""
FILES = {f"f{number}.txt": str(number) for number in range(5)}
ENVIRONMENT = {"image": "mcr.microsoft.com/azureml/minimal", "condaFile": "dependencies:\n- python=3.11\n"}


class Service:
    """One workspace of an emulator, over HTTP."""

    def __init__(self, emulator: RunningEmulator) -> None:
        self.emulator = emulator
        self.workspace = emulator.workspace_id
        context = ssl.create_default_context(cafile=str(emulator.home / "tls" / "ca.pem"))
        self.http = httpx.Client(base_url=emulator.origin, verify=context, timeout=60)
        self.tokens = {name: self._token(name) for name in ("https://management.azure.com", "https://ml.azure.com")}
        self._container = ""

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def _token(self, audience: str) -> str:
        secret = (self.emulator.home / "client.secret").read_text().strip()
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": secret,
            "scope": f"{audience}/.default",
        }
        return self.http.post(f"/{TENANT_ID}/oauth2/v2.0/token", data=form).json()["access_token"]

    def call(
        self, method: str, url: str, body: Any = None, *, ml: bool = False, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """One request with the right token; ARM ids get an api-version."""
        token = self.tokens["https://ml.azure.com" if ml else "https://management.azure.com"]
        if url.startswith("/subscriptions"):
            url += f"{'&' if '?' in url else '?'}api-version={API}"
        content = {"content": body} if isinstance(body, str) else {"json": body}
        if isinstance(body, str):
            headers = {"content-type": "application/json", **(headers or {})}
        return self.http.request(
            method, url, headers={"authorization": f"Bearer {token}", **(headers or {})}, **content
        )

    def put(self, path: str, properties: Any, **envelope: Any) -> dict[str, Any]:
        """PUT a resource of the workspace."""
        answer = self.call("PUT", f"{self.workspace}/{path}", {"properties": properties, **envelope})
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    # -- blobs -------------------------------------------------------------------------------------------

    def container(self) -> tuple[str, str]:
        """The default datastore's container address and SAS."""
        datastore = f"{self.workspace}/datastores/workspaceblobstore"
        found = self.call("GET", datastore).json()["properties"]
        sas = self.call("POST", f"{datastore}/listSecrets").json()["sasToken"]
        host = f"{found['protocol']}://{found['accountName']}.blob.{found['endpoint']}"
        return f"{host}/{found['containerName']}", sas

    def upload(self, folder: str, files: Mapping[str, str | bytes]) -> str:
        """Put files below a folder of the default datastore; return the folder's address."""
        root, sas = self.container()
        for name, content in files.items():
            answer = self.http.put(
                f"{root}/{folder}/{name}?{sas}", content=content, headers={"x-ms-blob-type": "BlockBlob"}
            )
            assert answer.status_code == 201, answer.text
        return f"azureml://datastores/workspaceblobstore/paths/{folder}"

    def read(self, path: str) -> str:
        """The text of a blob of the default datastore."""
        root, sas = self.container()
        answer = self.http.get(f"{root}/{path}?{sas}")
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return answer.text

    # -- deploying ---------------------------------------------------------------------------------------

    def deploy(
        self,
        script: str,
        *,
        nodes: int = 4,
        endpoint: str | None = None,
        conda: str = ENVIRONMENT["condaFile"],
        **settings: Any,
    ) -> Endpoint:
        """Register a script with a small model, and put a deployment of it behind an endpoint."""
        name = endpoint or f"e{uuid.uuid4().hex[:12]}"
        mark = uuid.uuid4().hex[:12]
        code = self.upload(f"code/{mark}", {"score.py": textwrap.dedent(script)})
        model = self.upload(f"models/{mark}/toy", {"weights.txt": "42"})
        ids = {
            "code": self.put(f"codes/{mark}/versions/1", {"codeUri": code})["id"],
            "model": self.put(f"models/{mark}/versions/1", {"modelUri": model, "modelType": "custom_model"})["id"],
            "environment": self.put(f"environments/{mark}/versions/1", {**ENVIRONMENT, "condaFile": conda})["id"],
            "compute": f"{self.workspace}/computes/cpu-{mark[:6]}",
        }
        cluster = {"vmSize": "STANDARD_D2_V2", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": nodes}}
        self.put(f"computes/cpu-{mark[:6]}", {"computeType": "AmlCompute", "properties": cluster}, location="eastus")
        if endpoint is None:
            self.put(f"batchEndpoints/{name}", {"authMode": "AADToken"}, location="eastus")
        properties = {
            "model": {"referenceType": "Id", "assetId": ids["model"]},
            "codeConfiguration": {"codeId": ids["code"], "scoringScript": "score.py"},
            "environmentId": ids["environment"],
            "compute": ids["compute"],
            "miniBatchSize": 2,
            "retrySettings": {"maxRetries": 0, "timeout": "PT30S"},
            **settings,
        }
        deployment = f"d{mark[:6]}"
        self.put(f"batchEndpoints/{name}/deployments/{deployment}", properties, location="eastus")
        if endpoint is None:
            self.put(
                f"batchEndpoints/{name}",
                {"authMode": "AADToken", "defaults": {"deploymentName": deployment}},
                location="eastus",
            )
        return Endpoint(self, name, deployment, ids["compute"])


class Endpoint:
    """A batch endpoint with one deployment."""

    def __init__(self, service: Service, name: str, deployment: str, compute: str) -> None:
        self.service = service
        self.name = name
        self.deployment = deployment
        self.compute = compute
        self.url = f"/inference/{name}.eastus/jobs"
        self.started: list[str] = []

    def post(self, properties: Any, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Invoke the endpoint with a body's properties."""
        body = properties if isinstance(properties, str) else {"properties": properties}
        return self.service.call("POST", self.url, body, ml=True, headers=headers)

    def start(self, uri: str, headers: Mapping[str, str] | None = None, **overrides: Any) -> str:
        """Start a job over a folder; return its name."""
        answer = self.post({"inputData": {"x": {"jobInputType": "UriFolder", "uri": uri}}, **overrides}, headers)
        assert answer.status_code == 201, answer.text
        self.started.append(answer.json()["name"])
        return self.started[-1]

    def job(self, name: str) -> dict[str, Any]:
        """A job as polling shows it."""
        return self.service.call("GET", f"{self.url}/{name}", ml=True).json()

    def wait(self, name: str, *, until: set[str] = TERMINAL, seconds: float = 30) -> str:
        """Wait for a job's state; return it."""
        end = time.monotonic() + seconds
        while (status := self.job(name)["properties"]["status"]) not in until | TERMINAL:
            assert time.monotonic() < end, f"{name} is still {status}"
            time.sleep(0.02)
        return status

    def states(self, names: Sequence[str]) -> dict[str, str]:
        """The states of jobs, by name."""
        return {name: self.job(name)["properties"]["status"] for name in names}

    def wait_all(self, names: Sequence[str], states: list[str], seconds: float = 60) -> dict[str, str]:
        """Wait until these jobs are in these states, in whatever order; return the state of each."""
        end = time.monotonic() + seconds
        while sorted((now := self.states(names)).values()) != sorted(states):
            assert time.monotonic() < end, now
            time.sleep(0.02)
        return now

    def cancel_all(self) -> None:
        """Cancel what is left of the endpoint's jobs and wait until all have ended."""
        for name in self.started:
            self.service.call("POST", f"{self.service.workspace}/jobs/{name}/cancel")
        for name in self.started:
            self.wait(name, seconds=60)

    def run(self, uri: str, **overrides: Any) -> str:
        """Run a job to its end; return its name."""
        name = self.start(uri, **overrides)
        status = self.wait(name)
        assert status == "Completed", self.error(name)
        return name

    def details(self, run: str) -> dict[str, Any]:
        """A run's details."""
        return self.service.call("GET", f"/history/v1.0{self.service.workspace}/runs/{run}/details").json()

    def error(self, name: str) -> str:
        """A failed job's message."""
        error = self.details(name)["error"]
        return error["error"]["message"] if error else ""

    def step(self, name: str) -> str:
        """The name of a job's step."""
        answer = self.service.call("GET", f"/history/v1.0{self.service.workspace}/runs/{name}/children").json()
        return answer["value"][0]["runId"]

    def rows(self, name: str) -> list[str]:
        """The lines of a job's predictions."""
        return self.service.read(f"azureml/{self.step(name)}/score/predictions.csv").splitlines()
