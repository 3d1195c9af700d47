"""Runs one job through a real driver process on local folders: no blobs, no emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from azureml_emulator.batch.spec import EnvironmentSpec, JobSpec, NodeSize, Place, Scoring
from azureml_emulator.batch.vm_sizes import GIB

ECHO = """
    import os
    def run(mini_batch):
        return [os.path.basename(path) for path in mini_batch]
"""


@dataclass
class Result:
    """What came out of a job."""

    folder: Path
    events: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> str:
        return self.events[-1]["status"]

    @property
    def error(self) -> str:
        error = self.events[-1]["error"]
        return error["message"] if error else ""

    @property
    def states(self) -> list[str]:
        return [event["status"] for event in self.events if event["event"] == "state"]

    @property
    def rows(self) -> list[str]:
        return (self.folder / "results" / "predictions.csv").read_text().splitlines()

    def log(self, name: str) -> str:
        return (self.folder / "job" / "step" / "logs" / name).read_text()


class Bench:
    """A folder with code, input and results, and a job over it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("code", "input"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.spec = JobSpec(
            name="batchjob-test",
            child="step-test",
            folder=str(folder / "job"),
            script="score.py",
            code=Place(str(folder / "code")),
            model=None,
            data=Place(str(folder / "input")),
            output=Place(str(folder / "results")),
            logs=Place(str(folder / "remote" / "step")),
            parent_logs=Place(str(folder / "remote" / "job")),
            environment=EnvironmentSpec(reuse=True),
            scoring=Scoring(mini_batch_size=2, max_retries=0),
            node=NodeSize("STANDARD_D2_V2", 2, 4 * GIB),
        )

    def script(self, text: str, name: str = "score.py") -> Bench:
        path = self.folder / "code" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return self

    def files(self, *names: str) -> Bench:
        for name in names:
            path = self.folder / "input" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"content of {name}")
        return self

    def scoring(self, **values: Any) -> Bench:
        self.spec = replace(self.spec, scoring=replace(self.spec.scoring, **values))
        return self

    def job(self, **values: Any) -> Bench:
        self.spec = replace(self.spec, **values)
        return self

    @contextmanager
    def driver(self, **variables: str):
        """A driver process that has its specification and waits for commands."""
        process = subprocess.Popen(
            [sys.executable, "-m", "azureml_emulator.batch.driver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
            env={**os.environ, **variables},
        )
        try:
            process.stdin.write(json.dumps(self.spec.to_document()) + "\n")
            yield process
        finally:
            process.stdin.close()
            process.wait(10)
            process.stdout.close()

    def run(self, **variables: str) -> Result:
        """Run the job to its end."""
        with self.driver(**variables) as process:
            tell(process, "go")
            return Result(self.folder, [json.loads(line) for line in process.stdout])


def tell(process: subprocess.Popen[str], command: str) -> None:
    """Send one command to a driver."""
    process.stdin.write(json.dumps({"command": command}) + "\n")


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    with suppress(psutil.Error):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False
