"""A Pulumi stack as seen from outside: its outputs and its ``azureml:`` configuration, read by ``pulumi``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import StackError

SCORING_URI_OUTPUTS = ("scoringUri", "scoring_uri")
ENDPOINT_OUTPUTS = ("endpointName", "endpoint_name", "endpoint")
_NAMESPACE = "azureml:"

# What pulumi says -> what to do about it. The first that fits is told.
_HINTS = (
    ("no Pulumi.yaml", "run it in the project's folder, or name that with --cwd FOLDER."),
    ("no stack selected", "select one with `pulumi stack select NAME`, or name it with --stack NAME."),
    ("no stack named", "`pulumi stack ls` lists the stacks of this project and backend."),
    ("passphrase", "set PULUMI_CONFIG_PASSPHRASE (or PULUMI_CONFIG_PASSPHRASE_FILE) to the stack's passphrase."),
    ("PULUMI_ACCESS_TOKEN", "log in with `pulumi login`, or set PULUMI_BACKEND_URL to the stack's backend."),
    ("login", "log in with `pulumi login`, or set PULUMI_BACKEND_URL to the stack's backend."),
)

Run = Callable[[Sequence[str], Path], "subprocess.CompletedProcess[str]"]


def _run(command: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Stack:
    """The stack ``name`` (the selected one when ``None``) of the Pulumi project in ``cwd``."""

    name: str | None = None
    cwd: Path = field(default_factory=Path.cwd)
    run: Run = _run

    def outputs(self) -> Mapping[str, Any]:
        """The stack's outputs.

        Raises:
            StackError: ``pulumi`` is not there, no project or stack, or it refused; the text says what to do.
        """
        return self._json("stack", "output", "--json")

    def state(self) -> Mapping[str, Any]:
        """The exported state; secrets in it are ciphertexts.

        Raises:
            StackError: as for :meth:`outputs`.
        """
        return self._json("stack", "export")

    def preview(self) -> Mapping[str, Any]:
        """What the next ``pulumi up`` would do, step by step, unchanged resources too; nothing is changed.

        Raises:
            StackError: as for :meth:`outputs`; or the program fails.
        """
        return self._json("preview", "--json", "--show-sames")

    def history(self) -> Sequence[Mapping[str, Any]]:
        """The stack's updates, newest first, as Pulumi keeps them.

        Raises:
            StackError: as for :meth:`outputs`.
        """
        found = self._answer("stack", "history", "--json")
        return found if isinstance(found, list) else []

    def run_preview(self, *options: str) -> subprocess.CompletedProcess[str]:
        """What `pulumi preview --json` says and how it ends, as it is.

        Raises:
            StackError: ``pulumi`` or the project's folder is not there.
        """
        return self._call("preview", "--json", *options)

    def configuration(self) -> dict[str, str | None]:
        """The stack's ``azureml:`` configuration without that prefix; secrets are left out.

        Raises:
            StackError: as for :meth:`outputs`.
        """
        entries = self._json("config", "--json")
        return {
            key.removeprefix(_NAMESPACE): str(entry["value"])
            for key, entry in entries.items()
            if key.startswith(_NAMESPACE) and isinstance(entry, Mapping) and "value" in entry
        }

    def __str__(self) -> str:
        return f"stack '{self.name}'" if self.name else "the selected stack"

    def _json(self, *arguments: str) -> Mapping[str, Any]:
        found = self._answer(*arguments)
        return found if isinstance(found, Mapping) else {}

    def _call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        if not self.cwd.is_dir():
            raise StackError(f"The project folder {self.cwd} does not exist: name another one with --cwd FOLDER.")
        chosen = ("--stack", self.name) if self.name else ()
        return self.run((find_pulumi(), *arguments, *chosen, "--non-interactive"), self.cwd)

    def _answer(self, *arguments: str) -> Any:
        done = self._call(*arguments)
        told = f"`pulumi {' '.join(done.args[1:])}` in {self.cwd.absolute()}"
        if done.returncode:
            raise StackError(_refusal(told, done.stderr or done.stdout))
        try:
            return json.loads(done.stdout or "{}")
        except json.JSONDecodeError as error:
            raise StackError(f"{told} did not answer JSON ({error}).") from error


def find_pulumi() -> str:
    """The ``pulumi`` command: on PATH, beside this Python, or where Pulumi's installer puts it.

    Raises:
        StackError: in none of these places.
    """
    places = (None, str(Path(sys.executable).parent), str(Path.home() / ".pulumi" / "bin"))
    for place in places:
        if found := shutil.which("pulumi", path=place):
            return found
    raise StackError(
        "There is no `pulumi` on PATH, so the stack's outputs cannot be read. Install it "
        "(https://www.pulumi.com/docs/install/), or do without the stack: name the endpoint with --endpoint NAME "
        "or --scoring-uri URL and the workspace with AZURE_SUBSCRIPTION_ID, AZUREML_RESOURCE_GROUP, "
        "AZUREML_WORKSPACE and AZUREML_LOCATION."
    )


def endpoint_output(outputs: Mapping[str, Any], stack: object, chosen: str | None, names: Sequence[str]) -> str:
    """The output named ``chosen``, else the first of the conventional ``names``.

    Raises:
        StackError: there is no such output, or it is not a plain text; the text lists what there is.
    """
    wanted = (chosen,) if chosen else tuple(names)
    for name in wanted:
        value = outputs.get(name)
        if isinstance(value, str) and value and value != "[secret]":
            return value
        if value is not None:
            raise StackError(f"The output '{name}' of {stack} is no plain text; export the endpoint's scoring URI.")
    there = f"Its outputs: {', '.join(sorted(outputs))}." if outputs else "It has none at all: run `pulumi up` first."
    raise StackError(
        f"{str(stack)[0].upper()}{str(stack)[1:]} has no output '{wanted[0]}'. {there}\n"
        f"  what to do: export it (pulumi.export('{wanted[0]}', …)), name another one with --endpoint-output NAME, "
        "or pass --endpoint NAME or --scoring-uri URL."
    )


def _refusal(told: str, said: str) -> str:
    said = _diagnostics(said) or said
    text = " ".join(line.strip() for line in said.strip().splitlines() if line.strip())
    text = text.removeprefix("error: ") or "no message"
    hint = next((hint for key, hint in _HINTS if key.lower() in text.lower()), None)
    return f"{told} failed: {text}" + (f"\n  what to do: {hint}" if hint else "")


def _diagnostics(said: str) -> str:
    """The errors in what a preview tells as JSON; empty for everything else."""
    try:
        told = json.loads(said)
    except json.JSONDecodeError:
        return ""
    found = told.get("diagnostics") if isinstance(told, Mapping) else None
    return "\n".join(str(each.get("message")) for each in found or [] if each.get("severity") == "error")
