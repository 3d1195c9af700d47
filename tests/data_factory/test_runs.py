"""Generated pipelines run endpoints: a small Data Factory executes them against the emulator."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from emulator.batch_service import ECHO, Endpoint
from pulumi_azureml import data_factory

from .conftest import Cloud
from .interpreter import ActivityFailedError, Factory

TABLE = "azureml://datastores/workspaceblobstore/paths/factory/t.txt"
PORTS = {"table": {"type": "uri_file", "path": TABLE}, "times": {"type": "integer"}, "word": "it's @{all}"}


@pytest.fixture
def factory(cloud: Cloud) -> Factory:
    return cloud.factory(f"adf-{uuid.uuid4().hex[:8]}")


def put(cloud: Cloud, factory: Factory, document: dict[str, Any], kind: str = "pipelines") -> None:
    path = f"{factory.id}/{kind}/{document['name']}"
    answer = cloud.arm("PUT", path, {"properties": document["properties"]})
    assert answer.status_code in {200, 201}, answer.text
    assert answer.json()["properties"] == document["properties"]


def scoring_uri(endpoint: Endpoint) -> str:
    return f"https://{endpoint.name}.eastus.inference.ml.azure.com/jobs"


def jobs(endpoint: Endpoint) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = endpoint.service.call("GET", endpoint.url, ml=True).json()["value"]
    return listed


def test_a_batch_endpoints_pipeline_runs_and_completes(cloud: Cloud, factory: Factory, endpoint: Endpoint) -> None:
    target = "azureml://datastores/workspaceblobstore/paths/factory/made"
    document = data_factory.pipeline(
        "nightly", scoring_uri=scoring_uri(endpoint), inputs=PORTS, experiment="@night",
        outputs={"out": {"type": "uri_folder", "path": target}},
    )  # fmt: skip
    put(cloud, factory, document)
    run = factory.run("nightly", times=2)
    assert run.variables == {"status": "Completed"}
    assert (run.done[0], run.done[-1]) == ("Run job", "Has it completed")
    assert run.done.count("Read status") == run.done.count("Pause") >= 1
    assert cloud.service.read("factory/made/all.txt") == "row\nrow\nit's @{all}\n"
    job = endpoint.service.call("GET", f"{cloud.service.workspace}/jobs/{run.outputs['Run job']['name']}").json()
    assert job["properties"]["experimentName"] == "@night"


def test_a_failed_job_fails_the_pipeline_and_the_message_names_it(
    cloud: Cloud, factory: Factory, endpoint: Endpoint
) -> None:
    document = data_factory.pipeline("failing", scoring_uri=scoring_uri(endpoint), inputs=PORTS)
    put(cloud, factory, document)
    with pytest.raises(ActivityFailedError) as failed:
        factory.run("failing", times=0)
    job = next(job["name"] for job in jobs(endpoint) if job["properties"]["status"] == "Failed")
    assert (failed.value.activity, failed.value.code) == ("Fail", "JobFailed")
    assert failed.value.message == (
        f"Job {job} of {scoring_uri(endpoint)} ended as Failed. What to do: azureml-stack logs {job}"
    )


def test_a_canceled_job_fails_the_pipeline_too(cloud: Cloud, factory: Factory, pipelines: Any) -> None:
    endless = pipelines.command("while true; do read -t 0.1 < /dev/zero; done")
    stuck = pipelines.deploy(pipelines.pipeline({"only": {"type": "command", "componentId": endless}}))
    put(cloud, factory, data_factory.pipeline("canceled", scoring_uri=scoring_uri(stuck)))
    pause = factory._pause

    def cancel(seconds: float) -> None:
        name = jobs(stuck)[0]["name"]
        cloud.service.call("POST", f"{cloud.service.workspace}/jobs/{name}/cancel")
        pause(seconds)

    factory._pause = cancel
    with pytest.raises(ActivityFailedError, match="ended as Canceled") as failed:
        factory.run("canceled")
    assert failed.value.code == "JobCanceled"


def test_a_job_that_takes_too_long_fails_the_pipeline(cloud: Cloud, factory: Factory, pipelines: Any) -> None:
    endless = pipelines.command("while true; do read -t 0.1 < /dev/zero; done")
    stuck = pipelines.deploy(pipelines.pipeline({"only": {"type": "command", "componentId": endless}}))
    document = data_factory.pipeline("slow", scoring_uri=scoring_uri(stuck), poll_seconds=60, timeout="PT3M")
    put(cloud, factory, document)
    with pytest.raises(ActivityFailedError, match="timed out") as failed:
        factory.run("slow")
    assert failed.value.activity == "Wait for job"
    cloud.service.call("POST", f"{cloud.service.workspace}/jobs/{jobs(stuck)[0]['name']}/cancel")


def test_a_refused_call_fails_the_pipeline_with_the_services_words(
    cloud: Cloud, factory: Factory, endpoint: Endpoint
) -> None:
    put(cloud, factory, data_factory.pipeline("refused", scoring_uri=scoring_uri(endpoint), inputs=PORTS))
    with pytest.raises(ActivityFailedError, match=r"inputData\.times\.value.*maximum of 5") as failed:
        factory.run("refused", times=9)
    assert failed.value.activity == "Run job"


def test_a_call_that_is_tried_again_starts_no_second_job(cloud: Cloud, factory: Factory, endpoint: Endpoint) -> None:
    put(cloud, factory, data_factory.pipeline("twice", scoring_uri=scoring_uri(endpoint), inputs=PORTS))
    before = len(jobs(endpoint))
    request = factory._session.request

    def lose_the_first_answer(method: str, url: str, **more: Any) -> Any:
        answer = request(method, url, **more)
        if method == "POST" and lose:
            lose.pop()
            answer.status_code = 502
        return answer

    lose = [True]
    factory._session.request = lose_the_first_answer  # type: ignore[method-assign]
    try:
        run = factory.run("twice", times=1)
    finally:
        factory._session.request = request  # type: ignore[method-assign]
    assert (lose, run.variables["status"]) == ([], "Completed")
    assert len(jobs(endpoint)) == before + 1


def test_a_model_is_scored_with_and_one_of_several_deployments_can_be_named(cloud: Cloud, factory: Factory) -> None:
    scoring = cloud.service.deploy(ECHO)
    other = cloud.service.deploy(
        "def run(mini_batch):\n    return ['other'] * len(mini_batch)\n", endpoint=scoring.name
    )
    data = {"data": {"type": "uri_folder", "path": cloud.service.upload("factory/in", {"a.txt": "A"})}}
    document = data_factory.pipeline(
        "score", scoring_uri=scoring_uri(scoring), deployment=other.deployment, inputs=data
    )
    put(cloud, factory, document)
    run = factory.run("score")
    assert scoring.rows(run.outputs["Run job"]["name"]) == ["other"]


@pytest.fixture
def published(cloud: Cloud, factory: Factory, endpoint: Endpoint) -> dict[str, Any]:
    """The endpoint as a v1 pipeline endpoint; the factory has a linked service to the workspace."""
    put(cloud, factory, data_factory.linked_service("AzureML", cloud.service.workspace), "linkedservices")
    listed = cloud.service.call("GET", f"/pipelines/v1.0{cloud.service.workspace}/PipelineEndpoints").json()
    found: dict[str, Any] = next(each for each in listed if each["Name"] == endpoint.name)
    return found


@pytest.mark.parametrize("by", ["endpoint", "version", "pipeline"])
def test_a_v1_pipeline_is_run_by_its_own_activity(
    cloud: Cloud, factory: Factory, published: dict[str, Any], by: str
) -> None:
    version = published["PipelineVersionList"][0]
    what = {
        "endpoint": {"pipeline_endpoint_id": published["Id"]},
        "version": {"pipeline_endpoint_id": published["Id"], "pipeline_version": version["Version"]},
        "pipeline": {"pipeline_id": version["PipelineId"]},
    }[by]
    document = data_factory.pipeline("v1", linked_service="AzureML", inputs=PORTS, experiment="nightly", **what)
    put(cloud, factory, document)
    run = factory.run("v1", times=1, word="uno")
    output = run.outputs["Run pipeline"]
    assert output["status"] == "Finished"
    assert cloud.service.read(f"azureml/{output['mlPipelineRunId']}/out/all.txt") == "row\nuno\n"


def test_a_failed_v1_pipeline_fails_the_factorys_with_the_cause(
    cloud: Cloud, factory: Factory, published: dict[str, Any]
) -> None:
    document = data_factory.pipeline("v1", linked_service="AzureML", inputs=PORTS, pipeline_endpoint_id=published["Id"])
    put(cloud, factory, document)
    with pytest.raises(ActivityFailedError, match="the step 'repeat' failed") as failed:
        factory.run("v1", times=0)
    assert failed.value.activity == "Run pipeline"
