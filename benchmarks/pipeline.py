"""What the emulator adds to a pipeline: three steps after each other, from submission to Completed.

The steps are commands that write how long they took themselves; the target is for what comes on top of their sum.
The environment is warm: a first run makes it. A chain shows what each step costs; three side by side, what they share.
"""

import argparse
import os
import statistics
import sys
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from azureml_emulator.testing import emulator
from emulator.batch_service import TERMINAL, Endpoint, Service
from emulator.pipeline_service import Pipelines, literal

from ._results import keep

TARGET = 3.0
POLL = 0.05
STEPS = ("one", "two", "three")
COMMAND = (
    "begun=$(date +%s%N); $[[ls ${{inputs.after}} > /dev/null;]]"
    ' echo $(($(date +%s%N) - begun)) > "${{outputs.made}}/nanoseconds"; cat "${{outputs.made}}/nanoseconds"'
)
Sample = dict[str, float]


def deploy(pipelines: Pipelines, *, chain: bool) -> Endpoint:
    """Deploy three steps, each after the one before or side by side."""
    folder = {"type": "uri_folder"}
    step = pipelines.command(COMMAND, inputs={"after": {**folder, "optional": True}}, outputs={"made": folder})
    jobs: dict[str, Any] = {}
    for before, name in zip((None, *STEPS), STEPS, strict=False):
        after = {"after": literal(f"${{{{parent.jobs.{before}.outputs.made}}}}")} if chain and before else {}
        jobs[name] = {"type": "command", "componentId": step, "inputs": after}
    return pipelines.deploy(pipelines.pipeline(jobs))


def measure(pipelines: Pipelines, endpoint: Endpoint) -> Sample:
    """Run the pipeline once: seconds of all of it, of its commands, and of what came on top."""
    begun = time.perf_counter()
    run = pipelines.start(endpoint)
    while (status := endpoint.job(run)["properties"]["status"]) not in TERMINAL:
        time.sleep(POLL)
    seconds = time.perf_counter() - begun
    if status != "Completed":
        raise SystemExit(f"{run} is {status}: {endpoint.error(run)}")
    steps = pipelines.children(run)
    own = sum(int(pipelines.log(steps[name]["runId"]).split()[-1]) for name in STEPS) / 1e9
    return {"seconds": seconds, "steps": own, "over": seconds - own}


def table(samples: dict[str, list[Sample]]) -> Table:
    """Return the printed table."""
    rounds = len(next(iter(samples.values())))
    view = Table(title=f"A pipeline of three steps: median of {rounds}, {os.cpu_count()} cores", title_justify="left")
    for heading in ("", "seconds", "sum of its steps", "over", "target"):
        view.add_column(heading, justify="right" if heading else "left")
    for name, runs in samples.items():
        cells = [f"{statistics.median(run[what] for run in runs):.2f}" for what in ("seconds", "steps", "over")]
        view.add_row(name, *cells, f"≤ {TARGET:g} s")
    return view


def main(arguments: list[str]) -> None:
    """Measure, print the table and keep the samples in benchmarks/results."""
    parser = argparse.ArgumentParser(
        "pipeline", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="runs of each pipeline (default: 5)")
    rounds = parser.parse_args(arguments).rounds
    with emulator() as running, Service(running) as service:
        pipelines = Pipelines(service)
        endpoints = {"after each other": deploy(pipelines, chain=True), "side by side": deploy(pipelines, chain=False)}
        samples: dict[str, list[Sample]] = {name: [] for name in endpoints}
        for name, endpoint in endpoints.items():
            measure(pipelines, endpoint)
            for number in range(rounds):
                print(f"{name}: {number + 1} of {rounds}", file=sys.stderr, flush=True)
                samples[name].append(measure(pipelines, endpoint))
    Console().print(table(samples))
    keep("pipeline", {"samples": samples})
