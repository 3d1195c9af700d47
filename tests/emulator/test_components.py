"""Components, deployments of pipeline components, and invocations of them: what is taken, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator
from emulator.batch_service import Endpoint, Service
from emulator.pipeline_service import Pipelines, folder, literal, to_parent


@pytest.fixture(scope="module")
def service(azureml_emulator: RunningEmulator) -> Iterator[Service]:
    with Service(azureml_emulator) as client:
        yield client


@pytest.fixture(scope="module")
def pipelines(service: Service) -> Pipelines:
    return Pipelines(service)


@pytest.fixture(scope="module")
def step(pipelines: Pipelines) -> str:
    return pipelines.command(
        "echo ${{inputs.data}} ${{inputs.rate}} $[[${{inputs.note}}]] > ${{outputs.out}}/x",
        inputs={
            "data": {"type": "uri_folder"},
            "rate": {"type": "number", "default": 0.5, "min": 0, "max": 1},
            "note": {"type": "string", "optional": True},
        },
        outputs={"out": {"type": "uri_folder"}},
    )


def pipeline(step: str, **changes: Any) -> dict[str, Any]:
    job = {
        "type": "command",
        "componentId": step,
        "inputs": {"data": literal("${{parent.inputs.data}}"), "rate": literal("${{parent.inputs.rate}}")},
        "outputs": {"out": to_parent("out")},
        **changes,
    }
    return {
        "type": "pipeline",
        "inputs": {
            "data": {"type": "uri_folder"},
            "rate": {"type": "number", "default": 0.5, "max": 1},
            "kernel": {"type": "string", "optional": True, "enum": ["linear", "poly"]},
        },
        "outputs": {"out": {"type": "uri_folder"}},
        "jobs": {"only": job},
    }


@pytest.fixture(scope="module")
def registered(pipelines: Pipelines, step: str) -> str:
    return pipelines.put("registered-pipeline", pipeline(step))["id"]


@pytest.fixture(scope="module")
def endpoint(pipelines: Pipelines, registered: str) -> Endpoint:
    return pipelines.deploy(registered)


# -- components -----------------------------------------------------------------------------------------------


def test_a_component_is_kept_as_it_was_sent(service: Service, pipelines: Pipelines, step: str) -> None:
    spec = {**pipeline(step), "display_name": "As sent", "$schema": "https://example.org/s.json", "_source": "DSL"}
    path = f"components/sent-{pipelines.mark}/versions/v7"
    service.put(path, {"componentSpec": spec, "description": "d", "tags": {"a": "b"}})
    found = service.call("GET", f"{service.workspace}/{path}").json()["properties"]
    assert found["componentSpec"] == spec
    assert (found["provisioningState"], found["isAnonymous"]) == ("Succeeded", False)
    holder = service.call("GET", f"{service.workspace}/components/sent-{pipelines.mark}").json()["properties"]
    assert holder["latestVersion"] == "v7"


def test_short_references_become_ids(service: Service, pipelines: Pipelines) -> None:
    name = f"short-{pipelines.mark}"
    service.put(f"environments/{name}/versions/3", {"image": "ubuntu:22.04"})
    spec = {"type": "command", "command": "true", "environment": f"azureml:{name}@latest"}
    kept = pipelines.put(name, spec)["properties"]["componentSpec"]
    assert kept["environment"] == f"azureml:{service.workspace}/environments/{name}/versions/3"


def test_the_content_of_a_version_is_immutable_and_its_tags_are_not(service: Service, pipelines: Pipelines) -> None:
    name = f"fixed-{pipelines.mark}"
    spec = {"type": "command", "command": "true", "environment": pipelines.environment}
    pipelines.put(name, spec)
    path = f"{service.workspace}/components/{name}/versions/1"
    tagged = service.call("PUT", path, {"properties": {"componentSpec": spec, "tags": {"new": "tag"}}})
    assert tagged.json()["properties"]["tags"] == {"new": "tag"}
    changed = service.call("PUT", path, {"properties": {"componentSpec": {**spec, "command": "false"}}})
    assert changed.status_code == 400
    assert "component version with this name and version already exists" in changed.json()["error"]["message"]
    assert service.call("DELETE", path).status_code == 200
    assert service.call("GET", path).status_code == 404


def test_every_problem_of_a_pipeline_is_told_at_once_with_its_path(pipelines: Pipelines, step: str) -> None:
    spec = pipeline(step, inputs={"dta": literal("x"), "rate": literal("${{parent.inputs.rte}}")})
    error = pipelines.refused(spec)
    assert (error["status"], error["code"]) == (400, "ValidationError")
    told = {detail["target"]: detail["message"] for detail in error["details"]}
    below = "properties.componentSpec.jobs.only.inputs"
    assert set(told) == {f"{below}.data", f"{below}.dta", f"{below}.rate"}
    assert "is not bound" in told[f"{below}.data"]
    assert "names the pipeline's input 'rte'" in told[f"{below}.rate"]
    assert error["target"] in told


def test_a_cycle_is_refused(pipelines: Pipelines, step: str) -> None:
    spec = pipeline(step)
    spec["jobs"]["other"] = {
        "type": "command", "componentId": step,
        "inputs": {"data": literal("${{parent.jobs.only.outputs.out}}")},
    }  # fmt: skip
    spec["jobs"]["only"]["inputs"]["data"] = literal("${{parent.jobs.other.outputs.out}}")
    assert "is part of a cycle" in pipelines.refused(spec)["message"]


@pytest.mark.parametrize(
    ("change", "status", "target", "said"),
    [
        ({"componentId": "azureml:none:1"}, 400, "jobs.only.componentId", "Could not find asset"),
        ({"computeId": "azureml:none"}, 400, "jobs.only.computeId", "The compute 'azureml:none' does not exist"),
        ({"type": "sweep"}, 501, None, "does not support jobs of the type 'sweep'"),
        ({"resources": {"instance_count": 2}}, 501, None, "commands on several nodes"),
        ({"inptus": {}}, 400, "jobs.only.inptus", "is not expected here"),
        ({"inputs": {"data": "${{parent.inputs.data}}"}}, 400, "jobs.only.inputs.data", "should be"),
    ],
)
def test_what_a_job_names_must_be_there(
    pipelines: Pipelines, step: str, change: dict[str, Any], status: int, target: str | None, said: str
) -> None:
    error = pipelines.refused(pipeline(step, **change))
    assert error["status"] == status
    assert said in error["message"]
    assert error["target"] == (f"properties.componentSpec.{target}" if target else None)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, "'Component Spec' must not be empty"),
        ({"type": "command", "command": "true"}, "environment' is required"),
        ({"type": "spark"}, "does not support components of the type 'spark'"),
        ({"type": "command", "command": "x ${{inputs.a}}", "environment": "azureml:none:1"}, "has ${{inputs.a}}"),
        ({"type": "command", "command": "true", "environment": "azureml:none:1"}, "Could not find asset"),
        ({"type": "command", "command": "true", "environment": "e", "name": "other"}, "name' is 'other'"),
    ],
)
def test_a_command_must_be_whole(pipelines: Pipelines, spec: dict[str, Any], said: str) -> None:
    assert said in pipelines.refused(spec)["message"]


# -- deployments ----------------------------------------------------------------------------------------------


def deployment(component: str, settings: Any = None, **properties: Any) -> dict[str, Any]:
    configuration = {
        "deploymentConfigurationType": "PipelineComponent",
        "componentId": {"assetId": component},
        "settings": settings,
    }
    return {"location": "eastus", "properties": {"deploymentConfiguration": configuration, **properties}}


def put_deployment(service: Service, endpoint: Endpoint, body: dict[str, Any]) -> Any:
    path = f"{service.workspace}/batchEndpoints/{endpoint.name}/deployments/tried"
    return service.call("PUT", path, body)


def test_a_pipeline_deployment_needs_neither_model_nor_compute(
    service: Service, pipelines: Pipelines, endpoint: Endpoint, registered: str
) -> None:
    settings = {"default_compute": pipelines.compute.rsplit("/", 1)[-1], "ContinueRunOnStepFailure": True}
    answer = put_deployment(service, endpoint, deployment(f"azureml:{registered}", settings))
    assert answer.status_code in {200, 201}, answer.text
    path = f"{service.workspace}/batchEndpoints/{endpoint.name}/deployments/tried"
    found = service.call("GET", path).json()["properties"]
    configuration = found["deploymentConfiguration"]
    assert configuration["componentId"] == {"referenceType": "Id", "assetId": registered}
    assert configuration["settings"] == {
        "default_compute": pipelines.compute, "continue_on_step_failure": "True"
    }  # fmt: skip
    assert found["provisioningState"] == "Succeeded"


@pytest.mark.parametrize(
    ("settings", "properties", "said"),
    [
        ({}, {}, "The job 'only' of the pipeline has no compute, and the deployment no default_compute."),
        ({"default_compute": "none"}, {}, "The compute 'none' does not exist"),
        ({"default_compte": "x"}, {}, "The setting 'default_compte' is not known. Known are: continue_on_step_failure"),
        ({"continue_on_step_failure": "maybe"}, {}, "is true or false, not 'maybe'"),
        ({"default_datastore": "none"}, {}, "The datastore 'none' does not exist"),
        ({}, {"model": {"referenceType": "Id", "assetId": "azureml:m:1"}}, "'model' is for model deployments"),
    ],
)
def test_a_pipeline_deployment_is_checked(
    service: Service, endpoint: Endpoint, registered: str, settings: Any, properties: Any, said: str
) -> None:
    answer = put_deployment(service, endpoint, deployment(registered, settings, **properties))
    assert answer.status_code == 400
    assert said in answer.json()["error"]["message"]


def test_a_deployment_runs_pipelines_only(service: Service, endpoint: Endpoint, step: str) -> None:
    answer = put_deployment(service, endpoint, deployment(step))
    assert "is a command component; a deployment runs a pipeline component" in answer.json()["error"]["message"]
    missing = put_deployment(service, endpoint, deployment("azureml:none:1"))
    assert "Could not find asset" in missing.json()["error"]["message"]


# -- invocations ----------------------------------------------------------------------------------------------

SOMEWHERE = folder("azureml://datastores/workspaceblobstore/paths/x")


def number(value: Any) -> dict[str, Any]:
    return {"jobInputType": "Literal", "value": value}


@pytest.mark.parametrize(
    ("properties", "target", "said"),
    [
        ({}, "inputData.data", "'inputData.data' is required: the pipeline needs an input of the type uri_folder."),
        ({"inputData": {"data": SOMEWHERE, "dta": SOMEWHERE}}, "inputData.dta", "the inputs data, rate, kernel"),
        ({"inputData": {"data": number("x")}}, "inputData.data", "is a literal, but data of the type uri_folder"),
        ({"inputData": {"data": SOMEWHERE, "rate": SOMEWHERE}}, "inputData.rate", "but number is wanted"),
        ({"inputData": {"data": SOMEWHERE, "rate": number("much")}}, "inputData.rate.value", "should be a number"),
        ({"inputData": {"data": SOMEWHERE, "rate": number(2)}}, "inputData.rate.value", "more than the maximum of 1"),
        ({"inputData": {"data": SOMEWHERE, "rate": number(-1)}}, None, "the input 'rate' of the job 'only' is -1"),
        ({"inputData": {"data": SOMEWHERE, "kernel": number("rbf")}}, "inputData.kernel.value", "linear, poly"),
        ({"inputData": {"data": {**SOMEWHERE, "jobInputType": "UriFile"}}}, "inputData.data", "uri_folder is wanted"),
        ({"inputData": {"data": {"jobInputType": "UriFolder"}}}, None, "'inputData.data.uri' must not be empty."),
        ({"inputData": {"data": {"jobInputType": "Folder", "uri": "x"}}}, None, "which is none of: UriFolder"),
        ({"inputData": {"data": folder("s3://x")}}, None, "'s3://x' is not an address that can be read"),
        ({"inputData": {"data": folder("azureml:none:1")}}, None, "there is no data asset"),
        ({"inputData": {"data": SOMEWHERE}, "miniBatchSize": 5}, None, "'properties.miniBatchSize' is for model"),
        (
            {"inputData": {"data": SOMEWHERE}, "outputData": {"rows": {"jobOutputType": "UriFolder", "uri": "x"}}},
            "outputData.rows",
            "the pipeline has the outputs out",
        ),
    ],
)
def test_an_invocation_that_does_not_fit_is_refused_with_the_field(
    endpoint: Endpoint, properties: dict[str, Any], target: str | None, said: str
) -> None:
    answer = endpoint.post(properties)
    assert answer.status_code == 400
    error = answer.json()
    assert said in error["message"]
    if target is not None:
        assert target in {detail["target"] for detail in error["details"]}


def test_a_deleted_component_is_told_when_it_is_missed(service: Service, pipelines: Pipelines, step: str) -> None:
    name = f"gone-{pipelines.mark}"
    component = pipelines.put(name, pipeline(step))["id"]
    endpoint = pipelines.deploy(component)
    service.call("DELETE", component)
    answer = endpoint.post({"inputData": {"data": SOMEWHERE}})
    assert answer.status_code == 400
    assert f"The component {component} does not exist any more." in answer.json()["message"]
