"""The official client `azure-ai-ml`, unmodified, through its whole online life: one life, looked at from many sides."""

from collections.abc import Callable
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator

from .conftest import REAL_NAMES

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def way() -> str:
    """How the client comes to the emulator."""
    return REAL_NAMES


@pytest.fixture(scope="module")
def seen(live: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """What each step of the life saw."""
    return live("online_life.py")


def test_it_asks_for_nothing_that_is_not_there(azure: RunningEmulator, seen: dict[str, Any]) -> None:
    assert [name for name in azure.control("GET", "/_emulator/requests")["by"] if "unknown" in name] == []


def test_it_makes_an_endpoint(seen: dict[str, Any]) -> None:
    place = "https://official-online.eastus.inference.ml.azure.com"
    assert seen["endpoint"] == {
        "state": "Succeeded",
        "auth": "key",
        "traffic": {},
        "tags": {"team": "blue"},
        "uri": f"{place}/score",
        "swagger": f"{place}/swagger.json",
        "listed": True,
    }


def test_it_deploys_local_files_and_registered_assets(seen: dict[str, Any]) -> None:
    assert seen["deploy"] == {
        "state": "Succeeded",
        "description": "first",
        "size": "Standard_DS3_v2",
        "count": 1,
        "variables": {"COLOR": "blue"},
        "timeout": 3000,
        "concurrency": 2,
        "period": 5,
        "listed": ["blue", "green"],
        "no endpoint": "gone: ResourceNotFound",
    }


def test_it_moves_traffic(seen: dict[str, Any]) -> None:
    assert "No valid deployments to route to" in seen["no_traffic"]
    assert seen["traffic"] == {
        "answers": [{"sum": 6, "model": "42", "color": "blue"}] * 3,
        "traffic": {"blue": 90, "green": 10},
        "tags": {"team": "blue"},
        "description": "first",
    }


def test_it_invokes_a_deployment_by_name(seen: dict[str, Any]) -> None:
    assert seen["invoke"]["green"] == {"sum": 6, "model": "42", "color": "green"}


def test_it_tells_that_a_script_failed(seen: dict[str, Any]) -> None:
    assert "An unexpected error occurred in scoring script" in seen["invoke"]["failed"]


def test_it_reads_logs(seen: dict[str, Any]) -> None:
    logs = seen["logs"]
    assert "the model is ready" in logs["blue"]
    assert "ValueError: no such digit" in logs["green"]
    assert "no such digit" not in logs["blue"]
    assert len(logs["last"].strip().splitlines()) == 1
    assert "Fetching the model" in logs["storage"]


def test_it_updates_a_deployment(seen: dict[str, Any]) -> None:
    assert seen["update"] == {"count": 2, "tags": {"changed": "yes"}, "answer": "blue"}


def test_it_gets_and_regenerates_keys(seen: dict[str, Any]) -> None:
    assert seen["keys"] == {"two": True, "new": True, "kept": True, "answers": 6}


@pytest.mark.parametrize(("mode", "kind"), [("aml_token", "EndpointAuthToken"), ("aad_token", "EndpointAadToken")])
def test_it_signs_in_with_tokens(seen: dict[str, Any], mode: str, kind: str) -> None:
    assert seen["tokens"][mode] == {"kind": kind, "answer": "blue"}


def test_it_tells_why_a_deployment_failed(seen: dict[str, Any]) -> None:
    assert seen["failure"]["said"].startswith("HttpResponseError: (ResourceNotReady) User container has crashed")
    assert "ValueError: no such model" in seen["failure"]["said"]
    assert "ValueError: no such model" in seen["failure"]["log"]


def test_it_deletes_what_has_no_traffic_and_whole_endpoints(seen: dict[str, Any]) -> None:
    in_use = seen["delete"].pop("in use")
    assert (in_use["status"], in_use["code"]) == (400, "UserError")
    assert "non-zero traffic weight" in in_use["said"]
    assert set(seen["delete"]) == {"deployment", "official-online", "official-tokens", "official-entra"}
    assert set(seen["delete"].values()) == {"gone: ResourceNotFound"}
