"""The provider's process killed at every request of a create: the next up converges without duplicates and orphans.

An engine that is killed, or interrupted twice, leaves the same behind: what was asked of the service, and a state
without it. `tests/e2e/test_kills.py` does these with the real engine.
"""

from __future__ import annotations

import multiprocessing
import signal
from pathlib import Path

from azureml_emulator.testing import RunningEmulator
from emulator_provider.stack import Stack

from .killing import kept, up_until_killed
from .program import connect
from .test_matrix import converges

# Forked from a process that has loaded everything and has no threads yet: a twentieth of an interpreter's start.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["faults.killing", "azure.identity", "azure.storage.blob", "pulumi_azureml.arm.transport"])


def killed_at(azureml: RunningEmulator, source: Path, place: Path, request: int) -> bool:
    """Run `up` until that request; False when it came to its end before."""
    arguments = (azureml.environment, connect(azureml).settings, source, place, request)
    process = FORKS.Process(target=up_until_killed, args=arguments)
    process.start()
    process.join()
    assert process.exitcode in {0, -signal.SIGKILL}
    return process.exitcode != 0


def test_the_next_up_converges_whichever_request_was_the_last(
    azureml: RunningEmulator, source: Path, tmp_path: Path
) -> None:
    request = 0
    states = set()
    while True:
        (source / "score.py").write_text(f"def run(mini_batch):\n    return mini_batch  # {request}\n")
        place = tmp_path / f"state-{request}"
        if not killed_at(azureml, source, place, request):
            break
        stack = Stack(connect(azureml), "kills", made=kept(place))
        states.add(len(stack.made))
        converges(azureml, stack, source)
        request += 1
    Stack(connect(azureml), "kills", made=kept(place)).destroy()
    assert request > 20, "tokens, ARM and blobs"
    assert states == set(range(7)), "in the middle of each of the seven creates"
