"""One emulator for all tests of this folder, and a client for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from arm_client import Arm

from azureml_emulator.testing import RunningEmulator, azureml_emulator, emulator

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
