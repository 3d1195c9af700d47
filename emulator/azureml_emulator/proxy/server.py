"""The proxy's connections: each asks for one tunnel."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Protocol

from azureml_emulator.proxy import policy
from azureml_emulator.proxy.upstream import Dialer, DialError

_LOG = logging.getLogger(__name__)

HEAD_SECONDS = 30.0
_LARGEST_HEAD = 16 * 1024
_CHUNK = 256 * 1024
_END = b"\r\n\r\n"
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Tally(Protocol):
    """Who is told of every tunnel that was asked for."""

    def tunnel(self, verdict: str, host: str) -> None:
        """A tunnel to ``host`` was ``emulated``, ``passed`` or ``refused``."""


class Proxy:
    """Serves CONNECT requests.

    ``serve`` makes the protocol that speaks HTTP with a client once the tunnel to the emulator stands,
    ``context`` the TLS context with a certificate for a host name.
    """

    def __init__(
        self,
        *,
        serve: Callable[[], asyncio.Protocol],
        context: Callable[[str], ssl.SSLContext],
        dialer: Dialer,
        tally: Tally,
    ) -> None:
        self.serve = serve
        self.context = context
        self.dialer = dialer
        self.tally = tally
        self.tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        """Serve on a listening socket."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), sock=listener)

    async def stop(self) -> None:
        """Stop listening and break the tunnels that lead outside."""
        if self._server is not None:
            self._server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class _Connection(asyncio.Protocol):
    """A client's connection until its tunnel stands."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._head = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected; it has some time to say what it wants."""
        self._transport = transport
        self._late = asyncio.get_running_loop().call_later(HEAD_SECONDS, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """It left before it had said that."""
        self._late.cancel()

    def data_received(self, data: bytes) -> None:
        """Take the head of its request."""
        self._head += data
        end = self._head.find(_END)
        if end < 0 and len(self._head) <= _LARGEST_HEAD:
            return
        self._late.cancel()
        self._transport.pause_reading()
        head, rest = self._head[: max(end, 0)], self._head[end + len(_END) :]
        task = asyncio.get_running_loop().create_task(self._take(head, early=bool(rest) or end < 0))
        self._proxy.tasks.add(task)
        task.add_done_callback(self._proxy.tasks.discard)

    async def _take(self, head: bytes, *, early: bool) -> None:
        try:
            await self._open(head.partition(b"\r\n")[0].decode("latin-1").split(" "), early=early)
        except (OSError, DialError) as error:
            self._transport.abort()
            _LOG.info("a tunnel broke: %s", error)
        except asyncio.CancelledError:
            self._transport.abort()
            raise

    async def _open(self, request: list[str], *, early: bool) -> None:
        if len(request) != 3 or not request[2].startswith("HTTP/1."):  # noqa: PLR2004 - method, target, version
            self._answer(
                400, "Bad Request", "This is an HTTPS proxy: it takes HTTP/1.1 requests of the method CONNECT."
            )
            return
        if request[0] != "CONNECT":
            self._answer(
                501,
                "Only CONNECT",
                "This is the emulator's proxy for HTTPS: it takes CONNECT only. Plain http:// addresses are not its "
                "business: unset HTTP_PROXY and ALL_PROXY where they name it.",
            )
            return
        try:
            verdict = policy.judge(request[1])
        except policy.BadTargetError as error:
            self._answer(400, "Bad Request", f"{error}.")
            return
        if early:
            self._answer(400, "Bad Request", "The client sent on before its tunnel stood.")
            return
        if verdict.kind == "passed":
            await self._pass(verdict)
            return
        self._proxy.tally.tunnel(verdict.kind, verdict.host)
        if verdict.kind == "emulated":
            await self._emulate(verdict.host)
        else:
            self._refuse(403, verdict.why)

    async def _emulate(self, host: str) -> None:
        """Become a connection of the emulator's own server, which has a certificate for this name."""
        self._transport.write(_ESTABLISHED)
        protocol = self._proxy.serve()
        try:
            secure = await asyncio.get_running_loop().start_tls(
                self._transport, protocol, self._proxy.context(host), server_side=True
            )
        except (OSError, ssl.SSLError) as error:
            _LOG.warning(
                "a client asked for %s and gave up the TLS handshake (%s); does it know the emulator's "
                "certificates (SSL_CERT_FILE and the like of 'azureml-emulator env')?", host, error,
            )  # fmt: skip
            self._transport.abort()
            return
        assert secure is not None  # noqa: S101 - only transports that are closing give none, after an error
        protocol.connection_made(secure)

    async def _pass(self, verdict: policy.Verdict) -> None:
        """Carry bytes between the client and a host outside, untouched."""
        try:
            reader, writer = await self._proxy.dialer.open(verdict.host, verdict.port)
        except DialError as error:
            self._proxy.tally.tunnel("refused" if error.status == 403 else "failed", verdict.host)  # noqa: PLR2004
            self._refuse(error.status, f"{error}.")
            return
        self._proxy.tally.tunnel("passed", verdict.host)
        client = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(client)
        self._transport.set_protocol(protocol)
        protocol.connection_made(self._transport)
        back = asyncio.StreamWriter(self._transport, protocol, client, asyncio.get_running_loop())
        try:
            back.write(_ESTABLISHED)
            self._transport.resume_reading()
            await asyncio.gather(_carry(client, writer), _carry(reader, back))
        finally:
            writer.close()
            back.close()

    def _refuse(self, status: int, why: str) -> None:
        first = why.partition(". ")[0].rstrip(".")
        _LOG.warning("refused a tunnel: %s", first)
        # The reason phrase is all that most clients show of a refused tunnel.
        self._answer(status, "".join(letter if letter.isprintable() else " " for letter in first), why)

    def _answer(self, status: int, phrase: str, text: str) -> None:
        body = f"azureml-emulator: {text}\n".encode()
        head = (
            f"HTTP/1.1 {status} {phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self._transport.write(head.encode("ascii", "replace") + body)
        self._transport.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way until their end, and pass that end on."""
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
