"""A small Data Factory: it executes the activities that the generated pipelines have, and refuses all others.

Time is the caller's: ``pause`` is called where Data Factory waits, and the seconds count for the time limits.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from .expressions import Scope, evaluate

ARM = "https://management.azure.com"
API = "2018-06-01"
_POLL = 30


class ActivityFailedError(Exception):
    """An activity that failed: its name, Data Factory's error code, and the message."""

    def __init__(self, activity: str, code: str, message: str) -> None:
        super().__init__(f"{activity}: {code}: {message}")
        self.activity, self.code, self.message = activity, code, message


@dataclass
class PipelineRun:
    """One run of a pipeline: what it knows, and in which order its activities have run."""

    id: str
    parameters: Mapping[str, Any]
    variables: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    seconds: float = 0

    def evaluate(self, value: Any) -> Any:
        """A value with its expressions evaluated."""
        return evaluate(value, Scope(self.id, self.parameters, self.variables, self.outputs))


class Factory:
    """A data factory whose documents are read over ARM and whose managed identity gets its tokens from ``token``."""

    def __init__(
        self,
        factory_id: str,
        session: requests.Session,
        token: Callable[[str], str],
        pause: Callable[[float], None],
    ) -> None:
        self.id, self._session, self._token, self._pause = factory_id, session, token, pause
        self._activities: Mapping[str, Callable[[PipelineRun, Any, Any], Any]] = {
            "WebActivity": self._web,
            "Until": self._until,
            "Wait": self._wait,
            "IfCondition": self._if,
            "Fail": self._fail,
            "SetVariable": self._set_variable,
            "AzureMLExecutePipeline": self._execute_pipeline,
        }

    def run(self, name: str, **given: Any) -> PipelineRun:
        """Run a pipeline to its end; raises :class:`ActivityFailedError` when it fails."""
        properties = self._arm(f"{self.id}/pipelines/{name}")["properties"]
        parameters = {}
        for key, declared in properties.get("parameters", {}).items():
            if key not in given and "defaultValue" not in declared:
                raise ValueError(f"the parameter '{key}' has no value")
            parameters[key] = given.pop(key, declared.get("defaultValue"))
        if given:
            raise ValueError(f"the pipeline has no parameters {', '.join(given)}")
        variables = {key: each.get("defaultValue") for key, each in properties.get("variables", {}).items()}
        run = PipelineRun(str(uuid.uuid4()), parameters, variables)
        self._all(run, properties["activities"])
        return run

    def _all(self, run: PipelineRun, activities: list[Any]) -> None:
        """Run activities, each after those that it depends on; they all depend on success."""
        waiting = list(activities)
        done: set[str] = set()
        while waiting:
            due = [each for each in waiting if done.issuperset(item["activity"] for item in each["dependsOn"])]
            if not due:
                raise ValueError(f"nothing can begin: {[each['name'] for each in waiting]}")
            for activity in due:
                for item in activity["dependsOn"]:
                    assert item["dependencyConditions"] == ["Succeeded"], item
                waiting.remove(activity)
                self._one(run, activity)
                done.add(activity["name"])

    def _one(self, run: PipelineRun, activity: Any) -> None:
        kind = activity["type"]
        if kind not in self._activities:
            raise ValueError(f"activities of the type '{kind}' are not known")
        run.outputs[activity["name"]] = self._activities[kind](run, activity, activity["typeProperties"])
        run.done.append(activity["name"])

    # -- control -----------------------------------------------------------------------------------------------

    def _until(self, run: PipelineRun, activity: Any, properties: Any) -> Any:
        end = run.seconds + _seconds(properties["timeout"])
        while True:
            self._all(run, properties["activities"])
            if self._true(run, properties["expression"]):
                return {}
            if run.seconds >= end:
                raise ActivityFailedError(activity["name"], "2001", "The activity timed out.")

    def _if(self, run: PipelineRun, _activity: Any, properties: Any) -> Any:
        branch = "ifTrueActivities" if self._true(run, properties["expression"]) else "ifFalseActivities"
        self._all(run, properties.get(branch, []))
        return {}

    def _true(self, run: PipelineRun, expression: Any) -> bool:
        found = run.evaluate(expression)
        assert isinstance(found, bool), found
        return found

    def _wait(self, run: PipelineRun, _activity: Any, properties: Any) -> Any:
        self._sleep(run, run.evaluate(properties["waitTimeInSeconds"]))
        return {}

    def _sleep(self, run: PipelineRun, seconds: float) -> None:
        run.seconds += seconds
        self._pause(seconds)

    def _set_variable(self, run: PipelineRun, _activity: Any, properties: Any) -> Any:
        name = properties["variableName"]
        assert name in run.variables, name
        run.variables[name] = run.evaluate(properties["value"])
        return {"name": name, "value": run.variables[name]}

    def _fail(self, run: PipelineRun, activity: Any, properties: Any) -> Any:
        found = run.evaluate(properties)
        raise ActivityFailedError(activity["name"], found["errorCode"], found["message"])

    # -- the web -----------------------------------------------------------------------------------------------

    def _web(self, run: PipelineRun, activity: Any, properties: Any) -> Any:
        asked = run.evaluate(properties)
        signed = asked.pop("authentication")
        assert signed["type"] == "MSI", signed
        headers = {**asked.pop("headers", {}), "Authorization": f"Bearer {self._token(signed['resource'])}"}
        method, url, body = asked.pop("method"), asked.pop("url"), asked.pop("body", None)
        assert not asked, f"not known to this factory: {asked}"
        policy = activity.get("policy", {})
        for attempt in range(policy.get("retry", 0) + 1):
            if attempt:
                self._sleep(run, policy["retryIntervalInSeconds"])
            answer = self._session.request(method, url, json=body, headers=headers, timeout=60)
            if answer.ok:
                return answer.json()
        raise ActivityFailedError(activity["name"], "2108", f"{answer.status_code}: {answer.text}")

    def _arm(self, path: str, version: str = API) -> Any:
        headers = {"Authorization": f"Bearer {self._token(ARM)}"}
        answer = self._session.get(f"{ARM}{path}", params={"api-version": version}, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def _execute_pipeline(self, run: PipelineRun, activity: Any, properties: Any) -> Any:
        """What the service does for a v1 pipeline: it submits, and polls until the end."""
        asked = run.evaluate(properties)
        service = self._arm(f"{self.id}/linkedservices/{activity['linkedServiceName']['referenceName']}")["properties"]
        assert service["type"] == "AzureMLService"
        place = service["typeProperties"]
        assert place["authentication"] == "MSI"
        workspace = (
            f"/subscriptions/{place['subscriptionId']}/resourceGroups/{place['resourceGroupName']}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{place['mlWorkspaceName']}"
        )
        headers = {"Authorization": f"Bearer {self._token(ARM)}"}
        discovery = self._arm(workspace, "2024-04-01")["properties"]["discoveryUrl"]
        api = self._session.get(discovery, headers=headers, timeout=60).json()["pipelines"]
        runs = f"{api}/pipelines/v1.0{workspace}/PipelineRuns"
        if "mlPipelineEndpointId" in asked:
            path = f"PipelineEndpointSubmit/Id/{asked.pop('mlPipelineEndpointId')}"
            path += f"/{asked.pop('version')}" if "version" in asked else ""
        else:
            path = f"PipelineSubmit/{asked.pop('mlPipelineId')}"
        body = {
            "ExperimentName": asked.pop("experimentName", None),
            "ParameterAssignments": asked.pop("mlPipelineParameters", {}),
            "DataPathAssignments": asked.pop("dataPathAssignments", {}),
            "ContinueRunOnStepFailure": asked.pop("continueOnStepFailure", False),
            "RunSource": "ADF",
        }
        assert not asked, f"not known to this factory: {asked}"
        answer = self._session.post(f"{runs}/{path}", json=body, headers=headers, timeout=60)
        if not answer.ok:
            raise ActivityFailedError(activity["name"], "2108", f"{answer.status_code}: {answer.text}")
        found = answer.json()
        end = run.seconds + _seconds(activity["policy"]["timeout"])
        while found["Status"]["StatusCode"] not in {"Finished", "Failed", "Canceled"}:
            if run.seconds >= end:
                raise ActivityFailedError(activity["name"], "2001", "The activity timed out.")
            self._sleep(run, _POLL)
            found = self._session.get(f"{runs}/{found['Id']}", headers=headers, timeout=60).json()
        status = found["Status"]
        if status["StatusCode"] != "Finished":
            raise ActivityFailedError(activity["name"], "2500", f"{status['StatusCode']}: {status['StatusDetail']}")
        return {"mlPipelineRunId": found["Id"], "status": status["StatusCode"]}


def _seconds(timespan: str) -> int:
    """Seconds of ``days.hours:minutes:seconds``."""
    days, _, rest = timespan.rpartition(".")
    hours, minutes, seconds = map(int, rest.split(":"))
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds
