"""Connections to hosts that are not Azure's: direct ones, or through the proxy of the emulator's own environment."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote, urlsplit
from urllib.request import (  # type: ignore[attr-defined]  # typeshed lacks the second
    getproxies_environment,
    proxy_bypass_environment,
)

from azureml_emulator.proxy import policy

CONNECT_SECONDS = 15.0
_LARGEST_HEAD = 64 * 1024
_OK = 200

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class DialError(Exception):
    """A host cannot be reached: ``status`` is for the client, the text says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class UpstreamProxy:
    """Another proxy, that hosts outside ``bypassed`` (the value of NO_PROXY) are reached through."""

    url: str = field(repr=False)
    bypassed: str = ""

    @classmethod
    def of_environment(cls) -> Self | None:
        """The proxy for HTTPS that this process's environment names; ``None`` without one."""
        found = getproxies_environment()
        url = found.get("https") or found.get("all")
        return cls(url if "://" in url else f"http://{url}", found.get("no", "")) if url else None

    @property
    def address(self) -> tuple[str, int]:
        """Its host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)

    def __str__(self) -> str:
        """Its address without credentials."""
        return f"{urlsplit(self.url).scheme}://{self.address[0]}:{self.address[1]}"

    def serves(self, host: str) -> bool:
        """Whether a host is reached through it."""
        return not proxy_bypass_environment(host, {"no": self.bypassed})

    async def open(self, host: str, port: int) -> Streams:
        """A tunnel through it; raises :class:`DialError`."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"}:
            raise DialError(502, f"the proxy {self} of the emulator's environment is not an http:// or https:// one")
        context = ssl.create_default_context() if parts.scheme == "https" else None
        try:
            reader, writer = await asyncio.open_connection(*self.address, ssl=context, limit=_LARGEST_HEAD)
        except OSError as error:
            raise DialError(502, f"the proxy {self} of the emulator's environment: {error}") from error
        try:
            writer.write(self._request(f"[{host}]:{port}" if ":" in host else f"{host}:{port}"))
            line, _, _ = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
            status = int(line.split(b" ", 2)[1])
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, IndexError) as error:
            writer.close()
            raise DialError(502, f"the proxy {self} of the emulator's environment gave no answer") from error
        except BaseException:
            writer.close()
            raise
        if status != _OK:
            writer.close()
            said = line.decode("latin-1").partition(" ")[2]
            raise DialError(502, f"the proxy {self} of the emulator's environment refused {host}: {said}")
        return reader, writer

    def _request(self, target: str) -> bytes:
        parts = urlsplit(self.url)
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair).decode()}")
        return "\r\n".join([*lines, "", ""]).encode()


class Dialer:
    """Opens connections to hosts outside, through ``upstream`` where there is one."""

    def __init__(self, upstream: UpstreamProxy | None) -> None:
        self._upstream = upstream

    async def open(self, host: str, port: int) -> Streams:
        """A connection to a host; raises :class:`DialError`."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if self._upstream is not None and self._upstream.serves(host):
                    return await self._upstream.open(host, port)
                return await self._direct(host, port)
        except TimeoutError:
            raise DialError(504, f"{host}:{port} did not answer within {CONNECT_SECONDS:g} s") from None

    async def resolve(self, host: str, port: int) -> Mapping[str, None]:
        """The numeric addresses of a host, in the order to try them."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise DialError(502, f"{host} has no address: {error}") from error
        return dict.fromkeys(str(entry[4][0]) for entry in found)

    async def _direct(self, host: str, port: int) -> Streams:
        # Connected to is what was looked at: a name that resolves otherwise a moment later changes nothing.
        found = await self.resolve(host, port)
        usable = [address for address in found if policy.allowed(address)]
        if not usable:
            raise DialError(403, policy.private(host))
        failure: OSError | None = None
        for address in usable:
            try:
                return await asyncio.open_connection(address, port)
            except OSError as error:
                failure = error
        raise DialError(502, f"{host}:{port} cannot be reached: {failure}")
