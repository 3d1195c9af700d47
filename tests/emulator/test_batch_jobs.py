"""Batch jobs over the service's own addresses: invoke, poll, queue, cancel, list, look into."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from azureml_emulator.testing import emulator
from emulator.batch_service import Endpoint, Service
from emulator.batch_support import alive

ECHO = """
    import os
    def run(mini_batch):
        return [os.path.basename(path) for path in mini_batch]
"""
WAIT = """
    import os, time
    def run(mini_batch):
        print("waiting")
        while True:
            time.sleep(0.1)
"""
FILES = {f"f{number}.txt": str(number) for number in range(5)}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with emulator() as running, Service(running) as client:
        yield client


@pytest.fixture(scope="module")
def echo(service: Service) -> Endpoint:
    return service.deploy(ECHO, nodes=20)


@pytest.fixture(scope="module")
def data(service: Service) -> str:
    return service.upload("data/five", FILES)


@pytest.fixture
def waiting(service: Service) -> Endpoint:
    return service.deploy(WAIT, nodes=1, retrySettings={"maxRetries": 0, "timeout": "PT60S"})


def history(service: Service, method: str, path: str, body: Any = None) -> Any:
    answer = service.call(method, f"/history/v1.0{service.workspace}/{path}", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_job_scores_every_file_of_a_folder(echo: Endpoint, data: str) -> None:
    assert echo.rows(echo.run(data)) == sorted(FILES)


def test_invoking_answers_the_job(echo: Endpoint, data: str) -> None:
    answer = echo.post({"InputData": {"x": {"JobInputType": "UriFolder", "Uri": data}}, "Tags": {"team": "blue"}})
    job = answer.json()
    assert answer.status_code == 201
    assert job["name"].startswith("batchjob-")
    assert answer.headers["location"].endswith(f"{echo.url}/{job['name']}")
    properties = job["properties"]
    assert properties["status"] == "NotStarted"
    assert properties["properties"]["azureml.endpointname"] == echo.name
    assert properties["properties"]["azureml.deploymentname"] == echo.deployment
    assert properties["tags"]["azureml.batchrun"] == "true"
    assert properties["tags"]["team"] == "blue"
    assert echo.wait(job["name"]) == "Completed"


def registered(service: Service, data: str) -> dict[str, str]:
    """The same folder in every form of address."""
    name = uuid.uuid4().hex
    asset = service.put(f"data/{name}/versions/1", {"dataType": "uri_folder", "dataUri": data})["id"]
    root, _ = service.container()
    container = root.rsplit("/", 1)[-1]
    workspace = service.call("GET", service.workspace).json()
    parts = service.workspace.split("/")
    path = data.split("/paths/")[1]
    scope = f"subscriptions/{parts[2]}/resourcegroups/{parts[4]}/workspaces/{parts[8]}"
    return {
        "datastore": data,
        "datastore with workspace": f"azureml://{scope}/datastores/workspaceblobstore/paths/{path}/",
        "datastore by id": f"{service.workspace}/datastores/workspaceblobstore/paths/{path}",
        "blob": f"{root}/{path}",
        "blob of the real host": f"https://amlemulator.blob.core.windows.net/{container}/{path}",
        "asset id": asset,
        "asset": f"azureml:{name}:1",
        "latest": f"azureml:{name}@latest",
        "asset by location": f"azureml://locations/eastus/workspaces/{workspace['properties']['workspaceId']}"
        f"/data/{name}/labels/latest",
    }


def test_an_input_is_found_by_every_form_of_address(service: Service, echo: Endpoint, data: str) -> None:
    jobs = {form: echo.start(uri) for form, uri in registered(service, data).items()}
    assert {form: echo.wait(job) for form, job in jobs.items()} == dict.fromkeys(jobs, "Completed")
    assert {form: len(echo.rows(job)) for form, job in jobs.items()} == dict.fromkeys(jobs, 5)


def test_one_file_is_an_input(echo: Endpoint, data: str) -> None:
    answer = echo.post({"inputData": {"x": {"jobInputType": "UriFile", "uri": f"{data}/f3.txt"}}})
    name = answer.json()["name"]
    assert echo.wait(name) == "Completed"
    assert echo.rows(name) == ["f3.txt"]


def test_bodies_of_2021_are_taken(service: Service, echo: Endpoint, data: str) -> None:
    name = uuid.uuid4().hex
    old = service.put(f"datasets/{name}/versions/1", {"paths": [{"folder": data}]})["id"]
    root, _ = service.container()
    url = f"{root}/{data.split('/paths/')[1]}"
    bodies: list[Any] = [
        {"dataset": {"dataInputType": "DataUrl", "path": url}},
        {"dataset": {"dataInputType": "DatasetVersion", "datasetName": name, "datasetVersion": "1"}},
        {"Dataset": {"DataInputType": "DatasetId", "DatasetId": old}},
        f'{{"properties": {{"dataset": {{"dataInputType": "DataUrl", "path": "{url}",}}, "miniBatchSize": "3",}},}}',
    ]
    jobs = []
    for body in bodies:
        answer = echo.post(body)
        assert answer.status_code == 201, answer.text
        jobs.append(answer.json()["name"])
    assert [echo.wait(job) for job in jobs] == ["Completed"] * len(bodies)
    assert echo.job(jobs[-1])["properties"]["miniBatchSize"] == 3


def test_an_invocation_overrides_the_deployments_settings(service: Service, echo: Endpoint, data: str) -> None:
    name = echo.run(
        data,
        miniBatchSize="1",
        errorThreshold=7,
        retrySettings={"maxRetries": 2, "timeout": "PT1M"},
        outputFileName="mine.txt",
        compute={"instanceCount": 2},
    )
    properties = echo.job(name)["properties"]
    assert properties["miniBatchSize"] == 1
    assert properties["errorThreshold"] == 7
    assert properties["retrySettings"] == {"maxRetries": 2, "timeout": "PT60S"}
    assert properties["compute"]["instanceCount"] == 2
    step = echo.step(name)
    assert len(service.read(f"azureml/{step}/score/mine.txt").splitlines()) == 5
    overview = service.read(f"ExperimentRun/dcid.{step}/logs/job_progress_overview.txt")
    assert "5/5 mini-batches" in overview
    assert "node001" in str(echo.details(step)["logFiles"])


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_results_go_where_the_caller_says_but_never_over_others(
    service: Service, echo: Endpoint, data: str, kind: str
) -> None:
    folder = f"results/{uuid.uuid4().hex}"
    uri = f"azureml://datastores/workspaceblobstore/paths/{folder}" + ("/predictions.csv" if kind == "file" else "")
    output = {"outputData": {"score": {"jobOutputType": "UriFile", "uri": uri}}}
    echo.run(data, **output)
    assert len(service.read(f"{folder}/predictions.csv").splitlines()) == 5
    again = echo.start(data, **output)
    assert echo.wait(again) == "Failed"
    assert "holds a file predictions.csv already" in echo.error(again)


def test_the_header_picks_a_deployment(service: Service, echo: Endpoint, data: str) -> None:
    other = service.deploy("def run(b):\n    return ['other'] * len(b)\n", endpoint=echo.name)
    by_default = echo.start(data)
    picked = echo.start(data, headers={"azureml-model-deployment": other.deployment})
    assert [echo.wait(name) for name in (by_default, picked)] == ["Completed"] * 2
    assert set(echo.rows(picked)) == {"other"}
    assert set(echo.rows(by_default)) == set(FILES)
    listed = f"/mferp/managementfrontend{service.workspace}/batchEndpoints/{echo.name}/deployments"
    jobs = service.call("GET", f"{listed}/{other.deployment}/jobs?api-version=2020-09-01-dataplanepreview").json()
    assert [job["name"] for job in jobs["value"]] == [picked]


@pytest.mark.parametrize(
    ("defaults", "said"),
    [({}, "has no default deployment"), ({"deploymentName": "gone"}, "The default deployment 'gone'")],
)
def test_without_a_deployment_there_is_nothing_to_route_to(
    service: Service, data: str, defaults: dict[str, str], said: str
) -> None:
    name = f"e{uuid.uuid4().hex[:12]}"
    service.put(f"batchEndpoints/{name}", {"authMode": "AADToken", "defaults": defaults}, location="eastus")
    answer = Endpoint(service, name, "", "").post({"inputData": {"x": {"jobInputType": "UriFolder", "uri": data}}})
    error = answer.json()
    assert answer.status_code == 404
    assert error["message"].startswith("No valid deployments to route to")
    assert said in error["message"]
    assert set(error) == {"code", "message", "details"}


def test_the_same_request_id_gives_the_same_job(echo: Endpoint, data: str) -> None:
    headers = {"repeatability_request-id": str(uuid.uuid4())}
    first = echo.start(data, headers=headers)
    assert echo.start(data, headers=headers) == first
    echo.wait(first)
    assert echo.start(data, headers=headers) == first
    assert echo.start(data, headers={"repeatability_request-id": str(uuid.uuid4())}) != first


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({}, "The job has no input"),
        ({"inputData": {"a": {"uri": "x"}, "b": {"uri": "y"}}}, "exactly one data input"),
        ({"inputData": {"a": {"jobInputType": "Literal", "value": "5"}}}, "literals and models are for pipeline"),
        ({"inputData": {"a": {"jobInputType": "UriFolder"}}}, "'inputData.a.uri' must not be empty"),
        ({"inputData": {"a": {"uri": "azureml://datastores/nope/paths/x"}}}, "no datastore 'nope'"),
        ({"inputData": {"a": {"uri": "azureml:nope:1"}}}, "no data asset"),
        ({"inputData": {"a": {"uri": "https://other.blob.core.windows.net/c/p"}}}, "not in a storage account"),
        ({"inputData": {"a": {"uri": "nonsense"}}}, "not an address that can be read"),
        ({"dataset": {"dataInputType": "Magic"}}, "'properties.dataset' must be"),
        ({"miniBatchSize": 0}, "'properties.miniBatchSize' must be a whole number from 1"),
        ({"errorThreshold": -2}, "'properties.errorThreshold' must be a whole number from -1"),
        ({"outputFileName": "a/b.csv"}, "'outputFileName' must be a file name"),
        ({"outputFileName": ".."}, "'outputFileName' must be a file name"),
        ({"name": "../../etc"}, "'properties.name' must be letters"),
        ({"retrySettings": {"timeout": "30 seconds"}}, "ISO 8601 duration"),
        ({"compute": {"instanceCount": 21}}, "asks for 21 nodes, but the compute"),
        ({"inputData": "text"}, "'properties.inputData' must be an object"),
    ],
)
def test_a_body_that_cannot_be_is_refused_unwrapped(
    echo: Endpoint, data: str, properties: dict[str, Any], said: str
) -> None:
    whole = (
        properties
        if {"inputData", "dataset"} & set(properties) or not properties
        else {"inputData": {"x": {"jobInputType": "UriFolder", "uri": data}}, **properties}
    )
    answer = echo.post(whole)
    assert answer.status_code == 400
    assert said in answer.json()["message"]
    assert answer.json()["code"] == "UserError"


def test_a_job_can_be_named_once(echo: Endpoint, data: str) -> None:
    name = f"mine-{uuid.uuid4().hex}"
    assert echo.start(data, name=name) == name
    answer = echo.post({"inputData": {"x": {"uri": data}}, "name": name})
    assert (answer.status_code, answer.json()["code"]) == (409, "Conflict")
    assert echo.wait(name) == "Completed"


def test_a_management_token_does_not_score(service: Service, echo: Endpoint) -> None:
    answer = service.call("POST", echo.url, {}, ml=False)
    assert answer.status_code == 401
    assert service.call("GET", f"{service.workspace}/jobs", ml=True).status_code == 401


def test_a_failed_job_tells_why_on_the_job_and_on_its_step(service: Service, data: str) -> None:
    script = """
        def run(mini_batch):
            for path in mini_batch:
                if path.endswith("f2.txt"):
                    raise ValueError("two is not allowed")
            return mini_batch
    """
    endpoint = service.deploy(script, errorThreshold=0)
    name = endpoint.start(data)
    assert endpoint.wait(name) == "Failed"
    for run in (name, endpoint.step(name)):
        details = endpoint.details(run)
        error = details["error"]["error"]
        assert details["status"] == "Failed"
        assert error["code"] == "UserError"
        for part in (
            "ValueError: two is not allowed",
            "score.py:5 in run",
            "f2.txt",
            "Traceback",
            "error threshold of 0",
        ):
            assert part in error["message"]
    logs = endpoint.details(endpoint.step(name))["logFiles"]
    assert "two is not allowed" in service.http.get(logs["logs/user/error.txt"]).text
    parent = endpoint.details(name)["logFiles"]["logs/azureml/executionlogs.txt"]
    assert "two is not allowed" in service.http.get(parent).text


def test_jobs_share_the_nodes_of_their_compute(service: Service, data: str) -> None:
    endpoint = service.deploy(WAIT, nodes=2, retrySettings={"maxRetries": 0, "timeout": "PT60S"})
    jobs = [endpoint.start(data) for _ in range(3)]

    def states() -> dict[str, str]:
        return {name: endpoint.job(name)["properties"]["status"] for name in jobs}

    end = time.monotonic() + 30
    while sorted((now := states()).values()) != ["Queued", "Running", "Running"]:
        assert time.monotonic() < end, now
        time.sleep(0.02)
    time.sleep(0.3)
    assert states() == now
    waiting = next(name for name in jobs if now[name] == "Queued")
    first = next(name for name in jobs if now[name] == "Running")
    service.call("POST", f"{service.workspace}/jobs/{first}/cancel")
    assert endpoint.wait(first) == "Canceled"
    assert endpoint.wait(waiting, until={"Running"}) == "Running"
    for name in jobs:
        service.call("POST", f"{service.workspace}/jobs/{name}/cancel")
    assert [endpoint.wait(name) for name in jobs] == ["Canceled"] * 3


def test_a_compute_shows_its_nodes_at_work_and_idle(service: Service, waiting: Endpoint, data: str) -> None:
    def nodes() -> tuple[int, int, int]:
        inner = service.call("GET", waiting.compute).json()["properties"]["properties"]
        counts = inner["nodeStateCounts"]
        return inner["currentNodeCount"], counts["runningNodeCount"], counts["idleNodeCount"]

    assert nodes() == (0, 0, 0)
    name = waiting.start(data)
    waiting.wait(name, until={"Running"})
    assert nodes() == (1, 1, 0)
    service.call("POST", f"{service.workspace}/jobs/{name}/cancel")
    assert waiting.wait(name) == "Canceled"
    end = time.monotonic() + 5
    while nodes() != (1, 0, 1) and time.monotonic() < end:
        time.sleep(0.02)
    assert nodes() == (1, 0, 1)


def test_a_job_whose_compute_is_deleted_while_it_waits_fails_by_name(
    service: Service, waiting: Endpoint, data: str
) -> None:
    first = waiting.start(data)
    waiting.wait(first, until={"Running"})
    second = waiting.start(data)
    waiting.wait(second, until={"Queued"})
    service.call("DELETE", f"{waiting.compute}?underlyingResourceAction=Delete")
    assert waiting.wait(second) == "Failed"
    assert "was deleted while the job waited" in waiting.error(second)
    service.call("POST", f"{service.workspace}/jobs/{first}/cancel")
    assert waiting.wait(first) == "Canceled"


def processes(service: Service) -> set[int]:
    """Drivers and workers under an emulator."""
    tree = psutil.Process(service.emulator.process.pid).children(recursive=True)
    commands = {process.pid: " ".join(process.cmdline()) for process in tree}
    return {
        pid for pid, command in commands.items() if "batch.driver" in command or "batch/worker/__main__.py" in command
    }


@pytest.mark.parametrize("state", ["NotStarted", "Queued", "Running"])
def test_cancel_at_any_stage_leaves_no_process(service: Service, waiting: Endpoint, data: str, state: str) -> None:
    blocker = waiting.start(data) if state == "Queued" else None
    if blocker:
        waiting.wait(blocker, until={"Running"})
    name = waiting.start(data)
    if state != "NotStarted":
        assert waiting.wait(name, until={state}) == state
    answer = service.call("POST", f"{service.workspace}/jobs/{name}/cancel")
    assert answer.status_code in {200, 202}
    if answer.status_code == 202:
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["location"].startswith(service.emulator.origin)
    assert waiting.wait(name) == "Canceled"
    if blocker:
        service.call("POST", f"{service.workspace}/jobs/{blocker}/cancel")
        assert waiting.wait(blocker) == "Canceled"
    end = time.monotonic() + 5
    while processes(service) and time.monotonic() < end:
        time.sleep(0.02)
    assert processes(service) == set()
    assert waiting.details(name)["error"] is None


def test_canceling_a_finished_job_changes_nothing(service: Service, echo: Endpoint, data: str) -> None:
    name = echo.run(data)
    assert service.call("POST", f"{service.workspace}/jobs/{name}/cancel").status_code == 200
    assert echo.wait(name) == "Completed"


def test_logs_can_be_read_while_the_job_runs(service: Service, waiting: Endpoint, data: str) -> None:
    name = waiting.start(data)
    waiting.wait(name, until={"Running"})
    step = waiting.step(name)
    end = time.monotonic() + 10
    while "waiting" not in (text := _log(service, waiting, step, "logs/user/stdout/node000/process000.stdout.txt")):
        assert time.monotonic() < end, text
        time.sleep(0.05)
    assert "Progress: 0/3 mini-batches" in _log(service, waiting, step, "logs/job_progress_overview.txt")
    assert "Running" in _log(service, waiting, name, "logs/azureml/executionlogs.txt")
    service.call("POST", f"{service.workspace}/jobs/{name}/cancel")
    assert waiting.wait(name) == "Canceled"


def _log(service: Service, endpoint: Endpoint, run: str, log: str) -> str:
    url = endpoint.details(run)["logFiles"].get(log)
    return service.http.get(url).text if url else ""


def test_twenty_jobs_at_once_all_complete(service: Service, echo: Endpoint, data: str) -> None:
    with ThreadPoolExecutor(20) as threads:
        jobs = list(threads.map(lambda _: echo.start(data), range(20)))
    assert len(set(jobs)) == 20
    assert [echo.wait(name, seconds=60) for name in jobs] == ["Completed"] * 20
    assert all(echo.rows(name) == sorted(FILES) for name in jobs)


def test_an_endpoints_jobs_are_listed_page_by_page_newest_first(service: Service, data: str) -> None:
    endpoint = service.deploy(ECHO)
    jobs = [endpoint.run(data) for _ in range(3)]
    url = f"/mferp/managementfrontend{service.workspace}/batchEndpoints/{endpoint.name}/jobs"
    page = service.call("GET", f"{url}?api-version=2020-09-01-dataplanepreview&$top=2", ml=True).json()
    following = service.call("GET", page["nextLink"]).json()
    assert "nextLink" not in following
    assert [job["name"] for job in page["value"] + following["value"]] == jobs[::-1]
    assert service.http.get(url).status_code == 401


def test_a_job_over_arm_is_a_pipeline_job_with_one_step(service: Service, echo: Endpoint, data: str) -> None:
    name = echo.run(data)
    job = service.call("GET", f"{service.workspace}/jobs/{name}").json()
    assert job["properties"]["jobType"] == "Pipeline"
    assert job["properties"]["status"] == "Completed"
    assert job["properties"]["tags"]["azureml.batchrun"] == "true"
    assert isinstance(job["properties"]["services"], dict)
    step = service.call("GET", f"{service.workspace}/jobs/{echo.step(name)}").json()
    assert step["properties"] is None
    assert name in {item["name"] for item in service.call("GET", f"{service.workspace}/jobs").json()["value"]}
    missing = service.call("GET", f"{service.workspace}/jobs/nope")
    assert (missing.status_code, "error" in missing.json()) == (404, True)


def test_run_history_leads_to_the_output(service: Service, echo: Endpoint, data: str) -> None:
    name = echo.run(data)
    step = echo.step(name)
    run = history(service, "POST", "rundata", {"runId": step, "selectRunMetadata": True})["runMetadata"]
    output = run["outputs"]["score"]
    assert output["type"] == "uri_folder"
    url = f"/data/v1.0{service.workspace}/dataversion/batchGetResolvedUris"
    found = service.call("POST", url, {"values": [output["assetId"]]}).json()["values"][output["assetId"]]
    assert found["uri"].endswith(f"/datastores/workspaceblobstore/paths/azureml/{step}/score/")
    assert history(service, "GET", f"runs/{step}")["parentRunId"] == name
    assert history(service, "GET", f"runs/{step}/children") == {"value": []}


def test_deleting_an_endpoint_keeps_its_jobs(service: Service, data: str) -> None:
    endpoint = service.deploy(ECHO)
    name = endpoint.run(data)
    service.call("DELETE", f"{service.workspace}/batchEndpoints/{endpoint.name}")
    assert service.call("GET", endpoint.url, ml=True).status_code == 404
    assert service.call("GET", f"{service.workspace}/jobs/{name}").status_code == 200


def test_every_answer_names_an_api_version_error_as_arm_does(service: Service) -> None:
    answer = service.http.get(
        f"{service.workspace}/jobs",
        headers={"authorization": f"Bearer {service.tokens['https://management.azure.com']}"},
    )
    assert answer.json()["error"]["code"] == "MissingApiVersionParameter"


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_an_emulator_that_comes_back_resumes_its_jobs(tmp_path: Path, end: str) -> None:
    script = """
        import os, time
        def run(mini_batch):
            time.sleep(0.05)
            return [os.path.basename(path) for path in mini_batch]
    """
    files = {f"f{number:02}.txt": "x" for number in range(20)}
    with emulator(tmp_path) as running, Service(running) as service:
        endpoint = service.deploy(script, miniBatchSize=1)
        name = endpoint.start(service.upload("data/twenty", files))
        journal = tmp_path / "jobs" / name / "journal.jsonl"
        while not journal.exists() or journal.read_text().count("\n") < 4:
            time.sleep(0.02)
        mine = processes(service)
        service.http.close()
        getattr(running.process, end)()
        running.process.wait()
    assert len(mine) == 2
    with emulator(tmp_path) as running, Service(running) as service:
        assert not any(alive(pid) for pid in mine)
        again = Endpoint(service, endpoint.name, endpoint.deployment, endpoint.compute)
        assert again.wait(name) == "Completed"
        assert again.rows(name) == sorted(files)
        log = again.service.read(f"ExperimentRun/dcid.{again.step(name)}/logs/sys/master_role.txt")
        assert "mini-batches are done already" in log
