"""Blob requests that are signed with the storage account's key.

The signature covers the path that the client asked, which is not the path that the blob service behind is
asked: so it is checked here, as the client made it, and the request is signed anew. Microsoft's documentation:
"Authorize with Shared Key".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from azureml_emulator.http import ServiceError

_SIGNED = (
    b"content-encoding", b"content-language", b"content-length", b"content-md5", b"content-type", b"date",
    b"if-modified-since", b"if-match", b"if-none-match", b"if-unmodified-since", b"range",
)  # fmt: skip
REFUSED = (
    "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
    "including the signature."
)

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Signed:
    """What a signature is made of: method, raw path and query, and the headers with names in lower case."""

    method: str
    path: bytes
    query: bytes
    headers: Headers

    def authorization(self, account: str, key: str, *, order: Callable[[bytes], bytes] | None = None) -> str:
        """The value of ``Authorization``; ``order`` sorts the names of ``x-ms-`` headers, by default by bytes."""
        found: dict[bytes, bytes] = {}
        for name, value in self.headers:
            found[name] = found[name] + b"," + value if name in found else value
        fixed = [found.get(name, b"") for name in _SIGNED]
        fixed[2] = b"" if fixed[2] == b"0" else fixed[2]
        names = sorted((name for name in found if name.startswith(b"x-ms-")), key=order)
        text = b"\n".join([self.method.encode(), *fixed, *(name + b":" + found[name].strip() for name in names), b""])
        text += b"/" + account.encode() + self.path
        values: dict[str, list[str]] = {}
        for parameter, content in parse_qsl(self.query.decode("latin-1"), keep_blank_values=True):
            values.setdefault(parameter.lower(), []).append(content)
        for parameter in sorted(values):
            text += f"\n{parameter}:{','.join(sorted(values[parameter]))}".encode()
        digest = hmac.digest(base64.b64decode(key), text, hashlib.sha256)
        return f"SharedKey {account}:{base64.b64encode(digest).decode()}"


def check(request: Signed, given: str, account: str, keys: Sequence[str]) -> None:
    """Check the ``Authorization`` that a client gave.

    Clients that know the account by a path only take the path for its name, and sign so. Raises
    :class:`ServiceError` 403.
    """
    name = given.removeprefix("SharedKey ").rpartition(":")[0]
    if name.rpartition("/")[2].partition(".")[0] == account:
        for key in keys:
            for order in (None, _culture):
                if hmac.compare_digest(given.encode(), request.authorization(name, key, order=order).encode()):
                    return
    raise ServiceError(403, "AuthenticationFailed", REFUSED)


def sign(request: Signed, account: str, key: str) -> str:
    """The ``Authorization`` of a request to the blob service behind."""
    return request.authorization(account, key, order=_icu)


def _culture(name: bytes) -> bytes:
    """The order of Microsoft's clients: hyphens do not count, underscores come before digits."""
    return name.replace(b"-", b"").replace(b"_", b"\x01") + b"\x00" + name


def _icu(name: bytes) -> bytes:
    """The order of JavaScript's ``localeCompare``: underscores, hyphens, digits, letters."""
    return name.replace(b"_", b"\x01").replace(b"-", b"\x02")
