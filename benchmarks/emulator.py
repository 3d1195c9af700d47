"""What the emulator costs: starts, GET and PUT of assets over TLS by how many resources are stored, and memory.

`make bench ARGS=emulator` runs this. Starts are those of the pytest fixture, in a new home: until it is there, and
until blobs are served too; Azurite is installed already. Requests go over keep-alive connections; what a request costs
is the processor time of the emulator's own process, so that the client, which shares the machine, is not counted.
"""

import argparse
import http.client
import json
import ssl
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from azureml_emulator.settings import CLIENT_ID, TENANT_ID
from azureml_emulator.store import Store
from azureml_emulator.testing import RunningEmulator, emulator
from benchmarks._results import keep

SIZES = (10, 10_000, 100_000)
CONNECTIONS = 4
SEED = "data/seed/versions/1"
BODY = {
    "properties": {"dataType": "uri_folder", "dataUri": "azureml://datastores/workspaceblobstore/paths/some/folder"}
}
WANTED = {"fixture": 2.0, "ready": 2.5, "rate": 800, "memory": 400}


@dataclass
class Cost:
    """What some requests cost: seconds of the emulator's processor, and of the clock, for each."""

    cpu: float
    wall: float

    @property
    def rate(self) -> float:
        """Requests that one core serves in a second."""
        return 1 / self.cpu


class Client:
    """One keep-alive connection with a management token."""

    def __init__(self, running: RunningEmulator) -> None:
        context = ssl.create_default_context(cafile=running.environment["REQUESTS_CA_BUNDLE"])
        self._connection = http.client.HTTPSConnection("127.0.0.1", running.running.port, context=context, timeout=60)
        self._root = running.workspace_id
        secret = running.environment["AZURE_CLIENT_SECRET"]
        form = f"grant_type=client_credentials&client_id={CLIENT_ID}&client_secret={secret}"
        form += "&scope=https://management.azure.com/.default"
        kind = {"content-type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", f"/{TENANT_ID}/oauth2/v2.0/token", form, kind)
        token = json.loads(self._connection.getresponse().read())["access_token"]
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def call(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        """Send one request; anything but success ends the benchmark."""
        separator = "&" if "?" in path else "?"
        target = f"{self._root}/{path}{separator}api-version=2024-04-01"
        self._connection.request(method, target, body, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status not in {200, 201}:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")
        document: dict[str, Any] = json.loads(text)
        return document


@dataclass(frozen=True)
class Start:
    """What a start costs: until the pytest fixture is there, and until blobs are served too (Azurite is installed)."""

    fixture: Cost
    ready: Cost


def start() -> Start:
    """Start an emulator as the pytest fixture does, in a new home, and wait for its blobs."""
    started = time.perf_counter()
    with emulator() as running:
        process = psutil.Process(running.running.pid)
        fixture = Cost(_used(process), time.perf_counter() - started)
        while running.running.health()["blobs"] != "ready":
            time.sleep(0.02)
        wall = time.perf_counter() - started
        return Start(fixture, Cost(sum(_used(member) for member in (process, *process.children(recursive=True))), wall))


def _used(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def fill(home: Path, workspace: str, there: int, size: int) -> None:
    """Bring a stopped emulator from `there` stored assets to `size`, each written as it wrote the first one."""
    store = Store(home / "state.db")
    seed = f"{workspace}/data/seed"
    container, version = (json.dumps(store.get(path)) for path in (seed, f"{seed}/versions/1"))
    with store.transaction():
        for number in range(there, size):
            name = f"stored-{number}"
            path = f"{workspace}/data/{name}"
            store.put(path, "data", workspace, json.loads(container.replace("seed", name)))
            store.put(f"{path}/versions/1", "data/versions", path, json.loads(version.replace("seed", name)))
    store.close()


def measure(running: RunningEmulator, clients: list[Client], requests: int, act: Callable[[Client, int], Any]) -> Cost:
    """Return the cost of requests that all connections send at once."""
    process = psutil.Process(running.running.pid)
    each = requests // len(clients)

    def send(number: int) -> None:
        for index in range(each):
            act(clients[number], number * each + index)

    with ThreadPoolExecutor(len(clients)) as threads:
        before, started = process.cpu_times(), time.perf_counter()
        list(threads.map(send, range(len(clients))))
        after, seconds = process.cpu_times(), time.perf_counter() - started
    cpu = after.user + after.system - before.user - before.system
    return Cost(cpu / (each * len(clients)), seconds / (each * len(clients)))


def costs(running: RunningEmulator, size: int, requests: int) -> dict[str, Cost]:
    """Return the cost of each sort of request while `size` assets are stored."""
    clients = [Client(running) for _ in range(CONNECTIONS)]
    body = json.dumps(BODY).encode()
    changed = json.dumps({"properties": {**BODY["properties"], "description": "changed"}}).encode()
    acts: dict[str, tuple[int, Callable[[Client, int], Any]]] = {
        "GET an asset": (requests, lambda c, n: c.call("GET", f"data/stored-{n * 7919 % size}/versions/1")),
        "PUT a new asset": (requests, lambda c, n: c.call("PUT", f"data/new-{size}-{n}/versions/1", body)),
        "PUT a changed asset": (requests, lambda c, n: c.call("PUT", f"data/new-{size}-{n}/versions/1", changed)),
        "GET a page of 100": (requests // 10, lambda c, _: c.call("GET", "data")),
    }
    measure(running, clients, requests // 10, acts["GET an asset"][1])  # what is only slow at first
    return {name: measure(running, clients, count, act) for name, (count, act) in acts.items()}


def main(arguments: list[str]) -> None:
    """Measure, print the table, keep the samples; say what is wanted of each."""
    parser = argparse.ArgumentParser(
        "emulator", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=4000, help="requests of each sort (default: 4000)")
    parser.add_argument("--rounds", type=int, default=3, help="starts that are timed (default: 3)")
    asked = parser.parse_args(arguments)
    starts = [start() for _ in range(asked.rounds)]
    found: dict[int, dict[str, Cost]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        with emulator(home, blobs=False) as running:
            Client(running).call("PUT", SEED, json.dumps(BODY).encode())
            workspace = running.workspace_id
        for there, size in pairwise((0, *SIZES)):
            fill(home, workspace, there, size)
            with emulator(home, blobs=False) as running:
                found[size] = costs(running, size, asked.requests)
                memory = psutil.Process(running.running.pid).memory_info().rss / 1e6
    show(starts, found, memory)
    samples = {str(size): {name: asdict(cost) for name, cost in by.items()} for size, by in found.items()}
    keep("emulator", {"starts": [asdict(start) for start in starts], "memory_mb": memory, "costs": samples})


def show(starts: list[Start], found: dict[int, dict[str, Cost]], memory: float) -> None:
    """Print what was measured next to what is wanted."""
    view = Table(
        title="Requests per second and core, over TLS, by assets stored",
        caption="by the emulator's own processor time; ratio: cost with the most stored over cost with the fewest",
        title_justify="left",
        caption_justify="left",
    )
    view.add_column("request")
    for heading in (*(f"{size:,}" for size in SIZES), "ratio"):
        view.add_column(heading, justify="right")
    for name in found[SIZES[0]]:
        ratio = found[SIZES[-1]][name].cpu / found[SIZES[0]][name].cpu
        view.add_row(name, *(f"{found[size][name].rate:,.0f}" for size in SIZES), f"{ratio:.2f}")
    console = Console()
    console.print(view)
    rate = min(found[10_000][name].rate for name in found[10_000] if "asset" in name)
    for part, title in (("fixture", "start of the pytest fixture"), ("ready", "start to ready, blobs included")):
        wall, cpu = (statistics.median(getattr(getattr(each, part), of) for each in starts) for of in ("wall", "cpu"))
        console.print(f"{title}: {wall:.2f} s, {cpu:.2f} s of processor (wanted: {WANTED[part]} s)")
    console.print(f"slowest GET or PUT of an asset with 10,000 stored: {rate:,.0f}/s (wanted: {WANTED['rate']}/s)")
    console.print(f"memory with {SIZES[-1]:,} stored: {memory:.0f} MB (wanted: below {WANTED['memory']} MB)")
