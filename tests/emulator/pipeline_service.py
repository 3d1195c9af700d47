"""Registers components on a running emulator, deploys pipelines of them and runs them, over HTTP."""

from __future__ import annotations

import textwrap
import uuid
from typing import Any

from emulator.batch_service import ENVIRONMENT, Endpoint, Service

CLUSTER = {"computeType": "AmlCompute", "properties": {"vmSize": "STANDARD_D2_V2", "scaleSettings": {}}}


def literal(value: Any) -> dict[str, Any]:
    """A job's input: a value or an expression."""
    return {"job_input_type": "literal", "value": value}


def to_parent(name: str) -> dict[str, Any]:
    """A job's output that is an output of the pipeline."""
    return {"type": "literal", "value": f"${{{{parent.outputs.{name}}}}}"}


class Pipelines:
    """Components, computes and pipeline endpoints in one workspace."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.mark = uuid.uuid4().hex[:10]
        self.environment = service.put(f"environments/{self.mark}/versions/1", ENVIRONMENT)["id"]
        self.compute = self.cluster(4)

    def cluster(self, nodes: int) -> str:
        """A cluster of so many nodes; its ARM id."""
        inner = {"vmSize": "STANDARD_D2_V2", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": nodes}}
        body = {"computeType": "AmlCompute", "properties": inner}
        return self.service.put(f"computes/cpu-{uuid.uuid4().hex[:8]}", body, location="eastus")["id"]

    def command(self, command: str, *, files: dict[str, str] | None = None, **spec: Any) -> str:
        """A command component, with its code if there is some; its ARM id."""
        name = f"c{uuid.uuid4().hex[:10]}"
        if files:
            code = self.service.upload(f"code/{name}", {path: textwrap.dedent(text) for path, text in files.items()})
            spec["code"] = self.service.put(f"codes/{name}/versions/1", {"codeUri": code})["id"]
        whole = {"type": "command", "command": command, "environment": self.environment, **spec}
        return self.put(name, whole)["id"]

    def pipeline(self, jobs: dict[str, Any], **spec: Any) -> str:
        """A pipeline component; its ARM id."""
        return self.put(f"p{uuid.uuid4().hex[:10]}", {"type": "pipeline", "jobs": jobs, **spec})["id"]

    def put(self, name: str, spec: dict[str, Any]) -> dict[str, Any]:
        """Register a component."""
        return self.service.put(f"components/{name}/versions/1", {"componentSpec": spec})

    def refused(self, spec: dict[str, Any]) -> dict[str, Any]:
        """The error that registering a component gives."""
        name = f"r{uuid.uuid4().hex[:10]}"
        path = f"{self.service.workspace}/components/{name}/versions/1"
        answer = self.service.call("PUT", path, {"properties": {"componentSpec": spec}})
        assert answer.status_code >= 400, answer.text
        return {**answer.json()["error"], "status": answer.status_code}

    def deploy(self, component: str, **settings: Any) -> Endpoint:
        """An endpoint whose default deployment runs a pipeline component."""
        name = f"p{uuid.uuid4().hex[:12]}"
        settings = {"default_compute": self.compute, **settings}
        self.service.put(f"batchEndpoints/{name}", {"authMode": "AADToken"}, location="eastus")
        configuration = {
            "deploymentConfigurationType": "PipelineComponent",
            "componentId": {"referenceType": "Id", "assetId": component},
            "settings": {key: value for key, value in settings.items() if value is not None},
        }
        properties = {"deploymentConfiguration": configuration}
        self.service.put(f"batchEndpoints/{name}/deployments/run", properties, location="eastus")
        endpoint = {"authMode": "AADToken", "defaults": {"deploymentName": "run"}}
        self.service.put(f"batchEndpoints/{name}", endpoint, location="eastus")
        return Endpoint(self.service, name, "run", self.compute)

    # -- runs --------------------------------------------------------------------------------------------

    def start(self, endpoint: Endpoint, inputs: Any = None, outputs: Any = None, **more: Any) -> str:
        """Invoke an endpoint; the run's name. Inputs that are texts and numbers are literals."""
        given = {key: value if isinstance(value, dict) else _literal(value) for key, value in (inputs or {}).items()}
        answer = endpoint.post({"inputData": given, "outputData": outputs or {}, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()["name"]

    def run(self, endpoint: Endpoint, inputs: Any = None, outputs: Any = None, **more: Any) -> str:
        """Run an endpoint's pipeline to its end; the run's name."""
        name = self.start(endpoint, inputs, outputs, **more)
        assert endpoint.wait(name) == "Completed", endpoint.error(name)
        return name

    def children(self, run: str) -> dict[str, dict[str, Any]]:
        """The steps of a run that have begun, by their names in the pipeline."""
        answer = self.service.call("GET", f"/history/v1.0{self.service.workspace}/runs/{run}/children")
        return {step["displayName"]: step for step in answer.json()["value"]}

    def outputs(self, run: str) -> dict[str, Any]:
        """The outputs of a run as run history lists them."""
        body = {"runId": run, "selectRunMetadata": True}
        answer = self.service.call("POST", f"/history/v1.0{self.service.workspace}/rundata", body)
        return answer.json()["runMetadata"]["outputs"]

    def log(self, run: str, name: str = "user_logs/std_log.txt") -> str:
        """A log of a step's run."""
        return self.service.read(f"ExperimentRun/dcid.{run}/{name}")


def _literal(value: Any) -> dict[str, Any]:
    return {"jobInputType": "Literal", "value": value}


def folder(uri: str) -> dict[str, Any]:
    """A folder as an input of an invocation."""
    return {"jobInputType": "UriFolder", "uri": uri}
