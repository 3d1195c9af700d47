"""A proxy, and a stand-in for the hosts of any cloud behind it, that remember what they were asked."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from azureml_emulator.tls import ensure_certificates

Address = tuple[str, int]


@contextlib.contextmanager
def connect_proxy(route: Callable[[Address], Address]) -> Iterator[tuple[str, list[Address]]]:
    """A proxy that understands CONNECT; yields its address and the addresses it was asked for."""
    asked: list[Address] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            method, target, _ = self.rfile.readline().decode().split()
            while self.rfile.readline().strip():
                pass
            assert method == "CONNECT"
            host, _, port = target.rpartition(":")
            asked.append((host, int(port)))
            with socket.create_connection(route((host, int(port)))) as server:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                up = threading.Thread(target=pump, args=(self.connection, server), daemon=True)
                up.start()
                pump(server, self.connection)
                up.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server, serving(server):
        yield f"http://127.0.0.1:{server.server_address[1]}", asked


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def cloud(hosts: list[str], suffix: str, home: Path) -> Iterator[tuple[Address, Path, list[tuple[str, str]]]]:
    """Identity, ARM and storage of a cloud under its real names: just enough for one upload.

    Yields its address, the authority that its certificates are from, and what it was asked: host, and path or,
    for a token, its scope.
    """
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status: int, body: Any = None, **headers: str) -> None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else b""
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            host, path = str(self.headers["Host"]), self.path.partition("?")[0]
            asked.append((host, path))
            if ".well-known" in path:
                tenant = f"https://{host}/t"
                urls = {"token_endpoint": f"{tenant}/token", "authorization_endpoint": f"{tenant}/a", "issuer": tenant}
                self.answer(200, urls)
            elif ".blob." in host:
                self.answer(200, b"<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>",
                            Content_Type="application/xml")  # fmt: skip
            else:
                place = {"accountName": "store", "containerName": "files", "endpoint": suffix, "protocol": "https"}
                self.answer(200, {"properties": {"datastoreType": "AzureBlob", **place}})

        def do_HEAD(self) -> None:
            asked.append((str(self.headers["Host"]), self.path.partition("?")[0]))
            self.answer(404, x_ms_error_code="BlobNotFound")

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"] or 0)).decode())
            asked.append((str(self.headers["Host"]), form.get("scope", [self.path.partition("?")[0]])[0]))
            token = {"access_token": "opaque", "expires_in": 3600, "token_type": "Bearer"}
            self.answer(200, token if "scope" in form else {"secretsType": "Sas", "sasToken": "sv=2024-11-04&sig=x"})

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            asked.append((str(self.headers["Host"]), self.path.partition("?")[0]))
            made = {"ETag": '"1"', "Last_Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
            self.answer(201 if "comp=metadata" not in self.path else 200, **made)

        def log_message(self, *_arguments: Any) -> None:
            return

    files = ensure_certificates(home, hosts)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.chain, files.key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        with serving(server):
            yield ("127.0.0.1", server.server_address[1]), files.authority, asked
