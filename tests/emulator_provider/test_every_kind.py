"""The whole life of each kind against a running Azure ML: the same sentences hold for all of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator
from pulumi_azureml.arm import ArmClient, ConfigError, ConflictError, NotFoundError
from pulumi_azureml.engine import Kind, lifecycle_of
from pulumi_azureml.resources import (
    BATCH_DEPLOYMENT,
    BATCH_ENDPOINT,
    CODE,
    COMPONENT,
    COMPUTE,
    DATA,
    DATASTORE,
    DEFAULT_DEPLOYMENT,
    ENVIRONMENT,
    MODEL,
    ONLINE_ENDPOINT,
    WORKSPACE,
)

from .stack import Stack

TAGGED = [CODE, MODEL, ENVIRONMENT, DATA, COMPONENT, COMPUTE, BATCH_ENDPOINT, BATCH_DEPLOYMENT, ONLINE_ENDPOINT]

# Inputs of the kinds that depend on nothing.
ALONE: dict[str, dict[str, Any]] = {
    "BatchEndpoint": {},
    "OnlineEndpoint": {},
    "Compute": {"vm_size": "STANDARD_D2_V2"},
    "Environment": {"image": "ubuntu:22.04", "conda_file": "name: e\ndependencies: [python=3.11]\n"},
}


def declare(stack: Stack, kind: Kind, source: Path, **inputs: Any) -> dict[str, Any]:
    """Make what the kind depends on, and give inputs that are right for it."""
    if kind in (CODE, MODEL, DATA):
        return {"path": str(source), **inputs}
    if kind.name in ALONE:
        return {**ALONE[kind.name], **inputs}
    if kind is COMPONENT:
        environment = stack.up(ENVIRONMENT, "env", image="ubuntu:22.04")
        ports = {"inputs": {"n": {"type": "integer", "default": 3.0, "max": 5}}, "outputs": {"o": {"type": "uri_file"}}}
        return {"command": "true ${{inputs.n}}", "environment": environment.id, **ports, **inputs}
    model = stack.up(MODEL, "model", path=str(source))
    code = stack.up(CODE, "code", path=str(source))
    environment = stack.up(ENVIRONMENT, "env", image="ubuntu:22.04")
    compute = stack.up(COMPUTE, "cpu", vm_size="STANDARD_D2_V2")
    endpoint = stack.up(BATCH_ENDPOINT, "endpoint")
    given = {
        "endpoint": endpoint.id,
        "model": model.id,
        "code": code.id,
        "scoring_script": "score.py",
        "environment": environment.id,
        "compute": compute.id,
    }
    if kind is BATCH_DEPLOYMENT:
        return {**given, **inputs}
    blue = stack.up(BATCH_DEPLOYMENT, "blue", **given)
    return {"endpoint": endpoint.id, "deployment": blue.id, **inputs}


@pytest.fixture(params=TAGGED, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def test_it_is_made_read_without_difference_and_gone_after_delete(stack: Stack, kind: Kind, source: Path) -> None:
    inputs = declare(stack, kind, source)
    made = stack.up(kind, "thing", **inputs)
    read = stack.refresh("thing")
    assert read is not None
    assert (read.inputs, read.outputs) == (made.inputs, made.outputs)
    assert stack.changes(kind, "thing", **inputs) == ()
    stack.delete("thing")
    with pytest.raises(NotFoundError):
        stack.client.request("GET", made.id)


def test_tags_change_in_place_and_the_owners_mark_stays(stack: Stack, kind: Kind, source: Path) -> None:
    inputs = declare(stack, kind, source)
    first = stack.up(kind, "thing", **inputs, tags={"stage": "one"})
    second = stack.up(kind, "thing", **inputs, tags={"stage": "two"})
    assert second.id == first.id
    assert second.outputs["mark"] == first.outputs["mark"]
    read = stack.refresh("thing")
    assert read is not None
    assert read.inputs["tags"] == {"stage": "two"}


def test_a_create_that_is_run_again_takes_over_what_the_first_left(stack: Stack, kind: Kind, source: Path) -> None:
    inputs = declare(stack, kind, source)
    stack.up(kind, "thing", **inputs)
    lost = stack.forget("thing")
    again = stack.up(kind, "thing", **inputs)
    assert again.id == lost.id
    assert stack.changes(kind, "thing", **inputs) == ()


def test_deleting_what_was_made_anew_under_the_same_id_spares_the_new_one(
    stack: Stack, kind: Kind, source: Path
) -> None:
    # `pulumi up --replace` creates first and deletes the old state afterwards, even when both are one ARM id.
    inputs = declare(stack, kind, source)
    stack.up(kind, "thing", **inputs)
    old = stack.forget("thing")
    stack.up(kind, "thing", **inputs)
    lifecycle_of(kind).delete(old.id, old.outputs, stack.context("thing"))
    assert stack.refresh("thing") is not None


def test_what_somebody_else_made_is_refused_until_adopted(stack: Stack, kind: Kind, source: Path) -> None:
    inputs = declare(stack, kind, source, name="shared")
    other = Stack(stack.client, f"{stack.name}-other")
    theirs = other.up(kind, "thing", **inputs, tags={"made": "elsewhere"})
    try:
        with pytest.raises(ConflictError, match=r"belongs to tests/.*-other/thing(.|\n)*adopt=True"):
            stack.up(kind, "thing", **inputs)
        before = stack.client.request("GET", theirs.id).body
        adopted = stack.up(kind, "thing", **inputs, adopt=True)
        assert adopted.id == theirs.id
        assert stack.client.request("GET", theirs.id).body == before
        stack.forget("thing")
    finally:
        other.destroy()


def test_deleting_what_is_gone_already_succeeds(stack: Stack, kind: Kind, source: Path) -> None:
    made = stack.up(kind, "thing", **declare(stack, kind, source))
    stack.client.request("DELETE", made.id, params=kind.query_on_delete)
    stack.delete("thing")


def test_a_resource_deleted_behind_the_back_is_found_and_made_again(stack: Stack, kind: Kind, source: Path) -> None:
    inputs = declare(stack, kind, source)
    made = stack.up(kind, "thing", **inputs)
    lifecycle_state = stack.made["thing"]
    stack.delete("thing")
    stack.made["thing"] = lifecycle_state
    assert stack.refresh("thing") is None
    assert stack.up(kind, "thing", **inputs).id == made.id


def test_tags_changed_behind_the_back_are_found_and_put_right(stack: Stack, kind: Kind, source: Path) -> None:
    inputs = declare(stack, kind, source, tags={"team": "a"})
    made = stack.up(kind, "thing", **inputs)
    elsewhere = Stack(stack.client, stack.name, made=dict(stack.made))
    elsewhere.up(kind, "thing", **{**inputs, "tags": {"team": "hacked"}})
    found = stack.refresh("thing")
    assert found is not None
    assert stack.changes(kind, "thing", **inputs) == ("tags",)
    stack.up(kind, "thing", **inputs)
    fixed = stack.refresh("thing")
    assert fixed is not None
    assert (fixed.id, fixed.inputs["tags"]) == (made.id, {"team": "a"})


def test_a_change_that_the_service_does_not_see_sends_nothing(
    azureml: RunningEmulator, stack: Stack, kind: Kind, source: Path
) -> None:
    inputs = declare(stack, kind, source)
    stack.up(kind, "thing", **inputs)
    azureml.control("POST", "/_emulator/requests/reset")
    stack.up(kind, "thing", **inputs, timeouts={"delete": "PT5M"})
    assert not [name for name in azureml.control("GET", "/_emulator/requests")["by"] if name.startswith("PUT")]
    assert stack.made["thing"][1].outputs["timeouts"] == {"delete": "PT5M"}


def test_the_workspace_is_looked_up_and_left_alone(stack: Stack) -> None:
    found = stack.up(WORKSPACE, "workspace")
    assert found.id == stack.client.settings.workspace_id
    assert (found.outputs["name"], found.outputs["location"]) == ("local", "eastus")
    assert found.outputs["discoveryUrl"].startswith("https://")
    stack.delete("workspace")
    assert stack.client.request("GET", found.id).status == 200


def test_a_datastore_takes_its_key_from_the_environment_and_keeps_it_out_of_the_state(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = stack.client.request("GET", f"{stack.client.settings.workspace_id}/datastores/workspaceblobstore").body
    given = {
        "account_name": account["properties"]["accountName"],
        "container_name": account["properties"]["containerName"],
        "account_key_variable": "TEST_ACCOUNT_KEY",
    }
    with pytest.raises(ConfigError, match="TEST_ACCOUNT_KEY is not set"):
        stack.up(DATASTORE, "images", **given)
    monkeypatch.setenv("TEST_ACCOUNT_KEY", "c2VjcmV0IGtleQ==")
    made = stack.up(DATASTORE, "images", **given, tags={"team": "a"})
    assert "c2VjcmV0" not in str(made)
    assert stack.refresh("images") == made


def test_the_stacks_default_tags_are_on_everything_and_give_way(client: ArmClient, stack: Stack, source: Path) -> None:
    settings = replace(client.settings, default_tags=(("cost-center", "ml"), ("stage", "dev")))
    tagged = Stack(ArmClient.from_settings(settings), stack.name)
    made = tagged.up(CODE, "code", path=str(source), tags={"stage": "test"})
    assert made.inputs["tags"] == {"cost-center": "ml", "stage": "test"}
    tagged.destroy()


def test_the_default_is_set_moved_in_place_and_unset(stack: Stack, source: Path) -> None:
    inputs = declare(stack, DEFAULT_DEPLOYMENT, source)
    endpoint = inputs["endpoint"]
    green = stack.up(BATCH_DEPLOYMENT, "green", **declare(stack, BATCH_DEPLOYMENT, source))

    def default() -> Any:
        return stack.client.request("GET", endpoint).body["properties"]["defaults"]

    made = stack.up(DEFAULT_DEPLOYMENT, "default", **inputs)
    assert default() == {"deploymentName": "blue"}
    moved = stack.up(DEFAULT_DEPLOYMENT, "default", endpoint=endpoint, deployment=green.id)
    assert moved.id == made.id
    assert default() == {"deploymentName": "green"}
    stack.up(BATCH_ENDPOINT, "endpoint", description="an update of the endpoint keeps its default")
    assert default() == {"deploymentName": "green"}
    stack.delete("default")
    assert default() == {}
    assert stack.client.request("GET", endpoint).body["properties"]["description"].startswith("an update")


def test_a_deployment_edited_behind_the_back_is_found_and_put_right(stack: Stack, source: Path) -> None:
    inputs = declare(stack, BATCH_DEPLOYMENT, source, mini_batch_size=7)
    made = stack.up(BATCH_DEPLOYMENT, "blue", **inputs)
    document = stack.client.request("GET", made.id).body
    document["properties"] |= {"miniBatchSize": 99, "retrySettings": {"maxRetries": 1, "timeout": "PT2M"}}
    stack.client.request("PUT", made.id, json=document)
    stack.refresh("blue")
    assert set(stack.changes(BATCH_DEPLOYMENT, "blue", **inputs)) == {"miniBatchSize", "retrySettings"}
    stack.up(BATCH_DEPLOYMENT, "blue", **inputs)
    properties = stack.client.request("GET", made.id).body["properties"]
    assert (properties["miniBatchSize"], properties["retrySettings"]["maxRetries"]) == (7, 3)


def test_an_endpoint_deleted_behind_the_back_is_found_with_all_beneath_and_made_again(
    stack: Stack, source: Path
) -> None:
    inputs = declare(stack, DEFAULT_DEPLOYMENT, source)
    stack.up(DEFAULT_DEPLOYMENT, "default", **inputs)
    stack.client.request("DELETE", inputs["endpoint"])
    for logical in ("endpoint", "blue", "default"):
        assert stack.refresh(logical) is None
    stack.up(DEFAULT_DEPLOYMENT, "default", **declare(stack, DEFAULT_DEPLOYMENT, source))
    assert stack.client.request("GET", inputs["endpoint"]).body["properties"]["defaults"] == {"deploymentName": "blue"}


def test_a_default_moved_behind_the_back_is_found_and_put_right(stack: Stack, source: Path) -> None:
    inputs = declare(stack, DEFAULT_DEPLOYMENT, source)
    stack.up(DEFAULT_DEPLOYMENT, "default", **inputs)
    elsewhere = Stack(stack.client, stack.name, made=dict(stack.made))
    elsewhere.up(DEFAULT_DEPLOYMENT, "default", endpoint=inputs["endpoint"], deployment="nowhere")
    stack.refresh("default")
    assert stack.changes(DEFAULT_DEPLOYMENT, "default", **inputs) == ("deployment",)
    stack.up(DEFAULT_DEPLOYMENT, "default", **inputs)
    assert stack.client.request("GET", inputs["endpoint"]).body["properties"]["defaults"] == {"deploymentName": "blue"}


def test_deleting_the_default_leaves_one_that_somebody_else_has_set(stack: Stack, source: Path) -> None:
    inputs = declare(stack, DEFAULT_DEPLOYMENT, source)
    stack.up(DEFAULT_DEPLOYMENT, "default", **inputs)
    elsewhere = Stack(stack.client, stack.name, made=dict(stack.made))
    elsewhere.up(DEFAULT_DEPLOYMENT, "default", endpoint=inputs["endpoint"], deployment="theirs")
    stack.delete("default")
    assert stack.client.request("GET", inputs["endpoint"]).body["properties"]["defaults"] == {
        "deploymentName": "theirs"
    }
