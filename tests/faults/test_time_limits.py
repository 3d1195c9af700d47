"""Each operation of a resource gives up after the time that the resource allows it."""

from __future__ import annotations

import pytest

from azureml_emulator.testing import RunningEmulator
from emulator_provider.stack import Stack
from pulumi_azureml.arm import OperationTimeoutError
from pulumi_azureml.resources import COMPUTE

from .program import connect

CLUSTER = {"vm_size": "STANDARD_D2_V2", "timeouts": {"create": "PT45S", "update": "PT2M", "delete": "PT15S"}}


def stuck(azureml: RunningEmulator, method: str) -> None:
    azureml.control("POST", "/_emulator/faults", {"method": method, "path": "computes", "fault": "stuck-operation"})


def test_create_update_and_delete_have_limits_of_their_own(azureml: RunningEmulator) -> None:
    stack = Stack(connect(azureml), "limits")
    stuck(azureml, "PUT")
    with pytest.raises(OperationTimeoutError, match=r"create compute 'cpu'(.|\n)*within 45 s"):
        stack.up(COMPUTE, "cpu", **CLUSTER)
    azureml.control("DELETE", "/_emulator/faults")
    stack.up(COMPUTE, "cpu", **CLUSTER)
    stuck(azureml, "PUT")
    with pytest.raises(OperationTimeoutError, match=r"update compute 'cpu'(.|\n)*within 120 s"):
        stack.up(COMPUTE, "cpu", **CLUSTER, scale_settings={"max_node_count": 2})
    azureml.control("DELETE", "/_emulator/faults")
    stack.up(COMPUTE, "cpu", **CLUSTER, scale_settings={"max_node_count": 2})
    _, made = stack.made["cpu"]
    stuck(azureml, "DELETE")
    with pytest.raises(OperationTimeoutError, match=r"delete compute 'cpu'(.|\n)*within 15 s"):
        stack.delete("cpu")
    azureml.control("DELETE", "/_emulator/faults")
    stack.made["cpu"] = (COMPUTE, made)
    stack.delete("cpu")
