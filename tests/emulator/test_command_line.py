"""The command ``azureml-emulator``, as a user runs it."""

from __future__ import annotations

import json
import os
import pty
import shlex
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TRUST = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
COMMANDS = ("start", "stop", "status", "env", "add-workspace", "add-registry", "studio", "reset")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(
    *arguments: str, home: Path | None = None, terminal: int = subprocess.PIPE, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command; its messages go to ``terminal`` where one is given."""
    variables = {key: value for key, value in os.environ.items() if key not in TRUST} | environment
    if home is not None:
        variables["AZUREML_EMULATOR_HOME"] = str(home)
    command = [sys.executable, "-m", "azureml_emulator.cli", *arguments]
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=terminal, text=True, env=variables, timeout=120, check=False
    )


def environment_of(lines: str) -> dict[str, str]:
    """The variables that export lines set."""
    words = (shlex.split(line)[1].partition("=") for line in lines.splitlines())
    return {name: value for name, _, value in words}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    home, port = tmp_path_factory.mktemp("cli") / "home", free_port()
    done = run("start", "--port", str(port), home=home)
    assert done.returncode == 0, done.stderr
    assert f"running at https://127.0.0.1:{port}, state in {home}" in done.stdout
    assert 'eval "$(azureml-emulator env)"' in done.stdout
    yield home, port
    run("stop", home=home)


def test_starting_twice_is_fine(started: tuple[Path, int]) -> None:
    home, port = started
    again = run("start", home=home)
    assert again.returncode == 0
    assert f"already running at https://127.0.0.1:{port}" in again.stdout


def test_status_says_where_and_what(started: tuple[Path, int]) -> None:
    home, port = started
    assert f"running at https://127.0.0.1:{port}" in run("status", home=home).stdout
    status = json.loads(run("status", "--json", home=home).stdout)
    assert status.items() >= {"running": True, "port": port, "home": str(home), "blobs": "ready"}.items()
    assert status["resources"]["workspaces"] == 1


def test_workspaces_are_added_and_adding_one_again_is_fine(started: tuple[Path, int]) -> None:
    home, _ = started
    for _ in range(2):
        done = run("add-workspace", "test", "prod", home=home)
        assert [line.rpartition("/")[2] for line in done.stdout.splitlines()] == ["test", "prod"]
    assert json.loads(run("status", "--json", home=home).stdout)["resources"]["workspaces"] == 3
    refused = run("add-workspace", "a b", home=home)
    assert refused.returncode == 1
    assert "cannot add the workspace 'a b'" in refused.stderr


def shell(lines: str, command: str) -> str:
    """What a command prints in a shell that has evaluated some lines."""
    return subprocess.run(["sh", "-c", f"{lines}\n{command}"], capture_output=True, text=True, check=True).stdout


def test_the_environment_opens_the_emulator_to_curl(started: tuple[Path, int]) -> None:
    home, port = started
    lines = run("env", "--direct", home=home).stdout
    assert json.loads(shell(lines, 'curl --silent --fail "$AZUREML_ARM_ENDPOINT/_emulator/health"'))["pid"]
    variables = json.loads(run("env", "--direct", "--shell", "json", home=home).stdout)
    assert variables["AZURE_AUTHORITY_HOST"] == f"https://127.0.0.1:{port}"
    assert all(f"export {name}=" in lines for name in variables)


def test_in_its_environment_real_names_lead_to_it_and_its_own_address_too(started: tuple[Path, int]) -> None:
    home, port = started
    lines = run("env", home=home, NO_PROXY="", no_proxy="").stdout
    found = shell(lines, "curl --silent --fail https://eastus.api.azureml.ms/discovery")
    assert json.loads(found)["api"] == "https://eastus.api.azureml.ms"
    assert json.loads(shell(lines, f"curl --silent --fail https://localhost:{port}/_emulator/health"))["pid"]
    for name in ("AZUREML_ARM_ENDPOINT", "AZURE_AUTHORITY_HOST"):  # and then the other way again
        again = run("env", "--direct", home=home, **environment_of(lines)).stdout
        assert environment_of(again)[name] == f"https://127.0.0.1:{port}"
        assert "127.0.0.1" in environment_of(again)["NO_PROXY"]


def test_it_may_be_evaluated_again(started: tuple[Path, int], tmp_path: Path) -> None:
    home, _ = started
    before = tmp_path / "company.pem"
    before.write_text("# the company's authority\n")
    first = run("env", home=home, REQUESTS_CA_BUNDLE=str(before), NO_PROXY="inside.example").stdout
    bundle = Path(environment_of(first)["REQUESTS_CA_BUNDLE"])
    text = bundle.read_text()
    assert run("env", home=home, **environment_of(first)).stdout == first
    assert bundle.read_text() == text
    assert "# the company's authority" in text


@pytest.mark.parametrize(
    ("named", "kept"),
    [
        ("*", ""),
        ("inside.example,.azure.com", "inside.example,"),
        ("*.windows.net,10.0.0.0/8", "10.0.0.0/8,"),
        ("x.blob.core.windows.net,microsoftonline.com, api.azureml.ms ,com", ""),
        ("pkgs.dev.azure.com,azure.company.example", "pkgs.dev.azure.com,azure.company.example,"),
    ],
)
def test_a_bypass_of_the_proxy_does_not_lead_to_the_real_azure(
    started: tuple[Path, int], named: str, kept: str
) -> None:
    home, _ = started
    done = run("env", "--shell", "json", home=home, NO_PROXY=named, no_proxy=named)
    variables = json.loads(done.stdout)
    assert variables["NO_PROXY"] == variables["no_proxy"] == f"{kept}127.0.0.1,localhost,::1"
    dropped = {name.strip() for name in named.split(",")} - set(kept.split(","))
    assert {line.split("'")[1] for line in done.stderr.splitlines()} == dropped


def test_the_bundle_keeps_what_was_trusted_before(started: tuple[Path, int], tmp_path: Path) -> None:
    home, _ = started
    before = tmp_path / "company.pem"
    before.write_text("# the company's authority\n")
    variables = json.loads(run("env", "--shell", "json", home=home, SSL_CERT_FILE=str(before)).stdout)
    bundle = Path(variables["REQUESTS_CA_BUNDLE"]).read_text()
    assert "# the company's authority" in bundle
    assert bundle.endswith((home / "tls" / "ca.pem").read_text())


def test_a_proxy_in_the_environment_is_not_asked_for_the_emulator(started: tuple[Path, int]) -> None:
    home, _ = started
    proxied = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "internal", "no_proxy": "internal"}
    variables = json.loads(run("env", "--direct", "--shell", "json", home=home, **proxied).stdout)
    assert variables["NO_PROXY"] == "internal,127.0.0.1,localhost"


def test_secrets_are_private_and_not_logged(started: tuple[Path, int]) -> None:
    home, _ = started
    private = [
        home / name
        for name in ("client.secret", "control.key", "storage.key", "storage.key2", "signing.key", "state.db")
    ]
    private += [home / "tls" / "ca.key", home / "tls" / "server.key", home / "emulator.log"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    log = (home / "emulator.log").read_text()
    for name in ("client.secret", "control.key", "storage.key", "storage.key2"):
        assert (home / name).read_text() not in log


def test_a_home_that_is_in_use_is_not_reset(started: tuple[Path, int]) -> None:
    home, _ = started
    done = run("reset", "--yes", home=home)
    assert done.returncode == 1
    assert "Stop it first" in done.stderr


def test_what_is_not_running_is_said(tmp_path: Path) -> None:
    stopped = run("stop", home=tmp_path)
    assert (stopped.returncode, "not running" in stopped.stdout) == (0, True)
    status = run("status", home=tmp_path)
    assert (status.returncode, "azureml-emulator start" in status.stdout) == (1, True)
    assert json.loads(run("status", "--json", home=tmp_path).stdout) == {"running": False, "home": str(tmp_path)}
    env = run("env", home=tmp_path)
    assert (env.returncode, env.stdout, "azureml-emulator start" in env.stderr) == (1, "", True)


def test_a_taken_port_is_explained(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run("start", "--port", str(port), home=tmp_path)
    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr
    assert f"--port {port + 1}" in done.stderr
    assert f"pulumi config set azureml:armEndpoint https://127.0.0.1:{port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("start", "--port", "99999"), "not a port"),
        (("start", "--lro", "soon"), "polls=N"),
        (("start", "--host", "192.0.2.1"), "Give an address of this machine"),
        ((), "COMMAND"),
    ],
)
def test_wrong_usage_is_explained(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments, home=tmp_path)
    assert done.returncode in {1, 2}
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_reset_forgets_resources_and_keeps_keys(tmp_path: Path) -> None:
    port = free_port()
    assert run("start", "--port", str(port), home=tmp_path).returncode == 0
    secret = (tmp_path / "client.secret").read_text()
    assert "stopped" in run("stop", home=tmp_path).stdout
    assert "stopped" in (tmp_path / "emulator.log").read_text()
    assert run("reset", "--yes", home=tmp_path).returncode == 0
    assert not (tmp_path / "state.db").exists()
    assert not (tmp_path / "azurite").exists()
    assert (tmp_path / "client.secret").read_text() == secret


def test_listening_beyond_this_machine_is_warned_of_in_red(tmp_path: Path) -> None:
    screen, terminal = pty.openpty()
    done = run("start", "--host", "0.0.0.0", "--port", str(free_port()), home=tmp_path, terminal=terminal)
    os.close(terminal)
    shown = os.read(screen, 65536).decode()
    os.close(screen)
    run("stop", home=tmp_path)
    assert done.returncode == 0
    assert "\033[1;31mWARNING: listening on 0.0.0.0: other machines can reach this emulator" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches(command: str) -> None:
    text = run(command, "--help").stdout
    assert "--home" in text
    assert command in run("--help").stdout
    documented = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text()
    assert f"azureml-emulator {command}" in documented
