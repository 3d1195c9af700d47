"""A lean HTTP/1.1 client for one loopback server: pooled connections, bodies streamed both ways.

It only forwards: what a general client does with every header (parsing, merging, redirects, decoding)
would cost more than Azurite's own work on a small blob.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

Headers = Sequence[tuple[bytes, bytes]]

_CHUNK = 256 * 1024
_LIMIT = 1024 * 1024
_IDLE_SECONDS = 60.0
_POOL = 64
_NO_BODY = frozenset({204, 304})


class UpstreamError(Exception):
    """The server did not answer, or not in HTTP."""


@dataclass
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    idle_since: float = 0.0

    def usable(self) -> bool:
        fresh = time.monotonic() - self.idle_since < _IDLE_SECONDS
        return fresh and not self.reader.at_eof() and not self.writer.is_closing()


@dataclass(frozen=True)
class Response:
    """Status, headers as received, and the body as an iterator of chunks that must be read to its end."""

    status: int
    headers: Headers
    body: AsyncIterator[bytes]


class Upstream:
    """Connections to one ``host:port``."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._idle: deque[_Connection] = deque()

    def close(self) -> None:
        """Drop the idle connections."""
        while self._idle:
            self._idle.pop().writer.close()

    async def request(
        self, method: str, target: bytes, headers: Headers, body: AsyncIterator[bytes] | None = None
    ) -> Response:
        """Send one request and return as soon as the answer's head is there.

        ``body`` needs a ``content-length`` or ``transfer-encoding: chunked`` in ``headers``. Raises
        :class:`UpstreamError`.
        """
        connection = await self._connect()
        try:
            await _send(connection.writer, method, target, headers, body)
            status, answer_headers = await _head(connection.reader)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            connection.writer.close()
            raise UpstreamError(f"{type(error).__name__}: {error}") from error
        except BaseException:
            connection.writer.close()
            raise
        return Response(status, answer_headers, self._body(connection, method, status, answer_headers))

    async def _connect(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable():
                return connection
            connection.writer.close()
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port, limit=_LIMIT)
        except OSError as error:
            raise UpstreamError(str(error)) from error
        return _Connection(reader, writer)

    async def _body(self, connection: _Connection, method: str, status: int, headers: Headers) -> AsyncIterator[bytes]:
        lengths = {name: value for name, value in headers if name in {b"content-length", b"transfer-encoding"}}
        keep = dict(headers).get(b"connection", b"").lower() != b"close"
        done = False
        try:
            if method == "HEAD" or status in _NO_BODY:
                pass
            elif b"chunked" in lengths.get(b"transfer-encoding", b"").lower():
                async for piece in _chunks(connection.reader):
                    yield piece
            elif b"content-length" in lengths:
                async for piece in _exactly(connection.reader, int(lengths[b"content-length"])):
                    yield piece
            else:
                keep = False
                while piece := await connection.reader.read(_CHUNK):
                    yield piece
            done = True
        finally:
            if done and keep and len(self._idle) < _POOL:
                connection.idle_since = time.monotonic()
                self._idle.append(connection)
            else:
                connection.writer.close()


async def _send(
    writer: asyncio.StreamWriter,
    method: str,
    target: bytes,
    headers: Headers,
    body: AsyncIterator[bytes] | None,
) -> None:
    lines = [method.encode() + b" " + target + b" HTTP/1.1"]
    lines += [name + b": " + value for name, value in headers]
    writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
    if body is None:
        return
    chunked = any(name == b"transfer-encoding" for name, _ in headers)
    # A server that refuses a request may stop reading its body: the answer is there all the same.
    with contextlib.suppress(ConnectionError):
        async for piece in body:
            if chunked and piece:
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            elif piece:
                writer.write(piece)
            await writer.drain()
        if chunked:
            writer.write(b"0\r\n\r\n")


async def _head(reader: asyncio.StreamReader) -> tuple[int, Headers]:
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        status = int(first.split(b" ", 2)[1])
        if status >= 200:  # noqa: PLR2004 - 1xx are interim answers
            break
    headers = []
    for line in lines:
        name, _, value = line.partition(b":")
        headers.append((name.strip().lower(), value.strip()))
    return status, headers


async def _exactly(reader: asyncio.StreamReader, length: int) -> AsyncIterator[bytes]:
    while length:
        piece = await reader.read(min(length, _CHUNK))
        if not piece:
            raise UpstreamError("the answer ended early")
        length -= len(piece)
        yield piece


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        async for piece in _exactly(reader, size):
            yield piece
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
