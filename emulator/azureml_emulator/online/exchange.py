"""One request to an inference server, over its Unix socket: as lean as it can be, for it is on every request's way.

The server's sync workers close the connection after each answer, so an exchange is a connection: it ends when the
answer is complete or the connection is lost, whether or not anybody waits for it.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import httptools

_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"server", b"date"})

_SMALL = 64 * 1024
_MOST_READ = 256 * 1024
_QUEUE_PAUSE = 0.01


class ExchangeError(Exception):
    """The server could not be reached, or broke off before its answer was complete; the text says which."""


class Exchange:
    """Sends a request and collects the answer. ``on_end`` is called once, when it is over.

    It works on the socket itself: connecting to a Unix socket does not wait, so the server has the request before
    the event loop goes on, which an asyncio transport would need two more rounds for.
    """

    def __init__(self, request: bytes, on_end: Callable[[], None]) -> None:
        self._request: bytes | memoryview = request
        self._on_end: Callable[[], None] | None = on_end
        self._parser = httptools.HttpResponseParser(self)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(0)
        self._loop = asyncio.get_running_loop()
        self._writing = False
        self._waiter: asyncio.Future[None] | None = None
        self._chunks: list[bytes] = []
        self._small = False
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
        self._close()
        self._end()

    async def head(self) -> None:
        """Wait until status and headers are there, and the body's beginning; raises :class:`ExchangeError`.

        Of a small body all is waited for: it is passed on in one piece with the head.
        """
        while not self._has_beginning() or self._forsaken:
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

    # -- the socket ----------------------------------------------------------------------------------------

    async def send(self, path: str) -> None:
        """Connect and send the request; raises ``OSError`` when nobody listens."""
        while True:
            try:
                self._socket.connect(path)
                break
            except BlockingIOError:  # more callers than the server's queue holds
                await asyncio.sleep(_QUEUE_PAUSE)
        self._loop.add_reader(self._socket, self._readable)
        self._write()

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._request)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._lost()
            return
        whole = sent == len(self._request)
        if not whole and not self._writing:
            self._request = memoryview(self._request)
            self._loop.add_writer(self._socket, self._write)
        elif whole and self._writing:
            self._loop.remove_writer(self._socket)
        self._writing = not whole
        self._request = self._request[sent:]

    def _readable(self) -> None:
        try:
            data = self._socket.recv(_MOST_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.abandon()
        self._wake()

    def _lost(self) -> None:
        """The server has closed; an answer without a length is complete now."""
        if self.has_head and not self.complete and not self._has_length():
            self.complete = True
        self.abandon()
        self._wake()

    def _close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            if self._writing:
                self._loop.remove_writer(self._socket)
            self._socket.close()

    # -- httptools -----------------------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header of the answer."""
        name = name.lower()
        self.headers.append((name, value))
        if name == b"content-length":
            self._small = int(value) <= _SMALL

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
        self.abandon()

    def passed_on(self) -> list[tuple[bytes, bytes]]:
        """The answer's headers that are the client's business."""
        return [pair for pair in self.headers if pair[0] not in _HOP_BY_HOP]

    def _has_beginning(self) -> bool:
        return self.complete or (self.has_head and bool(self._chunks) and not self._small)

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


async def exchange(path: str, request: bytes, on_end: Callable[[], None]) -> Exchange:
    """Send a request; raises :class:`ExchangeError` when nobody listens, and then ``on_end`` has been called."""
    under_way = Exchange(request, on_end)
    try:
        await under_way.send(path)
    except OSError as error:
        under_way.abandon()
        raise ExchangeError(f"the model's server does not listen ({error})") from error
    except BaseException:
        under_way.abandon()
        raise
    return under_way
