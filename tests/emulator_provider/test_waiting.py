"""Operations that take their time: progress is shown, and what an earlier run began is waited for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from azureml_emulator.testing import RunningEmulator, emulator
from pulumi_azureml.arm import NotFoundError
from pulumi_azureml.resources import COMPUTE

from .stack import Stack


@pytest.fixture(scope="module")
def azureml() -> Iterator[RunningEmulator]:
    with emulator(lro="polls=2", blobs=False) as running:
        yield running


def test_a_wait_shows_the_operation_and_its_state(stack: Stack) -> None:
    stack.up(COMPUTE, "cpu", vm_size="STANDARD_D2_V2")
    assert any("create compute 'cpu': " in text and text.endswith(" s)") for text in stack.shown)


def test_a_delete_that_an_earlier_run_began_is_waited_for(stack: Stack) -> None:
    made = stack.up(COMPUTE, "cpu", vm_size="STANDARD_D2_V2")
    stack.client.request("DELETE", made.id, params=COMPUTE.query_on_delete)
    stack.delete("cpu")
    with pytest.raises(NotFoundError):
        stack.client.request("GET", made.id)
