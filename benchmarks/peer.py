"""A cold deploy of the digits stack next to the official client `azure-ai-ml` doing the same work.

Both begin with an empty workspace of the same emulator and end with a default deployment. `pulumi up` is timed with
its engine, `azure-ai-ml` with its interpreter. Rounds alternate, so that a busy moment of the machine hits both.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks._results import keep
from benchmarks.lifecycle import digits_stack
from conformance.official import HERE, official_python
from e2e.local import SUBSCRIPTION, LocalAzure, local_azure
from e2e.stack import Stack, configuration

Sample = dict[str, Any]


def up(stack: Stack, azure: LocalAzure) -> None:
    """Make the stack."""
    stack.configure(configuration(azure))
    replace(stack, env=azure.env).up()


def official(stack: Stack, azure: LocalAzure) -> None:
    """Make the same six resources and the default with the official client, as Microsoft's article does.

    Like the stack, it names the environment, and changes no cluster that is there already.
    """
    _official(stack, azure, "official-env")


def leanest(stack: Stack, azure: LocalAzure) -> None:
    """The same with an environment that has no name, and a cluster that is overwritten where there is one."""
    _official(stack, azure)


def _official(stack: Stack, azure: LocalAzure, *environment: str) -> None:
    example = stack.folder / "examples/01-digits"
    parts = (example / "src", example / "model", example / "environment/conda.yaml")
    command = [
        official_python(),
        HERE / "make_endpoint.py",
        azure.origin,
        SUBSCRIPTION,
        "digits-official",
        *parts,
        *environment,
    ]
    subprocess.run(command, env=dict(azure.env), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(action: Callable[[Stack, LocalAzure], None], stack: Stack, home: Path) -> Sample:
    """Do it in an empty workspace; return seconds, processor seconds of the client, and requests."""
    with local_azure(home) as azure:
        azure.forget_requests()
        before, started = os.times(), time.perf_counter()
        action(stack, azure)
        seconds, after = time.perf_counter() - started, os.times()
        counts = azure.request_counts()
        if action is up:
            replace(stack, env=azure.env).destroy()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return {"seconds": seconds, "processor": processor, "rest": counts["arm"], "blob": counts["blob"],
            "by": counts["by"]}  # fmt: skip


def table(ours: list[Sample], theirs: list[Sample], least: Sample) -> Table:
    """Return the printed table."""
    view = Table(
        title=f"Cold deploy of the digits stack: median of {len(ours)}, {os.cpu_count()} cores",
        caption="processor: seconds of all processes of the client; rest: calls that the service got; its leanest "
        "program: unnamed environment, and a cluster that is there is overwritten",
        title_justify="left",
        caption_justify="left",
    )
    view.add_column("")
    for heading in ("pulumi up", "azure-ai-ml", "ratio"):
        view.add_column(heading, justify="right")
    for what, form in (("seconds", ".1f"), ("processor", ".1f"), ("rest", "g"), ("blob", "g")):
        mine, peers = (float(statistics.median(sample[what] for sample in samples)) for samples in (ours, theirs))
        view.add_row(what, f"{mine:{form}}", f"{peers:{form}}", f"{mine / peers:.2f}×")
        if what == "rest":
            view.add_row("rest, of its leanest program", "", f"{least['rest']}", f"{mine / least['rest']:.2f}×")
    return view


def main(arguments: list[str]) -> None:
    """Measure, print the table and keep the samples in benchmarks/results."""
    parser = argparse.ArgumentParser("peer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="deploys of each (default: 3)")
    rounds = parser.parse_args(arguments).rounds
    ours: list[Sample] = []
    theirs: list[Sample] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        stack = digits_stack(folder)
        least = measure(leanest, stack, folder / "warm")  # byte code of both is compiled before anything is timed
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            ours.append(measure(up, stack, folder / f"ours-{number}"))
            theirs.append(measure(official, stack, folder / f"theirs-{number}"))
    Console().print(table(ours, theirs, least))
    keep("peer", {"ours": ours, "theirs": theirs, "leanest": [least]})
