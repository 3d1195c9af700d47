"""What a scoring script cannot use up: memory, processes, disk. Real scripts that try, on nodes that have little."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from azureml_emulator.batch import limits
from azureml_emulator.batch.process_tree import Usage
from azureml_emulator.batch.spec import NodeSize
from emulator.batch_support import Bench, Result, alive

MIB = 1 << 20


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def node(*, memory: int = 4096 * MIB, disk: int = 0, processes: int = 512) -> NodeSize:
    return NodeSize("STANDARD_TINY", 2, memory, disk, processes)


def run(bench: Bench, script: str, size: NodeSize, **scoring: object) -> Result:
    return bench.script(script).files("a.txt").scoring(**{"timeout": 60.0, **scoring}).job(node=size).run()


def test_a_script_that_writes_one_huge_file_is_refused_and_named(bench: Bench) -> None:
    script = """
        import os
        def run(mini_batch):
            with open(os.path.join(os.environ["TMPDIR"], "huge"), "wb") as file:
                for _ in range(100):
                    file.write(bytes(1 << 20))
            return mini_batch
    """
    result = run(bench, script, node(disk=8 * MIB))
    assert "run() raised OSError: [Errno 27] File too large" in result.error
    assert "where:  score.py:6 in run" in result.error
    assert "choose a VM size with more disk" in result.error
    assert (bench.folder / "job/nodes/node000/tmp/huge").stat().st_size == 8 * MIB


@pytest.mark.parametrize("place", ["TMPDIR", "HOME", "AZUREML_BI_OUTPUT_PATH"])
def test_a_script_that_fills_the_disk_with_many_files_is_stopped_and_named(bench: Bench, place: str) -> None:
    script = f"""
        import itertools, os, time
        def run(mini_batch):
            for number in itertools.count():
                with open(os.path.join(os.environ["{place}"], str(number)), "wb") as file:
                    file.write(bytes(1 << 20))
                time.sleep(0.01)
    """
    result = run(bench, script, node(disk=8 * MIB))
    assert result.status == "Failed"
    assert "and STANDARD_TINY has 0.01 GB of disk" in result.error
    assert "remove its temporary files" in result.error
    assert limits.size_below([bench.folder / "job"]) < 400 * MIB


def test_a_script_that_prints_without_end_is_stopped(bench: Bench) -> None:
    script = """
        import os
        def run(mini_batch):
            while True:
                os.write(1, b"x" * 100_000)
    """
    assert run(bench, script, node(disk=8 * MIB)).status == "Failed"
    assert (bench.folder / "job/step/logs/user/stdout/node000/process000.stdout.txt").stat().st_size <= 8 * MIB


def test_a_full_disk_of_the_machine_stops_the_job_before_nothing_is_left(tmp_path: Path) -> None:
    assert limits.disk_failure(tmp_path, reserve=0) is None
    failure = limits.disk_failure(tmp_path, reserve=1 << 60)
    assert failure is not None
    assert "the job was stopped to keep a reserve" in failure.title


# Bounded on its own too, so that a failing test leaves the machine alone: at most 300 processes, for 60 s.
BOMB = """
    import mmap, os, signal, time
    def run(mini_batch):
        count = mmap.mmap(-1, 8)
        end = time.monotonic() + 60
        ESCAPE
        while time.monotonic() < end:
            if int.from_bytes(count[:8], "little") >= 300:
                time.sleep(0.1)
                continue
            count[:8] = (int.from_bytes(count[:8], "little") + 1).to_bytes(8, "little")
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                INHERITED
        os._exit(0)
"""


def bombs_left(bench: Bench) -> list[int]:
    """Processes that still work in the job's folders."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cwd().startswith(str(bench.folder / "job")) and alive(process.pid):
                found.append(process.pid)
    return found


@pytest.mark.parametrize(
    "inherited",
    ["pass", "os.setsid()", "os.setsid(); os.fork() and os._exit(0)"],
    ids=["in its group", "in sessions of their own", "as orphans"],
)
def test_a_fork_bomb_is_stopped_and_nothing_of_it_is_left(bench: Bench, inherited: str) -> None:
    script = BOMB.replace("ESCAPE", "pass").replace("INHERITED", inherited)
    result = run(bench, script, node(processes=60))
    assert result.status == "Failed"
    assert "the worker was stopped: it had started more than 60 processes" in result.error or (
        "its scripts had left" in result.error and "processes running in the background" in result.error
    )
    assert "do not start processes without end" in result.error
    assert bombs_left(bench) == []


def test_a_script_may_use_many_short_lived_processes(bench: Bench) -> None:
    script = """
        import os, time
        def run(mini_batch):
            end = time.monotonic() + 1.2
            for _ in range(80):
                if os.fork() == 0:
                    os.setsid()
                    if os.fork() == 0:
                        os._exit(0)
                    os._exit(0)
                os.wait()
            while time.monotonic() < end:
                time.sleep(0.05)
            return mini_batch
    """
    assert run(bench, script, node(processes=60)).status == "Completed"


def test_memory_beyond_the_node_stops_the_worker_and_names_the_vm_size(bench: Bench) -> None:
    script = """
        import time
        def run(mini_batch):
            data = bytearray(400 << 20)
            time.sleep(60)
    """
    result = run(bench, script, node(memory=200 * MIB))
    assert "above the 0.20 GB of STANDARD_TINY" in result.error
    assert "choose a larger VM size" in result.error


def test_the_memory_of_a_workers_children_counts(bench: Bench) -> None:
    script = """
        import subprocess, sys
        def run(mini_batch):
            subprocess.run([sys.executable, "-c", "import time; data = bytearray(400 << 20); time.sleep(60)"])
    """
    assert "above the 0.20 GB of STANDARD_TINY" in run(bench, script, node(memory=200 * MIB)).error


def test_memory_that_forked_children_share_counts_once(bench: Bench) -> None:
    script = """
        import os, time
        data = bytes(range(256)) * (200 << 12)
        def run(mini_batch):
            children = [os.fork() for _ in range(1)]
            for _ in range(3):
                if children[-1]:
                    children.append(os.fork())
            if not children[-1]:
                time.sleep(1.5)
                os._exit(0)
            for child in children:
                os.waitpid(child, 0)
            return mini_batch
    """
    assert run(bench, script, node(memory=500 * MIB)).status == "Completed"


def test_the_largest_worker_of_a_full_node_is_stopped() -> None:
    size = NodeSize("D2", 2, 1000)
    assert limits.too_much_memory(size, {1: Usage(400, 1), 2: Usage(500, 1)}) is None
    verdict = limits.too_much_memory(size, {1: Usage(400, 1), 2: Usage(700, 1)})
    assert verdict is not None
    assert (verdict[0], verdict[1].cause) == (2, "out_of_memory")


def test_workers_write_no_core_dumps_and_know_their_limits(bench: Bench) -> None:
    script = """
        import resource
        def run(mini_batch):
            names = ("RLIMIT_CORE", "RLIMIT_FSIZE", "RLIMIT_NPROC")
            return [" ".join(str(resource.getrlimit(getattr(resource, name))[0]) for name in names)]
    """
    core, size, processes = run(bench, script, node(disk=64 * MIB)).rows[0].split()
    assert (core, size) == ("0", str(64 * MIB))
    hard = os.sysconf("SC_CHILD_MAX")
    assert int(processes) >= limits.SPARE_PROCESSES or int(processes) == hard
