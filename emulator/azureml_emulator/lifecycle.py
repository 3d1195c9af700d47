"""Starting, finding and stopping an emulator process from outside; the command line and tests use it."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from azureml_emulator.process import EXIT_HOME_TAKEN, EXIT_PORT_TAKEN, EXIT_PROXY_PORT_TAKEN, is_held
from azureml_emulator.settings import (
    LOCATION,
    RESOURCE_GROUP,
    SUBSCRIPTION_ID,
    WORKSPACE_NAME,
    Settings,
    is_loopback,
)

START_SECONDS = 60.0
STOP_SECONDS = 40.0
_STEP = 0.03
_STATE = (
    "state.db",
    "state.db-wal",
    "state.db-shm",
    "azurite",
    "contents",
    "jobs",
    "online",
    "emulator.json",
    "emulator.log",
)

Report = Callable[[str], None]


class LifecycleError(Exception):
    """An emulator could not be started or stopped; the message says why and what to do."""


@dataclass(frozen=True)
class Running:
    """A running emulator, as it describes itself in its home folder."""

    home: Path
    pid: int
    origin: str
    host: str
    port: int
    proxy: str
    lro: str
    started: str

    @classmethod
    def read(cls, home: Path) -> Self | None:
        """The emulator of a home folder, or ``None`` when none runs there."""
        if not is_held(home):
            return None
        try:
            return cls(home=home, **json.loads((home / "emulator.json").read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def describe(self) -> dict[str, Any]:
        """The description with plain values."""
        return {**asdict(self), "home": str(self.home), "log": str(self.home / "emulator.log")}

    def request(self, method: str, path: str, body: Any = None, *, key: bool = True) -> Any:
        """Call one of the emulator's own routes and return its JSON answer; raises ``OSError``."""
        context = ssl.create_default_context(cafile=str(self.home / "tls" / "ca.pem"))
        host = self.origin.removeprefix("https://").rpartition(":")[0].strip("[]")
        connection = http.client.HTTPSConnection(host, self.port, timeout=30, context=context)
        headers = {"content-type": "application/json"}
        if key:
            headers["x-emulator-key"] = (self.home / "control.key").read_text().strip()
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return json.loads(answer.read() or b"null")
        except (http.client.HTTPException, ValueError) as error:
            raise OSError(f"{method} {path}: {error}") from error
        finally:
            connection.close()

    def health(self) -> dict[str, Any]:
        """What the emulator says of itself; raises ``OSError`` when it does not answer."""
        answer: dict[str, Any] = self.request("GET", "/_emulator/health", key=False)
        return answer


def command(settings: Settings) -> list[str]:
    """The command line of an emulator process."""
    line = [sys.executable, "-P", "-m", "azureml_emulator.server", "--home", str(settings.home)]
    line += ["--host", settings.host, "--port", str(settings.port), "--lro", str(settings.long_running)]
    line += ["--proxy-port", str(settings.proxy_port)]
    return line if settings.blobs else [*line, "--no-blobs"]


def start(settings: Settings, *, report: Report = lambda _: None) -> Running:
    """Start an emulator in the background and wait until it and its blob service are ready.

    Raises :class:`LifecycleError`.
    """
    home = settings.home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with private_log(home) as log:
        process = subprocess.Popen(
            command(settings), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    running = wait_until_serving(process, home, settings, report)
    if settings.blobs:
        _wait_for_blobs(running, report)
    return running


@contextlib.contextmanager
def private_log(home: Path) -> Iterator[int]:
    """The descriptor of an emulator's log, opened for appending, readable by the owner only."""
    descriptor = os.open(home / "emulator.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def wait_until_serving(
    process: subprocess.Popen[bytes], home: Path, settings: Settings, report: Report = lambda _: None
) -> Running:
    """Wait for a process that was just started; raises :class:`LifecycleError` when it does not come up."""
    with _waiting("the emulator", START_SECONDS, report) as go_on:
        while go_on():
            code = process.poll()
            if code is not None:
                raise LifecycleError(_why_ended(code, home, settings))
            running = Running.read(home)
            if running is not None and running.pid == process.pid:
                with contextlib.suppress(OSError):
                    running.health()
                    return running
            time.sleep(_STEP)
    process.terminate()
    raise LifecycleError(
        f"The emulator did not answer within {START_SECONDS:g} s and was stopped. Its log: {home / 'emulator.log'}"
    )


def stop(running: Running) -> None:
    """Stop an emulator: running jobs are ended, blobs are saved. Raises :class:`LifecycleError`."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while is_held(running.home):
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(running.pid, signal.SIGKILL)
            raise LifecycleError(
                f"The emulator (process {running.pid}) did not stop within {STOP_SECONDS:g} s and was killed. "
                "Its state is safe; the last seconds of uploads may be lost."
            )
        time.sleep(_STEP)


def reset(home: Path) -> None:
    """Forget all resources, blobs and jobs; keys and certificates stay, so that clients go on working."""
    for name in _STATE:
        path = home / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def workspace_settings() -> dict[str, str]:
    """Where the workspace is that every emulator has from the start."""
    return {
        "subscriptionId": SUBSCRIPTION_ID,
        "resourceGroup": RESOURCE_GROUP,
        "workspace": WORKSPACE_NAME,
        "location": LOCATION,
    }


def _wait_for_blobs(running: Running, report: Report) -> None:
    with _waiting("the blob service", START_SECONDS, report) as go_on:
        while go_on():
            health = running.health()
            if health["blobs"] == "ready":
                return
            if health["blobs"] == "failed":
                stop(running)
                raise LifecycleError(f"The emulator was stopped, because its blob service failed: {health['reason']}")
            time.sleep(_STEP)
    stop(running)
    raise LifecycleError(
        f"The blob service was not ready within {START_SECONDS:g} s; the emulator was stopped. "
        f"Its log: {running.home / 'emulator.log'}"
    )


@contextlib.contextmanager
def _waiting(what: str, seconds: float, report: Report) -> Iterator[Callable[[], bool]]:
    """A condition that turns false after some seconds, and says every few of them what is waited for."""
    began = time.monotonic()
    said = 0.0

    def go_on() -> bool:
        nonlocal said
        waited = time.monotonic() - began
        if waited - said > 2:  # noqa: PLR2004 - seconds of silence that a user takes for normal
            said = waited
            report(f"waiting for {what} ({waited:.0f} s)")
        return waited < seconds

    yield go_on


def _why_ended(code: int, home: Path, settings: Settings) -> str:
    if code == EXIT_PORT_TAKEN:
        return port_taken(settings.host, settings.port)
    if code == EXIT_PROXY_PORT_TAKEN:
        return f"Port {settings.proxy_port} is taken by another program. Choose another one with --proxy-port."
    if code == EXIT_HOME_TAKEN:
        return f"Another emulator is using {home}. Stop it, or give this one its own folder with --home."
    with contextlib.suppress(OSError):
        tail = "\n".join((home / "emulator.log").read_text().splitlines()[-12:])
        return f"The emulator ended with code {code} while starting. The end of {home / 'emulator.log'}:\n{tail}"
    return f"The emulator ended with code {code} while starting."


def port_taken(host: str, port: int) -> str:
    """The message for a port that another program has."""
    example = f"https://{host if is_loopback(host) else '127.0.0.1'}:{port + 1}"
    return (
        f"Port {port} on {host} is taken by another program, so the emulator cannot listen there. Choose another "
        f"one with --port, for example --port {port + 1}, and tell the stack:\n"
        f"    pulumi config set azureml:armEndpoint {example}"
    )
