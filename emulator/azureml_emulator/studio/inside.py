"""Asking a real-time endpoint from inside: through the router that its callers meet, without a connection.

The studio signs in as a caller would: with the endpoint's key, or a token for it. The browser sees neither.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azureml_emulator.front import WAY
from azureml_emulator.online import access

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Message, Scope

    from azureml_emulator.store import Document
    from azureml_emulator.studio.frame import Visit

_OK = 200


@dataclass
class Answer:
    """What an endpoint answered, and after how many seconds."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether it is an answer of the model."""
        return self.status == _OK

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def document(self) -> Any:
        """The body as JSON, ``None`` where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


async def ask(
    visit: Visit,
    endpoint: Document,
    method: str,
    path: str,
    *,
    query: str = "",
    body: bytes = b"",
    deployment: str | None = None,
) -> Answer:
    """Send a request to an endpoint; ``path`` is ``/score`` or ``/swagger.json``."""
    emulator = visit.emulator
    headers = [
        (b"authorization", f"Bearer {access.bearer(emulator, endpoint)}".encode()),
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if deployment:
        headers.append((b"azureml-model-deployment", deployment.encode()))
    place = urlsplit(emulator.own.text(str(endpoint["properties"]["scoringUri"]))).path.rpartition("/")[0] + path
    scope: Scope = {
        **{key: visit.request.scope[key] for key in ("type", "asgi", "http_version", WAY)},
        "method": method,
        "path": place,
        "raw_path": place.encode(),
        "query_string": query.encode(),
        "headers": headers,
    }
    answer, pieces = Answer(), []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
        else:
            pieces.append(message.get("body", b""))

    begun = time.perf_counter()
    await visit.online(scope, receive, send)
    answer.seconds, answer.body = time.perf_counter() - begun, b"".join(pieces)
    return answer
