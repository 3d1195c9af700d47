"""One emulator for all tests of this folder, and a client for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from arm_client import Arm

from azureml_emulator.testing import RunningEmulator, azureml_emulator, emulator
from emulator.batch_service import ECHO, FILES, WAIT, Endpoint, Service

__all__ = ["azureml_emulator"]

_NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def arm(azureml_emulator: RunningEmulator) -> Arm:
    return Arm(azureml_emulator)


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"thing-{next(_NUMBERS)}"


@pytest.fixture
def long_running(arm: Arm) -> Iterator[Callable[[str], None]]:
    """Switch how long-running operations end; back to instant after the test."""

    def switch(mode: str) -> None:
        assert arm.emulator.control("POST", "/_emulator/lro", {"mode": mode}) == {"mode": mode}

    yield switch
    switch("instant")


@pytest.fixture
def own_emulator() -> Iterator[Callable[..., RunningEmulator]]:
    """Start emulators that belong to one test only."""
    import contextlib

    with contextlib.ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(emulator(*args, **options))


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """An emulator for batch jobs."""
    with emulator() as running, Service(running) as client:
        yield client


@pytest.fixture(scope="session")
def echo(service: Service) -> Endpoint:
    """An endpoint that answers the names of the files."""
    return service.deploy(ECHO, nodes=20)


@pytest.fixture(scope="session")
def data(service: Service) -> str:
    """The address of a folder with `FILES`."""
    return service.upload("data/five", FILES)


@pytest.fixture
def waiting(service: Service) -> Iterator[Endpoint]:
    """An endpoint on a single node, whose jobs do not end by themselves: they are canceled after the test."""
    endpoint = service.deploy(WAIT, nodes=1, retrySettings={"maxRetries": 0, "timeout": "PT60S"})
    yield endpoint
    endpoint.cancel_all()
