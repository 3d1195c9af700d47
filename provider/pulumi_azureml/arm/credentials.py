"""Bearer tokens from azure-identity. A credential comes from the environment, never from a stack's state."""

from __future__ import annotations

import logging
import os
import re
import threading
from typing import TYPE_CHECKING, Protocol

from .errors import AuthenticationError, TransportError
from .settings import Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


class TokenSource(Protocol):
    """Gives the bearer token for an audience, `arm` or `ml`."""

    def token(self, audience: str) -> str:
        """The token; raise AuthenticationError when none can be had."""
        ...

    def renew(self) -> None:
        """Forget what is cached: the service has refused it."""


# Authorities whose discovery document login.microsoftonline.com vouches for. For any other one (a sovereign
# or local identity service) azure-identity would ask that public host first and must be told not to.
_KNOWN_AUTHORITIES = ("login.microsoftonline.com", "login.microsoftonline.us", "login.chinacloudapi.cn")

# How azure-identity's text tells that nobody answered, rather than that somebody refused.
_UNREACHABLE = ("Connection refused", "Failed to establish a new connection", "Failed to resolve", "timed out")


class AzureIdentity:
    """Tokens by `DefaultAzureCredential`: service principal, workload and managed identity, Azure CLI and others.

    Built at the first token, for importing azure-identity takes a third of a second that a preview
    without changes need not pay. azure-identity caches tokens and renews them before they expire.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._credential: TokenCredential | None = None

    def token(self, audience: str) -> str:
        """The bearer token for `arm` or `ml`; the error says which sign-ins were tried."""
        from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError  # noqa: PLC0415 - slow import

        scope = self._settings.scope(audience)
        try:
            with self._lock:
                credential = self._credential = self._credential or _default_credential()
            return credential.get_token(scope).token
        except (ClientAuthenticationError, ServiceRequestError, ValueError) as error:
            kind = TransportError if any(sign in str(error) for sign in _UNREACHABLE) else AuthenticationError
            raise kind("get a token", scope, message=_tried(str(error))) from None

    def renew(self) -> None:
        """Build the credential anew at the next token."""
        with self._lock:
            self._credential = None


def _tried(text: str) -> str:
    """azure-identity's account of its attempts, a line each: `AzureCliCredential: Azure CLI not found on path`."""
    attempts = re.findall(r"^\s*(\w+Credential): (.+)$", text, re.MULTILINE)
    lines = [f"{name}: {reason.split('. ')[0].removeprefix(f'{name} ').rstrip('.')}" for name, reason in attempts]
    return "no sign-in worked\n    " + "\n    ".join(lines) if lines else text.strip()


def _default_credential() -> TokenCredential:
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - slow import

    # It logs each failed attempt as a warning, which the engine would show beside the error that says the same.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    authority = os.environ.get("AZURE_AUTHORITY_HOST", "")
    known = not authority or any(host in authority for host in _KNOWN_AUTHORITIES)
    return DefaultAzureCredential(disable_instance_discovery=not known)
