"""A Pulumi stack as a test drives it: the real engine, a copy of a program, a backend in a folder."""

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .local import BIN, ROOT, SUBSCRIPTION, LocalAzure, run

LOCAL_CONFIGURATION = {
    "subscriptionId": SUBSCRIPTION,
    "resourceGroup": "local",
    "workspace": "local",
    "location": "eastus",
    "apiVersion": "2024-04-01",
}
_COUNT = re.compile(r"(\d+) (\w+(?: \w+)?)")  # "    +-1 replaced", "    2 changes. 6 unchanged"


def configuration(azure: LocalAzure) -> dict[str, str]:
    """Return the configuration that leads a stack to a local Azure ML."""
    return {**LOCAL_CONFIGURATION, "armEndpoint": azure.origin}


class PulumiFailedError(Exception):
    """A pulumi command that was to succeed did not; the text is all it said."""


@dataclass(frozen=True)
class Report:
    """What one pulumi command did."""

    output: str
    code: int

    @property
    def counts(self) -> dict[str, int]:
        """The last "Resources:" summary, such as {"created": 9} or {"unchanged": 9}; {} without one."""
        lines = self.output.splitlines()
        starts = [number for number, line in enumerate(lines) if line.strip() == "Resources:"]
        found: dict[str, int] = {}
        for line in lines[starts[-1] + 1 :] if starts else []:
            if not line.strip():
                break
            found |= {what: int(count) for count, what in _COUNT.findall(line) if not what.startswith("change")}
        return found


@dataclass
class Stack:
    """A stack of the Pulumi project in `folder`, with its state under `state`."""

    folder: Path
    state: Path
    env: Mapping[str, str]
    name: str = "test"
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **self.env,
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_HOME": str(self.state / "home"),
        }

    def configure(self, values: Mapping[str, str]) -> None:
        """Write the stack's `azureml:` configuration, in place of what it was."""
        path = self.folder / f"Pulumi.{self.name}.yaml"
        kept = yaml.safe_load(path.read_text()) if path.exists() else {}
        kept["config"] = {f"azureml:{key}": value for key, value in values.items()}
        path.write_text(yaml.safe_dump(kept))

    def attempt(self, *arguments: str) -> Report:
        """Run a pulumi command on the stack, whatever comes of it."""
        done = run(["pulumi", *arguments, "--non-interactive", "--stack", self.name], self.environment, self.folder)
        return Report(done.stdout, done.returncode)

    def pulumi(self, *arguments: str) -> Report:
        """Run a pulumi command that must succeed."""
        report = self.attempt(*arguments)
        if report.code != 0:
            raise PulumiFailedError(f"pulumi {' '.join(arguments)}: exit {report.code}\n{report.output}")
        return report

    def init(self) -> None:
        """Make the stack."""
        done = run(["pulumi", "stack", "init", self.name, "--non-interactive"], self.environment, self.folder)
        assert done.returncode == 0, done.stdout

    def preview(self) -> Report:
        """Run `pulumi preview`."""
        return self.pulumi("preview")

    def up(self) -> Report:
        """Run `pulumi up`."""
        return self.pulumi("up", "--yes", "--skip-preview")

    def refresh(self) -> Report:
        """Run `pulumi refresh`."""
        return self.pulumi("refresh", "--yes", "--skip-preview")

    def destroy(self) -> Report:
        """Run `pulumi destroy`."""
        return self.pulumi("destroy", "--yes", "--skip-preview")

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs."""
        found: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json").output)
        return found

    def state_text(self) -> str:
        """Return the whole exported state."""
        return self.pulumi("stack", "export").output

    def azureml_stack(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run `azureml-stack` in the project's folder."""
        command: list[str | Path] = [BIN / "azureml-stack", *arguments, "--stack", self.name]
        return run(command, self.environment, self.folder)

    def python(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        """Run a Python program with the stack's environment."""
        return run([BIN / "python", *arguments], self.environment, self.folder)


def without_program(folder: Path, azure: LocalAzure) -> Stack:
    """A new stack of a project that has no program yet, for an import."""
    project = folder / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: taken-over\nruntime: python\n")
    stack = Stack(project, folder / "state", azure.env)
    stack.configure(configuration(azure))
    stack.init()
    return stack


def take_over(stack: Stack, *asked: str) -> Report:
    """Import with both commands, as `azureml-stack import` says."""
    done = stack.azureml_stack("import", *asked)
    assert done.returncode == 0, done.stdout
    return stack.pulumi("import", "--file", "import.json", "--generate-code=false", "--protect=false", "--yes")


def project_copy(target: Path, prepared: Path, example: str = "01-digits") -> Path:
    """Copy the project's Pulumi.yaml and an example with its prepared data to `target`; return the example there."""
    target.mkdir(parents=True)
    (target / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    folder = target / "examples" / example
    for source in (ROOT / "examples" / example, prepared):
        for path in sorted(source.rglob("*")):
            inside = path.relative_to(source)
            generated = source != prepared and inside.parts[0] in {"data", "model"}
            if path.is_file() and "__pycache__" not in inside.parts and not generated:
                (folder / inside).parent.mkdir(parents=True, exist_ok=True)
                (folder / inside).write_bytes(path.read_bytes())
    return folder
