"""The names that requests come by: Azure's own host names, or the emulator's own address.

Inside there are the service's addresses alone. A request by a real host name (through the proxy) is moved to
the place of that name and answered as it is. For a request by the emulator's own address, addresses are
translated at the door: ``https://127.0.0.1:7443/blob/...`` in a body that comes in becomes a blob address of
the service, and every address of the service in the answer becomes one under the emulator's own origin. So
what is stored is the same whichever way it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from azureml_emulator.urls import ARM_HOST, BLOB_PREFIX, INFERENCE_SUFFIX, Side, Urls, place

WAY = "azureml.way"
"""The key of a request's :class:`Way` in its ASGI scope."""

_FREE_TEXT = frozenset(
    {
        *("tags", "Tags", "description", "Description", "environmentVariables", "EnvironmentVariables"),
        *("environment_variables", "command"),  # of components
    }
)
"""What belongs to users whatever it says: never translated."""

_REAL = re.compile(r"https://(?P<host>[-a-zA-Z0-9.]+)(?=[/?#\s'\",;)]|$)")
_LOGIN = frozenset({"oauth2", "v2.0", ".well-known", "discovery"})
_ARM = frozenset({"subscriptions", "providers", "tenants", "metadata"})


@dataclass(frozen=True)
class Way:
    """How one request came: the origin that it named, and whether that is a real host name."""

    base: str
    own: OwnAddress
    real: bool

    def read(self, raw: bytes, document: Any) -> Any:
        """A request's document with the service's addresses; ``raw`` are the bytes that it was read from.

        Clients may send on by a real name what they got by the emulator's own.
        """
        return self.own.read(raw, document)

    def write(self, document: Any, *, error: bool) -> bytes:
        """An answer's document as JSON with the addresses of this way; errors hold them within their texts."""
        data = orjson.dumps(document)
        if self.real or (b"https://" not in data and b'"accountName"' not in data):
            return data
        return orjson.dumps(self.own.text_of(document) if error else self.own.of(document))

    def header(self, value: str) -> str:
        """An answer's header with the addresses of this way."""
        return value if self.real else self.own.text(value)


class OwnAddress:
    """Translates between the service's addresses and those under the emulator's own ``origin``."""

    def __init__(self, origin: str, urls: Urls) -> None:
        self.origin = origin
        self._account = urls.account
        authority = origin.removeprefix("https://")
        self._account_name = f"{authority}{BLOB_PREFIX}{urls.account}"
        hosts = {authority.rpartition(":")[0], "127.0.0.1", "localhost", "[::1]"}
        self._hosts = tuple(host.encode() for host in hosts)
        names = "|".join(re.escape(host) for host in sorted(hosts))
        self._own = re.compile(rf"(?:https://)?(?:{names})(?::\d+)?(?P<path>/.*)", re.IGNORECASE | re.DOTALL)

    def of(self, document: Any) -> Any:
        """A document with its addresses under the own origin."""
        return _changed(document, self._out)

    def text_of(self, document: Any) -> Any:
        """A document with the addresses within all of its texts under the own origin."""
        return _changed(document, lambda _key, text: self.text(text))

    def text(self, text: str) -> str:
        """A text with the addresses in it under the own origin."""
        return _REAL.sub(self._replaced, text)

    def read(self, raw: bytes, document: Any) -> Any:
        """A document with the service's addresses where it has the emulator's own; ``raw`` are its bytes."""
        if not any(host in raw for host in self._hosts):
            return document
        return self.real(document)

    def real(self, document: Any) -> Any:
        """A document with the service's addresses where it has the emulator's own, of whatever port."""
        return _changed(document, lambda _key, text: self.real_address(text))

    def real_address(self, text: str) -> str:
        """The service's address for one of the emulator's own; any other text as it is."""
        match = self._own.fullmatch(text)
        if match is None:
            return text
        path = match["path"]
        head, _, rest = path[1:].partition("/")
        first = head.lower()
        if first == "subscriptions":
            return f"https://{ARM_HOST}{path}"
        if first not in {"blob", "inference"}:
            return text
        name, slash, rest = rest.partition("/")
        if first == "inference":
            return f"https://{name}.{INFERENCE_SUFFIX}{slash}{rest}"
        if name == self._account and not slash:
            return self._account
        return f"https://{name}{slash}{rest}" if place(name.partition("?")[0]) is not None else text

    def _out(self, key: str, text: str) -> str:
        if key == "accountName" and text == self._account:
            return self._account_name
        match = _REAL.match(text)
        return text if match is None else self._replaced(match) + text[match.end() :]

    def _replaced(self, match: re.Match[str]) -> str:
        found = place(match["host"])
        if found is None or (found.side == "blob" and found.account != self._account):
            return match[0]
        return self.origin + found.prefix


class Front:
    """Brings every request to its place in the application, whichever host name it came by."""

    def __init__(self, app: ASGIApp, own: OwnAddress) -> None:
        self._app = app
        self._own = Way(own.origin, own, real=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        name = _name_of(host)
        found = place(name)
        if found is None:
            scope[WAY] = self._own
            await self._app(scope, receive, send)
            return
        path: bytes = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
        if not found.prefix and _side(path.decode("latin-1")) != found.side:
            await _nothing_here(name, path.decode("latin-1"), send)
            return
        scope[WAY] = Way(f"https://{name}", self._own.own, real=True)
        scope["raw_path"] = found.prefix.encode() + path
        scope["path"] = found.prefix + scope["path"]
        await self._app(scope, receive, send)


def address_of(scope: Scope) -> str:
    """The address that a request was sent to, without its query."""
    way: Way = scope[WAY]
    path: str = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0].decode("latin-1")
    if way.real:
        found = place(urlsplit(way.base).hostname or "")
        path = path.removeprefix(found.prefix) if found is not None else path
    return way.base + path


def _name_of(host: str) -> str:
    """A host name without its port."""
    name, _, port = host.rpartition(":")
    return name if name and port.isdecimal() else host


def _side(path: str) -> Side | None:
    """The side of the service that a path belongs to; ``None`` for the emulator's own."""
    segments = path.lower().strip("/").split("/")
    if segments[0] in _ARM:
        return "arm"
    if segments[0] == "_emulator":
        return None
    if segments[0] in {"blob", "inference"}:
        return "blob" if segments[0] == "blob" else "inference"
    if segments[0] != "discovery" and len(segments) > 1 and segments[1] in _LOGIN:
        return "login"
    return "services"


def _changed(value: Any, change: Callable[[str, str], str], key: str = "") -> Any:
    if isinstance(value, str):
        return change(key, value)
    if isinstance(value, Mapping):
        return {name: item if name in _FREE_TEXT else _changed(item, change, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_changed(item, change, key) for item in value]
    return value


async def _nothing_here(host: str, path: str, send: Send) -> None:
    message = f"{host} has nothing at '{path}'."
    body = orjson.dumps({"error": {"code": "NotFound", "message": message}})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": body})
