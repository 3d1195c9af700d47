"""Killed in the middle of a create: what the next `pulumi up` makes of it is as if nothing had happened."""

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Callable

import psutil
import pytest
import requests

from .local import LocalAzure
from .stack import Stack

LATE = 4.0  # seconds for which the answer is held back, and within which the kill comes


def kill_provider(up: psutil.Popen) -> None:
    for child in up.children(recursive=True):
        if "pulumi.dynamic" in " ".join(child.cmdline()):
            child.kill()


def kill_engine(up: psutil.Popen) -> None:
    children = up.children(recursive=True)
    up.kill()
    for child in children:
        if child.is_running():
            child.kill()


def interrupt_twice(up: psutil.Popen) -> None:
    up.send_signal(signal.SIGINT)
    time.sleep(0.5)  # the engine takes two that come together for one
    if up.poll() is None:
        up.send_signal(signal.SIGINT)


def faults(azure: LocalAzure, method: str, body: object = None) -> list[object]:
    answer = requests.request(
        method,
        f"{azure.origin}/_emulator/faults",
        json=body,
        headers={"x-emulator-key": (azure.home / "control.key").read_text().strip()},
        verify=azure.env["REQUESTS_CA_BUNDLE"],
        timeout=30,
    )
    answer.raise_for_status()
    found: list[object] = answer.json()
    return found


# Every step with every kill takes minutes; the usual run takes each once: ALL_KILLS=1 runs them all.
STEPS = ["/models/[^/]+/versions/", "/batchEndpoints/[^/]+$", "/deployments/"]
KILLS = [kill_provider, kill_engine, interrupt_twice]
PAIRS = list(itertools.product(STEPS, KILLS) if os.environ.get("ALL_KILLS") else zip(STEPS, KILLS, strict=True))


@pytest.mark.parametrize(("step", "kill"), PAIRS)
def test_the_next_up_converges(
    azure: LocalAzure, digits: Stack, step: str, kill: Callable[[psutil.Popen], None]
) -> None:
    faults(azure, "POST", {"method": "PUT", "path": step, "fault": "delay", "seconds": LATE})
    command = ["pulumi", "up", "--yes", "--skip-preview", "--non-interactive", "--stack", digits.name]
    log = digits.state / "up.log"
    with log.open("w") as output:
        up = psutil.Popen(
            command, cwd=digits.folder, env=digits.environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL
        )
        waited = time.monotonic() + 60
        while faults(azure, "GET") and up.poll() is None and time.monotonic() < waited:
            time.sleep(0.05)
        kill(up)
        assert up.wait(60) != 0, log.read_text()
    time.sleep(LATE)  # the emulator still owes the late answer, to nobody
    digits.attempt("cancel", "--yes")  # the lock that a killed engine leaves
    digits.pulumi("refresh", "--yes", "--skip-preview", "--clear-pending-creates")
    digits.up()
    assert digits.up().counts == {"unchanged": 8}
    assert {kind: len(names) for kind, names in azure.inventory().items()} == {
        "codes": 1,
        "models": 1,
        "environments": 1,
        "computes": 1,
        "batchEndpoints": 1,
    }
    digits.destroy()
    assert azure.inventory() == {}
