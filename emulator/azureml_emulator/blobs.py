"""The way to the blobs: ``/blob/{account}.blob.{suffix}/...`` is passed on to Azurite, streaming both ways.

Shared access signatures are computed over the account, container and blob, not over this address, and pass
unchanged. Requests with the account's key or a token are signed anew for the path inside (see ``blob_access``).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from starlette.types import Receive, Scope, Send

from azureml_emulator.blob_access import admit
from azureml_emulator.contents import LARGEST
from azureml_emulator.http import ServiceError
from azureml_emulator.upstream import Response, UpstreamError
from azureml_emulator.urls import BLOB_PREFIX

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator

_LOG = logging.getLogger(__name__)

_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"expect", b"te", b"trailer", b"upgrade", b"proxy-connection"})
_NOT_REQUEST = _HOP_BY_HOP | {b"host"}
_NOT_RESPONSE = _HOP_BY_HOP | {b"transfer-encoding", b"date", b"server"}
_COPY_SOURCE = b"x-ms-copy-source"
_CREATED = 201
# Contents are kept for jobs not one by one, but so many or so much of them at once.
_TOGETHER_SECONDS, _TOGETHER_BYTES = 0.1, 8 << 20


class ClientGoneError(Exception):
    """The client closed the connection before its request was complete."""


class BlobProxy:
    """Passes blob requests to the emulator's Azurite."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._seen: dict[str, bytes] = {}
        self._seen_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and its answer back."""
        self._emulator.counters.request("blob", scope["method"], "blobs")
        started = False
        try:
            sent = bytearray() if _is_small_blob(scope) else None
            response = await self._forward(scope, receive, sent)
            if response.status == _CREATED and _completes_blob(scope):
                self._emulator.counters.uploaded_blob()
                self._remember(sent, response)
            headers = [(name, value) for name, value in response.headers if name not in _NOT_RESPONSE]
            await send({"type": "http.response.start", "status": response.status, "headers": headers})
            started = True
            reads = scope["method"] == "GET" and b"comp=" not in scope["query_string"]
            async for piece in response.body:
                if reads:
                    self._emulator.counters.downloaded_bytes(len(piece))
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except ClientGoneError:
            return
        except ServiceError as error:
            await _refuse(send, error)
        except UpstreamError as error:
            _LOG.warning("blob service: %s", error)
            if started:
                raise
            busy = "The emulator's blob service did not answer; try again."
            await _refuse(send, ServiceError(503, "ServerBusy", busy))

    def _remember(self, sent: bytearray | None, response: Response) -> None:
        """Keep the content of a small blob for jobs, which then need not fetch it."""
        digest = dict(response.headers).get(b"content-md5")
        if sent is None or not digest:
            return
        if not self._seen:
            asyncio.get_running_loop().call_later(_TOGETHER_SECONDS, self._keep)
        self._seen[base64.b64decode(digest).hex()] = bytes(sent)
        self._seen_bytes += len(sent)
        if self._seen_bytes > _TOGETHER_BYTES:
            self._keep()

    def _keep(self) -> None:
        seen, self._seen, self._seen_bytes = self._seen, {}, 0
        if seen:
            asyncio.get_running_loop().run_in_executor(None, self._emulator.contents.add, seen)

    async def _forward(self, scope: Scope, receive: Receive, sent: bytearray | None) -> Response:
        upstream = await self._emulator.storage.ready()
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        target = self._internal(raw_path.partition(b"?")[0])
        asked = b"".join(target.split(b"/")[2:3]).decode("latin-1")
        await self._emulator.storage.ensure_default_containers(asked)
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        headers = [(b"host", f"{upstream.host}:{upstream.port}".encode())]
        has_body = False
        for name, value in scope["headers"]:
            if name in _NOT_REQUEST:
                continue
            if name in {b"content-length", b"transfer-encoding"}:
                has_body = value != b"0"
            headers.append((name, self._copy_source(value) if name == _COPY_SOURCE else value))
        headers = admit(self._emulator, scope, target.partition(b"?")[0], headers)
        return await upstream.request(scope["method"], target, headers, self._body(receive, sent) if has_body else None)

    async def _body(self, receive: Receive, sent: bytearray | None) -> AsyncIterator[bytes]:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            if piece := message.get("body"):
                self._emulator.counters.uploaded_bytes(len(piece))
                if sent is not None:
                    sent += piece
                yield piece
            if not message.get("more_body"):
                return

    def _internal(self, raw_path: bytes) -> bytes:
        """Azurite's path for a public one: the account without its host suffix, the rest untouched."""
        account, slash, rest = raw_path[len(BLOB_PREFIX) :].partition(b"/")
        name = account.partition(b".")[0]
        if name != self._emulator.storage.account_name.encode():
            raise ServiceError(
                404, "ResourceNotFound", f"The emulator has no storage account '{name.decode('latin-1')}'."
            )
        return b"/" + name + slash + rest

    def _copy_source(self, url: bytes) -> bytes:
        """Azurite reads copy sources itself, so it is given its own address for them."""
        public = self._emulator.own.real_address(url.decode("latin-1"))
        rest = public.removeprefix(f"{self._emulator.urls.blob_endpoint}/")
        return url if rest == public else f"{self._emulator.storage.internal_url}/{rest}".encode("latin-1")


def _completes_blob(scope: Scope) -> bool:
    """Whether a successful request made a whole blob of what the client sent: Put Blob or Put Block List."""
    query = scope["query_string"]
    if scope["method"] != "PUT" or b"restype=" in query or any(name == _COPY_SOURCE for name, _ in scope["headers"]):
        return False
    return b"comp=" not in query or b"comp=blocklist" in query


def _is_small_blob(scope: Scope) -> bool:
    """Whether a request puts a whole blob that is small enough to be kept for jobs."""
    if not _completes_blob(scope) or b"comp=" in scope["query_string"]:
        return False
    length = dict(scope["headers"]).get(b"content-length", b"")
    return bool(length.isdigit()) and int(length) <= LARGEST


async def _refuse(send: Send, error: ServiceError) -> None:
    text = f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message></Error>"
    body = f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()
    headers = [
        (b"content-type", b"application/xml"),
        (b"content-length", str(len(body)).encode()),
        (b"x-ms-error-code", error.code.encode()),
        *((name.lower().encode(), value.encode("latin-1", "replace")) for name, value in error.headers.items()),
    ]
    with contextlib.suppress(OSError):
        await send({"type": "http.response.start", "status": error.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
