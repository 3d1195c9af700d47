"""Deploys scoring scripts on online endpoints of a running emulator, and asks them."""

from __future__ import annotations

import textwrap
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from emulator.batch_service import ENVIRONMENT, Service

# Does what the body tells it, and says who it is.
SCRIPT = """
import json, os, time
from azureml_inference_server_http.api.aml_response import AMLResponse

def init():
    print("model:", sorted(os.listdir(os.environ["AZUREML_MODEL_DIR"])))

def run(raw_data):
    asked = json.loads(raw_data)
    print("asked", asked.get("id"))
    time.sleep(asked.get("sleep", 0))
    if asked.get("die"):
        os._exit(1)
    if asked.get("raise"):
        raise ValueError(asked["raise"])
    if asked.get("status"):
        return AMLResponse({"mine": True}, asked["status"], json_str=True)
    variables = {name: os.environ.get(name) for name in asked.get("variables", [])}
    return {"color": os.environ.get("COLOR"), "pid": os.getpid(), "variables": variables}
"""


class OnlineEndpoint:
    """An online endpoint whose callers sign in with a key."""

    def __init__(self, service: Service, name: str | None = None) -> None:
        self.service = service
        self.name = name or f"e{uuid.uuid4().hex[:12]}"
        self.id = f"{service.workspace}/onlineEndpoints/{self.name}"
        self.route()
        self.keys = service.call("POST", f"{self.id}/listKeys").json()
        self.url = f"/inference/{self.name}.eastus"

    # -- over ARM ------------------------------------------------------------------------------------------

    def route(self, mirror: Mapping[str, int] | None = None, **traffic: int) -> None:
        """Set the traffic, and the mirrored traffic."""
        properties = {"authMode": "Key", "traffic": traffic, "mirrorTraffic": dict(mirror or {})}
        self.service.put(f"onlineEndpoints/{self.name}", properties, location="eastus")

    def deploy(self, name: str, script: str = SCRIPT, *, instances: int = 1, **properties: Any) -> str:
        """Deploy a script and wait; return the state that it ends in."""
        started = self.start_deploying(name, script, instances=instances, **properties)
        return self.ended(started)["status"]

    def start_deploying(
        self, name: str, script: str = SCRIPT, *, instances: int = 1, **properties: Any
    ) -> httpx.Response:
        """Begin to deploy a script."""
        mark = uuid.uuid4().hex[:12]
        code = self.service.upload(f"code/{mark}", {"score.py": textwrap.dedent(script)})
        model = self.service.upload(f"models/{mark}/toy", {"weights.txt": "42"})
        given = {
            "endpointComputeType": "Managed",
            "model": self.service.put(f"models/{mark}/versions/1", {"modelUri": model})["id"],
            "codeConfiguration": {
                "codeId": self.service.put(f"codes/{mark}/versions/1", {"codeUri": code})["id"],
                "scoringScript": "score.py",
            },
            "environmentId": self.service.put("environments/plain/versions/1", ENVIRONMENT)["id"],
            "environmentVariables": {"COLOR": name},
            "instanceType": "Standard_DS3_v2",
            **properties,
        }
        body = {"location": "eastus", "sku": {"name": "Default", "capacity": instances}, "properties": given}
        answer = self.service.call("PUT", f"{self.id}/deployments/{name}", body)
        assert answer.status_code in {200, 201}, answer.text
        return answer

    def update(self, name: str, capacity: int | None = None, **properties: Any) -> dict[str, Any]:
        """Change a deployment in place; return the operation that did it."""
        document = self.document(name)
        document["properties"] |= properties
        document["sku"]["capacity"] = capacity or document["sku"]["capacity"]
        return self.ended(self.service.call("PUT", f"{self.id}/deployments/{name}", document))

    def document(self, name: str) -> dict[str, Any]:
        """A deployment as it is."""
        return self.service.call("GET", f"{self.id}/deployments/{name}").json()

    def delete(self, name: str | None = None) -> None:
        """Delete a deployment, or the endpoint, and wait."""
        place = f"{self.id}/deployments/{name}" if name else self.id
        answer = self.service.call("DELETE", place)
        assert answer.status_code == 202, answer.text
        wait_for(lambda: self.service.call("GET", place).status_code == 404)

    def ended(self, started: httpx.Response, seconds: float = 90) -> dict[str, Any]:
        """The operation that an answer started, once it has ended."""
        url = (
            "/subscriptions/"
            + started.headers["Azure-AsyncOperation"].partition("/subscriptions/")[2].partition("?")[0]
        )
        end = time.monotonic() + seconds
        while (operation := self.service.call("GET", url).json())["status"] == "InProgress":
            assert time.monotonic() < end, operation
            time.sleep(0.02)
        return operation

    def logs(self, name: str, **asked: Any) -> str:
        """The logs of a deployment."""
        return self.service.call("POST", f"{self.id}/deployments/{name}/getLogs", asked).json()["content"]

    # -- asking --------------------------------------------------------------------------------------------

    def ask(self, body: Any = None, deployment: str | None = None, **asked: Any) -> httpx.Response:
        """Score."""
        headers = {"authorization": f"Bearer {self.keys['primaryKey']}"}
        if deployment:
            headers["azureml-model-deployment"] = deployment
        return self.service.http.post(
            f"{self.url}/score", json=asked if body is None else body, headers=headers, timeout=60
        )

    def ask_many(self, count: int, deployment: str | None = None, **asked: Any) -> list[httpx.Response]:
        """Score several times at once."""
        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(lambda _: self.ask(deployment=deployment, **asked), range(count)))

    def answer(self, deployment: str | None = None, **asked: Any) -> dict[str, Any]:
        """What the script answers."""
        answer = self.ask(deployment=deployment, **asked)
        assert answer.status_code == 200, answer.text
        return answer.json()


def wait_for(happens: Callable[[], bool], seconds: float = 60) -> None:
    """Fail when ``happens()`` does not turn true in time."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
