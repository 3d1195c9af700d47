"""The proxy's port, which shells remember: the same at every start, if it is still free."""

from __future__ import annotations

import json
import random
import socket
from pathlib import Path
from typing import Any

from azureml_emulator.files import write_atomic
from azureml_emulator.process import listen as listen_on
from azureml_emulator.proxy.upstream import UpstreamProxy

HOST = "127.0.0.1"
_PORTS = range(20000, 30000)
"""Below what systems give to outgoing connections, so that none of them has the port at the next start."""
_ATTEMPTS = 50


def listen(home: Path, wanted: int) -> socket.socket:
    """A listening socket on ``wanted``; on 0, the port of the last start, else a free one.

    Raises ``OSError`` when a port that was asked for is taken.
    """
    if wanted:
        return listen_on(HOST, wanted)
    before = _remembered(home).get("port")
    ports = [*([before] if isinstance(before, int) else []), *random.sample(_PORTS, _ATTEMPTS)]
    for port in ports:
        try:
            return listen_on(HOST, port)
        except OSError:
            continue
    return listen_on(HOST, 0)


def remember(home: Path, port: int) -> UpstreamProxy | None:
    """Remember the port and the proxy of this process's environment, and return that proxy.

    A shell that was led to this emulator names the emulator's own proxy: then it is the one from before.
    """
    upstream = UpstreamProxy.of_environment()
    before = _remembered(home)
    own = {(HOST, port), ("localhost", port), (HOST, before.get("port")), ("localhost", before.get("port"))}
    if upstream is not None and upstream.address in own:
        upstream = UpstreamProxy(**before["upstream"]) if before.get("upstream") else None
    kept = {"url": upstream.url, "bypassed": upstream.bypassed} if upstream is not None else None
    write_atomic(_file(home), json.dumps({"port": port, "upstream": kept}).encode())
    return upstream


def _remembered(home: Path) -> dict[str, Any]:
    try:
        found = json.loads(_file(home).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _file(home: Path) -> Path:
    return home / "proxy.json"
