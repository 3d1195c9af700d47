"""The emulator's process: ``python -m azureml_emulator.server`` serves until it is told to stop.

Users start it with ``azureml-emulator start``; tests with :mod:`azureml_emulator.testing`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import ssl
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import uvicorn

from azureml_emulator import proxy
from azureml_emulator.app import App
from azureml_emulator.connection import Connection
from azureml_emulator.emulator import Emulator
from azureml_emulator.faults import FaultyApp
from azureml_emulator.files import write_atomic
from azureml_emulator.front import Front
from azureml_emulator.process import EXIT_HOME_TAKEN, EXIT_PORT_TAKEN, EXIT_PROXY_PORT_TAKEN, hold_home, listen
from azureml_emulator.settings import DEFAULT_PORT, LongRunning, Settings, default_home
from azureml_emulator.tls import HostContexts, ensure_certificates

_LOG = logging.getLogger(__name__)
_NAMES = ("127.0.0.1", "localhost", "::1")
_CLOSE_SECONDS = 5
_DROP_SECONDS = 0.05


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve; returns the exit code."""
    settings, until_stdin_ends = _parse(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(hold_home(settings.home))
        except BlockingIOError:
            _LOG.error("another emulator is using %s", settings.home)
            return EXIT_HOME_TAKEN
        try:
            listener = stack.enter_context(listen(settings.host, settings.port))
        except OSError as error:
            _LOG.error("cannot listen on %s port %s: %s", settings.host, settings.port, error)
            return EXIT_PORT_TAKEN
        try:
            proxy_listener = stack.enter_context(proxy.listen(settings.home, settings.proxy_port))
        except OSError as error:
            _LOG.error("the proxy cannot listen on port %s: %s", settings.proxy_port, error)
            return EXIT_PROXY_PORT_TAKEN
        import uvloop  # noqa: PLC0415 - absent on Windows, where this module does not run

        port: int = listener.getsockname()[1]
        bound = replace(settings, port=port, proxy_port=proxy_listener.getsockname()[1])
        uvloop.run(_serve(bound, (listener, proxy_listener), until_stdin_ends=until_stdin_ends))
    return 0


class Server(uvicorn.Server):
    """A server that stops cleanly and soon.

    uvicorn's own raises signals again once it has stopped serving, which would end the process before the
    emulator has stopped; and it closes idle connections with a TLS farewell that an idle client never answers.
    Its connections come by the proxy too.
    """

    def __init__(
        self, config: uvicorn.Config, emulator: Emulator, proxy_listener: socket.socket, contexts: HostContexts
    ) -> None:
        super().__init__(config)
        self._proxy_listener = proxy_listener
        self._proxy = proxy.Proxy(
            serve=self._protocol,
            context=contexts.context,
            dialer=proxy.Dialer(proxy.remember(emulator.home, emulator.settings.proxy_port)),
            tally=emulator.counters,
        )

    def _protocol(self) -> Connection:
        return Connection(self.config, self.server_state, self.lifespan.state)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start serving, directly and by the proxy."""
        await super().startup(sockets)
        await self._proxy.start(self._proxy_listener)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop serving on SIGINT and SIGTERM."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.leave)
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish the requests that are under way and drop the connections that have none."""
        dropping = asyncio.create_task(self._drop_idle())
        await self._proxy.stop()
        try:
            await super().shutdown(sockets)
        finally:
            dropping.cancel()

    async def _drop_idle(self) -> None:
        while True:
            for connection in list(self.server_state.connections):
                if isinstance(connection, Connection) and (
                    connection.cycle is None or connection.cycle.response_complete
                ):
                    connection.transport.abort()
            await asyncio.sleep(_DROP_SECONDS)

    def drop(self, client: tuple[str, int]) -> None:
        """Break the connection from a client's address, without a farewell."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, Connection) and connection.client == tuple(client):
                connection.transport.abort()

    def leave(self) -> None:
        """Stop serving after the requests that are under way."""
        self.should_exit = True


async def _serve(settings: Settings, listeners: tuple[socket.socket, socket.socket], *, until_stdin_ends: bool) -> None:
    listener, proxy_listener = listeners
    emulator = Emulator(settings)
    names = [*_NAMES, settings.host] if settings.host not in {"0.0.0.0", "::", *_NAMES} else list(_NAMES)  # noqa: S104
    certificates = ensure_certificates(settings.home / "tls", names)
    config = uvicorn.Config(
        Front(FaultyApp(App(emulator), emulator.faults), emulator.own),
        loop="uvloop",
        http=Connection,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_CLOSE_SECONDS,
        ssl_certfile=str(certificates.chain),
        ssl_keyfile=str(certificates.key),
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )
    server = Server(config, emulator, proxy_listener, HostContexts(certificates))
    emulator.faults.drop = server.drop
    if until_stdin_ends:
        await _stop_with_stdin(server)
    await emulator.start()
    state = settings.home / "emulator.json"
    description = {
        "pid": os.getpid(),
        "origin": emulator.own.origin,
        "host": settings.host,
        "port": settings.port,
        "proxy": f"http://{proxy.HOST}:{settings.proxy_port}",
        "lro": str(settings.long_running),
        "started": emulator.clock.timestamp(),
    }
    write_atomic(state, json.dumps(description, indent=2).encode())
    _LOG.info("serving %s from %s", emulator.own.origin, settings.home)
    if not settings.loopback_only:
        _LOG.warning("listening on %s: other machines can reach this emulator", settings.host)
    try:
        await server.serve(sockets=[listener])
    finally:
        state.unlink(missing_ok=True)
        await emulator.stop()
        _LOG.info("stopped")


async def _stop_with_stdin(server: Server) -> None:
    """Let the server stop when standard input ends, as it does when the parent process dies."""

    class Watch(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
            server.leave()

    await asyncio.get_running_loop().connect_read_pipe(Watch, sys.stdin.buffer)


def _parse(arguments: Sequence[str] | None) -> tuple[Settings, bool]:
    parser = argparse.ArgumentParser(prog="python -m azureml_emulator.server", description=__doc__)
    parser.add_argument("--home", type=Path, default=None)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one")
    parser.add_argument("--proxy-port", type=int, default=0, help="0 takes the one it had before, else a free one")
    parser.add_argument("--lro", type=LongRunning.parse, default=LongRunning())
    parser.add_argument("--until-stdin-ends", action="store_true", help="stop when standard input ends")
    parser.add_argument("--no-blobs", action="store_true", help="do not start the blob service")
    given = parser.parse_args(arguments)
    home = given.home.expanduser().absolute() if given.home else default_home()
    settings = Settings(home, given.host, given.port, given.lro, not given.no_blobs, given.proxy_port)
    return settings, given.until_stdin_ends


if __name__ == "__main__":
    sys.exit(main())
