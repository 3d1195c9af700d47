"""Seconds that a resource waits for its check and create while four clusters are being created.

The host runs all of a provider's operations in four threads of one process. Measured with the clusters in the same
provider as the rest, and in one of their own.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from azureml_emulator.testing import RunningEmulator, emulator
from benchmarks._results import keep
from e2e.local import ROOT, base_environment
from e2e.stack import LOCAL_CONFIGURATION, Stack

_LATER = 3.0  # seconds after which the clusters are being created


@contextmanager
def stack_of(folder: Path, azure: RunningEmulator, *, apart: bool) -> Iterator[Stack]:
    """Return a stack of the program, which is destroyed afterwards."""
    place = folder / ("apart" if apart else "together")
    shutil.copytree(ROOT / "benchmarks/waiting_azureml", place)
    (place / "Pulumi.yaml").write_text("name: waiting\nruntime: python\n")
    environment = {**base_environment(), **azure.environment, "LATER": str(_LATER), "APART": "1" if apart else ""}
    stack = Stack(place, folder / f"{place.name}-state", environment)
    stack.init()
    stack.configure({**LOCAL_CONFIGURATION, "armEndpoint": azure.origin})
    yield stack
    stack.destroy()


def main(arguments: list[str]) -> None:
    """Measure, print the table and keep the samples in benchmarks/results."""
    parser = argparse.ArgumentParser(
        "waiting", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="that a cluster's creation takes (default: 60)")
    seconds = parser.parse_args(arguments).seconds
    waited: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary, emulator(lro=f"timed={seconds}", blobs=False) as azure:
        for name, apart in (("the same provider", False), ("a provider of their own", True)):
            print(f"clusters in {name}", file=sys.stderr, flush=True)
            with stack_of(Path(temporary), azure, apart=apart) as stack:
                stack.up()
                waited[name] = float(stack.outputs()["waited"])
    view = Table(
        title=f"One more resource while four clusters are being created for {seconds:g} s", title_justify="left"
    )
    view.add_column("the clusters have")
    view.add_column("it took", justify="right")
    for name, took in waited.items():
        view.add_row(name, f"{took:.1f} s")
    Console().print(view)
    keep("waiting", {"seconds": seconds, "waited": waited})
