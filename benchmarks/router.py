"""What the router of real-time endpoints costs: a request by it, next to the same one sent straight to the server.

`make bench ARGS=router` runs this. Both ways lead to the same process of Microsoft's inference server, in turn, so that
a busy moment of the machine hits both. Straight means plain HTTP over the server's own Unix socket, the cheapest way
there is to it. By the router means what callers meet: TLS on a connection that is kept, the key checked, the deployment
chosen by traffic. So the ratio has the cost of TLS in it, which a direct call never pays.

Two models: one that does nothing, so that the router is all there is to see, and scikit-learn's handwritten digits.
"""

import argparse
import http.client
import json
import os
import socket
import ssl
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from azureml_emulator.testing import RunningEmulator, emulator
from benchmarks._results import keep
from emulator.batch_service import Service
from emulator.online_service import OnlineEndpoint

WANTED = 1.3
WARM = 200
NOTHING = """
def init():
    pass

def run(raw_data):
    return {"ok": True}
"""
DIGITS = """
import json
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.svm import SVC

def init():
    global model
    model = CalibratedClassifierCV(SVC(gamma=0.001), cv=5, ensemble=False).fit(*load_digits(return_X_y=True))

def run(raw_data):
    return model.predict_proba(json.loads(raw_data)["data"]).tolist()
"""
PACKAGES = "dependencies: [python=3.11, pip, {pip: [numpy==2.3.2, scikit-learn==1.9.1]}]\n"
BODY = json.dumps({"data": [[float(shade % 17) for shade in range(64)]]}).encode()


@dataclass
class Way:
    """Seconds that each request took by one way."""

    seconds: list[float]

    def at(self, share: float) -> float:
        """The milliseconds within which that share of the requests was answered."""
        return statistics.quantiles(self.seconds, n=1000)[round(share * 1000) - 1] * 1e3


@dataclass
class Found:
    """What was measured with one model; ``router`` and ``server`` are milliseconds of processor for each request."""

    straight: Way
    routed: Way
    router: float
    server: float


class _Socket(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        """Connect to the path."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def timed(connection: http.client.HTTPConnection, url: str, headers: dict[str, str]) -> float:
    """Send a request; return the seconds to the end of its answer."""
    started = time.perf_counter()
    connection.request("POST", url, BODY, {"content-type": "application/json", **headers})
    answer = connection.getresponse()
    answer.read()
    seconds = time.perf_counter() - started
    if answer.status != http.client.OK:
        raise RuntimeError(f"{url} answered {answer.status}")
    return seconds


def servers(running: RunningEmulator) -> list[psutil.Process]:
    """The emulator's inference servers, without their workers."""
    children = psutil.Process(running.running.pid).children()
    return [child for child in children if any(each.endswith("online/serve.py") for each in child.cmdline())]


def spent(processes: list[psutil.Process]) -> float:
    """Processor seconds of processes so far."""
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


def measure(running: RunningEmulator, endpoint: OnlineEndpoint, requests: int) -> Found:
    """Send requests by either way in turn to the one server that runs."""
    (server,) = servers(running)
    path = next(each for each in server.cmdline() if each.endswith(".sock"))
    context = ssl.create_default_context(cafile=running.environment["REQUESTS_CA_BUNDLE"])
    routed = http.client.HTTPSConnection("127.0.0.1", running.running.port, context=context)
    key = {"authorization": f"Bearer {endpoint.keys['primaryKey']}"}
    ways: list[Callable[[], float]] = [
        lambda: timed(_Socket(path), "/score", {}),
        lambda: timed(routed, f"{endpoint.url}/score", key),
    ]
    for _ in range(WARM):
        for way in ways:
            way()
    router, workers = [psutil.Process(running.running.pid)], [server, *server.children(recursive=True)]
    before = spent(router), spent(workers)
    samples: list[list[float]] = [[], []]
    for number in range(requests):
        for which in (0, 1) if number % 2 else (1, 0):
            samples[which].append(ways[which]())
    after = spent(router), spent(workers)
    return Found(
        Way(samples[0]),
        Way(samples[1]),
        router=(after[0] - before[0]) / requests * 1e3,
        server=(after[1] - before[1]) / requests / 2 * 1e3,
    )


def main(arguments: list[str]) -> None:
    """Measure, print the table, keep the samples."""
    parser = argparse.ArgumentParser(
        "router", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=5000, help="requests by each way and model (default: 5000)")
    requests = parser.parse_args(arguments).requests
    found: dict[str, Found] = {}
    with emulator() as running, Service(running) as service:
        packages = {"image": "mcr.microsoft.com/azureml/minimal", "condaFile": PACKAGES}
        digits = service.put("environments/digits/versions/1", packages)["id"]
        models: dict[str, tuple[str, dict[str, Any]]] = {
            "does nothing": (NOTHING, {}),
            "digits": (DIGITS, {"environmentId": digits}),
        }
        for name, (script, properties) in models.items():
            endpoint = OnlineEndpoint(service)
            if endpoint.deploy("blue", script, **properties) != "Succeeded":
                raise RuntimeError(endpoint.logs("blue"))
            endpoint.route(blue=100)
            found[name] = measure(running, endpoint, requests)
            endpoint.route()
            endpoint.delete()
    show(found, requests)
    keep("router", {name: asdict(each) for name, each in found.items()})


def show(found: dict[str, Found], requests: int) -> None:
    """Print what was measured next to what is wanted."""
    load = os.getloadavg()[0]
    view = Table(
        title=f"By the router, and straight to the server: milliseconds, {requests} requests each",
        caption=f"wanted: ratios up to {WANTED}; load of the machine: {load:.1f} on {os.cpu_count()} cores",
        title_justify="left",
        caption_justify="left",
    )
    for heading in ("model", "", "straight", "routed", "ratio", "more", "CPU: router", "server"):
        view.add_column(heading, justify="left" if heading in {"model", ""} else "right")
    for name, each in found.items():
        for share in (0.5, 0.99):
            straight, routed = each.straight.at(share), each.routed.at(share)
            cells = [f"{straight:.2f}", f"{routed:.2f}", f"{routed / straight:.2f}", f"{routed - straight:.2f}"]
            cpu = [f"{each.router:.2f}", f"{each.server:.2f}"] if share == 0.5 else ["", ""]
            view.add_row(name if cpu[0] else "", f"p{share * 100:.0f}", *cells, *cpu)
    Console().print(view)
