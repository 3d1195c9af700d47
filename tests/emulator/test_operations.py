"""Long-running operations: at once, by polls, by time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from arm_client import Arm

Switch = Callable[[str], None]


def test_an_instant_operation_is_finished_at_the_first_poll(arm: Arm, name: str) -> None:
    answer = arm.call("PUT", f"batchEndpoints/{name}", arm.endpoint())
    assert answer.status_code == 201
    assert answer.json()["properties"]["provisioningState"] == "Creating"
    status = arm.get(answer.headers["Azure-AsyncOperation"])
    assert status["status"] == "Succeeded"
    assert status["startTime"] <= status["endTime"]
    assert "error" not in status
    again = arm.call("PUT", f"batchEndpoints/{name}", arm.endpoint(description="d"))
    assert (again.status_code, again.json()["properties"]["provisioningState"]) == (200, "Updating")
    assert "Azure-AsyncOperation" in again.headers


def test_an_operation_can_take_some_polls(arm: Arm, name: str, long_running: Switch) -> None:
    long_running("polls=3")
    answer = arm.call("PUT", f"batchEndpoints/{name}", arm.endpoint())
    url = answer.headers["Azure-AsyncOperation"]
    assert int(answer.headers["Retry-After"]) >= 1
    polls = [arm.call("GET", url) for _ in range(4)]
    assert [poll.json()["status"] for poll in polls] == ["InProgress", "InProgress", "Succeeded", "Succeeded"]
    assert [poll.headers.get("Retry-After") for poll in polls] == ["1", "1", None, None]
    assert arm.get(f"batchEndpoints/{name}")["properties"]["provisioningState"] == "Succeeded"


def test_looking_at_the_resource_counts_as_a_poll(arm: Arm, name: str, long_running: Switch) -> None:
    long_running("polls=2")
    arm.call("PUT", f"batchEndpoints/{name}", arm.endpoint())
    states = [arm.get(f"batchEndpoints/{name}")["properties"]["provisioningState"] for _ in range(2)]
    assert states == ["Creating", "Succeeded"]


def test_a_delete_is_followed_at_its_location(arm: Arm, name: str, long_running: Switch) -> None:
    arm.put(f"batchEndpoints/{name}", arm.endpoint())
    long_running("polls=2")
    answer = arm.call("DELETE", f"batchEndpoints/{name}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (202, "1")
    first = arm.call("GET", answer.headers["Location"])
    assert (first.status_code, first.headers["Retry-After"]) == (202, "1")
    assert arm.call("GET", first.headers["Location"]).status_code == 204
    assert arm.call("GET", f"batchEndpoints/{name}").status_code == 404


def test_a_patch_is_accepted_when_operations_take_time(arm: Arm, name: str, long_running: Switch) -> None:
    arm.put(f"batchEndpoints/{name}", arm.endpoint())
    long_running("polls=1")
    answer = arm.call("PATCH", f"batchEndpoints/{name}", {"tags": {"a": "b"}})
    assert answer.status_code == 202
    done = arm.call("GET", answer.headers["Location"])
    assert (done.status_code, done.json()["tags"]) == (200, {"a": "b"})


@pytest.mark.parametrize("change", ["PUT", "DELETE", "PATCH"])
def test_a_resource_under_way_takes_no_other_change(arm: Arm, name: str, long_running: Switch, change: str) -> None:
    long_running("polls=5")
    arm.call("PUT", f"batchEndpoints/{name}", arm.endpoint())
    body = arm.endpoint() if change == "PUT" else {"tags": {}}
    status, code, message = arm.refused(change, f"batchEndpoints/{name}", body)
    assert (status, code) == (409, "Conflict")
    assert "'Creating'" in message


def test_an_endpoint_that_is_going_away_takes_no_deployment(arm: Arm, name: str, long_running: Switch) -> None:
    arm.put(f"batchEndpoints/{name}", arm.endpoint())
    body = arm.deployment(name)
    long_running("polls=5")
    arm.call("DELETE", f"batchEndpoints/{name}")
    assert arm.refused("PUT", f"batchEndpoints/{name}/deployments/d", body) == (
        409,
        "Conflict",
        f"Cannot create a deployment in endpoint {name} because it is in Deleting provisioning state.",
    )
    assert arm.refused("PUT", f"batchEndpoints/{name}", arm.endpoint())[:2] == (409, "Conflict")


def test_an_endpoint_under_way_takes_no_new_deployment(arm: Arm, name: str, long_running: Switch) -> None:
    body = arm.deployment(name)
    long_running("polls=2")
    arm.call("PUT", f"batchEndpoints/{name}", arm.endpoint())
    path = f"batchEndpoints/{name}/deployments/d"
    assert "because it is in Creating provisioning state." in arm.refused("PUT", path, body)[2]
    for _ in range(2):
        arm.get(f"batchEndpoints/{name}")
    assert arm.call("PUT", path, body).status_code == 201


def test_a_timed_operation_ends_when_its_time_has_come(own_emulator) -> None:
    arm = Arm(own_emulator(blobs=False, lro="timed=60"))
    url = arm.call("PUT", "batchEndpoints/timed", arm.endpoint()).headers["Azure-AsyncOperation"]
    assert arm.get(url)["status"] == "InProgress"
    arm.emulator.control("POST", "/_emulator/clock", {"advance": 61})
    assert arm.get(url)["status"] == "Succeeded"
    assert arm.get("batchEndpoints/timed")["properties"]["provisioningState"] == "Succeeded"


def test_a_timed_operation_ends_by_itself(arm: Arm, name: str, long_running: Switch) -> None:
    long_running("timed=0.2")
    url = arm.call("PUT", f"batchEndpoints/{name}", arm.endpoint()).headers["Azure-AsyncOperation"]
    deadline = time.monotonic() + 10
    while arm.get(url)["status"] == "InProgress" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert arm.get(url)["status"] == "Succeeded"


def test_an_unknown_operation_is_not_found(arm: Arm) -> None:
    subscription = arm.workspace.split("/resourceGroups")[0]
    path = f"{subscription}/providers/Microsoft.MachineLearningServices/locations/eastus/mfeOperationsStatus/x"
    assert arm.refused("GET", path)[:2] == (404, "OperationNotFound")


@pytest.mark.parametrize("mode", ["fast", "polls=0", "timed=soon", ""])
def test_modes_are_checked(arm: Arm, mode: str) -> None:
    answer = arm.emulator.control("POST", "/_emulator/lro", {"mode": mode})
    assert answer["error"]["code"] == "BadRequest"
