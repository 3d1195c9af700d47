"""Faults on demand, as a client of one request meets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from arm_client import Arm

from azureml_emulator.testing import emulator


@pytest.fixture(scope="module")
def arm() -> Iterator[Arm]:
    """An emulator of its own: a fault strikes whoever comes first."""
    with emulator(blobs=False) as running:
        yield Arm(running)


@pytest.fixture(autouse=True)
def cleared(arm: Arm) -> Iterator[None]:
    yield
    arm.emulator.control("DELETE", "/_emulator/faults")


def fault(arm: Arm, kind: str, **given: Any) -> None:
    arm.emulator.control("POST", "/_emulator/faults", {"fault": kind, **given})


def test_a_fault_strikes_its_method_and_kind_only(arm: Arm) -> None:
    fault(arm, "status", status=503, method="PUT", path="/computes/")
    assert arm.call("GET", "computes").status_code == 200
    assert arm.call("PUT", "batchEndpoints/spared", arm.endpoint()).status_code == 201
    answer = arm.call("PUT", "computes/struck", arm.cluster())
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ServiceUnavailable")
    assert arm.call("PUT", "computes/struck", arm.cluster()).status_code == 201


def test_throttling_says_when_to_come_back(arm: Arm) -> None:
    fault(arm, "status", status=429, retryAfter=7)
    answer = arm.call("GET", "models")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


def test_a_token_expires_on_demand_and_the_request_is_not_taken(arm: Arm) -> None:
    fault(arm, "expired-token", method="PUT")
    answer = arm.call("PUT", "batchEndpoints/expired", arm.endpoint())
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "ExpiredAuthenticationToken")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert arm.call("GET", "batchEndpoints/expired").status_code == 404


@pytest.mark.parametrize(("kind", "taken"), [("reset", 404), ("reset-after", 200), ("truncate", 200)])
def test_connections_break_before_in_and_after_the_answer(arm: Arm, kind: str, taken: int) -> None:
    fault(arm, kind, method="PUT")
    with pytest.raises(requests.RequestException):
        arm.call("PUT", f"batchEndpoints/broken-{kind}", arm.endpoint())
    assert arm.call("GET", f"batchEndpoints/broken-{kind}").status_code == taken


def test_an_answer_comes_late_on_demand_and_the_request_is_taken_at_once(arm: Arm) -> None:
    fault(arm, "delay", method="PUT", seconds=30)
    headers = dict(arm.session.headers)
    url = f"{arm.emulator.origin}{arm.workspace}/batchEndpoints/late?api-version=2024-04-01"
    with pytest.raises(requests.ReadTimeout):
        requests.put(url, json=arm.endpoint(), headers=headers, verify=arm.session.verify, timeout=(60, 0.5))
    assert arm.call("GET", "batchEndpoints/late").status_code == 200


def test_an_operation_does_not_end_until_its_fault_is_taken_back(arm: Arm) -> None:
    fault(arm, "stuck-operation", path="/computes/")
    url = arm.call("PUT", "computes/stuck", arm.cluster()).headers["Azure-AsyncOperation"]
    assert [arm.get(url)["status"] for _ in range(3)] == ["InProgress"] * 3
    arm.emulator.control("DELETE", "/_emulator/faults")
    assert arm.get(url)["status"] == "Succeeded"


@pytest.mark.parametrize(
    ("path", "side"), [("/oauth2/", "login"), ("/inference/", "scoring"), ("/history/", "run history")]
)
def test_every_side_of_the_service_can_be_struck(arm: Arm, path: str, side: str) -> None:
    fault(arm, "status", status=429, retryAfter=3, path=path)
    addresses = {
        "login": lambda: arm.ask_token({"scope": "https://ml.azure.com/.default"}),
        "scoring": lambda: arm.call("GET", f"{arm.emulator.origin}/inference/e.eastus/jobs"),
        "run history": lambda: arm.call("GET", f"/history/v1.0{arm.workspace}/runs/x"),
    }
    assert arm.call("GET", "models").status_code == 200
    answer = addresses[side]()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert addresses[side]().status_code != 429


def test_an_operation_fails_on_demand(arm: Arm) -> None:
    fault(arm, "fail-operation", path="/computes/")
    url = arm.call("PUT", "computes/failing", arm.cluster()).headers["Azure-AsyncOperation"]
    assert arm.get(url)["status"] == "Failed"
    assert arm.get("computes/failing")["properties"]["provisioningState"] == "Failed"


def test_some_requests_pass_before_a_fault_and_some_are_struck(arm: Arm) -> None:
    fault(arm, "status", status=500, skip=1, times=2)
    assert [arm.call("GET", "models").status_code for _ in range(4)] == [200, 500, 500, 200]


@pytest.mark.parametrize(
    "wrong", [{"fault": "gremlins"}, {"fault": "status", "status": 200}, {"fault": "reset", "path": "("}]
)
def test_what_is_no_fault_is_refused(arm: Arm, wrong: dict[str, Any]) -> None:
    assert arm.emulator.control("POST", "/_emulator/faults", wrong)["error"]["code"] == "BadRequest"
