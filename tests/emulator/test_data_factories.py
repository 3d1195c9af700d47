"""Data factories with their pipelines and linked services: kept, checked, and refused in the service's words."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from arm_client import Arm

VERSION = "2018-06-01"
PIPELINE: dict[str, Any] = {
    "activities": [
        {
            "name": "Call", "type": "WebActivity", "dependsOn": [],
            "typeProperties": {
                "method": "POST", "url": "https://x/jobs", "body": {"a": "@pipeline().parameters.day"},
                "authentication": {"type": "MSI", "resource": "https://ml.azure.com"},
            },
        },
        {
            "name": "Loop", "type": "Until",
            "dependsOn": [{"activity": "Call", "dependencyConditions": ["Succeeded"]}],
            "typeProperties": {
                "expression": {"value": "@equals(variables('state'), 'done')", "type": "Expression"},
                "timeout": "0.12:00:00",
                "activities": [
                    {"name": "Set", "type": "SetVariable", "dependsOn": [],
                     "typeProperties": {"variableName": "state", "value": "@activity('Call').output.name"}},
                    {"name": "Pause", "type": "Wait", "dependsOn": [], "typeProperties": {"waitTimeInSeconds": 30}},
                ],
            },
        },
    ],
    "parameters": {"day": {"type": "String"}},
    "variables": {"state": {"type": "String"}},
}  # fmt: skip
SERVICE = {
    "type": "AzureMLService",
    "typeProperties": {
        "subscriptionId": "s", "resourceGroupName": "g", "mlWorkspaceName": "w", "authentication": "MSI"
    },
}  # fmt: skip
EXECUTE = {
    "name": "Run", "type": "AzureMLExecutePipeline", "dependsOn": [],
    "linkedServiceName": {"referenceName": "AzureML", "type": "LinkedServiceReference"},
    "typeProperties": {"mlPipelineId": "p"},
}  # fmt: skip


@pytest.fixture
def factory(arm: Arm, name: str) -> str:
    group = arm.workspace.partition("/providers/")[0]
    path = f"{group}/providers/Microsoft.DataFactory/factories/adf-{name}"
    made = arm.put(path, {"location": "eastus", "identity": {"type": "SystemAssigned"}}, version=VERSION)
    assert (made["type"], made["properties"]["provisioningState"]) == ("Microsoft.DataFactory/factories", "Succeeded")
    return path


def put(arm: Arm, path: str, properties: Any) -> Any:
    return arm.put(path, {"properties": properties}, version=VERSION)


def refused(arm: Arm, path: str, properties: Any) -> dict[str, Any]:
    answer = arm.call("PUT", path, {"properties": properties}, version=VERSION)
    assert answer.status_code == 400, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert error["code"] == "BadRequest"
    return error


def changed(path: str, value: Any) -> dict[str, Any]:
    """The pipeline with another value at a path such as ``activities.0.type``; DELETE takes it away."""
    document = copy.deepcopy(PIPELINE)
    *steps, last = path.split(".")
    place: Any = document
    for step in steps:
        place = place[int(step)] if step.isdecimal() else place[step]
    if value is DELETE:
        del place[last]
    else:
        place[int(last) if last.isdecimal() else last] = value
    return document


DELETE = object()


def test_a_pipeline_is_kept_as_it_is_and_goes_with_its_factory(arm: Arm, factory: str) -> None:
    made = put(arm, f"{factory}/pipelines/nightly", PIPELINE)
    assert (made["type"], made["properties"]) == ("Microsoft.DataFactory/factories/pipelines", PIPELINE)
    assert arm.get(f"{factory}/pipelines/nightly", version=VERSION) == made
    assert [each["name"] for each in arm.get(f"{factory}/pipelines", version=VERSION)["value"]] == ["nightly"]
    group = factory.partition("/providers/")[0]
    listed = arm.get(f"{group}/providers/Microsoft.DataFactory/factories", version=VERSION)["value"]
    assert factory in [each["id"] for each in listed]
    assert arm.call("DELETE", factory, version=VERSION).status_code == 200
    status, code, message = arm.refused("GET", f"{factory}/pipelines/nightly", version=VERSION)
    assert (status, code) == (404, "ResourceNotFound")
    assert f"The Resource 'Microsoft.DataFactory/factories/{factory.rpartition('/')[2]}' under" in message


def test_a_linked_service_is_there_before_it_is_used_and_as_long_as_it_is(arm: Arm, factory: str) -> None:
    text = "The document creation or update failed because of invalid reference 'AzureML'."
    assert refused(arm, f"{factory}/pipelines/v1", {"activities": [EXECUTE]})["message"] == text
    put(arm, f"{factory}/linkedservices/AzureML", SERVICE)
    put(arm, f"{factory}/pipelines/v1", {"activities": [EXECUTE]})
    refusal = arm.refused("DELETE", f"{factory}/linkedservices/AzureML", version=VERSION)
    assert refusal == (400, "BadRequest", "The document cannot be deleted since it is referenced by v1.")
    arm.call("DELETE", f"{factory}/pipelines/v1", version=VERSION)
    assert arm.call("DELETE", f"{factory}/linkedservices/AzureML", version=VERSION).status_code == 200


def test_a_key_of_a_linked_service_is_never_answered(arm: Arm, factory: str) -> None:
    secret = {"type": "SecureString", "value": "c2VjcmV0"}
    given = {**SERVICE["typeProperties"], "servicePrincipalId": "i", "servicePrincipalKey": secret}  # type: ignore[dict-item]
    made = put(arm, f"{factory}/linkedservices/AzureML", {**SERVICE, "typeProperties": given})
    assert "c2VjcmV0" not in str(made)
    assert "c2VjcmV0" not in str(arm.get(f"{factory}/linkedservices/AzureML", version=VERSION))


@pytest.mark.parametrize(
    ("path", "value", "target", "text"),
    [
        ("activities.0.type", "Webactivity", "activities[0].type", "'Webactivity' is not a type of activity"),
        ("activities.0.name", "a/b", "activities[0].name", "must be a name of 1 to 55 characters"),
        ("activities.1.name", "Call", "activities[1].name", "is the name of activities[0] too"),
        ("activities.0.typeProperties", DELETE, "activities[0].typeProperties", "is required"),
        ("activities.0.typeProperties.url", DELETE, "activities[0].typeProperties.url", "is required"),
        ("activities.0.typeProperties.body", DELETE, "activities[0].typeProperties.body", "is required for POST"),
        ("activities.0.typeProperties.method", "FETCH", "activities[0].typeProperties.method", "must be one of GET"),
        ("activities.0.typeProperties.uri", "x", "activities[0].typeProperties.uri", "not a property of WebActivity"),
        (
            "activities.0.typeProperties.authentication", {"type": "MSI"},
            "activities[0].typeProperties.authentication.resource", "is required for a managed identity",
        ),
        (
            "activities.0.typeProperties.body", "@pipeline().parameters.night",
            "activities[0].typeProperties.body", "names the parameter 'night', which is not there",
        ),
        (
            "activities.1.dependsOn", [{"activity": "Cal", "dependencyConditions": ["Succeeded"]}],
            "activities[1].dependsOn[0].activity", "names the activity 'Cal', which is not there",
        ),
        (
            "activities.1.dependsOn", [{"activity": "Call", "dependencyConditions": ["Done"]}],
            "activities[1].dependsOn[0].dependencyConditions", "must be some of Succeeded, Failed",
        ),
        (
            "activities.0.dependsOn", [{"activity": "Loop", "dependencyConditions": ["Succeeded"]}],
            "activities", "depend on each other in a cycle: Call → Loop → Call",
        ),
        ("activities.1.typeProperties.expression", "@true", "activities[1].typeProperties.expression", "must be {"),
        ("activities.1.typeProperties.timeout", "PT1H", "activities[1].typeProperties.timeout", "must be a time span"),
        (
            "activities.1.typeProperties.activities.1.typeProperties.waitTimeInSeconds", 0,
            "activities[1].typeProperties.activities[1].typeProperties.waitTimeInSeconds", "must be at least 1",
        ),
        (
            "activities.1.typeProperties.activities.0.typeProperties.value", "@activity('Cal').output",
            "activities[1].typeProperties.activities[0].typeProperties.value", "names the activity 'Cal'",
        ),
        (
            "variables", {}, "activities[1].typeProperties.activities[0].typeProperties.variableName",
            "names the variable 'state', which is not there",
        ),
        ("parameters.day.type", "Date", "parameters.day.type", "must be one of Object, String"),
        ("activities", {}, "activities", "must be a list of activities"),
        ("activities.0", 5, "activities[0]", "must be an activity"),
        ("activities.0.type", ["Wait"], "activities[0].type", "is not a type of activity"),
        ("activities.1.dependsOn", 5, "activities[1].dependsOn", "must be a list"),
        ("activities.1.dependsOn.0", 5, "activities[1].dependsOn[0].activity", "names the activity None"),
        (
            "activities.1.dependsOn.0.dependencyConditions", 5,
            "activities[1].dependsOn[0].dependencyConditions", "must be some of",
        ),
        ("parameters", 5, "parameters", "must be an object"),
        ("variables.state", 5, "variables.state.type", "must be one of String"),
    ],
)  # fmt: skip
def test_a_wrong_pipeline_is_refused_and_the_place_named(
    arm: Arm, factory: str, path: str, value: Any, target: str, text: str
) -> None:
    error = refused(arm, f"{factory}/pipelines/wrong", changed(path, value))
    found = {detail["target"]: detail["message"] for detail in error["details"]}
    assert text in found[f"properties.{target}"]
    assert error["message"].startswith("Invalid resource request. Resource type: 'Pipeline', Resource name: 'wrong'")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "is not a property"),
        ({"typeProperties": {}}, "'properties.activities[0].typeProperties.mlPipelineId' is required"),
        ({"linkedServiceName": None}, "'properties.activities[0].linkedServiceName' is required"),
        (
            {"typeProperties": {"mlPipelineId": "p", "mlPipelineEndpointId": "e"}},
            "it or mlPipelineEndpointId, and not both",
        ),
    ],
)
def test_a_wrong_activity_of_a_v1_pipeline_is_refused(arm: Arm, factory: str, given: Any, text: str) -> None:
    put(arm, f"{factory}/linkedservices/AzureML", SERVICE)
    activity = {**EXECUTE, **(given or {"inputs": []})}
    assert text in refused(arm, f"{factory}/pipelines/wrong", {"activities": [activity]})["message"]


def test_what_the_emulator_cannot_check_is_refused_by_name(arm: Arm, factory: str) -> None:
    answer = arm.call(
        "PUT", f"{factory}/pipelines/copy", {"properties": changed("activities.0.type", "Copy")}, version=VERSION
    )
    message = "The emulator does not support activities of the type 'Copy' (activities[0])."
    assert (answer.status_code, answer.json()["error"]["message"]) == (501, message)
    answer = arm.call(
        "PUT", f"{factory}/linkedservices/blob", {"properties": {"type": "AzureBlobStorage"}}, version=VERSION
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "NotImplemented")
    status, _, message = arm.refused("POST", f"{factory}/pipelines/nightly/createRun", {}, version=VERSION)
    assert status == 501
    assert "/pipelines/nightly/createRun'" in message


@pytest.mark.parametrize("key", ["subscriptionId", "resourceGroupName", "mlWorkspaceName"])
def test_a_linked_service_names_its_workspace(arm: Arm, factory: str, key: str) -> None:
    given = {name: value for name, value in SERVICE["typeProperties"].items() if name != key}  # type: ignore[attr-defined]
    error = refused(arm, f"{factory}/linkedservices/AzureML", {**SERVICE, "typeProperties": given})
    assert error["target"] == f"properties.typeProperties.{key}"


@pytest.mark.parametrize("path", ["", "/pipelines/p", "/pipelines", "/linkedservices/l"])
def test_data_factories_have_their_own_api_version(arm: Arm, factory: str, path: str) -> None:
    status, code, message = arm.refused("GET", f"{factory}{path}", version="2024-04-01")
    assert (status, code) == (400, "InvalidResourceType")
    assert "The supported api-versions are '2018-06-01'." in message


@pytest.mark.parametrize("name", ["ab", "a--b", "a_b", "a" * 64])
def test_names_of_factories_are_held_to_the_rule(arm: Arm, name: str) -> None:
    group = arm.workspace.partition("/providers/")[0]
    path = f"{group}/providers/Microsoft.DataFactory/factories/{name}"
    assert "3 to 63 letters" in arm.refused("PUT", path, {"location": "eastus"}, version=VERSION)[2]
