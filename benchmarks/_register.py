"""Register a local file or folder as a model with the provider's own lifecycle, as `python -m benchmarks._register`.

Arguments: origin of the Azure ML, name, path. Writes the seconds that it took, without the interpreter's start and the
imports, and the most memory that the process ever had, in MB.
"""

import resource
import sys
import time
from pathlib import Path

import azure.storage.blob  # noqa: F401 - loaded when first needed, else: what the peer has loaded before it begins

from e2e.local import SUBSCRIPTION
from emulator_provider.stack import Stack
from pulumi_azureml.arm import ArmClient, Settings
from pulumi_azureml.resources import kind_named


def peak_memory() -> float:
    """Return the most memory that this process ever had, in MB."""
    status = Path("/proc/self/status")  # getrusage tells the peak of the process that began this one, if larger
    lines = status.read_text().splitlines() if status.exists() else []
    told = next((line.split()[1] for line in lines if line.startswith("VmHWM")), None)
    peak = int(told) if told else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def main(origin: str, name: str, path: str) -> None:
    """Register it and tell."""
    client = ArmClient.from_settings(Settings(SUBSCRIPTION, "local", "local", "eastus", origin))
    started = time.perf_counter()
    Stack(client, "uploads").up(kind_named("Model"), name, path=path)
    print(time.perf_counter() - started, peak_memory())


if __name__ == "__main__":
    main(*sys.argv[1:])
