"""Consume what was deployed: score with real-time endpoints; invoke batch endpoints, watch their jobs,
fetch and read the predictions."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "BatchClient": "batch",
    "BatchJob": "jobs",
    "ConsumeError": "errors",
    "EndpointKeys": "online",
    "EndpointToken": "online",
    "InputError": "errors",
    "InvokeOptions": "request",
    "JobCanceledError": "errors",
    "JobFailedError": "errors",
    "JobFailure": "failure",
    "ModelError": "errors",
    "OnlineClient": "online",
    "OnlineEndpoint": "online_endpoint",
    "OutputError": "errors",
    "Progress": "progress",
    "RowsError": "errors",
    "Scored": "online",
    "Stack": "stack",
    "StackError": "errors",
    "StorageError": "errors",
    "WatchCancelledError": "errors",
    "WatchTimeoutError": "errors",
    "convert": "rows",
    "generate_client": "generate",
    "read_rows": "rows",
}


def __getattr__(name: str) -> Any:
    # Imported at their first use: a command that needs one of them does not pay for all.
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
