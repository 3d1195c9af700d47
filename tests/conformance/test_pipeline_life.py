"""The official client `azure-ai-ml`, unmodified, with components and a pipeline endpoint, looked at from many sides."""

from collections.abc import Callable
from pathlib import Path
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
    return live("pipeline_life.py")


def test_it_asks_for_nothing_that_is_not_there(azure: RunningEmulator, seen: dict[str, Any]) -> None:
    assert [name for name in azure.control("GET", "/_emulator/requests")["by"] if "unknown" in name] == []


def test_it_registers_a_command_component_from_yaml(seen: dict[str, Any]) -> None:
    component = seen["component"]
    assert component["same"]
    assert (component["type"], component["display"]) == ("command", "Add a line")
    assert component["inputs"]["times"] | {"optional": True, "min": 1, "max": 3} == component["inputs"]["times"]
    assert component["listed"] == ["1"]
    assert component["containers"]


def test_it_registers_pipeline_components_from_yaml_and_from_functions(seen: dict[str, Any]) -> None:
    assert seen["pipeline_from_yaml"]["jobs"] == ["first", "second"]
    assert seen["pipeline_from_yaml"]["inputs"] == ["data", "word"]
    assert seen["pipeline_from_dsl"] == {"type": "pipeline", "jobs": ["first", "second"]}


def test_it_deploys_them_to_an_endpoint(seen: dict[str, Any]) -> None:
    assert (seen["deploy"]["default"], seen["deploy"]["listed"]) == ("yaml", ["dsl", "yaml"])


def test_it_invokes_and_streams(seen: dict[str, Any]) -> None:
    assert all(name.startswith("pipelinejob-") for name in seen["invoke"]["names"])
    for streamed in seen["stream"]["streamed"]:
        assert "Execution Summary" in streamed
    assert "Streaming logs/azureml/executionlogs.txt" in seen["stream"]["streamed"][0]
    assert (seen["stream"]["status"], seen["stream"]["type"]) == ("Completed", "pipeline")


def test_it_finds_the_steps_and_downloads_what_they_made(seen: dict[str, Any]) -> None:
    assert seen["children"] == {
        "names": ["first", "second"],
        "status": "Completed",
        "files": {"named-outputs/out/a.txt": "A\nyaml\nplain x2\n"},
    }


def test_it_downloads_outputs_and_logs(seen: dict[str, Any]) -> None:
    downloaded = seen["download"]
    result, log = "named-outputs/result/a.txt", "artifacts/logs/azureml/executionlogs.txt"
    assert downloaded["first"] == {result: "A\nyaml\nplain x2\n"}
    assert downloaded["second"] == {result: "A\ngiven\nagain x3\n"}
    assert downloaded["logs"][log].rstrip().endswith("Completed")
    assert set(downloaded["all"]) == {result, log}


def test_it_registers_a_model_that_a_run_made(seen: dict[str, Any]) -> None:
    ((path, text),) = seen["register"].items()
    assert (Path(path).name, text) == ("model.txt", "again\n")


def test_it_shows_why_an_invocation_is_refused(seen: dict[str, Any]) -> None:
    assert seen["refused"]["status"] == 400
    assert "'inputData.data' is required" in seen["refused"]["said"]
