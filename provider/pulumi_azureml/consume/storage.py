"""The storage client's errors in our words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import StorageError


@contextmanager
def storage_errors(operation: str, again: str) -> Iterator[None]:
    """Turn what azure-storage-blob raises into a :class:`StorageError`.

    Its own texts can hold a signed URL, so only status, code and kind are taken over. ``operation`` says in
    words what was tried and on what; ``again`` is what to do when the storage did not answer.
    """
    from azure.core.exceptions import AzureError, HttpResponseError  # noqa: PLC0415 - slow import

    try:
        yield
    except HttpResponseError as error:
        code = getattr(error, "error_code", None) or error.reason or "no code"
        raise StorageError(
            f"Cannot {operation}: the storage answered {error.status_code} {getattr(code, 'value', code)}.\n"
            "  what to do: check that the datastore's credential may list, read and write its container."
        ) from None
    except AzureError as error:
        raise StorageError(
            f"Cannot {operation}: the storage did not answer ({type(error).__name__}).\n  what to do: {again}"
        ) from None
