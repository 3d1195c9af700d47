"""Consume what was deployed: invoke batch endpoints, watch their jobs, fetch and read the predictions."""

from __future__ import annotations

from .batch import BatchClient
from .errors import (
    ConsumeError,
    InputError,
    JobCanceledError,
    JobFailedError,
    OutputError,
    RowsError,
    StackError,
    StorageError,
    WatchCancelledError,
    WatchTimeoutError,
)
from .failure import JobFailure
from .generate import generate_client
from .jobs import BatchJob
from .progress import Progress
from .request import InvokeOptions
from .rows import convert, read_rows

__all__ = [
    "BatchClient",
    "BatchJob",
    "ConsumeError",
    "InputError",
    "InvokeOptions",
    "JobCanceledError",
    "JobFailedError",
    "JobFailure",
    "OutputError",
    "Progress",
    "RowsError",
    "StackError",
    "StorageError",
    "WatchCancelledError",
    "WatchTimeoutError",
    "convert",
    "generate_client",
    "read_rows",
]
