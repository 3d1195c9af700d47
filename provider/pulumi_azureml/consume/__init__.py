"""Consume what was deployed: score with real-time endpoints; invoke batch endpoints, watch their jobs,
fetch and read the predictions."""

from __future__ import annotations

from .batch import BatchClient
from .errors import (
    ConsumeError,
    InputError,
    JobCanceledError,
    JobFailedError,
    ModelError,
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
from .online import EndpointKeys, EndpointToken, OnlineClient, Scored
from .online_endpoint import OnlineEndpoint
from .progress import Progress
from .request import InvokeOptions
from .rows import convert, read_rows
from .stack import Stack

__all__ = [
    "BatchClient",
    "BatchJob",
    "ConsumeError",
    "EndpointKeys",
    "EndpointToken",
    "InputError",
    "InvokeOptions",
    "JobCanceledError",
    "JobFailedError",
    "JobFailure",
    "ModelError",
    "OnlineClient",
    "OnlineEndpoint",
    "OutputError",
    "Progress",
    "RowsError",
    "Scored",
    "Stack",
    "StackError",
    "StorageError",
    "WatchCancelledError",
    "WatchTimeoutError",
    "convert",
    "generate_client",
    "read_rows",
]
