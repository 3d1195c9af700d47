"""Scoring jobs next to multiprocessing.Pool, a job's fixed cost, and very many files.

Three measurements on one emulator with its blob service:

* pool: 2,000 files of 5 ms of processor time each, scored by a job from submission to Completed, against the same
  function in a multiprocessing.Pool of as many workers on the same files; rounds alternate. `cold` is the first job
  over files that were uploaded elsewhere (each is fetched from the blob service), `warm` is every other.
* fixed: one trivial file in a warm environment, from submission to Completed.
* many: tiny blobs, a tenth of them and all, first fetched from the blob service, then seen before: seconds for each,
  and the most memory that the job's processes and the emulator's used together. The blobs are not uploaded one by
  one, see `_blobs.py`.
"""

import argparse
import contextlib
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from azureml_emulator.contents import Contents
from azureml_emulator.testing import RunningEmulator, emulator
from emulator.batch_service import TERMINAL, Endpoint, Service

from . import _blobs
from ._results import keep

WORKERS = os.cpu_count() or 1
SECONDS = 0.005
BATCH = 10
POLL = 0.1
TARGETS = {"pool": 1.25, "fixed": 2.0, "memory": 500.0}
SPIN = f"""
import time

def score(path):
    with open(path, "rb") as file:
        content = file.read()
    end = time.process_time() + {SECONDS}
    while time.process_time() < end:
        pass
    return len(content)

def run(mini_batch):
    return [score(path) for path in mini_batch]
"""
TRIVIAL = "def run(mini_batch):\n    return [1] * len(mini_batch)\n"
Sample = dict[str, Any]

spin: dict[str, Any] = {}
exec(SPIN, spin)


def pool_score(path: str) -> int:
    """Do what the scoring script does."""
    return int(spin["score"](path))


@dataclass(frozen=True)
class Cost:
    """Seconds that passed, and seconds of processor time, which other programs of the machine change least."""

    seconds: float
    cpu: float


def time_pool(files: list[str]) -> Cost:
    """Score the files with a pool, its start and end included."""
    begun, cpu = time.perf_counter(), own_cpu()
    with multiprocessing.Pool(WORKERS) as pool:
        pool.map(pool_score, files, chunksize=BATCH)
        pool.close()
        pool.join()
    return Cost(time.perf_counter() - begun, own_cpu() - cpu)


def own_cpu() -> float:
    """Processor time of this process and of its children that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def service_cpu(service: Service) -> float:
    """Processor time of the emulator, of its blob service, and of all drivers and workers that have ended."""
    process = psutil.Process(service.emulator.process.pid)
    used = sum(process.cpu_times()[:4])
    for child in process.children():
        used += sum(child.cpu_times()[:4])
    return float(used)


def time_job(endpoint: Endpoint, data: str) -> Cost:
    """Score a folder with a job, from submission to Completed."""
    cpu, begun = service_cpu(endpoint.service), time.perf_counter()
    name = endpoint.start(data)
    while (status := endpoint.job(name)["properties"]["status"]) not in TERMINAL:
        time.sleep(POLL)
    seconds = time.perf_counter() - begun
    if status != "Completed":
        raise SystemExit(f"{name} is {status}: {endpoint.error(name)}")
    return Cost(seconds, service_cpu(endpoint.service) - cpu)


def upload(service: Service, folder: str, files: dict[str, bytes]) -> str:
    """Put many files below a folder of the datastore."""
    address = service.upload(folder, dict(list(files.items())[:1]))

    def put(part: list[tuple[str, bytes]]) -> None:
        service.upload(folder, dict(part))

    items = list(files.items())[1:]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, (items[start : start + 100] for start in range(0, len(items), 100))))
    return address


def forget_contents(running: RunningEmulator) -> None:
    """Empty the emulator's store of contents, as if the files had been uploaded without it."""
    Contents(running.home / "contents", limit=0).trim()


def measure_pool(service: Service, folder: Path, count: int, rounds: int) -> Sample:
    """Compare jobs and pools."""
    contents = {f"{number:05}.bin": number.to_bytes(4, "big") * 256 for number in range(count)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    files = [str(folder / name) for name in contents]
    endpoint = service.deploy(SPIN, miniBatchSize=BATCH, maxConcurrencyPerInstance=WORKERS)
    time_job(endpoint, service.upload("bench/one", {"0.bin": b"0"}))
    data = upload(service, "bench/pool", contents)
    forget_contents(service.emulator)
    cold = time_job(endpoint, data)
    pools, jobs = [], []
    for _ in range(rounds):
        pools.append(time_pool(files))
        jobs.append(time_job(endpoint, data))
    costs = {"cold": [cold], "pools": pools, "jobs": jobs}
    return {"files": count, **{name: [asdict(cost) for cost in many] for name, many in costs.items()}}


def measure_fixed(service: Service, rounds: int) -> Sample:
    """Time trivial jobs."""
    endpoint = service.deploy(TRIVIAL)
    data = service.upload("bench/trivial", {"a.txt": b"a"})
    time_job(endpoint, data)
    return {"seconds": [time_job(endpoint, data).seconds for _ in range(3 * rounds)]}


@contextlib.contextmanager
def peak_memory(service: Service) -> Iterator[dict[str, float]]:
    """Watch the emulator, its drivers and workers (not Azurite); leave the peak in MB, by role and in all."""
    peak: dict[str, float] = {}
    over = threading.Event()

    def watch() -> None:
        root = psutil.Process(service.emulator.process.pid)
        while not over.wait(0.25):
            now = {"emulator": root.memory_info().rss / 1e6, "driver": 0.0, "workers": 0.0}
            for process in root.children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    command = " ".join(process.cmdline())
                    role = "driver" if "batch.driver" in command else "workers" if "batch/worker" in command else None
                    if role:
                        now[role] += process.memory_info().rss / 1e6
            now["all"] = sum(now.values())
            for role, megabytes in now.items():
                peak[role] = max(peak.get(role, 0.0), megabytes)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def measure_many(count: int) -> Sample:
    """Score a tenth of many tiny blobs, then all of them, each twice: fetched first, and then seen before."""
    samples = []
    for number in (count // 10, count):
        files = {f"{n % 97:02}/{n:06}.txt": b"%d" % n for n in range(number)}
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            with emulator(home) as running, Service(running) as service:
                made = service.deploy(TRIVIAL, miniBatchSize=100, maxConcurrencyPerInstance=WORKERS)
                whole = service.upload("seed", {"contents": b"".join(files.values())})
            _blobs.write(home, "many", files)
            with emulator(home) as running, Service(running) as service:
                endpoint = Endpoint(service, made.name, made.deployment, made.compute)
                for title in ("fetched", "seen before"):
                    with peak_memory(service) as memory:
                        cost = time_job(endpoint, whole.replace("seed", "many"))
                    samples.append({"files": number, "title": title, **asdict(cost), "memory": memory})
                    print(f"  {number} files, {title}: {cost.seconds:.1f} s", file=sys.stderr, flush=True)
    return {"runs": samples}


def median(costs: list[dict[str, float]], what: str) -> float:
    """Return the median of one of the figures."""
    return float(statistics.median(cost[what] for cost in costs))


def table(samples: dict[str, Sample]) -> Table:
    """Return the printed table."""
    view = Table(title=f"Scoring jobs, {WORKERS} workers on {os.cpu_count()} cores", title_justify="left")
    for heading in ("what", "seconds", "cpu", "ratio", "ratio of cpu", "target"):
        view.add_column(heading, justify="left" if heading == "what" else "right")
    if "pool" in samples:
        found = samples["pool"]
        floor = {what: median(found["pools"], what) for what in ("seconds", "cpu")}
        rows = (("pools", f"{found['files']} files of 5 ms: pool"), ("jobs", "  the same by a job"))
        for kind, title in (*rows, ("cold", "  the first job, files fetched")):
            view.add_row(
                title,
                *(f"{median(found[kind], what):.2f}" for what in floor),
                *(f"{median(found[kind], what) / floor[what]:.2f}×" for what in floor),
                f"≤ {TARGETS['pool']}×" if kind == "jobs" else "",
            )
    if "fixed" in samples:
        fixed = statistics.median(samples["fixed"]["seconds"])
        view.add_row("one trivial file", f"{fixed:.2f}", "", "", "", f"≤ {TARGETS['fixed']} s")
    for run in samples.get("many", {}).get("runs", ()):
        each = 1000 * run["cpu"] / run["files"]
        view.add_row(
            f"{run['files']:,} tiny blobs, {run['title']}: {each:.2f} ms of cpu each, {run['memory']['all']:.0f} MB",
            *(f"{run[what]:.1f}" for what in ("seconds", "cpu")),
            *("", ""),
            f"< {TARGETS['memory']:.0f} MB",
        )
    return view


def main(arguments: list[str]) -> None:
    """Measure, print the table and keep the samples in benchmarks/results."""
    parser = argparse.ArgumentParser("batch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="pairs of pool and job (default: 3)")
    parser.add_argument("--files", type=int, default=2000, help="files of 5 ms (default: 2000)")
    parser.add_argument("--many", type=int, default=100_000, help="tiny blobs (default: 100000)")
    parser.add_argument("--only", choices=["pool", "fixed", "many"], action="append", help="measure this alone")
    options = parser.parse_args(arguments)
    chosen = options.only or ["pool", "fixed", "many"]
    samples: dict[str, Sample] = {}
    with tempfile.TemporaryDirectory() as folder, emulator() as running, Service(running) as service:
        if "pool" in chosen:
            samples["pool"] = measure_pool(service, Path(folder), options.files, options.rounds)
        if "fixed" in chosen:
            samples["fixed"] = measure_fixed(service, options.rounds)
    if "many" in chosen:
        samples["many"] = measure_many(options.many)
    Console().print(table(samples))
    keep("batch", samples)
