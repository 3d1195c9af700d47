"""An emulator, and whole lives of the official client on it."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from azureml_emulator.settings import SUBSCRIPTION_ID
from azureml_emulator.testing import RunningEmulator, emulator

from .official import HERE, official_python

OWN_ADDRESS, REAL_NAMES = "by the emulator's own address", "by Azure's own names"


@pytest.fixture(scope="module")
def way() -> str:
    """How clients come to the emulator; modules that try both ways have a fixture of this name."""
    return OWN_ADDRESS


@pytest.fixture(scope="module")
def azure(way: str) -> Iterator[RunningEmulator]:
    """One for each way: a life begins with an empty workspace."""
    with emulator() as running:
        yield running


@pytest.fixture(scope="module")
def live(azure: RunningEmulator, way: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Any]]:
    """What each step of a life saw, which is a program beside this file."""

    def life(program: str) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("life")
        origin, variables = ("", azure.real_names) if way == REAL_NAMES else (azure.origin, azure.environment)
        command = [official_python(), HERE / program, origin, SUBSCRIPTION_ID, folder]
        done = subprocess.run(
            command,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        seen: dict[str, Any] = json.loads((folder / "seen.json").read_text())
        assert "failed" not in seen, seen["failed"]
        return seen

    return life
