"""Promoting a model between two workspaces of one storage, and `plan` next to `pulumi preview`.

* promotion: a model of 1 GB goes from one workspace to another: bytes that cross the client's wire, seconds.
* plan: `azureml-stack plan` of many resources next to `pulumi preview` of the same; rounds alternate.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from azureml_emulator.testing import RunningEmulator, emulator
from benchmarks._results import keep
from e2e.local import base_environment, local_azure
from e2e.stack import Stack, configuration
from emulator_provider.stack import Stack as Provider
from pulumi_azureml.arm import ArmClient, Settings
from pulumi_azureml.release.create import make_release
from pulumi_azureml.release.lock import Origin, write_release
from pulumi_azureml.release.state import StackResource
from pulumi_azureml.resources import MODEL

TARGETS = {"bytes": 0, "plan": 1.3}
PROGRAM = """
import pulumi_azureml as azureml

for number in range({count}):
    azureml.Environment(f"env-{{number}}", image=f"ubuntu:{{number}}")
"""
Sample = dict[str, Any]


def timed(action: Callable[[], object]) -> float:
    """Return the seconds that an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def client_of(running: RunningEmulator, workspace: str) -> ArmClient:
    """Return a client of a workspace that is made for it."""
    os.environ.update(running.environment)
    _, subscription, _, group, *_ = running.workspace_id.strip("/").split("/")
    own = Settings(subscription, group, "local", running.location, running.origin)
    return ArmClient(own.for_workspace(running.add_workspace(workspace)))


def measure_promotion(folder: Path, megabytes: int) -> Sample:
    """Promote a model; return what crossed the wire."""
    model, lock = folder / "model.bin", folder / "v1.json"
    with model.open("wb") as out:
        for _ in range(megabytes):
            out.write(os.urandom(1 << 20))
    with emulator() as running:
        source, target = (client_of(running, name) for name in ("source", "target"))
        dev = Provider(source, "dev")
        uploading = timed(lambda: dev.up(MODEL, "model", path=str(model)))
        own = source.settings
        origin = Origin(own.workspace_id, own.location, "bench", "dev", "", "2025-01-01T00:00:00Z", "bench")
        held = [StackResource("Model", "model", dict(dev.made["model"][1].outputs))]
        write_release(make_release(source, held, "v1", origin, lambda _text: None).release, lock)
        released = ArmClient(Settings(**{**vars(target.settings), "release": str(lock)}))
        running.control("POST", "/_emulator/requests/reset")
        promoting = timed(lambda: Provider(released, "prod").up(MODEL, "model", path="model.bin"))
        counts = running.control("GET", "/_emulator/requests")
    return {
        "megabytes": megabytes,
        "uploading": uploading,
        "promoting": promoting,
        "bytes": counts["uploaded_bytes"] + counts["downloaded_bytes"],
        "requests": counts,
    }


def measure_plan(folder: Path, count: int, rounds: int) -> Sample:
    """Preview and plan the same stack in turns."""
    program = folder / "program"
    program.mkdir()
    (program / "Pulumi.yaml").write_text("name: many\nruntime: python\n")
    (program / "__main__.py").write_text(PROGRAM.format(count=count))
    previews, plans = [], []
    with local_azure(folder / "emulator") as azure:
        stack = Stack(program, folder / "state", {**base_environment(), **azure.env})
        stack.configure(configuration(azure))
        stack.init()
        for number in range(rounds + 1):
            preview, plan = timed(stack.preview), timed(lambda: planned(stack))
            if number:  # the first of each finds cold files
                previews.append(preview)
                plans.append(plan)
    return {"resources": count, "previews": previews, "plans": plans}


def planned(stack: Stack) -> None:
    """Run `azureml-stack plan`."""
    done = stack.azureml_stack("plan")
    if done.returncode:
        raise SystemExit(done.stdout)


def table(samples: dict[str, Sample]) -> Table:
    """Return the printed table."""
    view = Table(title=f"Promotion and plan, {os.cpu_count()} cores", title_justify="left")
    for heading in ("what", "measured", "target"):
        view.add_column(heading)
    if promotion := samples.get("promotion"):
        size = promotion["megabytes"]
        view.add_row(f"upload of {size} MiB to the first workspace", f"{promotion['uploading']:.1f} s", "–")
        view.add_row("promotion to the second", f"{promotion['promoting']:.1f} s", "–")
        view.add_row("bytes of blobs that the client sends or reads", str(promotion["bytes"]), str(TARGETS["bytes"]))
    if plan := samples.get("plan"):
        preview, own = (statistics.median(plan[name]) for name in ("previews", "plans"))
        view.add_row(f"pulumi preview, {plan['resources']} resources", f"{preview:.2f} s", "–")
        view.add_row("azureml-stack plan", f"{own:.2f} s = {own / preview:.2f}×", f"≤ {TARGETS['plan']}×")
    return view


def main(arguments: list[str]) -> None:
    """Measure, print the table and keep the samples in benchmarks/results."""
    parser = argparse.ArgumentParser(
        "promotion", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="previews and plans, after one of each (default: 5)")
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the model in MiB (default: 1000)")
    parser.add_argument("--resources", type=int, default=50, help="resources of the plan (default: 50)")
    parser.add_argument("--only", choices=["promotion", "plan"], action="append", help="measure this alone")
    options = parser.parse_args(arguments)
    chosen = options.only or ["promotion", "plan"]
    samples: dict[str, Sample] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        if "promotion" in chosen:
            samples["promotion"] = measure_promotion(folder, options.megabytes)
        if "plan" in chosen:
            samples["plan"] = measure_plan(folder, options.resources, options.rounds)
    Console().print(table(samples))
    keep("promotion", samples)
