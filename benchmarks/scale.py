"""Seconds of a stack of 300 resources when nothing changed, next to as many do-nothing resources.

Rounds of the two programs alternate. What is up to date asks nothing of the service: the REST calls are shown too.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks._results import keep
from e2e.local import ROOT, LocalAzure, base_environment, local_azure
from e2e.stack import Stack, configuration

OPERATIONS = ("preview", "no-op up")
Sample = dict[str, float]


def made(
    program: str, folder: Path, environment: dict[str, str], azure: LocalAzure | None = None
) -> tuple[Stack, float]:
    """Return a stack of the program, up, and the seconds that its first up took."""
    place = folder / program
    shutil.copytree(ROOT / "benchmarks" / program, place)
    (place / "Pulumi.yaml").write_text(f"name: {program}\nruntime: python\n")
    (place / "src").mkdir()
    (place / "src/score.py").write_text("def run(mini_batch):\n    return mini_batch\n")
    # The plugin process must be able to import the do-nothing provider's class.
    paths = f"{place}:{ROOT / 'benchmarks/nothing'}"
    stack = Stack(place, folder / f"{program}-state", {**environment, "PYTHONPATH": paths})
    stack.init()
    if azure:
        stack.configure(configuration(azure))
    started = time.perf_counter()
    stack.up()
    return stack, time.perf_counter() - started


def round_of(stack: Stack, resources: int) -> Sample:
    """Return the seconds, and processor seconds of all processes, of a preview and of an up that change nothing."""
    sample = {}
    for name, action in zip(OPERATIONS, (stack.preview, stack.up), strict=True):
        before, started = processor(), time.perf_counter()
        report = action()
        sample[name] = time.perf_counter() - started
        sample[f"{name}, processor"] = processor() - before
        if report.counts != {"unchanged": resources + 1}:
            raise SystemExit(report.output)
    return sample


def processor() -> float:
    """Return the processor seconds of all processes that this one has waited for."""
    spent = os.times()
    return spent.children_user + spent.children_system


def median(samples: list[Sample], operation: str) -> float:
    """Return the median over the rounds."""
    return statistics.median(sample[operation] for sample in samples)


def table(ours: list[Sample], nothing: list[Sample], first: tuple[float, float], calls: int, resources: int) -> Table:
    """Return the printed table."""
    view = Table(
        title=f"{resources} resources, {os.cpu_count()} cores",
        caption=f"seconds: median of {len(ours)}; up with --skip-preview; REST calls when nothing changed: {calls}",
        title_justify="left",
        caption_justify="left",
    )
    view.add_column("operation")
    for heading in ("azureml", "do nothing", "ratio"):
        view.add_column(heading, justify="right")
    rows = {"up, from nothing": first} | {name: (median(ours, name), median(nothing, name)) for name in ours[0]}
    for name, (mine, floor) in rows.items():
        view.add_row(name, f"{mine:.1f}", f"{floor:.1f}", f"{mine / floor:.2f}×")
    return view


def main(arguments: list[str]) -> None:
    """Measure, print the table and keep the samples in benchmarks/results."""
    parser = argparse.ArgumentParser("scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (default: 3)")
    parser.add_argument("--resources", type=int, default=300, help="of each stack, a multiple of 6 (default: 300)")
    chosen = parser.parse_args(arguments)
    resources = chosen.resources // 6 * 6
    counted = {"RESOURCES": str(resources)}
    ours: list[Sample] = []
    nothing: list[Sample] = []
    with tempfile.TemporaryDirectory() as temporary, local_azure(Path(temporary) / "emulator") as azure:
        folder = Path(temporary)
        stack, first = made("many_azureml", folder, {**azure.env, **counted}, azure)
        floor, floor_first = made("many_nothing", folder, {**base_environment(), **counted})
        azure.forget_requests()
        for number in range(chosen.rounds):
            print(f"round {number + 1} of {chosen.rounds}", file=sys.stderr, flush=True)
            ours.append(round_of(stack, resources))
            nothing.append(round_of(floor, resources))
        counts = azure.request_counts()
        stack.destroy()
    calls = counts["arm"] + counts["dataplane"] + counts["blob"]
    Console().print(table(ours, nothing, (first, floor_first), calls, resources))
    keep("scale", {"azureml": ours, "nothing": nothing, "first": [first, floor_first], "calls": calls})
