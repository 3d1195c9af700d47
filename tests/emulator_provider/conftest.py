from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from azureml_emulator.testing import RunningEmulator, emulator
from pulumi_azureml.arm import ArmClient, Settings

from .stack import Stack


@pytest.fixture(scope="package")
def azureml() -> Iterator[RunningEmulator]:
    with emulator() as running:
        yield running


@pytest.fixture
def client(azureml: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> ArmClient:
    for name, value in azureml.environment.items():
        monkeypatch.setenv(name, value)
    return connect(azureml)


def connect(azureml: RunningEmulator) -> ArmClient:
    """A client of a running Azure ML, whose environment is this process's."""
    _, subscription, _, group, *_ = azureml.workspace_id.strip("/").split("/")
    return ArmClient.from_settings(Settings(subscription, group, "local", azureml.location, azureml.origin))


@pytest.fixture
def stack(client: ArmClient, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack whose resources are named after the test, so that tests do not meet each other's."""
    made = Stack(client, request.node.name.split("[")[0][-40:].strip("_").replace("_", "-"))
    yield made
    made.destroy()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "score.py").write_text("def run(mini_batch):\n    return mini_batch\n")
    return folder
