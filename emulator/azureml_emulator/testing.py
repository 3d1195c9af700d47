"""An Azure ML for your own test suite.

As a pytest fixture: import it in ``conftest.py`` and ask for it by name::

    from azureml_emulator.testing import azureml_emulator  # noqa: F401

    def test_deploy(azureml_emulator):
        subprocess.run(["pulumi", "up"], env={**os.environ, **azureml_emulator.environment})

or anywhere as a context manager::

    with emulator() as azureml:
        print(azureml.origin, azureml.workspace_id)

The emulator is a process of its own on a free port, with its state in a temporary folder; it ends with the
test run, even when that is killed. Its blob service starts in parallel: the emulator answers at once, and
requests for blobs wait until they can be served.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator import lifecycle, shell_environment
from azureml_emulator.lifecycle import Running
from azureml_emulator.settings import LOCATION, RESOURCE_GROUP, SUBSCRIPTION_ID, WORKSPACE_NAME, LongRunning, Settings

__all__ = ["RunningEmulator", "azureml_emulator", "emulator"]

_STOP_SECONDS = 30


@dataclass(frozen=True)
class RunningEmulator:
    """A running emulator and how to reach it."""

    running: Running
    process: subprocess.Popen[bytes]

    @property
    def origin(self) -> str:
        """Its HTTPS address, such as ``https://127.0.0.1:40123``: the ARM endpoint and the authority host."""
        return self.running.origin

    @property
    def home(self) -> Path:
        """The folder of its state."""
        return self.running.home

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point clients at its own address, credentials included."""
        return shell_environment.direct(self.running)

    @property
    def real_names(self) -> dict[str, str]:
        """The environment variables by which Azure's own host names lead to it: no client needs an argument."""
        return shell_environment.real_names(self.running)

    def signed_in_by(self, way: str) -> dict[str, str]:
        """As ``environment``, with another way to sign in: ``certificate``, ``workload`` or ``managed-identity``."""
        return shell_environment.direct(self.running, sign_in=way)

    @property
    def location(self) -> str:
        """The region of the seeded workspace."""
        return LOCATION

    @property
    def workspace_id(self) -> str:
        """The ARM id of the seeded workspace."""
        return (
            f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}/providers"
            f"/Microsoft.MachineLearningServices/workspaces/{WORKSPACE_NAME}"
        )

    def add_workspace(self, name: str) -> str:
        """Give the emulator another workspace, in the group and region of the seeded one; returns its ARM id."""
        answer: dict[str, str] = self.control("POST", "/_emulator/workspaces", {"name": name})
        return answer["id"]

    def add_registry(self, name: str) -> str:
        """Give the emulator a registry, in the group and region of the seeded workspace; returns its ARM id."""
        answer: dict[str, str] = self.control("POST", "/_emulator/registries", {"name": name})
        return answer["id"]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call one of the emulator's own routes, such as ``GET /_emulator/requests``."""
        return self.running.request(method, path, body)


@contextlib.contextmanager
def emulator(
    home: Path | None = None, *, host: str = "127.0.0.1", port: int = 0, lro: str = "instant", blobs: bool = True
) -> Iterator[RunningEmulator]:
    """Run an emulator for the length of a ``with`` block.

    ``home`` keeps the state (default: a temporary folder that is deleted), ``host`` is the address of this machine
    that it listens on and is called by, ``port`` 0 takes a free one, ``lro`` is ``instant``, ``timed=SECONDS`` or
    ``polls=N``, ``blobs=False`` leaves the blob service out.
    Raises :class:`azureml_emulator.lifecycle.LifecycleError` when it does not come up.
    """
    with contextlib.ExitStack() as stack:
        if home is None:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="azureml-emulator-")))
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings = Settings(home, host=host, port=port, long_running=LongRunning.parse(lro), blobs=blobs)
        with lifecycle.private_log(home) as log:
            command = [*lifecycle.command(settings), "--until-stdin-ends"]
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True, env=dict(os.environ)
            )
        try:
            yield RunningEmulator(lifecycle.wait_until_serving(process, home, settings), process)
        finally:
            _end(process)


@pytest.fixture(scope="session")
def azureml_emulator() -> Iterator[RunningEmulator]:
    """An emulator for the whole test session."""
    with emulator() as running:
        yield running


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None  # noqa: S101 - the type of a pipe that was asked for
    process.stdin.close()
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
