"""Resources with a provider of their own are made whatever the others wait for."""

import subprocess
import time
from pathlib import Path

import pytest

from .local import LocalAzure
from .stack import Report, Stack, configuration
from .test_kills import faults

pytestmark = pytest.mark.timeout(600)

PROGRAM = """
import asyncio, sys
from pathlib import Path

import pulumi
import pulumi_azureml as azureml

clusters = azureml.Provider("clusters")
for number in range(4):
    azureml.Compute(f"cpu-{number}", vm_size="STANDARD_D2_V2", opts=pulumi.ResourceOptions(provider=clusters))


async def once_they_are_being_made():
    while not pulumi.runtime.is_dry_run() and not Path("go").exists():
        await asyncio.sleep(0.1)
    return "ubuntu:22.04"


azureml.Environment("other", image=pulumi.Output.from_input(once_they_are_being_made()))
"""


def wait_for(what: str, azure: LocalAzure, up: "subprocess.Popen[str]", count: int) -> None:
    while len(azure.inventory().get(what, ())) < count:
        assert up.poll() is None
        time.sleep(0.1)


def test_four_clusters_that_are_never_ready_hold_nothing_else_up(azure: LocalAzure, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: apart\nruntime: python\n")
    (project / "__main__.py").write_text(PROGRAM)
    stack = Stack(project, tmp_path / "state", azure.env)
    stack.configure(configuration(azure))
    stack.init()
    faults(azure, "POST", {"method": "PUT", "path": "computes/cpu-", "fault": "stuck-operation", "times": 4})
    command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", stack.name]
    with subprocess.Popen(
        command, cwd=project, env=stack.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as up:
        try:
            wait_for("computes", azure, up, 4)
            (project / "go").touch()
            wait_for("environments", azure, up, 1)
        finally:
            faults(azure, "DELETE")
        output, _ = up.communicate()
    assert Report(output, up.returncode).counts == {"created": 7}
    assert stack.up().counts == {"unchanged": 7}
    assert stack.refresh().counts == {"unchanged": 7}
    stack.destroy()
    assert azure.inventory() == {}
