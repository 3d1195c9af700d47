"""Shape: what goes into a PUT, and what is read back out of a document."""

from __future__ import annotations

from typing import Any

from pulumi_azureml.engine import Kind, check
from pulumi_azureml.engine.shape import build_body, owner_of, read_inputs, read_outputs
from pulumi_azureml.resources import BATCH_DEPLOYMENT, BATCH_ENDPOINT, COMPUTE

from .test_check import ENDPOINT, SETTINGS, WORKSPACE


def inputs_of(kind: Kind, **inputs: Any) -> dict[str, Any]:
    checked = check(kind, inputs, SETTINGS, owner="shop/dev/thing")
    assert not checked.failures
    return checked.inputs


def body_of(kind: Kind, inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return build_body(kind, inputs, owner="shop/dev/thing", mark="m1", **more)


def test_a_deployment_goes_out_in_the_wire_form() -> None:
    inputs = inputs_of(
        BATCH_DEPLOYMENT,
        endpoint=ENDPOINT,
        name="blue",
        model="azureml:m:1",
        compute="cpu",
        code="azureml:c:1",
        scoring_script="score.py",
        instance_count=2,
        retry_settings={"max_retries": 1, "timeout": "PT1M"},
    )
    body = body_of(BATCH_DEPLOYMENT, inputs)
    properties = body["properties"]
    assert properties["model"] == {"referenceType": "Id", "assetId": f"{WORKSPACE}/models/m/versions/1"}
    assert properties["codeConfiguration"] == {
        "codeId": f"{WORKSPACE}/codes/c/versions/1",
        "scoringScript": "score.py",
    }
    assert properties["resources"] == {"instanceCount": 2}
    assert properties["retrySettings"] == {"maxRetries": 1, "timeout": "PT1M"}
    assert body["location"] == "westeurope"
    assert not {"name", "endpoint", "adopt", "codePath"} & (set(body) | set(properties))


def test_tags_bear_the_owner_and_reading_leaves_it_out() -> None:
    inputs = inputs_of(COMPUTE, vm_size="STANDARD_D2_V2", name="cpu", tags={"team": "a"})
    body = body_of(COMPUTE, inputs)
    assert owner_of(COMPUTE, body) == ("shop/dev/thing", "m1")
    assert read_inputs(COMPUTE, body, inputs) == inputs


def test_what_others_added_to_tags_survives_an_update_and_what_the_stack_removed_goes() -> None:
    old = inputs_of(COMPUTE, vm_size="STANDARD_D2_V2", name="cpu", tags={"team": "a", "gone": "x"})
    new = inputs_of(COMPUTE, vm_size="STANDARD_D2_V2", name="cpu", tags={"team": "b"})
    current = body_of(COMPUTE, old)
    current["tags"]["cost-center"] = "added by a policy"
    tags = body_of(COMPUTE, new, current=current, previous=old)["tags"]
    assert tags["team"] == "b"
    assert tags["cost-center"] == "added by a policy"
    assert "gone" not in tags


def test_server_added_tags_and_defaults_are_no_drift() -> None:
    inputs = inputs_of(COMPUTE, vm_size="STANDARD_D2_V2", name="cpu", tags={"team": "a"})
    document = body_of(COMPUTE, inputs)
    document["tags"]["cost-center"] = "added by a policy"
    document["properties"]["description"] = ""
    document["properties"]["properties"]["remoteLoginPortPublicAccess"] = "NotSpecified"
    document["properties"]["properties"]["scaleSettings"]["nodeIdleTimeBeforeScaleDown"] = "PT120S"
    assert read_inputs(COMPUTE, document, inputs) == inputs


def test_a_change_behind_the_back_is_read() -> None:
    inputs = inputs_of(COMPUTE, vm_size="STANDARD_D2_V2", name="cpu", tags={"team": "a"})
    document = body_of(COMPUTE, inputs)
    document["tags"]["team"] = "hacked"
    document["properties"]["properties"]["scaleSettings"]["maxNodeCount"] = 9
    found = read_inputs(COMPUTE, document, inputs)
    assert found["tags"] == {"team": "hacked"}
    assert found["scaleSettings"]["maxNodeCount"] == 9


def test_an_update_of_an_endpoint_keeps_its_default_deployment() -> None:
    inputs = inputs_of(BATCH_ENDPOINT, name="digits", description="new")
    current = {"properties": {"defaults": {"deploymentName": "blue"}, "description": "old"}}
    body = body_of(BATCH_ENDPOINT, inputs, current=current)
    assert body["properties"]["defaults"] == {"deploymentName": "blue"}
    assert body["properties"]["description"] == "new"


def test_outputs_are_what_the_service_gives() -> None:
    document = {"properties": {"scoringUri": "https://x/jobs", "provisioningState": "Succeeded"}}
    assert read_outputs(BATCH_ENDPOINT, document) == {"scoringUri": "https://x/jobs"}
