"""What a job may use: the VM size's cores and memory, a number of processes, and a reserve of disk.

Limits are watched from outside rather than set with ``RLIMIT_AS``, which counts address space and would stop
numerical libraries that reserve much and use little.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from azureml_emulator.batch.failure import Failure
from azureml_emulator.batch.spec import NodeSize

if TYPE_CHECKING:
    from collections.abc import Mapping

GIB = 1024**3

# Cores and GiB of memory; Azure "Sizes for virtual machines" documentation.
VM_SIZES: dict[str, tuple[int, float]] = {
    "standard_d1": (1, 3.5),
    "standard_d2": (2, 7),
    "standard_d3": (4, 14),
    "standard_d4": (8, 28),
    "standard_d11": (2, 14),
    "standard_d12": (4, 28),
    "standard_d13": (8, 56),
    "standard_d14": (16, 112),
    "standard_d1_v2": (1, 3.5),
    "standard_d2_v2": (2, 7),
    "standard_d3_v2": (4, 14),
    "standard_d4_v2": (8, 28),
    "standard_d5_v2": (16, 56),
    "standard_d11_v2": (2, 14),
    "standard_d12_v2": (4, 28),
    "standard_d13_v2": (8, 56),
    "standard_d14_v2": (16, 112),
    "standard_a1_v2": (1, 2),
    "standard_a2_v2": (2, 4),
    "standard_a4_v2": (4, 8),
    "standard_a8_v2": (8, 16),
    "standard_nc6": (6, 56),
    "standard_nc12": (12, 112),
    "standard_nc24": (24, 224),
}
MEMORY_PER_CORE = {"d": 4, "ds": 4, "e": 8, "es": 8, "f": 2, "fs": 2, "b": 4, "bs": 4, "l": 8, "ls": 8}
"""GiB for each core in the families whose size names carry the number of cores (``D4s_v3``: 4 cores)."""

MAX_PROCESSES = 512
DISK_RESERVE = GIB
MODERN = re.compile(r"standard_([a-z])(\d+)[a-z]*(s?)[a-z]*(_v\d+)?$")


def node_size(vm_size: str, machine_memory: int | None = None) -> NodeSize:
    """Look up a VM size such as ``STANDARD_D2_V2`` (2 cores, 7 GB), in any case.

    A size that is not known, or is larger than this machine, is limited by the machine alone. Storage
    variants (``DS2_v2``) have the cores and memory of their plain sizes.
    """
    available = machine_memory if machine_memory is not None else psutil.virtual_memory().total
    cores_here = os.cpu_count() or 1
    name = vm_size.lower()
    known = VM_SIZES.get(name) or VM_SIZES.get(re.sub(r"^standard_ds", "standard_d", name))
    if known is None and (match := MODERN.match(name)) and match[1] in MEMORY_PER_CORE:
        known = (int(match[2]), int(match[2]) * MEMORY_PER_CORE[match[1]])
    if known is None:
        return NodeSize(vm_size, cores_here, available)
    return NodeSize(vm_size, known[0], min(int(known[1] * GIB), available))


def threads_per_worker(node: NodeSize, concurrency: int, workers: int) -> int:
    """Threads that one worker's numerical libraries may use, so that workers do not fight over cores."""
    return max(1, min(node.cores // concurrency, (os.cpu_count() or 1) // workers))


def thread_variables(threads: int) -> dict[str, str]:
    """The environment variables by which numerical libraries are told a number of threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS")
    return dict.fromkeys(names, str(threads))


@dataclass(frozen=True)
class Usage:
    """What one worker and everything that it started use: bytes of memory, number of processes."""

    memory: int
    processes: int


def measure(workers: Mapping[int, int]) -> dict[int, Usage]:
    """Measure the process trees of workers, given as key → pid, in one pass over the process table."""
    children: dict[int, list[int]] = {}
    memory: dict[int, int] = {}
    for process in psutil.process_iter(["pid", "ppid", "memory_info"]):
        found = process.info
        children.setdefault(found["ppid"], []).append(found["pid"])
        memory[found["pid"]] = found["memory_info"].rss if found["memory_info"] else 0
    usages = {}
    for key, pid in workers.items():
        tree = [pid]
        for member in tree:
            tree.extend(children.get(member, ()))
        usages[key] = Usage(sum(memory.get(member, 0) for member in tree), len(tree))
    return usages


def judge_node(node: NodeSize, usages: dict[int, Usage]) -> tuple[int, Failure] | None:
    """Return the worker (by its key) that must be stopped on one node, and why; ``None`` when all is well."""
    if not usages:
        return None
    crowd = max(usages, key=lambda key: usages[key].processes)
    if usages[crowd].processes > MAX_PROCESSES:
        title = f"the worker was stopped: it had started more than {MAX_PROCESSES} processes"
        return crowd, Failure("too_many_processes", title)
    total = sum(usage.memory for usage in usages.values())
    if node.memory and total > node.memory:
        largest = max(usages, key=lambda key: usages[key].memory)
        title = (
            f"the worker was stopped: it used {usages[largest].memory / GIB:.2f} GB, and the node's processes "
            f"together {total / GIB:.2f} GB, above the {node.memory / GIB:.2f} GB of {node.name}"
        )
        return largest, Failure("out_of_memory", title)
    return None


def disk_failure(folder: str, reserve: int = DISK_RESERVE) -> Failure | None:
    """Say so when the job has filled the disk down to the reserve."""
    free = shutil.disk_usage(folder).free
    if free >= reserve:
        return None
    title = f"only {free / GIB:.2f} GB are left on the disk of {folder}; the job was stopped to keep a reserve"
    return Failure("disk", title)
