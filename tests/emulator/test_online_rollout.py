"""No request is lost while deployments change under load, and deployments outlive the emulator's process."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from batch_service import Service
from online_service import OnlineEndpoint, wait_for

from azureml_emulator.testing import RunningEmulator, emulator

CALLERS = 4
ENOUGH = 2000


class Load:
    """Callers that ask an endpoint without a pause; every answer is counted by status and colour."""

    def __init__(self, endpoint: OnlineEndpoint) -> None:
        self.answers: Counter[tuple[int, str]] = Counter()
        self._endpoint = endpoint
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CALLERS)]
        self._lock = threading.Lock()

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def more(self, count: int = 300) -> Counter[tuple[int, str]]:
        """Wait for some more answers; return those alone."""
        before = Counter(self.answers)
        end = time.monotonic() + 120
        while sum(self.answers.values()) < sum(before.values()) + count:
            assert time.monotonic() < end, self.answers
            time.sleep(0.02)
        return self.answers - before

    def _ask(self) -> None:
        while not self._stop.is_set():
            answer = self._endpoint.ask()
            color = answer.json()["color"] if answer.status_code == 200 else answer.text[:60]
            with self._lock:
                self.answers[(answer.status_code, color)] += 1


@pytest.mark.timeout(480)
def test_no_request_is_lost_while_traffic_moves_and_deployments_change(azureml_emulator: RunningEmulator) -> None:
    settings = {"requestSettings": {"requestTimeout": "PT60S", "maxConcurrentRequestsPerInstance": CALLERS}}
    with Service(azureml_emulator) as service:
        endpoint = OnlineEndpoint(service)
        assert endpoint.deploy("blue", **settings) == "Succeeded"
        endpoint.route(blue=100)
        with Load(endpoint) as load:
            load.more()
            assert endpoint.deploy("green", **settings) == "Succeeded"
            for percent in (10, 50):
                endpoint.route(blue=100 - percent, green=percent)
                mixed = load.more()
                assert {color for _, color in mixed} == {"blue", "green"}
            endpoint.route(green=100)
            endpoint.delete("blue")
            load.more()
            # New code and another number of instances, in place.
            assert endpoint.update("green", environmentVariables={"COLOR": "lime"})["status"] == "Succeeded"
            assert set(load.more()) == {(200, "lime")}
            assert endpoint.update("green", capacity=2)["status"] == "Succeeded"
            load.more()
            assert endpoint.update("green", capacity=1)["status"] == "Succeeded"
            load.more()
        assert {status for status, _ in load.answers} == {200}, load.answers
        assert sum(load.answers.values()) >= ENOUGH
        endpoint.delete()


def test_a_request_that_comes_slowly_goes_where_the_traffic_leads_when_it_is_whole(
    azureml_emulator: RunningEmulator,
) -> None:
    with Service(azureml_emulator) as service:
        endpoint = OnlineEndpoint(service)
        for color in ("blue", "green"):
            assert endpoint.deploy(color) == "Succeeded"
        endpoint.route(blue=100)
        assert endpoint.answer()["color"] == "blue"

        def body() -> Iterator[bytes]:
            yield b'{"id":'
            endpoint.route(green=100)
            endpoint.delete("blue")
            yield b" 1}"

        headers = {"authorization": f"Bearer {endpoint.keys['primaryKey']}"}
        answer = service.http.post(f"{endpoint.url}/score", content=body(), headers=headers, timeout=60)
        assert (answer.status_code, answer.json()["color"]) == (200, "green")
        endpoint.delete()


@pytest.mark.timeout(240)
def test_deployments_are_back_after_a_kill_and_after_a_stop(tmp_path: Path) -> None:
    with emulator(tmp_path) as running, Service(running) as service:
        endpoint = OnlineEndpoint(service, "kept")
        assert endpoint.deploy("blue", requestSettings={"requestTimeout": "PT60S"}) == "Succeeded"
        endpoint.route(blue=100)
        pid = endpoint.answer()["pid"]
        family = {pid, psutil.Process(pid).ppid()}
        being_made = endpoint.start_deploying("green")
        os.kill(running.running.pid, signal.SIGKILL)
        running.process.wait(10)
    wait_for(lambda: not any(psutil.pid_exists(each) for each in family))
    with emulator(tmp_path) as running, Service(running) as service:
        endpoint.service = service
        assert endpoint.answer()["color"] == "blue"
        assert endpoint.ended(being_made)["status"] == "Succeeded"
        assert endpoint.answer("green")["color"] == "green"
    # The blob service is not needed for it: code, model and environment are there.
    with emulator(tmp_path, blobs=False) as running, Service(running) as service:
        endpoint.service = service
        assert endpoint.answer()["color"] == "blue"
