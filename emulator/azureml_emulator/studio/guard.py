"""What every request to the studio must be, and what every answer of it says to the browser.

- The ``Host`` header is a name that the emulator's certificate has, so that a foreign name which resolves to this
  machine (DNS rebinding) leads nowhere.
- The session is in a ``__Host-`` cookie: HttpOnly, Secure, SameSite=Strict. Cookies do not tell ports apart, so its
  name holds the port.
- A form is sent from the studio's own origin, and holds the session's token. SameSite alone does not keep off other
  servers of this machine: to a browser, they are the same site.
- A page may load nothing but the studio's own files, runs no script within it, and cannot be framed.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azureml_emulator.settings import Settings
    from azureml_emulator.studio.sessions import Session

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""Headers of every answer; an answer's own win."""

FILE_HEADERS: Mapping[str, str] = {"Content-Security-Policy": "default-src 'none'; sandbox"}
"""Headers of an answer that is a user's file."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def cookie_name(port: int) -> str:
    """The name of the session's cookie."""
    return f"__Host-azureml-studio-{port}"


def is_own_host(host: str, settings: Settings) -> bool:
    """Whether a ``Host`` header names this emulator: a name of its certificate, and its port."""
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port or 443
    except ValueError:
        return False
    names = _LOOPBACK | {settings.host.lower()}
    return parts.username is None and (parts.hostname or "") in names and port == settings.port


def is_own_form(headers: Mapping[str, str], form: Mapping[str, object], session: Session) -> bool:
    """Whether a form was sent by one of the session's own pages."""
    own = f"https://{headers.get('host', '')}".lower()
    if headers.get("origin", "").lower() != own or headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    return hmac.compare_digest(str(form.get("form_token", "")).encode(), session.form_token.encode())
