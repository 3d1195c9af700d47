"""What an Azure VM size gives a node: cores, memory and temporary disk, as far as this machine has them."""

from __future__ import annotations

import os
import re

import psutil

from azureml_emulator.batch.spec import NodeSize

GIB = 1024**3

# Cores, GiB of memory, GiB of temporary disk; Azure "Sizes for virtual machines" documentation.
VM_SIZES: dict[str, tuple[int, float, int]] = {
    "standard_d1": (1, 3.5, 50),
    "standard_d2": (2, 7, 100),
    "standard_d3": (4, 14, 200),
    "standard_d4": (8, 28, 400),
    "standard_d11": (2, 14, 100),
    "standard_d12": (4, 28, 200),
    "standard_d13": (8, 56, 400),
    "standard_d14": (16, 112, 800),
    "standard_d1_v2": (1, 3.5, 50),
    "standard_d2_v2": (2, 7, 100),
    "standard_d3_v2": (4, 14, 200),
    "standard_d4_v2": (8, 28, 400),
    "standard_d5_v2": (16, 56, 800),
    "standard_d11_v2": (2, 14, 100),
    "standard_d12_v2": (4, 28, 200),
    "standard_d13_v2": (8, 56, 400),
    "standard_d14_v2": (16, 112, 800),
    "standard_a1_v2": (1, 2, 10),
    "standard_a2_v2": (2, 4, 20),
    "standard_a4_v2": (4, 8, 40),
    "standard_a8_v2": (8, 16, 80),
    "standard_b1ls": (1, 0.5, 4),
    "standard_b1s": (1, 1, 4),
    "standard_b1ms": (1, 2, 4),
    "standard_b2s": (2, 4, 8),
    "standard_b2ms": (2, 8, 16),
    "standard_nc6": (6, 56, 340),
    "standard_nc12": (12, 112, 680),
    "standard_nc24": (24, 224, 1440),
}
MEMORY_PER_CORE = {"d": 4, "e": 8, "f": 2, "l": 8}
"""GiB for each core in the families whose size names carry the number of cores (``D4s_v3``: 4 cores)."""
DISK_PER_CORE = 25
"""GiB of temporary disk for each core of those families, where they have any."""
OTHER_DISK = 100
"""GiB of disk for a size that is not known."""
_MODERN = re.compile(r"standard_([a-z])(\d+)[a-z]*(_v\d+)?$")


def node_size(vm_size: str, machine_memory: int | None = None) -> NodeSize:
    """Look up a VM size such as ``STANDARD_D2_V2`` (2 cores, 7 GB, 100 GB of disk), in any case.

    A size that is not known, or is larger than this machine, is limited by the machine alone. Storage
    variants (``DS2_v2``) have the cores and memory of their plain sizes.
    """
    available = machine_memory if machine_memory is not None else psutil.virtual_memory().total
    name = vm_size.lower()
    known = VM_SIZES.get(name) or VM_SIZES.get(re.sub(r"^standard_ds", "standard_d", name))
    if known is None and (match := _MODERN.match(name)) and match[1] in MEMORY_PER_CORE:
        cores = int(match[2])
        known = (cores, cores * MEMORY_PER_CORE[match[1]], cores * DISK_PER_CORE)
    if known is None:
        return NodeSize(vm_size, os.cpu_count() or 1, available, OTHER_DISK * GIB)
    return NodeSize(vm_size, known[0], min(int(known[1] * GIB), available), known[2] * GIB)
