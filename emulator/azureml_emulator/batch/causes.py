"""The causes of failures that are told apart, how they are recognised, and what to do about each."""

from __future__ import annotations

import errno
from typing import Literal

Cause = Literal[
    "missing_package",
    "missing_file",
    "import_raised",
    "init_raised",
    "run_raised",
    "wrong_return",
    "unreadable_file",
    "out_of_memory",
    "too_many_processes",
    "shortfall",
    "timeout",
    "init_timeout",
    "crash",
    "environment",
    "input",
    "output",
    "model",
    "code",
    "disk",
    "disk_quota",
    "compute",
    "command",
    "command_timeout",
    "internal",
]

UNREADABLE = frozenset(
    {
        "UnidentifiedImageError",
        "UnicodeDecodeError",
        "EmptyDataError",
        "ParserError",
        "BadZipFile",
        "BadGzipFile",
        "ArrowInvalid",
        "JSONDecodeError",
    }
)
"""Exceptions with which well-known readers (Pillow, pandas, pyarrow, json, zipfile) refuse a file."""

FULL_DISK: dict[int, Cause] = {errno.EFBIG: "disk_quota", errno.EDQUOT: "disk_quota", errno.ENOSPC: "disk"}
"""What a failing write means; a file larger than its node's disk is refused by the worker's own limit."""

DISTRIBUTIONS = {
    "attr": "attrs",
    "azure.ai.ml": "azure-ai-ml",
    "azure.identity": "azure-identity",
    "azure.storage.blob": "azure-storage-blob",
    "azureml.core": "azureml-core",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "jwt": "pyjwt",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Module → PyPI distribution, for well-known ones whose names differ."""

FIXES: dict[Cause, str] = {
    "missing_package": "add the package to the pip section of the environment's conda file, then run `pulumi up`",
    "missing_file": "check that the file is part of the model or code folder that was registered; the registered "
    "model folder lies below AZUREML_MODEL_DIR under its own name",
    "import_raised": "correct the scoring script; what stands at its top level runs when it is imported",
    "init_raised": "correct init() in the scoring script; it runs once in every worker process, before any data",
    "run_raised": "correct run() in the scoring script, or catch the exception per file and leave that file's row "
    "out: the shortfall counts as failed items against error_threshold",
    "wrong_return": "return a list with one item per file, or a pandas DataFrame with one row per file",
    "unreadable_file": "replace or remove the file, or skip it in run() and let error_threshold tolerate it",
    "out_of_memory": "lower mini_batch_size or max_concurrency_per_instance, or choose a larger VM size",
    "too_many_processes": "do not start processes without end from the scoring script",
    "shortfall": "return one item per file: min(len(result), len(mini_batch)) items count as succeeded",
    "timeout": "raise retry_settings.timeout, or lower mini_batch_size so that one run() takes less time",
    "init_timeout": "make init() faster: load what was registered with the model rather than download it",
    "crash": "look at the worker's stderr log for native errors; run the file named above alone to reproduce it",
    "environment": "correct the environment's conda file; the words below are the package installer's own",
    "input": "check the input reference: the blobs must exist, in a container that this workspace can read",
    "output": "give another output path or output file name: existing results are never overwritten",
    "model": "check the model's path: it must lead to a file or folder in the workspace's storage",
    "code": "check the code asset and the deployment's scoring script: the script's path starts at the code folder",
    "disk": "free space where the emulator keeps its state, or write less from the scoring script",
    "disk_quota": "write less from the scoring script, remove its temporary files, or choose a VM size with more disk",
    "compute": "create the compute again, or deploy to another one, and submit the job again",
    "command": "correct the component's command or its code; the log has everything that it wrote",
    "command_timeout": "raise limits.timeout of the job in the pipeline, or give the command less to do",
    "internal": "this is a fault of the emulator itself; please report it together with the log",
}
