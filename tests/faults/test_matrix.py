"""Every request of up, refresh and destroy × every fault: it succeeds, or fails completely told; then it converges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator
from emulator_provider.stack import Stack
from pulumi_azureml.arm import ArmError

from .program import connect, held, refresh, up

FAULTS: dict[str, dict[str, Any]] = {
    "429 with Retry-After": {"fault": "status", "status": 429, "retryAfter": 3},
    "429": {"fault": "status", "status": 429},
    "429 for ever": {"fault": "status", "status": 429, "times": 50},
    "500": {"fault": "status", "status": 500},
    "503": {"fault": "status", "status": 503},
    "503 for ever": {"fault": "status", "status": 503, "times": 50},
    "token expired": {"fault": "status", "status": 401},
    "reset": {"fault": "reset"},
    "reset after": {"fault": "reset-after"},
    "timeout": {"fault": "delay", "seconds": 1.3},
    "truncated": {"fault": "truncate"},
}
OPERATION_FAULTS: dict[str, dict[str, Any]] = {
    "failed": {"fault": "fail-operation"},
    "never ends": {"fault": "stuck-operation"},
}
COMPLETE = ("Cannot ", "resource: ")
# Shorter than the late answer is late, and long enough for every other one.
PATIENCE = {"timeout": 1.0}
EXPECTED = {"codes": ["code"], "models": ["model"], "environments": ["env"], "computes": ["cpu"]}
ARM = "^/subscriptions/"  # blobs have their own client and their own test


def attempt(command: Callable[[], None]) -> ArmError | None:
    try:
        command()
    except ArmError as error:
        failure = error
    else:
        return None
    assert all(part in str(failure) for part in COMPLETE), failure
    return failure


def converges(azureml: RunningEmulator, stack: Stack, source: Path) -> None:
    """The next up, without faults, makes everything once; after destroy nothing is left."""
    azureml.control("DELETE", "/_emulator/faults")
    refresh(stack)
    up(stack, source)
    found = held(stack.client)
    assert {key: value for key, value in found.items() if key in EXPECTED} == EXPECTED
    assert len(found["batchEndpoints"]) == 1
    stack.destroy()
    assert not any(held(stack.client).values())


def requests_of(azureml: RunningEmulator, command: Callable[[], None]) -> int:
    azureml.control("POST", "/_emulator/requests/reset")
    command()
    count: int = azureml.control("GET", "/_emulator/requests")["arm"]
    return count


@pytest.mark.parametrize("name", FAULTS)
def test_up_survives(azureml: RunningEmulator, source: Path, name: str) -> None:
    stack = Stack(connect(azureml), "faults")
    up(stack, source)  # the first upload waits for the blob service to come up
    stack.destroy()
    stack = Stack(connect(azureml), "faults")  # a new process, which knows nothing yet
    count = requests_of(azureml, lambda: up(stack, source))
    stack.destroy()
    assert count > 15
    for number in range(count):
        stack = Stack(connect(azureml, patience=PATIENCE.get(name, 30.0)), "faults")
        azureml.control("POST", "/_emulator/faults", {"path": ARM, "skip": number, **FAULTS[name]})
        error = attempt(lambda: up(stack, source))  # noqa: B023 - called at once
        assert error is None or name.endswith(("ever", "timeout")), f"request {number}: {error}"
        converges(azureml, stack, source)


@pytest.mark.parametrize("name", FAULTS)
def test_refresh_and_destroy_survive(azureml: RunningEmulator, source: Path, name: str) -> None:
    stack = Stack(connect(azureml), "faults")
    up(stack, source)
    refreshes = requests_of(azureml, lambda: refresh(stack))
    deletes = requests_of(azureml, stack.destroy)
    stack = Stack(connect(azureml, patience=PATIENCE.get(name, 30.0)), "faults")
    assert (refreshes, deletes) >= (7, 14)
    for number in range(refreshes):
        up(stack, source)
        azureml.control("POST", "/_emulator/faults", {"path": ARM, "skip": number, **FAULTS[name]})
        attempt(lambda: refresh(stack))
        azureml.control("DELETE", "/_emulator/faults")
        assert len(stack.made) == 7, "a fault is no proof that a resource is gone"
    for number in range(deletes):
        up(stack, source)
        azureml.control("POST", "/_emulator/faults", {"path": ARM, "skip": number, **FAULTS[name]})
        attempt(stack.destroy)
        converges(azureml, stack, source)


@pytest.mark.parametrize("name", OPERATION_FAULTS)
@pytest.mark.parametrize("collection", ["computes/cpu$", "batchEndpoints/[^/]+$", "deployments/blue$"])
def test_a_failed_or_endless_operation_is_told_and_put_right_by_the_next_up(
    azureml: RunningEmulator, source: Path, name: str, collection: str
) -> None:
    stack = Stack(connect(azureml), "faults")
    azureml.control("POST", "/_emulator/faults", {"method": "PUT", "path": collection, **OPERATION_FAULTS[name]})
    error = attempt(lambda: up(stack, source))
    assert error is not None
    assert "what is left" in str(error)
    converges(azureml, stack, source)
