"""Faults on demand: what a client meets when the service or the network has a bad day.

``POST /_emulator/faults`` adds one, ``GET`` lists those that are waiting, ``DELETE`` removes them all. A fault
waits for a request that fits, lets ``skip`` of them pass, and strikes ``times`` times. Operations that were
stuck by one go on once the faults are removed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from azureml_emulator.http import Call, Reply, Route, ServiceError

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator

FAILED, STUCK = "fail-operation", "stuck-operation"

_UNAUTHORIZED = 401
_CODES = {
    _UNAUTHORIZED: "ExpiredAuthenticationToken",
    408: "RequestTimeout",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}


class Fault(BaseModel):
    """One fault.

    ``status``: the request is answered with ``status`` (and ``retryAfter`` seconds) and not taken.
    ``reset``: the connection breaks before the request is taken; ``reset-after``: once it has been taken.
    ``expired-token``: the request is refused with 401, as if its token had just expired, and not taken.
    ``truncate``: the answer breaks off in its middle. ``delay``: the answer comes ``seconds`` late.
    ``fail-operation``: the operation that the request starts ends as Failed; ``stuck-operation``: it never ends.
    """

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    fault: Literal[
        "status",
        "expired-token",
        "reset",
        "reset-after",
        "truncate",
        "delay",
        "fail-operation",
        "stuck-operation",
    ]
    method: str = Field(default="", description="HTTP method; any when empty.")
    path: str = ""
    skip: int = Field(default=0, ge=0)
    times: int = Field(default=1, ge=1)
    status: int = Field(default=503, ge=400, le=599)
    retry_after: int | None = Field(default=None, ge=0)
    seconds: float = Field(default=1.0, ge=0)

    @property
    def of_operation(self) -> bool:
        """Whether it strikes an operation rather than the exchange of a request and its answer."""
        return self.fault.endswith("-operation")

    def fits(self, method: str, path: str) -> bool:
        """Whether it waits for this request; ``path`` is a regular expression, found anywhere in the address."""
        return (not self.method or self.method.upper() == method) and bool(re.search(self.path, path, re.IGNORECASE))


class Faults:
    """The faults that are waiting."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        # Breaks the connection of a client's address; set by the server, which knows the connections.
        self.drop: Callable[[tuple[str, int]], None] = lambda _client: None

    def add(self, fault: Fault) -> None:
        """Let a fault wait for its request."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Forget all faults."""
        self._waiting.clear()

    def describe(self) -> list[dict[str, Any]]:
        """The faults that are waiting, as they were given."""
        return [fault.model_dump(by_alias=True) for fault in self._waiting]

    def take(self, method: str, path: str, *, of_operation: bool) -> Fault | None:
        """The fault that strikes this request or operation, if any; counts it."""
        for fault in self._waiting:
            if fault.of_operation != of_operation or not fault.fits(method, path):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            if not fault.times:
                self._waiting.remove(fault)
            return fault
        return None


class FaultyApp:
    """The application behind the faults."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, unless a fault strikes it."""
        path = scope["path"]
        if scope["type"] != "http" or path.startswith("/_emulator/"):
            await self._app(scope, receive, send)
            return
        fault = self._faults.take(scope["method"], path, of_operation=False)
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.fault == "status":
            await _refuse(fault.status, fault.retry_after, receive, send)
        elif fault.fault == "expired-token":
            await _refuse(_UNAUTHORIZED, None, receive, send)
        elif fault.fault == "reset":
            self._faults.drop(scope["client"])
        elif fault.fault == "reset-after":
            await self._app(scope, receive, _nowhere)
            self._faults.drop(scope["client"])
        elif fault.fault == "delay":
            # Taken at once, answered late: a request that is taken after its client has given up would be
            # a ghost that strikes in the middle of what the client does next.
            answer = await self._kept(scope, receive)
            await asyncio.sleep(fault.seconds)
            for message in answer:
                await send(message)
        else:
            await self._truncate(scope, receive, send)

    async def _kept(self, scope: Scope, receive: Receive) -> list[Message]:
        sent: list[Message] = []

        async def keep(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, keep)
        return sent

    async def _truncate(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Announce the whole answer, send half of it and break the connection."""
        sent = await self._kept(scope, receive)
        body = b"".join(message.get("body", b"") for message in sent)
        await send(sent[0])
        if body:
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            await asyncio.sleep(0)  # the half goes out before the end does
        self._faults.drop(scope["client"])


async def _nowhere(_message: Message) -> None:
    return


async def _refuse(status: int, retry_after: int | None, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass  # a client that is still sending would take an early answer for a broken connection
    code = _CODES.get(status, "InjectedFault")
    body = orjson.dumps({"error": {"code": code, "message": "This fault was asked for."}})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == _UNAUTHORIZED:
        headers.append(
            (b"www-authenticate", b'Bearer error="invalid_token", error_description="The token is expired."')
        )
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _add(call: Call) -> Reply:
    try:
        fault = Fault.model_validate(call.body)
        re.compile(fault.path)
    except (ValidationError, re.error) as error:
        raise ServiceError(400, "BadRequest", f"This is not a fault: {error}") from None
    call.emulator.faults.add(fault)
    return Reply(call.emulator.faults.describe(), 201)


def _list(call: Call) -> Reply:
    return Reply(call.emulator.faults.describe())


def _clear(call: Call) -> Reply:
    call.emulator.faults.clear()
    call.emulator.operations.release()
    return Reply([])


ROUTES = (
    Route("POST", "/_emulator/faults", _add, "control", "faults"),
    Route("GET", "/_emulator/faults", _list, "control", "faults"),
    Route("DELETE", "/_emulator/faults", _clear, "control", "faults"),
)


def strikes_operation(emulator: Emulator, method: str, path: str) -> str:
    """How an operation that begins now is to end: ``""`` as it should, else :data:`FAILED` or :data:`STUCK`."""
    fault = emulator.faults.take(method, path, of_operation=True)
    return "" if fault is None else fault.fault
