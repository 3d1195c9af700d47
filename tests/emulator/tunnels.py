"""Tunnels through a proxy, a TLS server under a name of its own, and another proxy, for tests."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from azureml_emulator.tls import Certificates, ensure_certificates


def connect(proxy: str, target: str) -> tuple[socket.socket, str, str]:
    """Ask a proxy for a tunnel; return the connection, the status line and the body of a refusal."""
    return send(proxy, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())


def send(proxy: str, request: bytes) -> tuple[socket.socket, str, str]:
    """Send bytes to a proxy; return the connection, the status line and the body of its answer."""
    parts = urlsplit(proxy)
    connection = socket.create_connection((parts.hostname, parts.port), timeout=60)
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer and (data := connection.recv(65536)):
        answer += data
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
    while len(body) < length and (data := connection.recv(65536)):
        body += data
    return connection, lines[0], body.decode()


def request(connection: socket.socket, name: str, authority: Path, path: str = "/") -> tuple[bytes, dict]:
    """Speak TLS with the server behind a tunnel; return its answer to a GET and its certificate."""
    context = ssl.create_default_context(cafile=str(authority))
    with context.wrap_socket(connection, server_hostname=name) as secure:
        certificate = secure.getpeercert() or {}
        secure.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while data := secure.recv(65536):
            answer += data
        return answer, certificate


class _Hello(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        with contextlib.suppress(OSError):
            secure = self.server.context.wrap_socket(self.request, server_side=True)  # type: ignore[attr-defined]
            heard = b""
            while b"\r\n\r\n" not in heard and (data := secure.recv(65536)):
                heard += data
            secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
            secure.close()


class _Relay(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (data := self.request.recv(65536)):
            head += data
        upstream: Upstream = self.server.upstream  # type: ignore[attr-defined]
        upstream.heads.append(head.decode())
        if upstream.refuses:
            self.request.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", upstream.leads_to)) as server:
            self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=_copy, args=(server, self.request))
            back.start()
            _copy(self.request, server)
            back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@dataclass
class Upstream:
    """A proxy that leads every tunnel to one local port, whatever name it was asked for."""

    leads_to: int
    port: int = 0
    refuses: bool = False
    heads: list[str] = field(default_factory=list)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True


@contextlib.contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])  # type: ignore[index,arg-type]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def tls_server(folder: Path, name: str) -> Iterator[tuple[int, Certificates]]:
    """A TLS server on a local port that says hello, with a certificate of its own authority."""
    certificates = ensure_certificates(folder, [name])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chain, certificates.key)
    server = _Server(("127.0.0.1", 0), _Hello)
    server.context = context  # type: ignore[attr-defined]
    with _running(server) as port:
        yield port, certificates


@contextlib.contextmanager
def upstream_proxy(leads_to: int) -> Iterator[Upstream]:
    """Another proxy on this machine."""
    upstream = Upstream(leads_to)
    server = _Server(("127.0.0.1", 0), _Relay)
    server.upstream = upstream  # type: ignore[attr-defined]
    with _running(server) as port:
        upstream.port = port
        yield upstream
