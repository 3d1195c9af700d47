"""``azureml_user.parallel_run``: the helper that Azure ML offers to scoring scripts, and Python's own logging.

As in the service ("Troubleshooting the ParallelRunStep"): what goes to the root logger is written to the process's
standard output, from the deployment's logging level on; ``EntryScript().logger`` writes a log of its own,
``logs/user/entry_script_log/<node>/<process>.log.txt``.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from types import ModuleType

FORMAT = "%(asctime)s|%(levelname)s|%(process)d|%(name)s|%(message)s"


class EntryScript:
    """The process's one helper object.

    ``logger`` writes to the process's own log file; ``log_dir`` is the folder of that file, for further files
    that are to be seen as logs; ``agent_name`` is the process's name, such as ``process000``; ``output_dir`` is
    the output folder that all workers share.
    """

    logger: logging.Logger
    log_dir: str
    agent_name: str
    output_dir: str
    _only: EntryScript | None = None

    def __new__(cls) -> EntryScript:
        """Return the same object every time."""
        if cls._only is None:
            cls._only = super().__new__(cls)
        return cls._only


def offer(log_dir: str, process_name: str, level: str) -> None:
    """Set up Python's logging, and let the script import ``EntryScript``."""
    logging.basicConfig(stream=sys.stdout, level=level, format=FORMAT)
    Path(log_dir).mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(str(Path(log_dir, process_name + ".log.txt")), encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter(FORMAT))
    helper = EntryScript()
    helper.logger = logging.getLogger("entry_script")
    helper.logger.propagate = False
    helper.logger.addHandler(handler)
    helper.log_dir = log_dir
    helper.agent_name = process_name
    helper.output_dir = os.environ["AZUREML_BI_OUTPUT_PATH"]
    package, module = ModuleType("azureml_user"), ModuleType("azureml_user.parallel_run")
    vars(module)["EntryScript"] = EntryScript
    vars(package)["parallel_run"] = module
    sys.modules.update({"azureml_user": package, "azureml_user.parallel_run": module})
