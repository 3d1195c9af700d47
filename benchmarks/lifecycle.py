"""Seconds and REST calls of a stack's life, next to as many do-nothing resources on the same machine.

`make bench` runs this. Rounds of the two programs alternate, so that a busy moment of the machine hits both.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from e2e.local import ROOT, LocalAzure, base_environment, local_azure
from e2e.stack import Report, Stack, configuration, project_copy

OPERATIONS = ("preview", "up", "no-op up", "refresh", "destroy")
RESULTS = ROOT / "benchmarks/results"
Sample = dict[str, Any]


def nothing_stack(folder: Path, env: dict[str, str]) -> Stack:
    """Return a stack of the do-nothing program."""
    program = folder / "nothing"
    shutil.copytree(ROOT / "benchmarks/nothing", program)
    (program / "Pulumi.yaml").write_text("name: nothing\nruntime: python\n")
    # The plugin process must be able to import the provider's class.
    return Stack(program, folder / "nothing-state", {**env, "PYTHONPATH": str(program)})


def digits_stack(folder: Path, azure: LocalAzure) -> Stack:
    """Return a stack of the digits program."""
    prepared = folder / "prepared"
    subprocess.run([sys.executable, ROOT / "examples/01-digits/prepare.py", prepared], check=True)
    project_copy(folder / "digits", prepared)
    stack = Stack(folder / "digits", folder / "digits-state", azure.env)
    stack.configure(configuration(azure))
    return stack


def operations(stack: Stack) -> dict[str, Callable[[], Report]]:
    """Return what is measured, in the order of a stack's life."""
    actions = (stack.preview, stack.up, stack.up, stack.refresh, stack.destroy)
    return dict(zip(OPERATIONS, actions, strict=True))


def measure(stack: Stack, azure: LocalAzure) -> dict[str, Sample]:
    """Live one life of a stack; return seconds and requests of each operation."""
    samples = {}
    for name, action in operations(stack).items():
        azure.forget_requests()
        started = time.perf_counter()
        action()
        seconds = time.perf_counter() - started
        counts = azure.requests()
        samples[name] = {"seconds": seconds, "rest": counts["arm"] + counts["dataplane"], "blob": counts["blob"]}
    return samples


def median(lives: list[dict[str, Sample]], operation: str, what: str) -> float:
    """Return the median over the rounds."""
    return statistics.median(life[operation][what] for life in lives)


def table(digits: list[dict[str, Sample]], nothing: list[dict[str, Sample]]) -> Table:
    """Return the printed table."""
    title = f"Life of the digits stack (7 resources), median of {len(digits)} rounds on {os.cpu_count()} cores"
    view = Table(title=title, title_justify="left")
    view.add_column("operation")
    for heading in ("seconds", "REST calls", "blob calls", "do-nothing seconds", "ratio"):
        view.add_column(heading, justify="right")
    for name in OPERATIONS:
        seconds, floor = median(digits, name, "seconds"), median(nothing, name, "seconds")
        rest, blob = median(digits, name, "rest"), median(digits, name, "blob")
        view.add_row(name, f"{seconds:.1f}", f"{rest:g}", f"{blob:g}", f"{floor:.1f}", f"{seconds / floor:.2f}×")
    return view


def main() -> None:
    """Measure, print the table and keep the samples in benchmarks/results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="lives of each program (default: 3)")
    rounds = parser.parse_args().rounds
    digits: list[dict[str, Sample]] = []
    nothing: list[dict[str, Sample]] = []
    with tempfile.TemporaryDirectory() as temporary, local_azure(Path(temporary, "emulator")) as azure:
        stacks = digits_stack(Path(temporary), azure), nothing_stack(Path(temporary), base_environment())
        for stack in stacks:
            stack.init()
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            digits.append(measure(stacks[0], azure))
            nothing.append(measure(stacks[1], azure))
    Console().print(table(digits, nothing))
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    target = RESULTS / f"lifecycle-{now:%Y%m%dT%H%M%SZ}.json"
    machine = {"platform": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()}
    target.write_text(json.dumps({"at": now.isoformat(), **machine, "digits": digits, "nothing": nothing}, indent=1))
    print(f"samples: {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
