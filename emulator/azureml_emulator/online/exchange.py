"""One request to an inference server, over its Unix socket: as lean as it can be, for it is on every request's way.

The server's sync workers close the connection after each answer, so an exchange is a connection: it ends when the
answer is complete or the connection is lost, whether or not anybody waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"server", b"date"})


class ExchangeError(Exception):
    """The server could not be reached, or broke off before its answer was complete; the text says which."""


class Exchange(asyncio.Protocol):
    """Sends a request when connected; collects the answer. ``on_end`` is called once, when it is over."""

    def __init__(self, request: bytes, on_end: Callable[[], None]) -> None:
        self._request = request
        self._on_end: Callable[[], None] | None = on_end
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._chunks: list[bytes] = []
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.has_head = False
        self.complete = False
        self.ended = False
        self._forsaken = False

    def forsake(self) -> None:
        """Wait for nothing more. The server still has the request: the exchange goes on until it is through."""
        self._forsaken = True
        self._wake()

    def abandon(self) -> None:
        """Break the connection; what the server still does with the request is its own business."""
        if self._transport is not None:
            self._transport.abort()
        self._end()

    async def head(self) -> None:
        """Wait until status and headers are there; raises :class:`ExchangeError`."""
        while not self.has_head or self._forsaken:
            self._check("without an answer")
            await self._news()

    async def chunk(self) -> bytes:
        """The next piece of the body, empty at its end; raises :class:`ExchangeError` when it is cut off."""
        while not self._chunks:
            if self.complete:
                return b""
            self._check("in the middle of its answer")
            await self._news()
        piece = b"".join(self._chunks)
        self._chunks.clear()
        return piece

    def _check(self, where: str) -> None:
        if self._forsaken:
            raise ExchangeError("the time of the request is over")
        if self.ended:
            raise ExchangeError(f"the model's server broke off {where}")

    async def _news(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    # -- asyncio.Protocol ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own, of the same methods
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Take in a part of the answer."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.abandon()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The server has closed; an answer without a length is complete now."""
        if self.has_head and not self.complete and not self._has_length():
            self.complete = True
        self._end()
        self._wake()

    # -- httptools -----------------------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of the answer."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The answer's head is there."""
        self.status = self._parser.get_status_code()
        self.has_head = True

    def on_body(self, body: bytes) -> None:
        """A piece of the answer's body."""
        if not self._forsaken:
            self._chunks.append(body)

    def on_message_complete(self) -> None:
        """The answer is complete."""
        self.complete = True
        if self._transport is not None:
            self._transport.close()
        self._end()

    def passed_on(self) -> list[tuple[bytes, bytes]]:
        """The answer's headers that are the client's business."""
        return [pair for pair in self.headers if pair[0] not in _HOP_BY_HOP]

    def _has_length(self) -> bool:
        return any(name in {b"content-length", b"transfer-encoding"} for name, _ in self.headers)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _end(self) -> None:
        self.ended = True
        if self._on_end is not None:
            on_end, self._on_end = self._on_end, None
            on_end()


async def exchange(socket: str, request: bytes, on_end: Callable[[], None]) -> Exchange:
    """Send a request; raises :class:`ExchangeError` when nobody listens, and then ``on_end`` has been called."""
    protocol = Exchange(request, on_end)
    try:
        await asyncio.get_running_loop().create_unix_connection(lambda: protocol, socket)
    except OSError as error:
        protocol.abandon()
        raise ExchangeError(f"the model's server does not listen ({error})") from error
    except BaseException:
        protocol.abandon()
        raise
    return protocol
