"""Starts a command within bounds: ``python -I -S leash.py PARENT LIMITS COMMAND``, replaced by bash at once.

Run by file name, standard library only. ``PARENT`` is the driver's pid, without which the command ends; ``LIMITS``
a JSON object as :func:`azureml_emulator.batch.worker.guard.limit` takes it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from azureml_emulator.batch.worker import guard

    guard.die_with_parent(int(sys.argv[1]))
    guard.limit(json.loads(sys.argv[2]))
    os.execv("/bin/bash", ["/bin/bash", "-c", sys.argv[3]])  # noqa: S606 - the command of the component
