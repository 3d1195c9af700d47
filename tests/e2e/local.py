"""The local Azure ML as a test sees it: started by its command, watched through what it counts."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
WORKSPACE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/local/providers/Microsoft.MachineLearningServices/workspaces/local"
)
KINDS = ("codes", "models", "environments", "computes", "batchEndpoints", "onlineEndpoints")


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(
    command: list[str | Path], env: Mapping[str, str], cwd: Path | None = None, timeout: float = 600
) -> subprocess.CompletedProcess[str]:
    """Run a command without a terminal; its standard error is part of its output."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


def engine_folder() -> Path:
    """Return the folder of the Pulumi engine that the project provides."""
    found = subprocess.run([sys.executable, ROOT / "engine/provide.py"], stdout=subprocess.PIPE, text=True, check=True)
    return Path(found.stdout.strip())


def base_environment() -> dict[str, str]:
    """Return this process's environment without anything that leads to another Azure or another stack."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AZURE", "PULUMI", "ARM_", "REQUESTS_CA", "SSL_CERT", "CURL_CA"))
    }
    # .venv first: the language host runs the `python3` of PATH.
    return {**kept, "PATH": f"{BIN}:{engine_folder()}:{kept['PATH']}"}


@dataclass(frozen=True)
class LocalAzure:
    """A running emulator: where it is, and the environment that leads clients to it."""

    home: Path
    port: int
    env: Mapping[str, str]

    @property
    def origin(self) -> str:
        """The address of everything it serves."""
        return f"https://127.0.0.1:{self.port}"

    def control(self, method: str, path: str) -> Any:
        """Ask the emulator about itself."""
        key = (self.home / "control.key").read_text().strip()
        answer = requests.request(
            method,
            f"{self.origin}/_emulator/{path}",
            headers={"x-emulator-key": key},
            verify=self.env["REQUESTS_CA_BUNDLE"],
            timeout=30,
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def forget_requests(self) -> None:
        """Start counting requests from zero."""
        self.control("POST", "requests/reset")

    def request_counts(self) -> dict[str, Any]:
        """Return how many requests came since counting started: total, arm, blob, uploaded_blobs, by, …"""
        counts: dict[str, Any] = self.control("GET", "requests")
        return counts

    def arm(self, path: str) -> Any:
        """GET a path of the workspace as any REST user would, with a token of the token endpoint."""
        return self._arm("GET", path).json()

    def arm_delete(self, path: str) -> None:
        """DELETE a path of the workspace behind the stack's back."""
        self._arm("DELETE", path)

    def _arm(self, method: str, path: str) -> requests.Response:
        answer = requests.request(
            method,
            f"{self.origin}{WORKSPACE}{path}",
            params={"api-version": "2024-04-01", "underlyingResourceAction": "Delete"},
            headers={"authorization": f"Bearer {self.token()}"},
            verify=self.env["REQUESTS_CA_BUNDLE"],
            timeout=30,
        )
        answer.raise_for_status()
        return answer

    def token(self, audience: str = "https://management.azure.com") -> str:
        """Return a token for the service principal of the environment."""
        answer = requests.post(
            f"{self.env['AZURE_AUTHORITY_HOST']}/{self.env['AZURE_TENANT_ID']}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": self.env["AZURE_CLIENT_ID"],
                "client_secret": self.env["AZURE_CLIENT_SECRET"],
                "scope": f"{audience}/.default",
            },
            verify=self.env["REQUESTS_CA_BUNDLE"],
            timeout=30,
        )
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def inventory(self) -> dict[str, list[str]]:
        """Return the names of everything a stack can make in the workspace, by kind; kinds with none are left out."""
        found = {kind: [entry["name"] for entry in self.arm(f"/{kind}")["value"]] for kind in KINDS}
        return {kind: names for kind, names in found.items() if names}


@contextmanager
def local_azure(home: Path) -> Iterator[LocalAzure]:
    """Start an emulator on a free port with its state in `home`, and stop it afterwards."""
    env = {**base_environment(), "AZUREML_EMULATOR_HOME": str(home)}
    port = free_port()
    started = run([BIN / "azureml-emulator", "start", "--port", str(port)], env)
    assert started.returncode == 0, started.stdout
    try:
        told = subprocess.run(
            [BIN / "azureml-emulator", "env", "--direct", "--shell", "json"],
            env=env,
            stdout=subprocess.PIPE,
            check=True,
        )
        yield LocalAzure(home, port, {**env, **json.loads(told.stdout)})
    finally:
        stopped = run([BIN / "azureml-emulator", "stop"], env)
        assert stopped.returncode == 0, stopped.stdout
