"""Killed in the middle of a create: what the next `pulumi up` makes of it is as if nothing had happened."""

import signal
import subprocess
import time
from collections.abc import Callable

import psutil
import pytest
import requests

from .local import LocalAzure
from .stack import Stack

LATE = 3.0  # seconds for which the answer is held back, and within which the kill comes


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


STEPS = {  # each PUT of the first up: its path, and how many of the same path come before it
    "code": ("/codes/[^/]+/versions/", 0),
    "model": ("/models/[^/]+/versions/", 0),
    "environment": ("/environments/[^/]+/versions/", 0),
    "compute": ("/computes/", 0),
    "endpoint": ("/batchEndpoints/[^/]+$", 0),
    "deployment": ("/deployments/", 0),
    "default": ("/batchEndpoints/[^/]+$", 1),
}


@pytest.mark.parametrize("kill", [kill_provider, kill_engine, interrupt_twice])
@pytest.mark.parametrize("step", STEPS)
def test_the_next_up_converges(
    azure: LocalAzure, digits: Stack, step: str, kill: Callable[[psutil.Popen], None]
) -> None:
    path, before = STEPS[step]
    faults(azure, "POST", {"method": "PUT", "path": path, "skip": before, "fault": "delay", "seconds": LATE})
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
