"""Batch endpoints and deployments: the service's defaults and rules."""

from __future__ import annotations

import pytest
from arm_client import Arm


@pytest.fixture
def endpoint(arm: Arm, name: str) -> str:
    arm.put(f"batchEndpoints/{name}", arm.endpoint())
    return name


def test_an_endpoint_has_its_addresses_and_defaults(arm: Arm, endpoint: str) -> None:
    body = arm.get(f"batchEndpoints/{endpoint}")
    properties = body["properties"]
    assert properties["scoringUri"] == f"{arm.emulator.origin}/inference/{endpoint}.eastus/jobs"
    assert properties["defaults"] == {}
    assert properties["provisioningState"] == "Succeeded"
    assert properties["authMode"] == "AADToken"
    assert (body["location"], body["tags"]) == ("eastus", {})


def test_the_operation_can_be_polled_from_the_body(arm: Arm, endpoint: str) -> None:
    url = arm.get(f"batchEndpoints/{endpoint}")["properties"]["properties"]["AzureAsyncOperationUri"]
    assert arm.get(url)["status"] == "Succeeded"


def test_the_default_may_name_a_deployment_that_does_not_exist_yet(arm: Arm, endpoint: str) -> None:
    body = arm.endpoint(defaults={"deploymentName": "later"})
    assert arm.put(f"batchEndpoints/{endpoint}", body)["properties"]["defaults"] == {"deploymentName": "later"}
    for empty in (None, {}, {"deploymentName": None}):
        cleared = arm.put(f"batchEndpoints/{endpoint}", arm.endpoint(defaults=empty))
        assert cleared["properties"]["defaults"] == {}


def test_properties_are_added_and_never_removed(arm: Arm, endpoint: str) -> None:
    arm.put(f"batchEndpoints/{endpoint}", arm.endpoint(properties={"a": "1"}))
    kept = arm.put(f"batchEndpoints/{endpoint}", arm.endpoint(properties={"b": "2"}))["properties"]["properties"]
    assert (kept["a"], kept["b"]) == ("1", "2")


@pytest.mark.parametrize("mode", ["Key", "AMLToken"])
def test_batch_endpoints_take_entra_tokens_only(arm: Arm, name: str, mode: str) -> None:
    status, code, message = arm.refused("PUT", f"batchEndpoints/{name}", arm.endpoint(authMode=mode))
    assert (status, code) == (400, "UserError")
    assert "AADToken only" in message


def test_a_location_is_required_and_stays(arm: Arm, endpoint: str) -> None:
    body = arm.endpoint()
    del body["location"]
    assert arm.refused("PUT", f"batchEndpoints/{endpoint}", body)[:2] == (400, "LocationRequired")
    moved = {**arm.endpoint(), "location": "westeurope"}
    assert arm.refused("PUT", f"batchEndpoints/{endpoint}", moved)[:2] == (409, "InvalidResourceLocation")


@pytest.mark.parametrize("bad", ["ab", "1abc", "a" * 33, "abc-", "a_b_c"])
def test_endpoint_names_follow_the_rule(arm: Arm, bad: str) -> None:
    assert arm.refused("PUT", f"batchEndpoints/{bad}", arm.endpoint())[0] == 400


def test_endpoint_names_are_unique_in_a_region(arm: Arm, endpoint: str) -> None:
    group = arm.workspace.partition("/providers/")[0]
    other = f"{group}/providers/Microsoft.MachineLearningServices/workspaces/other-one"
    arm.put(other, {"location": "eastus"})
    far = other.replace("other-one", "far-away")
    arm.put(far, {"location": "westeurope"})
    path = f"batchEndpoints/{endpoint}"
    status, code, message = arm.refused("PUT", f"{other}/{path}", arm.endpoint())
    assert (status, code) == (400, "UserError")
    assert f"'{endpoint}' is not available. Endpoint names must be unique within the region." in message
    assert arm.call("PUT", f"{far}/{path}", {**arm.endpoint(), "location": "westeurope"}).status_code == 201
    arm.call("DELETE", path)
    assert arm.call("PUT", f"{other}/{path}", arm.endpoint()).status_code == 201
    for workspace in (other, far):
        assert arm.call("DELETE", workspace).status_code == 202
        assert arm.call("GET", f"{workspace}/{path}").status_code == 404


def test_endpoints_have_system_assigned_identities_only(arm: Arm, name: str) -> None:
    given = {**arm.endpoint(), "identity": {"type": "SystemAssigned"}}
    identity = arm.put(f"batchEndpoints/{name}", given)["identity"]
    assert identity["type"] == "SystemAssigned"
    assert identity["principalId"]
    again = arm.put(f"batchEndpoints/{name}", given)["identity"]
    assert again == identity
    wrong = {**given, "identity": {"type": "UserAssigned", "userAssignedIdentities": {"x": {}}}}
    assert arm.refused("PUT", f"batchEndpoints/{name}", wrong)[0] == 400


def test_patch_changes_the_tags_of_an_endpoint_and_nothing_else(arm: Arm, endpoint: str) -> None:
    body = {"tags": {"team": "a"}, "properties": {"description": "new", "defaults": {"deploymentName": "d"}}}
    answer = arm.call("PATCH", f"batchEndpoints/{endpoint}", body)
    assert answer.status_code == 200
    after = arm.get(f"batchEndpoints/{endpoint}")
    assert after["tags"] == {"team": "a"}
    assert (after["properties"]["description"], after["properties"]["defaults"]) == (None, {})


def test_a_deployment_gets_the_services_defaults(arm: Arm, endpoint: str) -> None:
    made = arm.put(f"batchEndpoints/{endpoint}/deployments/d", arm.deployment(endpoint))
    properties = made["properties"]
    assert properties["miniBatchSize"] == 10
    assert properties["maxConcurrencyPerInstance"] == 1
    assert properties["errorThreshold"] == -1
    assert properties["retrySettings"] == {"maxRetries": 3, "timeout": "PT30S"}
    assert properties["outputAction"] == "AppendRow"
    assert properties["outputFileName"] == "predictions.csv"
    assert properties["loggingLevel"] == "Info"
    assert properties["resources"] == {"instanceCount": 1, "instanceType": None, "properties": {}}
    assert properties["environmentVariables"] == {}


def test_durations_come_back_in_the_services_normal_form(arm: Arm, endpoint: str) -> None:
    body = arm.deployment(endpoint, retrySettings={"maxRetries": 0, "timeout": "PT120S"})
    kept = arm.put(f"batchEndpoints/{endpoint}/deployments/d", body)["properties"]["retrySettings"]
    assert kept == {"maxRetries": 0, "timeout": "PT2M"}


def test_references_come_in_many_forms_and_are_kept_as_arm_ids(arm: Arm, endpoint: str) -> None:
    arm.deployment(endpoint)
    guid = arm.get(arm.workspace)["properties"]["workspaceId"]
    locations = f"azureml://locations/eastus/workspaces/{guid}"
    body = arm.deployment(
        endpoint,
        model={"referenceType": "id", "assetId": f"azureml:{endpoint}@latest"},
        codeConfiguration={"codeId": f"azureml:{endpoint}:1", "scoringScript": "s.py"},
        environmentId=f"{locations}/environments/{endpoint}/labels/latest",
        compute=f"azureml:{endpoint}",
    )
    kept = arm.put(f"batchEndpoints/{endpoint}/deployments/d", body)["properties"]
    assert kept["model"] == {"referenceType": "Id", "assetId": f"{arm.workspace}/models/{endpoint}/versions/1"}
    assert kept["codeConfiguration"]["codeId"] == f"{arm.workspace}/codes/{endpoint}/versions/1"
    assert kept["environmentId"] == f"{arm.workspace}/environments/{endpoint}/versions/1"
    assert kept["compute"] == f"{arm.workspace}/computes/{endpoint}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"compute": None}, "'Compute Id' must not be empty."),
        ({"model": None}, "'Model Reference' must not be empty."),
        ({"codeConfiguration": None}, "'Code Configuration' must not be empty."),
        ({"environmentId": None}, "'Environment Id' must not be empty."),
        ({"compute": "azureml:absent"}, "The compute 'azureml:absent' does not exist"),
        ({"environmentId": "azureml:absent:1"}, "/environments/absent/versions/1"),
        ({"model": {"referenceType": "Id", "assetId": "azureml:absent@latest"}}, "/models/absent/versions/latest"),
        ({"model": {"referenceType": "Id", "assetId": "somewhere"}}, "Could not find asset with ID: somewhere"),
        ({"model": {"referenceType": "Name", "assetId": "x"}}, "Id, DataPath, OutputPath"),
        ({"codeConfiguration": {"codeId": "azureml:absent:1", "scoringScript": "s"}}, "/codes/absent/versions/1"),
        ({"codeConfiguration": {"codeId": "azureml:absent:1"}}, "scoringScript' is required"),
        ({"outputFileName": "a/b.csv"}, "output file name 'a/b.csv'"),
        ({"outputAction": "SummaryOnly", "outputFileName": "p.csv"}, "outputFileName must not be specified"),
        ({"miniBatchSize": 0}, "miniBatchSize"),
        ({"errorThreshold": 2**31}, "errorThreshold"),
        ({"resources": {"instanceCount": 0}}, "properties.resources.instanceCount"),
        ({"retrySettings": {"timeout": "30"}}, "ISO 8601"),
    ],
)
def test_a_deployment_that_could_not_run_is_refused(arm: Arm, endpoint: str, changes, words: str) -> None:
    body = arm.deployment(endpoint, **changes)
    status, _, message = arm.refused("PUT", f"batchEndpoints/{endpoint}/deployments/d", body)
    assert status == 400
    assert words in message
    assert arm.call("GET", f"batchEndpoints/{endpoint}/deployments/d").status_code == 404


def test_mlflow_models_need_neither_code_nor_environment(arm: Arm, endpoint: str) -> None:
    model = arm.make_model(f"{endpoint}-mlflow", modelType="mlflow_model")
    body = arm.deployment(
        endpoint, model={"referenceType": "Id", "assetId": model}, codeConfiguration=None, environmentId=None
    )
    kept = arm.put(f"batchEndpoints/{endpoint}/deployments/d", body)["properties"]
    assert (kept["codeConfiguration"], kept["environmentId"]) == (None, None)


def test_summary_only_deployments_have_no_output_file(arm: Arm, endpoint: str) -> None:
    body = arm.deployment(endpoint, outputAction="SummaryOnly")
    assert arm.put(f"batchEndpoints/{endpoint}/deployments/d", body)["properties"]["outputFileName"] is None


def test_assets_of_microsofts_own_registries_are_refused_by_name(arm: Arm, endpoint: str) -> None:
    path = f"batchEndpoints/{endpoint}/deployments/d"
    curated = arm.deployment(endpoint, environmentId="azureml://registries/azureml/environments/sklearn/versions/1")
    assert arm.refused("PUT", path, curated)[0] == 501


def test_a_deployment_changes_in_place(arm: Arm, endpoint: str) -> None:
    path, body = f"batchEndpoints/{endpoint}/deployments/d", arm.deployment(endpoint)
    first = arm.call("PUT", path, body)
    newer = arm.make_model(endpoint, "2")
    body["properties"].update(model={"referenceType": "Id", "assetId": newer}, miniBatchSize=3)
    second = arm.call("PUT", path, body)
    assert (first.status_code, second.status_code) == (201, 200)
    after = arm.get(path)["properties"]
    assert (after["model"]["assetId"], after["miniBatchSize"]) == (newer, 3)


def test_patch_changes_description_and_tags_of_a_deployment_only(arm: Arm, endpoint: str) -> None:
    path = f"batchEndpoints/{endpoint}/deployments/d"
    before = arm.put(path, arm.deployment(endpoint))["properties"]
    arm.call("PATCH", path, {"tags": {"a": "b"}, "properties": {"description": "d", "miniBatchSize": 99}})
    after = arm.get(path)
    assert after["tags"] == {"a": "b"}
    assert after["properties"] == {**before, "description": "d", "provisioningState": "Succeeded"}


def test_deleting_an_endpoint_deletes_its_deployments(arm: Arm, endpoint: str) -> None:
    arm.put(f"batchEndpoints/{endpoint}/deployments/d", arm.deployment(endpoint))
    answer = arm.call("DELETE", f"batchEndpoints/{endpoint}")
    assert answer.status_code == 202
    assert arm.call("GET", answer.headers["Location"]).status_code == 204
    arm.put(f"batchEndpoints/{endpoint}", arm.endpoint())
    assert arm.get(f"batchEndpoints/{endpoint}/deployments")["value"] == []
    assert arm.call("DELETE", f"batchEndpoints/{endpoint}").status_code == 202
    assert arm.call("DELETE", f"batchEndpoints/{endpoint}").status_code == 204
