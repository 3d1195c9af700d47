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
