"""Starting batch jobs over the service's own addresses: bodies, inputs, outputs, overrides, routing."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from emulator.batch_service import FILES, Endpoint, Service


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
