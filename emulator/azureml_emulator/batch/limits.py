"""What a job may use, and which of its workers has to go: memory, processes, disk.

Memory is watched from outside rather than set with ``RLIMIT_AS``, which counts address space and would stop
numerical libraries that reserve much and use little.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from azureml_emulator.batch.failure import Failure
from azureml_emulator.batch.vm_sizes import GIB

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azureml_emulator.batch.process_tree import Usage
    from azureml_emulator.batch.spec import NodeSize

DISK_RESERVE = GIB
BLOCK = 512
"""Bytes of a block, as POSIX counts them."""
SPARE_PROCESSES = 4096
"""What the user who runs the emulator may start beyond what runs when a job begins; a second line of defence."""


def threads_per_worker(node: NodeSize, concurrency: int, workers: int) -> int:
    """Threads that one worker's numerical libraries may use, so that workers do not fight over cores."""
    return max(1, min(node.cores // concurrency, (os.cpu_count() or 1) // workers))


def thread_variables(threads: int) -> dict[str, str]:
    """The environment variables by which numerical libraries are told a number of threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS")
    return dict.fromkeys(names, str(threads))


def resource_limits(node: NodeSize) -> dict[str, int]:
    """The limits that a worker sets on itself, by name: bytes of one file, and processes of the user."""
    threads = 0
    for process in psutil.process_iter(["uids", "num_threads"]):
        if process.info["uids"] and process.info["uids"].real == os.getuid():
            threads += process.info["num_threads"] or 1
    limits = {"processes": threads + SPARE_PROCESSES}
    return {**limits, "file_size": node.disk} if node.disk else limits


def too_many_processes(node: NodeSize, usages: Mapping[int, Usage]) -> tuple[int, Failure] | None:
    """The worker, by its key, that has started more processes than a worker may be."""
    if not usages:
        return None
    crowd = max(usages, key=lambda key: usages[key].processes)
    if usages[crowd].processes <= node.processes:
        return None
    title = f"the worker was stopped: it had started more than {node.processes} processes"
    return crowd, Failure("too_many_processes", title)


def too_much_memory(node: NodeSize, usages: Mapping[int, Usage]) -> tuple[int, Failure] | None:
    """The largest worker of a node, by its key, when the node's workers use more memory than it has."""
    total = sum(usage.memory for usage in usages.values())
    if not node.memory or total <= node.memory:
        return None
    largest = max(usages, key=lambda key: usages[key].memory)
    title = (
        f"the worker was stopped: it used {usages[largest].memory / GIB:.2f} GB, and the node's processes "
        f"together {total / GIB:.2f} GB, above the {node.memory / GIB:.2f} GB of {node.name}"
    )
    return largest, Failure("out_of_memory", title)


def disk_failure(folder: Path, reserve: int = DISK_RESERVE) -> Failure | None:
    """Say so when the disk of the job's folder is filled down to the reserve."""
    free = shutil.disk_usage(folder).free
    if free >= reserve:
        return None
    title = f"only {free / GIB:.2f} GB are left on the disk of {folder}; the job was stopped to keep a reserve"
    return Failure("disk", title)


def quota_failure(node: NodeSize, nodes: int, written: int) -> Failure | None:
    """Say so when a job's scripts have written more than its nodes have of disk."""
    if not node.disk or written <= node.disk * nodes:
        return None
    many = f"{nodes} nodes of {node.name} have" if nodes > 1 else f"{node.name} has"
    title = (
        f"the job was stopped: its scripts had written {written / GIB:.2f} GB, and {many} {node.disk * nodes / GIB:.2f}"
        " GB of disk"
    )
    return Failure("disk_quota", title)


def size_below(folders: list[Path]) -> int:
    """Bytes that the files below some folders take on disk; what cannot be read counts nothing."""
    total, left = 0, [str(folder) for folder in folders]
    while left:
        with suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                    continue
                with suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * BLOCK
    return total
