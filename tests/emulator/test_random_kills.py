"""kill -9 at moments that a fixed seed chooses, and two emulators that work side by side."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import threading
from pathlib import Path

import requests
from arm_client import Arm

from azureml_emulator.testing import emulator
from emulator.batch_service import Service

ROUNDS = 4


def write_until_killed(arm: Arm, moment: float, start: int) -> tuple[list[int], list[str]]:
    """Write assets and start operations until the emulator is killed; what it acknowledged."""
    killer = threading.Timer(moment, os.kill, (arm.emulator.running.pid, signal.SIGKILL))
    written: list[int] = []
    operations: list[str] = []
    killer.start()
    with contextlib.suppress(requests.RequestException):
        for number in itertools.count(start):
            arm.put(f"data/d-{number}/versions/1", {"properties": {"dataType": "uri_file", "dataUri": arm.asset_uri()}})
            written.append(number)
            answer = arm.call("PUT", f"batchEndpoints/e-{number}", arm.endpoint())
            operations.append(answer.headers["Azure-AsyncOperation"])
    killer.join()
    arm.emulator.process.wait(10)
    return written, operations


def check(arm: Arm, written: list[int], operations: list[str]) -> None:
    """Every finished write is there, nothing is half-made, and every operation comes to an end."""
    for number in written:
        assert arm.get(f"data/d-{number}/versions/1")["name"] == "1"
    url = "data"
    while url:
        page = arm.get(url)
        for container in page["value"]:
            assert arm.get(f"data/{container['name']}/versions/{container['properties']['latestVersion']}")
        url = page.get("nextLink")
    for operation in operations:
        path = "/subscriptions" + operation.partition("/subscriptions")[2]
        states = [arm.get(path)["status"] for _ in range(3)]
        assert states[-1] == "Succeeded"
    endpoints = arm.get("batchEndpoints")["value"]
    for endpoint in endpoints:
        polled = [arm.get(f"batchEndpoints/{endpoint['name']}") for _ in range(3)]
        assert polled[-1]["properties"]["provisioningState"] == "Succeeded"


def test_killed_at_any_moment_it_keeps_what_it_finished(tmp_path: Path) -> None:
    moments = random.Random(20240401)
    written: list[int] = []
    operations: list[str] = []
    for _ in range(ROUNDS):
        with emulator(tmp_path, lro="polls=2", blobs=False) as running:
            arm = Arm(running)
            check(arm, written[-20:], operations[-20:])
            done, begun = write_until_killed(arm, moments.uniform(0.1, 0.8), max(written, default=-1) + 2)
            written += done
            operations += begun
    assert written
    with emulator(tmp_path, lro="polls=2", blobs=False) as running:
        check(Arm(running), written, operations[-20:])


def test_two_emulators_run_jobs_side_by_side(tmp_path: Path) -> None:
    script = "import os\ndef run(mini_batch):\n    return ['{name}-' + os.path.basename(p) for p in mini_batch]\n"
    with (
        emulator(tmp_path / "a") as first,
        emulator(tmp_path / "b") as second,
        Service(first) as one,
        Service(second) as two,
    ):
        running = []
        for name, service in (("one", one), ("two", two)):
            endpoint = service.deploy(script.replace("{name}", name))
            running.append((name, endpoint, endpoint.start(service.upload("data/same", {"f.txt": name}))))
        for name, endpoint, job in running:
            assert endpoint.wait(job) == "Completed"
            assert endpoint.rows(job) == [f"{name}-f.txt"]
            names = [
                item["name"]
                for item in endpoint.service.call("GET", f"{endpoint.service.workspace}/jobs").json()["value"]
            ]
            assert names == [job]
