"""The Swagger document of an online endpoint: the inference server's own, with the address that callers use."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson


def with_address(base: str, body: bytes) -> bytes:
    """A Swagger 2 or OpenAPI 3 document with the endpoint's address in it.

    The inference server knows its paths only, and is served under the root of a host name in Azure; by the
    emulator's own address they lie below ``base``.
    """
    document: dict[str, Any] = orjson.loads(body)
    if "openapi" in document:
        document["servers"] = [{"url": base}]
    else:
        parts = urlsplit(base)
        document |= {"host": parts.netloc, "basePath": parts.path or "/"}
    return orjson.dumps(document)
