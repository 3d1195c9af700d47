"""Bearer tokens from azure-identity. A credential comes from the environment, never from a stack's state."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from .clock import Status, silent
from .errors import AuthenticationError, TransportError
from .settings import CLOUDS, Settings

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential


class TokenSource(Protocol):
    """Gives the bearer token for an audience: `arm`, `ml` or `storage`."""

    def token(self, audience: str, status: Status = silent) -> str:
        """The token; `status` is told when it has to be fetched. AuthenticationError when none can be had."""
        ...

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token as Azure's own clients ask for it."""
        ...

    def renew(self) -> None:
        """Forget what is cached: the service has refused it."""


_RENEWED_SECONDS = 300.0  # before a token ends, as azure-core does
_CLI_SECONDS = 60  # for `az` to give a token: the library's own 10 are too few on a busy machine
# How azure-identity's text tells that nobody answered, rather than that somebody refused.
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
_UNREACHABLE = (
    "Connection refused",
    "Failed to establish a new connection",
    "Failed to resolve",
    "timed out",
    "ProxyError",
)


class AzureIdentity:
    """Tokens by `DefaultAzureCredential`: service principal, workload and managed identity, Azure CLI and others.

    Built at the first token, for importing azure-identity takes a third of a second that a preview
    without changes need not pay. Tokens are kept until shortly before they end: not every credential of
    azure-identity does so itself, that of the Azure CLI would start `az` for each request. It is a credential for
    Azure's own clients, too.

    Args:
        settings: whose cloud it is.
        now: the time, in seconds since 1970, as tokens tell it.
    """

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._now = now
        self._lock = threading.Lock()
        self._credential: TokenCredential | None = None
        self._given: dict[tuple[str, ...], AccessToken] = {}

    def token(self, audience: str, status: Status = silent) -> str:
        """The bearer token for `arm`, `ml` or `storage`; the error says which sign-ins were tried."""
        from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError  # noqa: PLC0415 - slow import

        scope = self._settings.scope(audience)
        try:
            return self._get((scope,), status).token
        except (ClientAuthenticationError, ServiceRequestError, ValueError) as error:
            if _UNTRUSTED in str(error):
                raise TransportError.untrusted("get a token", self._settings.authority) from None
            kind = TransportError if any(sign in str(error) for sign in _UNREACHABLE) else AuthenticationError
            raise kind("get a token", scope, message=_tried(str(error))) from None

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """The token for these scopes, as azure-core's `TokenCredential` gives it, with that one's errors."""
        return self._get(scopes, silent, **options)

    def renew(self) -> None:
        """Build the credential anew at the next token."""
        with self._lock:
            self._credential = None
            self._given.clear()

    def _get(self, scopes: tuple[str, ...], status: Status, **options: Any) -> AccessToken:
        with self._lock:  # or each thread that begins at once would sign in for itself
            if self._credential is None:
                status(f"signing in at {self._settings.authority}")
                self._credential = default_credential(self._settings)
            given = self._given.get(scopes)
            # What is asked for beside the scopes, such as claims, is what the kept one lacks.
            if given is None or options or given.expires_on - self._now() < _RENEWED_SECONDS:
                given = self._given[scopes] = self._credential.get_token(*scopes, **options)
            return given


def _tried(text: str) -> str:
    """azure-identity's account of its attempts, a line each: `AzureCliCredential: Azure CLI not found on path`."""
    attempts = re.findall(r"^\s*(\w+Credential): (.+)$", text, re.MULTILINE)
    lines = [f"{name}: {reason.split('. ')[0].removeprefix(f'{name} ').rstrip('.')}" for name, reason in attempts]
    return "no sign-in worked\n    " + "\n    ".join(lines) if lines else text.strip()


def default_credential(settings: Settings) -> TokenCredential:
    """azure-identity's `DefaultAzureCredential` for the cloud of these settings."""
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - slow import

    # It logs each failed attempt as a warning, which the engine would show beside the error that says the same.
    logging.getLogger("azure.identity").setLevel(logging.ERROR)
    # Any authority but the public cloud's would first be looked up there: a host that a sovereign or a local
    # cloud need not reach, and that knows nothing of the latter.
    public = settings.authority.rstrip("/") == CLOUDS["public"].authority
    return DefaultAzureCredential(
        authority=settings.authority, disable_instance_discovery=not public, process_timeout=_CLI_SECONDS
    )
