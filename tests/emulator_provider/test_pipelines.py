"""Pipeline components and the deployments that run them, against a running Azure ML."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_azureml.arm import ArmError
from pulumi_azureml.engine import lifecycle_of
from pulumi_azureml.resources import BATCH_DEPLOYMENT, BATCH_ENDPOINT, COMPONENT, COMPUTE, ENVIRONMENT

from .stack import Stack

DATA = {"data": {"type": "uri_folder"}}


def step(stack: Stack, name: str, command: str = "cp -r ${{inputs.data}} ${{outputs.out}}") -> Any:
    environment = stack.up(ENVIRONMENT, "env", image="ubuntu:22.04")
    outputs = {"out": {"type": "uri_folder"}}
    return stack.up(COMPONENT, name, command=command, environment=environment.id, inputs=DATA, outputs=outputs)


def jobs(component: str, compute: str) -> dict[str, Any]:
    return {
        "first": {
            "component": component,
            "compute": compute,
            "inputs": {"data": "${{parent.inputs.data}}"},
            "environment_variables": {"LEVEL": "1"},
            "timeout": "PT5M",
        },
        "second": {
            "component": component,
            "inputs": {"data": "${{parent.jobs.first.outputs.out}}"},
            "outputs": {"out": "${{parent.outputs.result}}"},
        },
    }


def pipeline(stack: Stack, component: str) -> dict[str, Any]:
    compute = stack.up(COMPUTE, "cpu", vm_size="STANDARD_D2_V2")
    return {"jobs": jobs(component, compute.id), "inputs": DATA, "outputs": {"result": {"type": "uri_folder"}}}


def test_a_pipeline_and_its_deployment_are_made_and_read_without_difference(stack: Stack) -> None:
    inputs = pipeline(stack, step(stack, "step").id)
    made = stack.up(COMPONENT, "pipeline", **inputs)
    assert stack.refresh("pipeline") == made
    assert stack.changes(COMPONENT, "pipeline", **inputs) == ()
    given = {
        "endpoint": stack.up(BATCH_ENDPOINT, "endpoint").id,
        "component": made.id,
        "settings": {"default_compute": "cpu", "continue_on_step_failure": True},
        "tags": {"team": "a"},
    }
    deployed = stack.up(BATCH_DEPLOYMENT, "run", **given)
    assert stack.refresh("run") == deployed
    assert stack.changes(BATCH_DEPLOYMENT, "run", **given) == ()
    document = stack.client.request("GET", deployed.id).body["properties"]
    assert document["model"] is None
    assert document["deploymentConfiguration"]["componentId"] == {"referenceType": "Id", "assetId": made.id}


def test_a_deployment_moves_in_place_to_a_new_version(stack: Stack) -> None:
    first = stack.up(COMPONENT, "pipeline", **pipeline(stack, step(stack, "step").id))
    endpoint = stack.up(BATCH_ENDPOINT, "endpoint").id
    given = {"endpoint": endpoint, "settings": {"default_compute": "cpu"}}
    before = stack.up(BATCH_DEPLOYMENT, "run", **given, component=first.id)
    old_step, old_pipeline = stack.forget("step"), stack.forget("pipeline")
    changed = step(stack, "step", "cp -a ${{inputs.data}} ${{outputs.out}}")
    second = stack.up(COMPONENT, "pipeline", **pipeline(stack, changed.id))
    assert second.id != first.id
    after = stack.up(BATCH_DEPLOYMENT, "run", **given, component=second.id)
    assert after.id == before.id
    for old in (old_pipeline, old_step):
        lifecycle_of(COMPONENT).delete(old.id, old.outputs, stack.context("old"))
    assert stack.refresh("pipeline") is not None


def test_what_the_service_refuses_is_told_with_its_path(stack: Stack) -> None:
    inputs = pipeline(stack, step(stack, "step").id)
    inputs["jobs"]["second"]["inputs"] = {"dta": "x"}  # a component by its id: the preview does not know its inputs
    with pytest.raises(ArmError, match=r"componentSpec\.jobs\.second\.inputs\.data' is not bound"):
        stack.up(COMPONENT, "pipeline", **inputs)
