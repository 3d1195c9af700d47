"""One step through its real driver process on local folders: no blobs, no emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from azureml_emulator.batch.command_spec import CommandSpec, StepInput, StepOutput
from azureml_emulator.batch.spec import EnvironmentSpec, NodeSize, Place
from azureml_emulator.batch.vm_sizes import GIB
from emulator.batch_support import alive

MIB = 1 << 20


@dataclass
class Result:
    """What came of a step."""

    folder: Path
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> str:
        return self.events[-1]["status"]

    @property
    def error(self) -> str:
        return self.events[-1]["error"]["message"] if self.events[-1]["error"] else ""

    @property
    def log(self) -> str:
        return (self.folder / "logs" / "user_logs" / "std_log.txt").read_text()


@dataclass
class Step:
    """A step in a folder."""

    folder: Path
    spec: CommandSpec

    def run(self, command: str, inherited: dict[str, str] | None = None, **changes: Any) -> Result:
        spec = replace(self.spec, command=command, **changes)
        process = subprocess.Popen(
            [sys.executable, "-m", CommandSpec.MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
            env={**os.environ, **(inherited or {})},
        )
        try:
            process.stdin.write(json.dumps(spec.to_document()) + "\n" + json.dumps({"command": "go"}) + "\n")
            return Result(self.folder, [json.loads(line) for line in process.stdout])
        finally:
            process.stdin.close()
            process.wait(10)
            process.stdout.close()


@pytest.fixture
def step(tmp_path: Path) -> Step:
    node = NodeSize("STANDARD_TEST", 2, 4 * GIB)
    spec = CommandSpec(
        name="run-1",
        job="pipelinejob-1",
        step="train",
        folder=str(tmp_path / "step"),
        command="true",
        code=None,
        inputs={},
        outputs={},
        environment=EnvironmentSpec(reuse=True),
        node=node,
        logs=Place(str(tmp_path / "remote")),
    )
    return Step(tmp_path / "step", spec)


def test_files_come_and_go_as_they_are(step: Step, tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "deep" / "a b.txt").write_text("A")
    result = step.run(
        'cp -r "${{inputs.data}}/." "${{outputs.all}}"; printf %s "${{inputs.word}}" > ${{outputs.one}}',
        inputs={
            "data": StepInput("uri_folder", place=Place(str(tmp_path / "in"))),
            "word": StepInput("string", value="two words"),
        },
        outputs={
            "all": StepOutput("uri_folder", Place(str(tmp_path / "out"))),
            "one": StepOutput("uri_file", Place(str(tmp_path / "word.txt"))),
        },
    )
    assert result.status == "Completed", result.error
    assert (tmp_path / "out" / "deep" / "a b.txt").read_text() == "A"
    assert (tmp_path / "word.txt").read_text() == "two words"
    assert [event["status"] for event in result.events if event["event"] == "state"] == [
        "Preparing", "Queued", "Running", "Finalizing"
    ]  # fmt: skip
    assert (tmp_path / "remote" / "user_logs" / "std_log.txt").exists()


def test_a_command_inherits_no_variable_that_is_not_its_own(step: Step) -> None:
    secrets = {"AZURE_CLIENT_SECRET": "s3cret", "AWS_SECRET_ACCESS_KEY": "s3cret"}
    result = step.run("env; echo end", secrets, variables={"MINE": "1"})
    assert "MINE=1" in result.log
    assert "s3cret" not in result.log


def test_an_address_is_handed_over_unread(step: Step) -> None:
    given = {"where": StepInput("uri_folder", address="azureml://datastores/d/paths/x")}
    assert step.run("echo ${{inputs.where}}", inputs=given).log == "azureml://datastores/d/paths/x\n"


@pytest.mark.parametrize(
    ("node", "command", "said"),
    [
        (
            NodeSize("SMALL", 1, 64 * MIB),
            "python -c 'block = bytes([1]) * (256 << 20); open(\"${{inputs.never}}\")'",
            "above the 0.06 GB of SMALL",
        ),
        (
            NodeSize("SMALL", 1, 4 * GIB, processes=20),
            "for i in $(seq 40); do (read x < ${{inputs.never}}) & done; wait",
            "more than 20 processes",
        ),
        (
            NodeSize("SMALL", 1, 4 * GIB, disk=4 * MIB),
            "for i in 1 2 3; do head -c 3000000 /dev/zero > $i; done; read x < ${{inputs.never}}",
            "SMALL has 0.00 GB of disk",
        ),
    ],
    ids=["memory", "processes", "disk"],
)
def test_a_step_that_takes_more_than_its_node_has_is_stopped(
    step: Step, tmp_path: Path, node: NodeSize, command: str, said: str
) -> None:
    never = tmp_path / "never"
    os.mkfifo(never)
    result = step.run(command, node=node, inputs={"never": StepInput("string", value=str(never))})
    assert result.status == "Failed"
    assert said in result.error


def test_what_a_command_leaves_running_ends_with_it(step: Step, tmp_path: Path) -> None:
    never = tmp_path / "never"
    os.mkfifo(never)
    command = "setsid sh -c 'read x < ${{inputs.never}}' & echo $!"
    result = step.run(command, inputs={"never": StepInput("string", value=str(never))})
    assert result.status == "Completed"
    assert not alive(int(result.log))
