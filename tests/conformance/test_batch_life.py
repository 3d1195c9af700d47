"""The official client `azure-ai-ml`, unmodified, through its whole batch life: one life, looked at from many sides."""

from collections.abc import Callable
from typing import Any

import pytest

from azureml_emulator.testing import RunningEmulator

from .conftest import OWN_ADDRESS, REAL_NAMES

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module", params=[OWN_ADDRESS, REAL_NAMES])
def way(request: pytest.FixtureRequest) -> str:
    """How the client comes to the emulator."""
    return str(request.param)


@pytest.fixture(scope="module")
def seen(live: Callable[[str], dict[str, Any]]) -> dict[str, Any]:
    """What each step of the life saw."""
    return live("batch_life.py")


def arm_id(azure: RunningEmulator, path: str) -> str:
    return f"{azure.workspace_id}/{path}"


def test_it_asks_for_nothing_that_is_not_there(azure: RunningEmulator, seen: dict[str, Any]) -> None:
    assert [name for name in azure.control("GET", "/_emulator/requests")["by"] if "unknown" in name] == []


def test_it_finds_workspace_and_default_datastore(seen: dict[str, Any]) -> None:
    assert seen["workspace"] == {"location": "eastus", "default": "workspaceblobstore", "container": True}


def test_it_uploads_code_once(seen: dict[str, Any]) -> None:
    assert seen["code"]["same"]
    assert seen["code"]["path"].endswith("/src")


def test_it_registers_models_from_a_folder(seen: dict[str, Any]) -> None:
    model = seen["model"]
    assert model["versions"] == ["1", "2", "2"]
    assert model["tags"] == {"a": "c"}
    assert model["downloaded"] == ["life-model/model/deep/more.txt", "life-model/model/weights.txt"]
    assert (model["listed"], model["containers"]) == (["1", "2"], True)
    assert "the existing asset's model uri cannot be changed" in model["changed"]


def test_it_registers_environments_with_image_and_conda_file(seen: dict[str, Any]) -> None:
    assert seen["environment"] == {
        "version": "1",
        "same": True,
        "image": "mcr.microsoft.com/azureml/minimal:latest",
        "conda": {"name": "life", "channels": ["conda-forge"], "dependencies": ["python=3.11"]},
        "os": "Linux",
        "listed": ["1"],
    }


def test_it_registers_data(seen: dict[str, Any]) -> None:
    assert (seen["data"]["version"], seen["data"]["listed"]) == ("7", ["7"])
    assert seen["data"]["path"].startswith("azureml://")
    assert seen["data"]["file"].endswith("/a.txt")


def test_it_makes_and_scales_a_cluster(seen: dict[str, Any]) -> None:
    assert seen["compute"] == {
        "size": "STANDARD_D2_V2",
        "type": "amlcompute",
        "state": "Succeeded",
        "most": 3,
        "tier": "dedicated",
        "idle": 120.0,
        "listed": True,
        "nodes": [],
    }


def test_it_makes_an_endpoint(seen: dict[str, Any]) -> None:
    endpoint = seen["endpoint"]
    assert endpoint.pop("uri").endswith("/jobs")
    assert endpoint == {
        "state": "Succeeded",
        "auth": "aad_token",
        "tags": {"team": "blue"},
        "default": None,
        "listed": True,
    }


def test_it_makes_a_deployment(azure: RunningEmulator, seen: dict[str, Any]) -> None:
    deployment = seen["deployment"]
    bad = deployment.pop("bad")
    assert deployment == {
        "state": "Succeeded",
        "description": "second",
        "model": arm_id(azure, "models/life-model/versions/1"),
        "code": arm_id(azure, "codes/life-code/versions/1"),
        "environment": arm_id(azure, "environments/life-env/versions/1"),
        "compute": arm_id(azure, "computes/life-cpu"),
        "size": 1,
        "timeout": 60,
        "file": "rows.csv",
        "action": "append_row",
        "variables": ["GATE"],
        "listed": ["blue"],
    }
    assert (bad["status"], bad["code"]) == (400, "UserError")
    assert "no-such-compute" in bad["said"]
    assert seen["default"] == "blue"


def test_it_scores_every_form_of_input(seen: dict[str, Any]) -> None:
    both = ["a.txt=one", "b.txt=two"]
    assert seen["download"]["lines"] == {
        "folder": both,
        "file": ["a.txt=one"],
        "asset": both,
        "latest": both,
        "asset id": both,
        "local": both,
        "inputs": ["c.txt=three"],
        "gated": ["g.txt=gate"],
    }
    assert set(seen["download"]["status"].values()) == {"Completed"}


def test_it_invokes_with_other_settings(seen: dict[str, Any]) -> None:
    assert seen["download"]["everything"] == ["mine.csv"]
    assert seen["download"]["experiment"] == "life-experiment"
    assert seen["download"]["type"] == "pipeline"


def test_it_streams_a_job(seen: dict[str, Any]) -> None:
    streamed = seen["stream"]
    assert "Streaming logs/azureml/executionlogs.txt" in streamed
    assert "Completed" in streamed
    assert "Execution Summary" in streamed


def test_it_finds_a_jobs_step(seen: dict[str, Any]) -> None:
    assert seen["children"] == {"count": 1, "display": "batchscoring", "child": True}


@pytest.mark.parametrize("of", ["endpoint", "deployment", "workspace"])
def test_it_lists_jobs_newest_first(seen: dict[str, Any], of: str) -> None:
    names = seen["invoke"]["names"]
    started = ["folder", "file", "asset", "latest", "asset id", "local", "inputs", "gated"]
    assert seen["list_jobs"][of] == [names[name] for name in reversed(started)]


def test_it_tells_why_a_job_failed(seen: dict[str, Any]) -> None:
    assert seen["failure"]["status"] == "Failed"
    assert seen["failure"]["said"].startswith("JobException")
    assert "ValueError: no such digit" in seen["failure"]["said"]


def test_it_cancels_a_job(seen: dict[str, Any]) -> None:
    assert seen["cancel"] == "Canceled"


def test_it_changes_how_a_job_is_shown(seen: dict[str, Any]) -> None:
    changed = seen["change_job"]
    assert (changed["display"], changed["description"]) == ("A file", "one")
    assert changed["tags"].items() >= {"kept": "yes", "azureml.batchrun": "true"}.items()


def test_it_archives_and_restores(seen: dict[str, Any]) -> None:
    assert seen["archive"] == {
        "job listed": False,
        "archived": True,
        "restored": True,
        "models": ["2"],
        "models again": ["1", "2"],
        "data": False,
        "environments": [],
    }


def test_it_deletes_everything_but_jobs_that_it_leaves(seen: dict[str, Any]) -> None:
    assert seen["delete"] == {
        "job": "gone: UserError",
        "deployment": "gone: ResourceNotFound",
        "endpoint": "gone: ResourceNotFound",
        "compute": "gone: ResourceNotFound",
        "job stays": "Completed",
    }
