"""What a cold deploy asks of the service, and what it need not ask."""

from __future__ import annotations

from pathlib import Path

from azureml_emulator.testing import RunningEmulator
from faults.program import up

from .stack import Stack


def test_a_cold_deploy_asks_for_each_thing_once(azureml: RunningEmulator, stack: Stack, source: Path) -> None:
    azureml.control("POST", "/_emulator/requests/reset")
    up(stack, source)
    counted = azureml.control("GET", "/_emulator/requests")
    asked = {name: count for name, count in counted["by"].items() if not name.endswith(("blobs", "token", "openid"))}
    looked_and_made = {f"{verb} {kind}/versions": 1 for verb in ("GET", "PUT") for kind in ("codes", "models")}
    assert asked == {
        **looked_and_made,
        "GET environments/versions": 1,
        "PUT environments/versions": 1,
        "GET datastores": 1,
        "POST datastores": 1,  # its credential
        "GET computes": 2,  # before, and after
        "PUT computes": 1,
        "GET batchEndpoints": 3,  # before, after, and once the default is set
        "PUT batchEndpoints": 2,
        "PUT batchEndpoints/deployments": 1,
        "GET batchEndpoints/deployments": 1,
    }
    assert counted["arm"] == 18


def test_a_deployment_that_was_lost_is_looked_for_in_the_same_process_too(
    azureml: RunningEmulator, stack: Stack, source: Path
) -> None:
    up(stack, source)
    _, state = stack.made["blue"]
    stack.forget("blue")
    azureml.control("POST", "/_emulator/requests/reset")
    up(stack, source)
    assert stack.made["blue"][1].id == state.id
    assert azureml.control("GET", "/_emulator/requests")["by"]["GET batchEndpoints/deployments"] == 2
