"""One emulator for the generated clients of all languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from azureml_codegen import LANGUAGES
from azureml_emulator.testing import RunningEmulator, emulator


@pytest.fixture(scope="session")
def local() -> Iterator[RunningEmulator]:
    """An emulator that is called ``localhost``: Mono does not find addresses in certificates, only names."""
    with emulator(host="localhost") as running:
        yield running


@pytest.fixture(autouse=True)
def _no_fault_left(local: RunningEmulator) -> Iterator[None]:
    """What one test asked for and did not use up does not meet the next one."""
    yield
    local.control("DELETE", "/_emulator/faults")


@pytest.fixture(params=list(LANGUAGES))
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)
