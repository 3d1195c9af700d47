"""What can be changed of jobs that there are: how they are shown, which lists they are in, whether they stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from azureml_emulator.testing import emulator
from emulator.batch_service import Endpoint, Service

ECHO = "def run(mini_batch):\n    return mini_batch\n"
WAIT = "import time\ndef run(mini_batch):\n    while True:\n        time.sleep(0.1)\n"


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with emulator() as running, Service(running) as client:
        yield client


@pytest.fixture(scope="module")
def data(service: Service) -> str:
    return service.upload("data/one", {"a.txt": "a"})


@pytest.fixture(scope="module")
def endpoint(service: Service) -> Endpoint:
    return service.deploy(ECHO, nodes=20)


@pytest.fixture(scope="module")
def job(endpoint: Endpoint, data: str) -> str:
    return endpoint.run(data, tags={"team": "blue"}, properties={"cost": "low", "experimentName": "first"})


@pytest.fixture(scope="module")
def waiting(service: Service, data: str) -> Iterator[tuple[Endpoint, str]]:
    endpoint = service.deploy(WAIT, nodes=1, retrySettings={"maxRetries": 0, "timeout": "PT60S"})
    name = endpoint.start(data)
    endpoint.wait(name, until={"Running"})
    yield endpoint, name
    service.call("POST", f"{service.workspace}/jobs/{name}/cancel")
    endpoint.wait(name)


def arm(service: Service, name: str) -> Any:
    return service.call("GET", f"{service.workspace}/jobs/{name}").json()


def listed(service: Service, **query: str) -> list[str]:
    suffix = "".join(f"&{key}={value}" for key, value in query.items())
    answer = service.http.get(
        f"{service.workspace}/jobs?api-version=2024-04-01{suffix}",
        headers={"authorization": f"Bearer {service.tokens['https://management.azure.com']}"},
    )
    assert answer.status_code == 200, answer.text
    return [found["name"] for found in answer.json()["value"]]


def test_a_put_changes_how_a_job_is_shown_and_nothing_else(service: Service, job: str) -> None:
    path = f"{service.workspace}/jobs/{job}"
    before = arm(service, job)
    body = {"properties": {**before["properties"], "displayName": "Mine", "tags": {"kept": "yes"}, "description": "d"}}
    after = service.call("PUT", path, body)
    assert after.status_code == 200
    assert after.json() == arm(service, job)
    shown = after.json()["properties"]
    assert (shown["displayName"], shown["description"]) == ("Mine", "d")
    assert shown["tags"].items() >= {"kept": "yes", "azureml.batchrun": "true"}.items()
    assert "team" not in shown["tags"]
    assert {key: shown[key] for key in ("inputs", "outputs", "status", "properties")} == {
        key: before["properties"][key] for key in ("inputs", "outputs", "status", "properties")
    }


@pytest.mark.parametrize("what", ["jobType", "experimentName", "computeId"])
def test_what_a_job_is_made_of_cannot_change(service: Service, job: str, what: str) -> None:
    properties = {**arm(service, job)["properties"], what: "another"}
    answer = service.call("PUT", f"{service.workspace}/jobs/{job}", {"properties": properties})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("A job with this name already exists.")
    assert f"the existing job's {what} cannot be changed" in answer.json()["error"]["message"]


def test_a_run_is_renamed_and_tagged_on_top_of_what_it_has(service: Service, endpoint: Endpoint, data: str) -> None:
    name = endpoint.run(data, tags={"team": "blue"})
    path = f"/history/v1.0{service.workspace}/experiments/any/runs/{name}"
    body = {"displayName": "Run", "tags": {"more": "1"}, "properties": {"added": "2"}}
    answer = service.call("PATCH", path, body)
    assert (answer.status_code, answer.json()["displayName"]) == (200, "Run")
    properties = arm(service, name)["properties"]
    assert properties["tags"].items() >= {"team": "blue", "more": "1"}.items()
    assert properties["properties"]["added"] == "2"


def test_archived_jobs_are_in_their_own_list(service: Service, endpoint: Endpoint, data: str) -> None:
    name = endpoint.run(data)
    run = f"/history/v1.0{service.workspace}/runs/{name}"
    assert service.call("PATCH", run, {"hidden": True}).json()["hidden"] is True
    assert arm(service, name)["properties"]["isArchived"] is True
    assert name not in listed(service)
    assert listed(service, listViewType="ArchivedOnly") == [name]
    assert name in listed(service, listViewType="All")
    service.call("PATCH", run, {"hidden": False})
    assert name in listed(service)


def test_jobs_are_listed_by_what_they_have(service: Service, endpoint: Endpoint, data: str) -> None:
    name = endpoint.run(data, tags={"only": "here"}, properties={"size": "small"})
    assert listed(service, tag="only") == [name]
    assert listed(service, properties="size=small") == [name]
    assert listed(service, properties="size=large") == []
    assert name in listed(service, jobType="Pipeline")
    assert listed(service, jobType="Command") == []


def test_a_step_is_changed_through_its_job(service: Service, endpoint: Endpoint, job: str) -> None:
    step = endpoint.step(job)
    for method in ("PATCH", "PUT", "DELETE"):
        path = f"/history/v1.0{service.workspace}/runs" if method == "PATCH" else f"{service.workspace}/jobs"
        answer = service.call(method, f"{path}/{step}", {"properties": {"jobType": "Pipeline"}})
        assert answer.status_code == 400
        assert f"a step of the job {job}" in answer.json()["error"]["message"]


def test_jobs_are_made_by_invoking_only(service: Service) -> None:
    body = {"properties": {"jobType": "Command", "command": "true"}}
    answer = service.call("PUT", f"{service.workspace}/jobs/new", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")
    assert "jobs of the type Command" in answer.json()["error"]["message"]


def test_a_job_that_has_ended_can_be_deleted(service: Service, endpoint: Endpoint, data: str) -> None:
    name = endpoint.run(data)
    path = f"{service.workspace}/jobs/{name}"
    assert service.call("DELETE", path).status_code == 200
    assert service.call("GET", path).status_code == 404
    assert name not in listed(service)
    assert service.call("DELETE", path).status_code == 204


def test_a_job_under_way_cannot_be_deleted(service: Service, waiting: tuple[Endpoint, str]) -> None:
    answer = service.call("DELETE", f"{service.workspace}/jobs/{waiting[1]}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "Conflict")
    assert "cancel it before" in answer.json()["error"]["message"]


def test_the_nodes_of_a_cluster_tell_what_runs_on_them(service: Service, waiting: tuple[Endpoint, str]) -> None:
    endpoint, name = waiting
    nodes = service.call("POST", f"{endpoint.compute}/listNodes").json()["nodes"]
    assert [(node["nodeState"], node["runId"]) for node in nodes] == [("running", name)]
