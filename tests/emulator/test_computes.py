"""Compute clusters and workspaces."""

from __future__ import annotations

import pytest
from arm_client import Arm


def test_a_cluster_settles_at_its_minimum(arm: Arm, name: str) -> None:
    body = arm.cluster(scaleSettings={"minNodeCount": 1, "maxNodeCount": 4, "nodeIdleTimeBeforeScaleDown": "PT120S"})
    answer = arm.call("PUT", f"computes/{name}", body)
    assert answer.status_code == 201
    assert "computeOperationsStatus" in answer.headers["Azure-AsyncOperation"]
    compute = arm.get(f"computes/{name}")["properties"]
    assert (compute["computeType"], compute["provisioningState"]) == ("AmlCompute", "Succeeded")
    cluster = compute["properties"]
    assert cluster["scaleSettings"] == {
        "minNodeCount": 1,
        "maxNodeCount": 4,
        "nodeIdleTimeBeforeScaleDown": "PT2M",
    }
    assert (cluster["allocationState"], cluster["currentNodeCount"], cluster["targetNodeCount"]) == ("Steady", 1, 1)
    assert cluster["nodeStateCounts"]["idleNodeCount"] == 1
    assert cluster["vmPriority"] == "Dedicated"


def test_scale_settings_change_by_patch_and_by_put(arm: Arm, name: str) -> None:
    arm.make_compute(name)
    patch = {"properties": {"properties": {"scaleSettings": {"maxNodeCount": 8}}}}
    assert arm.call("PATCH", f"computes/{name}", patch).status_code == 200
    assert arm.get(f"computes/{name}")["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 8
    arm.put(f"computes/{name}", arm.cluster(scaleSettings={"maxNodeCount": 2}))
    assert arm.get(f"computes/{name}")["properties"]["properties"]["scaleSettings"]["maxNodeCount"] == 2


@pytest.mark.parametrize("change", [{"vmSize": "STANDARD_D2_V2"}, {"vmPriority": "LowPriority"}])
def test_the_machines_of_a_cluster_cannot_change(arm: Arm, name: str, change: dict) -> None:
    arm.make_compute(name)
    status, _, message = arm.refused("PUT", f"computes/{name}", arm.cluster(**change))
    assert status == 400
    assert next(iter(change)) in message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vmSize": None}, "properties.properties.vmSize"),
        ({"scaleSettings": None}, "properties.properties.scaleSettings"),
        ({"scaleSettings": {"minNodeCount": 1}}, "maxNodeCount' is required"),
        ({"scaleSettings": {"minNodeCount": 5, "maxNodeCount": 4}}, "minimum node count 5"),
        ({"scaleSettings": {"maxNodeCount": -1}}, "maxNodeCount"),
        ({"vmPriority": "Cheap"}, "Dedicated, LowPriority"),
    ],
)
def test_clusters_that_make_no_sense_are_refused(arm: Arm, name: str, changes: dict, words: str) -> None:
    status, _, message = arm.refused("PUT", f"computes/{name}", arm.cluster(**changes))
    assert status == 400
    assert words in message


def test_other_computes_are_refused_by_name(arm: Arm, name: str) -> None:
    body = {"location": "eastus", "properties": {"computeType": "Kubernetes", "properties": {}}}
    status, _, message = arm.refused("PUT", f"computes/{name}", body)
    assert status == 501
    assert "Kubernetes" in message
    unknown = {"location": "eastus", "properties": {"computeType": "Abacus"}}
    assert arm.refused("PUT", f"computes/{name}", unknown)[0] == 400


@pytest.mark.parametrize("bad", ["ab", "1abc", "a" * 33, "with_underscore", "ends-"])
def test_compute_names_follow_the_rule(arm: Arm, bad: str) -> None:
    assert arm.refused("PUT", f"computes/{bad}", arm.cluster())[0] == 400


def test_a_cluster_is_deleted(arm: Arm, name: str) -> None:
    arm.make_compute(name)
    answer = arm.call("DELETE", f"computes/{name}", query={"underlyingResourceAction": "Delete"})
    assert answer.status_code == 202
    assert arm.get(answer.headers["Azure-AsyncOperation"])["status"] == "Succeeded"
    assert arm.call("GET", f"computes/{name}").status_code == 404
    assert arm.call("DELETE", f"computes/{name}", query={"underlyingResourceAction": "Delete"}).status_code == 204


@pytest.mark.parametrize(("action", "words"), [(None, "is required"), ("Detach", "detached"), ("Keep", "is required")])
def test_a_delete_says_what_becomes_of_the_machines(arm: Arm, name: str, action: str | None, words: str) -> None:
    arm.make_compute(name)
    query = {"underlyingResourceAction": action} if action else {}
    status, _, message = arm.refused("DELETE", f"computes/{name}", query=query)
    assert status == 400
    assert words in message
    assert arm.call("GET", f"computes/{name}").status_code == 200


def test_passwords_of_nodes_are_not_answered(arm: Arm, name: str) -> None:
    secret = "not-to-be-seen-again"
    account = {"adminUserName": "me", "adminUserPassword": secret}
    arm.put(f"computes/{name}", arm.cluster(userAccountCredentials=account))
    assert secret not in arm.call("GET", f"computes/{name}").text


def test_a_workspace_brings_its_default_datastore(arm: Arm, name: str) -> None:
    group = arm.workspace.partition("/providers/")[0].replace("/local", f"/{name}")
    path = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/{name}"
    assert arm.refused("PUT", path, {"location": "eastus"})[:2] == (404, "ResourceGroupNotFound")
    arm.put(group, {"location": "eastus"})
    answer = arm.call("PUT", path, {"location": "eastus", "properties": {"friendlyName": "Mine"}})
    assert answer.status_code == 201
    workspace = arm.get(path)["properties"]
    assert workspace["friendlyName"] == "Mine"
    discovered = arm.session.get(workspace["discoveryUrl"]).json()
    assert discovered["api"] == arm.emulator.origin
    stores = arm.get(f"{path}/datastores", query={"isDefault": "true"})["value"]
    assert [store["name"] for store in stores] == ["workspaceblobstore"]
    assert workspace["workspaceId"] in stores[0]["properties"]["containerName"]
    assert [item["name"] for item in arm.get(f"{group}/providers/{path.split('/')[6]}/workspaces")["value"]] == [name]
    arm.call("DELETE", group)
    assert arm.call("GET", path).status_code == 404
    assert arm.call("GET", f"{path}/datastores").status_code == 404
