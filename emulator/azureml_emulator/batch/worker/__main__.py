"""Starts a worker: ``python …/worker/__main__.py COMMANDS REPLIES PARENT``: two descriptors and the driver's pid."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[3])
from azureml_emulator.batch.worker import guard  # noqa: E402 - found by the line above
from azureml_emulator.batch.worker.script import Worker  # noqa: E402

sys.path[0] = ""  # the scoring script's folder comes here; nothing of the emulator's can be imported by it


def main() -> None:
    """Obey the driver until it is gone."""
    descriptors = [int(argument) for argument in sys.argv[1:3]]
    guard.die_with_parent(int(sys.argv[3]))
    guard.keep_to_oneself(descriptors)
    commands, replies = os.fdopen(descriptors[0], "rb"), os.fdopen(descriptors[1], "wb")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    Worker(commands, replies).serve()


if __name__ == "__main__":
    main()
