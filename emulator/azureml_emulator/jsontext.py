"""Reading JSON documents as the service reads them."""

from __future__ import annotations

import re
from typing import Any

import orjson

from azureml_emulator.http import ServiceError

_TRAILING_COMMA = re.compile(rb'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')
_DEEPEST = 100


def parse_json(data: bytes) -> Any:
    """The document in a request body; commas before a closing bracket are forgiven.

    Raises :class:`ServiceError` 400 for what is not JSON, or nested deeper than any real document.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        try:
            document = orjson.loads(_TRAILING_COMMA.sub(lambda match: match[1] or b"", data))
        except orjson.JSONDecodeError:
            raise _refuse(str(error)) from None
    if data.count(b"{") + data.count(b"[") > _DEEPEST and _depth(document) > _DEEPEST:
        raise _refuse(f"it is nested more than {_DEEPEST} levels deep")
    return document


def _depth(document: Any) -> int:
    level: list[Any] = [document]
    depth = 0
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return depth


def _refuse(reason: str) -> ServiceError:
    return ServiceError(
        400,
        "InvalidRequestContent",
        f"The request content was invalid and could not be deserialized: '{reason}'.",
    )
