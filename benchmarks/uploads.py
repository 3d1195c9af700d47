"""Uploads of a model of many small files and of one large file, next to the official client `azure-ai-ml`.

Each registers the same content with an empty storage of the same emulator; what is timed ends with the registered
version, and includes digests. Rounds alternate. With `--memory-gb`, one more upload of that size by this project alone,
for its memory.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks._results import keep
from conformance.official import HERE, official_python
from e2e.local import ROOT, SUBSCRIPTION, LocalAzure, local_azure

Sample = dict[str, Any]
Upload = Callable[[LocalAzure, Path], Sample]
_SMALL = 2_000  # bytes
_CHUNK = 1 << 20
ALLOWED_MB = 300


def small_files(folder: Path, count: int) -> int:
    """Make `count` different small files; return their bytes."""
    for number in range(count):
        inside = folder / f"part-{number // 500:02}"
        inside.mkdir(parents=True, exist_ok=True)
        (inside / f"{number:05}.txt").write_bytes(os.urandom(_SMALL))
    return count * _SMALL


def large_file(folder: Path, size: int) -> int:
    """Make one file of `size` bytes that no two blocks of are the same."""
    folder.mkdir(parents=True)
    with (folder / "weights.bin").open("wb") as content:
        for _ in range(size // _CHUNK):
            content.write(os.urandom(_CHUNK))
    return size // _CHUNK * _CHUNK


def ours(azure: LocalAzure, folder: Path) -> Sample:
    """Register it by the provider's own lifecycle."""
    command = [sys.executable, "-m", "benchmarks._register", azure.origin, "model", folder]
    # An empty cache: what was digested in an earlier round would not be digested again.
    environment = {**azure.env, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "XDG_CACHE_HOME": str(azure.home / "cache")}
    told = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    return {"seconds": float(told[0]), "memory": float(told[1])}


def official(azure: LocalAzure, folder: Path) -> Sample:
    """Register it by the official client."""
    command = [official_python(), HERE / "upload_model.py", azure.origin, SUBSCRIPTION, "model", folder]
    done = subprocess.run(
        command, env=dict(azure.env), check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    return {"seconds": float(done.stdout.split()[-1])}


@contextmanager
def empty_storage() -> Iterator[LocalAzure]:
    """Run a local Azure ML whose blob service is up and has nothing; its files go with it."""
    with tempfile.TemporaryDirectory() as home, local_azure(Path(home)) as azure:
        azure.arm("/datastores/workspaceblobstore")
        yield azure


def measure(upload: Upload, folder: Path) -> Sample:
    """Upload once; return seconds, and requests for blobs."""
    with empty_storage() as azure:
        azure.forget_requests()
        sample = upload(azure, folder)
        counts = azure.request_counts()
        return {**sample, "blob": counts["blob"], "bytes": counts["uploaded_bytes"]}


def table(found: dict[str, dict[str, list[Sample]]]) -> Table:
    """Return the printed table."""
    view = Table(
        title=f"Uploads next to azure-ai-ml, {os.cpu_count()} cores",
        caption="MB/s: medians, digests and registration included; ratio: of the two; requests: for blobs",
        title_justify="left",
        caption_justify="left",
    )
    view.add_column("")
    for heading in ("provider MB/s", "azure-ai-ml MB/s", "ratio", "requests", "its requests", "memory MB"):
        view.add_column(heading, justify="right")
    for name, lives in found.items():
        mine, peers = lives["ours"], lives["theirs"]
        size, seconds = mine[0]["bytes"] / 1e6, statistics.median(sample["seconds"] for sample in mine)
        memory = f"{max(sample['memory'] for sample in mine):.0f}"
        if not peers:
            view.add_row(name, f"{size / seconds:.1f}", "–", "–", f"{mine[0]['blob']}", "–", memory)
            continue
        other = statistics.median(sample["seconds"] for sample in peers)
        view.add_row(name, f"{size / seconds:.1f}", f"{size / other:.1f}", f"{other / seconds:.2f}×",
                     f"{mine[0]['blob']}", f"{peers[0]['blob']}", memory)  # fmt: skip
    return view


def main(arguments: list[str]) -> None:
    """Measure, print the table and keep the samples in benchmarks/results."""
    parser = argparse.ArgumentParser(
        "uploads", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="uploads by each (default: 3)")
    parser.add_argument("--files", type=int, default=5000, help="small files, 0 for none (default: 5000)")
    parser.add_argument("--large-gb", type=float, default=2.0, help="size of the large file, 0 for none (default: 2)")
    parser.add_argument("--memory-gb", type=float, default=4.0, help="size of the file whose upload's memory is "
                        f"measured and must stay below {ALLOWED_MB} MB, 0 for none (default: 4)")  # fmt: skip
    chosen = parser.parse_args(arguments)
    found: dict[str, dict[str, list[Sample]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        cases: dict[str, tuple[Path, int]] = {}
        if chosen.files:
            folder = Path(temporary) / "small"
            small_files(folder, chosen.files)
            cases[f"{chosen.files} files of {_SMALL // 1000} kB"] = folder, chosen.rounds
        for size, rounds in ((chosen.large_gb, chosen.rounds), (chosen.memory_gb, 0)):
            if size:
                folder = Path(temporary) / f"large-{size}"
                large_file(folder, int(size * 1e9))
                cases[f"one file of {size:g} GB"] = folder, rounds
        for name, (folder, rounds) in cases.items():
            samples = found[name] = {"ours": [], "theirs": []}
            for number in range(max(rounds, 1)):
                print(f"{name}: round {number + 1} of {max(rounds, 1)}", file=sys.stderr, flush=True)
                for who, upload in (("ours", ours), ("theirs", official))[: 2 if rounds else 1]:
                    samples[who].append(measure(upload, folder))
                    print(f"  {who}: {samples[who][-1]['seconds']:.1f} s", file=sys.stderr, flush=True)
    Console().print(table(found))
    keep("uploads", found)
    most = max(sample["memory"] for samples in found.values() for sample in samples["ours"])
    if most > ALLOWED_MB:
        raise SystemExit(f"An upload took {most:.0f} MB of memory; {ALLOWED_MB} MB are allowed.")
