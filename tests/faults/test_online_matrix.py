"""Every request that makes and moves an online endpoint and its traffic × every fault."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from azureml_emulator.testing import RunningEmulator
from emulator_provider.stack import Stack
from pulumi_azureml.arm import ArmClient
from pulumi_azureml.resources import CODE, ENVIRONMENT, ONLINE_DEPLOYMENT, ONLINE_ENDPOINT, TRAFFIC

from .program import connect
from .test_matrix import ARM, FAULTS, PATIENCE, attempt, requests_of


@pytest.fixture(scope="module")
def endpoint(azureml: RunningEmulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An endpoint with deployments that there is traffic for: they exist, and that they do not serve is no matter."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in azureml.environment.items():
            patch.setenv(name, value)
        stack = Stack(connect(azureml), "online")
        source = tmp_path_factory.mktemp("src")
        (source / "score.py").write_text("raise RuntimeError('never started')\n")
        made = stack.up(ONLINE_ENDPOINT, "fixed")
        for color in ("blue", "green"):
            attempt(lambda: _deploy(stack, made.id, color, source))  # noqa: B023 - called at once
        yield made.id
        stack.delete("fixed")


def _deploy(stack: Stack, endpoint: str, color: str, source: Path) -> None:
    stack.up(
        ONLINE_DEPLOYMENT,
        color,
        endpoint=endpoint,
        code=stack.up(CODE, "online-code", path=str(source)).id,
        scoring_script="score.py",
        environment=stack.up(ENVIRONMENT, "online-env", image="ubuntu:22.04").id,
        instance_type="Standard_DS3_v2",
    )


def up(stack: Stack, endpoint: str, live: str) -> None:
    stack.up(ONLINE_ENDPOINT, "other")
    stack.up(TRAFFIC, "live", endpoint=endpoint, traffic={live: 100})


def traffic(client: ArmClient, endpoint: str) -> object:
    return client.request("GET", endpoint).body["properties"]["traffic"]


# The main matrix tries them all on the same requests' way; these leave each a trace of another kind.
SOME = ("503", "503 for ever", "reset", "reset after", "truncated")


@pytest.mark.parametrize("name", SOME)
def test_up_move_and_destroy_survive(azureml: RunningEmulator, endpoint: str, name: str) -> None:
    counting = Stack(connect(azureml), "online-faults")
    made = requests_of(azureml, lambda: up(counting, endpoint, "blue"))
    moved = requests_of(azureml, lambda: up(counting, endpoint, "green"))
    gone = requests_of(azureml, counting.destroy)
    assert (made, moved, gone) >= (6, 3, 5)
    for step, count in (("make", made), ("move", moved), ("destroy", gone)):
        for number in range(count):
            stack = Stack(connect(azureml, patience=PATIENCE.get(name, 30.0)), "online-faults")
            if step != "make":
                up(stack, endpoint, "blue")
            azureml.control("POST", "/_emulator/faults", {"path": ARM, "skip": number, **FAULTS[name]})
            attempt(stack.destroy if step == "destroy" else lambda: up(stack, endpoint, "green"))  # noqa: B023
            azureml.control("DELETE", "/_emulator/faults")
            for logical in list(stack.made):
                stack.refresh(logical)
            up(stack, endpoint, "green")
            assert traffic(stack.client, endpoint) == {"green": 100}, f"{step} {number}"
            stack.destroy()
            assert traffic(stack.client, endpoint) == {}, f"{step} {number}"
