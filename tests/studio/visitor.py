"""A signed-in browser as a plain HTTP client: for what a page says, without what a browser makes of it."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from azureml_emulator.testing import RunningEmulator

LOCAL = "/studio/w/local"


def stranger_to(running: RunningEmulator) -> httpx.Client:
    """A client without a session."""
    context = ssl.create_default_context(cafile=str(running.home / "tls" / "ca.pem"))
    return httpx.Client(base_url=running.origin, verify=context, timeout=60)


def address(running: RunningEmulator) -> str:
    """A new address that signs in."""
    return str(running.control("POST", "/_emulator/studio")["url"])


@contextmanager
def guest_of(running: RunningEmulator) -> Iterator[httpx.Client]:
    """A client that has signed in."""
    with stranger_to(running) as opened:
        assert opened.get(address(running)).status_code == 200
        yield opened


def form_token(guest: httpx.Client) -> str:
    """The token of the forms of a session's pages."""
    found = re.search(r'name="form_token" value="([^"]+)"', guest.get(LOCAL).text)
    assert found is not None
    return found[1]


def send(guest: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Send a form as one of the studio's own pages does."""
    origin = str(guest.base_url).rstrip("/")
    return guest.post(path, data={"form_token": form_token(guest), **fields}, headers={"origin": origin})
