"""Online endpoints and deployments over ARM: the service's defaults and rules. Nothing here serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from arm_client import MANAGEMENT, SCORING, Arm

from azureml_emulator.testing import RunningEmulator


@pytest.fixture
def endpoint(arm: Arm, name: str) -> str:
    arm.put(f"onlineEndpoints/{name}", arm.online_endpoint())
    return name


@pytest.fixture(scope="module")
def split(arm: Arm) -> str:
    """An endpoint with two deployments, whose code has no script: they exist, and never serve."""
    arm.put("onlineEndpoints/split", arm.online_endpoint())
    for color in ("blue", "green"):
        arm.ended(arm.call("PUT", f"onlineEndpoints/split/deployments/{color}", arm.online_deployment("split")))
    return "split"


def test_an_endpoint_has_its_addresses_and_no_traffic(arm: Arm, endpoint: str) -> None:
    properties = arm.get(f"onlineEndpoints/{endpoint}")["properties"]
    place = f"{arm.emulator.origin}/inference/{endpoint}.eastus"
    assert (properties["scoringUri"], properties["swaggerUri"]) == (f"{place}/score", f"{place}/swagger.json")
    assert (properties["traffic"], properties["mirrorTraffic"]) == ({}, {})
    assert (properties["authMode"], properties["provisioningState"]) == ("Key", "Succeeded")


def test_keys_are_listed_and_never_part_of_the_resource(arm: Arm, name: str) -> None:
    keys = {"primaryKey": "a" * 32, "secondaryKey": "b" * 32}
    made = arm.put(f"onlineEndpoints/{name}", arm.online_endpoint(keys=keys))
    assert made["properties"]["keys"] is None
    assert "a" * 32 not in arm.call("GET", f"onlineEndpoints/{name}").text
    assert arm.call("POST", f"onlineEndpoints/{name}/listKeys").json() == keys


def test_regenerating_changes_one_key(arm: Arm, endpoint: str) -> None:
    before = arm.call("POST", f"onlineEndpoints/{endpoint}/listKeys").json()
    # The official client sends the present key along and expects another one.
    body = {"keyType": "primary", "keyValue": before["primaryKey"]}
    assert arm.call("POST", f"onlineEndpoints/{endpoint}/regenerateKeys", body).status_code == 200
    after = arm.call("POST", f"onlineEndpoints/{endpoint}/listKeys").json()
    assert after["primaryKey"] != before["primaryKey"]
    assert after["secondaryKey"] == before["secondaryKey"]
    arm.call("POST", f"onlineEndpoints/{endpoint}/regenerateKeys", {"keyType": "Secondary", "keyValue": "c" * 32})
    assert arm.call("POST", f"onlineEndpoints/{endpoint}/listKeys").json()["secondaryKey"] == "c" * 32
    assert arm.refused("POST", f"onlineEndpoints/{endpoint}/regenerateKeys", {})[0] == 400


@pytest.mark.parametrize(
    ("mode", "action"), [("AMLToken", "listKeys"), ("AADToken", "listKeys"), ("Key", "token"), ("aadtoken", "token")]
)
def test_an_endpoint_gives_out_what_its_auth_mode_takes(arm: Arm, name: str, mode: str, action: str) -> None:
    arm.put(f"onlineEndpoints/{name}", arm.online_endpoint(authMode=mode))
    status, code, message = arm.refused("POST", f"onlineEndpoints/{name}/{action}", {})
    assert (status, code) == (400, "UserError")
    assert f"'{name}' does not use" in message


def test_a_token_says_how_long_it_lives(arm: Arm, name: str) -> None:
    arm.put(f"onlineEndpoints/{name}", arm.online_endpoint(authMode="AMLToken"))
    token = arm.call("POST", f"onlineEndpoints/{name}/token").json()
    assert set(token) == {"accessToken", "tokenType", "expiryTimeUtc", "refreshAfterTimeUtc"}
    assert token["expiryTimeUtc"] > token["refreshAfterTimeUtc"]


def test_batch_and_online_endpoints_share_the_names_of_a_region(arm: Arm, endpoint: str, name: str) -> None:
    assert arm.refused("PUT", f"batchEndpoints/{endpoint}", arm.endpoint())[:2] == (400, "UserError")
    arm.put(f"batchEndpoints/{name}-b", arm.endpoint())
    assert "is not available" in arm.refused("PUT", f"onlineEndpoints/{name}-b", arm.online_endpoint())[2]


@pytest.mark.parametrize(
    ("properties", "status", "words"),
    [
        ({"authMode": "None"}, 400, "not one of: Key, AMLToken, AADToken"),
        ({"traffic": {"blue": 100}}, 400, "do not exist: blue"),
        ({"mirrorTraffic": {"green": 10}}, 400, "do not exist: green"),
        ({"compute": "/some/where"}, 501, "Kubernetes"),
        ({"publicNetworkAccess": "Disabled"}, 501, "publicNetworkAccess Disabled"),
    ],
)
def test_what_an_endpoint_cannot_be_is_refused(
    arm: Arm, name: str, properties: dict[str, Any], status: int, words: str
) -> None:
    answer = arm.refused("PUT", f"onlineEndpoints/{name}", arm.online_endpoint(**properties))
    assert answer[0] == status
    assert words in answer[2]


@pytest.mark.parametrize(
    ("traffic", "mirror", "words"),
    [
        ({"blue": 90}, {}, "sum of the traffic percentages is 90"),
        ({"blue": 60, "green": 60}, {}, "must be 0 or 100"),
        ({"blue": 101}, {}, "less than or equal to 100"),
        ({"blue": 100}, {"green": 51}, "50 is the most"),
        ({"blue": 100}, {"blue": 10}, "has live traffic"),
        ({}, {"blue": 10, "green": 10}, "one deployment only"),
    ],
)
def test_the_traffic_rules_are_checked(
    arm: Arm, split: str, traffic: dict[str, int], mirror: dict[str, int], words: str
) -> None:
    body = arm.online_endpoint(traffic=traffic, mirrorTraffic=mirror)
    status, _, message = arm.refused("PUT", f"onlineEndpoints/{split}", body)
    assert status == 400
    assert words in message


def test_a_deployment_with_traffic_cannot_be_deleted(arm: Arm, split: str) -> None:
    arm.put(f"onlineEndpoints/{split}", arm.online_endpoint(traffic={"blue": 100}, mirrorTraffic={"green": 20}))
    for color in ("blue", "green"):
        status, _, message = arm.refused("DELETE", f"onlineEndpoints/{split}/deployments/{color}")
        assert (status, message) == (400, f"Can't delete deployment [{color}] with non-zero traffic weight.")
    arm.put(f"onlineEndpoints/{split}", arm.online_endpoint(traffic={"blue": 0}))
    arm.delete(f"onlineEndpoints/{split}/deployments/green")
    arm.put(f"onlineEndpoints/{split}/deployments/green", arm.online_deployment("split"))


def test_patch_changes_tags_of_an_endpoint_and_the_instances_of_a_deployment(arm: Arm, split: str) -> None:
    tags = {"tags": {"team": "a"}}
    assert arm.call("PATCH", f"onlineEndpoints/{split}", {**tags, "properties": {"traffic": {}}}).status_code == 200
    assert arm.get(f"onlineEndpoints/{split}")["tags"] == {"team": "a"}


def test_a_deployment_gets_the_services_defaults(arm: Arm, endpoint: str) -> None:
    body = arm.online_deployment(endpoint)
    del body["sku"]
    made = arm.put(f"onlineEndpoints/{endpoint}/deployments/one", body)
    properties = made["properties"]
    probe = {
        "failureThreshold": 30,
        "initialDelay": "PT10S",
        "period": "PT10S",
        "successThreshold": 1,
        "timeout": "PT2S",
    }
    assert made["sku"] == {"name": "Default", "capacity": 1}
    assert properties["requestSettings"] == {
        "maxConcurrentRequestsPerInstance": 1,
        "maxQueueWait": "PT0.5S",
        "requestTimeout": "PT5S",
    }
    assert (properties["livenessProbe"], properties["readinessProbe"]) == (probe, probe)
    assert properties["scaleSettings"] == {"scaleType": "Default"}
    assert properties["model"] == f"{arm.workspace}/models/{endpoint}/versions/1"
    assert properties["provisioningState"] == "Creating"
    skus = arm.get(f"onlineEndpoints/{endpoint}/deployments/one/skus")["value"]
    assert [sku["sku"]["name"] for sku in skus] == ["Default"]


@pytest.mark.parametrize(
    ("properties", "status", "words"),
    [
        ({"endpointComputeType": "Kubernetes"}, 501, "Kubernetes"),
        ({"instanceType": None}, 400, "'Instance Type' must not be empty."),
        ({"codeConfiguration": None}, 400, "'Code Configuration' must not be empty."),
        ({"environmentId": None}, 400, "'Environment Id' must not be empty."),
        ({"model": "azureml:nothing:1"}, 400, "Could not find asset"),
        ({"scaleSettings": {"scaleType": "TargetUtilization"}}, 400, "scale type Default only"),
        ({"appInsightsEnabled": True}, 501, "Application Insights"),
        ({"dataCollector": {"collections": {}}}, 501, "dataCollector"),
        ({"egressPublicNetworkAccess": "disabled"}, 501, "private networks"),
        ({"requestSettings": {"requestTimeout": "PT181S"}}, 400, "180 s"),
        ({"requestSettings": {"requestTimeout": "PT0S"}}, 400, "not between"),
        ({"requestSettings": {"maxConcurrentRequestsPerInstance": 0}}, 400, "greater than or equal to 1"),
        ({"livenessProbe": {"period": "PT0S"}}, 400, "at least PT1S"),
        ({"livenessProbe": {"successThreshold": 2}}, 400, "must be 1"),
        ({"readinessProbe": {"timeout": "soon"}}, 400, "not an ISO 8601 duration"),
    ],
)
def test_what_a_deployment_cannot_be_is_refused(
    arm: Arm, split: str, properties: dict[str, Any], status: int, words: str
) -> None:
    body = arm.online_deployment("split", **properties)
    answer = arm.refused("PUT", f"onlineEndpoints/{split}/deployments/wrong", body)
    assert answer[0] == status
    assert words in answer[2]
    assert arm.call("GET", f"onlineEndpoints/{split}/deployments/wrong").status_code == 404


def test_the_machines_of_a_deployment_stay_what_they_are(arm: Arm, split: str) -> None:
    body = arm.online_deployment("split", instanceType="Standard_F4s_v2")
    answer = arm.refused("PUT", f"onlineEndpoints/{split}/deployments/blue", body)
    assert answer[0] == 400
    assert "'instanceType' of the deployment 'blue'" in answer[2]


def test_code_without_the_script_fails_the_operation_and_says_so(arm: Arm, endpoint: str) -> None:
    answer = arm.call("PUT", f"onlineEndpoints/{endpoint}/deployments/one", arm.online_deployment(endpoint))
    assert answer.status_code == 201
    operation = arm.ended(answer)
    assert (operation["status"], operation["error"]["code"]) == ("Failed", "BadArgument")
    assert "the code has no scoring script score.py" in operation["error"]["message"]
    assert arm.get(f"onlineEndpoints/{endpoint}/deployments/one")["properties"]["provisioningState"] == "Failed"
    logs = arm.call(
        "POST",
        f"onlineEndpoints/{endpoint}/deployments/one/getLogs",
        {"containerType": "StorageInitializer", "tail": 1},
    ).json()
    assert "the code has no scoring script score.py" in logs["content"]


def scored(arm: Arm, endpoint: str, token: str) -> int:
    """The status of a request to score; 404 means: let in, and nothing there to answer."""
    headers = {"Authorization": f"Bearer {token}"}
    return arm.session.post(
        f"{arm.emulator.origin}/inference/{endpoint}.eastus/score", json={}, headers=headers
    ).status_code


def test_an_endpoint_takes_tokens_of_its_own_mode_only(own_emulator: Callable[..., RunningEmulator]) -> None:
    arm = Arm(own_emulator(blobs=False))
    arm.put("onlineEndpoints/entra", arm.online_endpoint(authMode="AADToken"))
    for name in ("own", "other"):
        arm.put(f"onlineEndpoints/{name}", arm.online_endpoint(authMode="AMLToken"))
    own = arm.call("POST", "onlineEndpoints/own/token").json()["accessToken"]
    scoring = arm.token(SCORING)
    assert [scored(arm, "entra", token) for token in (scoring, arm.token(MANAGEMENT), own, "x")] == [404, 401, 401, 401]
    assert [scored(arm, "own", token) for token in (own, scoring)] == [404, 401]
    assert scored(arm, "other", own) == 401
    arm.emulator.control("POST", "/_emulator/clock", {"advance": 3601})
    assert (scored(arm, "own", own), scored(arm, "entra", scoring)) == (401, 401)


def test_the_key_that_was_regenerated_opens_nothing(arm: Arm, endpoint: str) -> None:
    before = arm.call("POST", f"onlineEndpoints/{endpoint}/listKeys").json()
    assert [scored(arm, endpoint, key) for key in before.values()] == [404, 404]
    arm.call("POST", f"onlineEndpoints/{endpoint}/regenerateKeys", {"keyType": "Primary"})
    assert [scored(arm, endpoint, key) for key in before.values()] == [401, 404]
