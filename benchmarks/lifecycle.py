"""Seconds and REST calls of a stack's life, next to as many do-nothing resources on the same machine.

`make bench ARGS=lifecycle` runs this. Rounds of the two programs alternate, so that a busy moment of the machine
hits both.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks._results import keep
from e2e.local import ROOT, LocalAzure, base_environment, local_azure
from e2e.stack import Stack, configuration, project_copy

SCORING = ("score", "score again")
OPERATIONS = ("preview", "up", "no-op up", "refresh", *SCORING, "destroy")
Sample = dict[str, Any]


def nothing_stack(folder: Path) -> Stack:
    """Return a stack of the do-nothing program."""
    program = folder / "nothing"
    shutil.copytree(ROOT / "benchmarks/nothing", program)
    (program / "Pulumi.yaml").write_text("name: nothing\nruntime: python\n")
    # The plugin process must be able to import the provider's class.
    stack = Stack(program, folder / "nothing-state", {**base_environment(), "PYTHONPATH": str(program)})
    stack.init()
    return stack


def digits_stack(folder: Path) -> Stack:
    """Return a stack of the digits program."""
    prepared = folder / "prepared"
    subprocess.run([sys.executable, ROOT / "examples/01-digits/prepare.py", prepared], check=True)
    project_copy(folder / "digits", prepared)
    stack = Stack(folder / "digits", folder / "digits-state", base_environment())
    stack.init()
    return stack


def score(stack: Stack) -> None:
    """Score the held-out digits and fetch the predictions."""
    out = stack.state / "out"
    done = stack.azureml_stack("invoke", "--input", "examples/01-digits/data/images", "--watch", "--download", out)
    if done.returncode != 0:
        raise SystemExit(done.stdout)


def operations(stack: Stack, *, scores: bool) -> dict[str, Callable[[], object]]:
    """Return what is measured, in the order of a stack's life."""
    scoring: dict[str, Callable[[], object]] = dict.fromkeys(SCORING if scores else (), partial(score, stack))
    return {
        "preview": stack.preview,
        "up": stack.up,
        "no-op up": stack.up,
        "refresh": stack.refresh,
        **scoring,
        "destroy": stack.destroy,
    }


def measure(stack: Stack, azure: LocalAzure, *, scores: bool) -> dict[str, Sample]:
    """Live one life of a stack; return seconds and requests of each operation."""
    samples = {}
    for name, action in operations(stack, scores=scores).items():
        azure.forget_requests()
        started = time.perf_counter()
        action()
        seconds = time.perf_counter() - started
        counts = azure.request_counts()
        samples[name] = {"seconds": seconds, "rest": counts["arm"] + counts["dataplane"], "blob": counts["blob"]}
    return samples


def median(lives: list[dict[str, Sample]], operation: str, what: str) -> float:
    """Return the median over the rounds."""
    return float(statistics.median(life[operation][what] for life in lives))


def table(digits: list[dict[str, Sample]], nothing: list[dict[str, Sample]]) -> Table:
    """Return the printed table."""
    title = f"The digits stack next to 7 do-nothing resources: median of {len(digits)}, {os.cpu_count()} cores"
    caption = "seconds; REST calls and blob requests that the service got; pulumi with --skip-preview; 899 images"
    view = Table(title=title, caption=caption, title_justify="left", caption_justify="left")
    view.add_column("operation")
    for heading in ("seconds", "REST", "blobs", "do nothing", "ratio"):
        view.add_column(heading, justify="right")
    for name in OPERATIONS:
        seconds, rest, blob = (median(digits, name, what) for what in ("seconds", "rest", "blob"))
        floor = "–" if name in SCORING else f"{median(nothing, name, 'seconds'):.1f}"
        ratio = "–" if name in SCORING else f"{seconds / median(nothing, name, 'seconds'):.2f}×"
        view.add_row(name, f"{seconds:.1f}", f"{rest:g}", f"{blob:g}", floor, ratio)
    return view


def main(arguments: list[str]) -> None:
    """Measure, print the table and keep the samples in benchmarks/results."""
    parser = argparse.ArgumentParser(
        "lifecycle", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="lives of each program (default: 3)")
    rounds = parser.parse_args(arguments).rounds
    digits: list[dict[str, Sample]] = []
    nothing: list[dict[str, Sample]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        stack, floor = digits_stack(folder), nothing_stack(folder)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            # A new home each round: what an earlier round uploaded would not be uploaded again.
            with local_azure(folder / f"emulator-{number}") as azure:
                stack.configure(configuration(azure))
                digits.append(measure(replace(stack, env=azure.env), azure, scores=True))
                nothing.append(measure(floor, azure, scores=False))
    Console().print(table(digits, nothing))
    keep("lifecycle", {"digits": digits, "nothing": nothing})
