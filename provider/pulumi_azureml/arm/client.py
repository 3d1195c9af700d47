"""The one request function: token, api-version, retries, throttling, request ids, errors."""

from __future__ import annotations

import copy
import functools
import json as jsonlib
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Self

from .answer import Answer
from .clock import SYSTEM_CLOCK, Clock, Status, silent
from .credentials import AzureIdentity, TokenSource
from .errors import error_from_answer
from .memory import Memory
from .patience import PATIENCE, Patience
from .settings import Settings

if TYPE_CHECKING:
    import requests
    from azure.core.credentials import TokenCredential

    from .transport import Transport

Audience = Literal["arm", "ml", "storage", "none"]

_TIMEOUT = (10.0, 120.0)  # seconds to connect; seconds between two bytes of an answer
_UNAUTHORIZED = 401
_ERROR = 400


class ArmClient:
    """Requests to Azure Resource Manager and to the machine learning data plane.

    Safe to share between threads. `clock` is what every wait below it uses; `timeouts` are the seconds
    to connect and between two bytes of an answer. `memory` is what it and its copies know for a while.
    """

    def __init__(
        self,
        settings: Settings,
        tokens: TokenSource | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
        session: requests.Session | None = None,
        timeouts: tuple[float, float] = _TIMEOUT,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.memory = Memory(clock)
        self._tokens = tokens or AzureIdentity(settings)
        self._transport = functools.cache(functools.partial(_open_transport, session, clock, timeouts))
        self._status: Status = silent

    @classmethod
    def from_settings(cls, settings: Settings) -> ArmClient:
        """A client over the real network, with azure-identity's default credential."""
        return cls(settings)

    def for_workspace(self, workspace_id: str) -> Self:
        """A client of another workspace, by the same sign-in, clock and way to the network."""
        other = copy.copy(self)
        other.settings = self.settings.for_workspace(workspace_id)
        return other

    def reporting(self, status: Status) -> Self:
        """The same client, with the same connections and tokens, which tells `status` what it waits for."""
        other = copy.copy(self)
        other._status = status
        return other

    def token(self, audience: Audience) -> str:
        """The bearer token for an audience; AuthenticationError when none can be had."""
        return self._tokens.token(audience, self._status)

    @property
    def credential(self) -> TokenCredential:
        """The sign-in itself, for Azure's own clients: they ask it for their tokens."""
        return self._tokens

    def request(
        self,
        method: str,
        url: str,
        *,
        json: object | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        audience: Audience = "arm",
        operation: str = "",
        patience: Patience = PATIENCE,
    ) -> Answer:
        """Send one request and return its answer.

        Throttling (429), server errors and broken connections are retried five times, honouring
        `Retry-After`. So every request must be safe to repeat: ARM's PUT, PATCH, GET and DELETE are,
        and a POST must carry what makes it so (such as `repeatability-request-id`).

        Args:
            method: GET, PUT, PATCH, POST or DELETE.
            url: an ARM id, which gets the endpoint and the api-version, or an absolute https URL.
            json: the body.
            params: added to the query; `api-version` here wins over the configured one.
            headers: added to the request.
            audience: whose token to send: `arm`, `ml` (the data plane), `storage` (blobs) or `none`.
            operation: in words, for error messages: `create compute cpu`.
            patience: after which answers the request is sent again, and how long one is waited for.

        Raises:
            ArmError: the subclass that fits the answer's status; TransportError when there was none.
        """
        operation = operation or f"{method} {url.split('?', 1)[0]}"
        query = dict(params or {})
        if url.startswith("/"):
            query.setdefault("api-version", self.settings.api_version_of(url))
            if method != "GET":
                self.memory.changing(url)
            url = self.settings.arm_endpoint + url
        body = None if json is None else jsonlib.dumps(json).encode()
        answer = self._authorized(method, url, query, body, dict(headers or {}), audience, operation, patience)
        if answer.status >= _ERROR:
            raise error_from_answer(operation, url, answer.status, answer.body, answer.headers)
        return answer

    def _authorized(
        self,
        method: str,
        url: str,
        query: dict[str, str],
        body: bytes | None,
        headers: dict[str, str],
        audience: Audience,
        operation: str,
        patience: Patience,
    ) -> Answer:
        headers["Accept"] = "application/json"
        headers["x-ms-client-request-id"] = str(uuid.uuid4())
        if body is not None:
            headers["Content-Type"] = "application/json"
        for renewed in (False, True):
            if audience != "none":
                headers["Authorization"] = f"Bearer {self.token(audience)}"
            answer = self._transport().send(method, url, query, body, headers, operation, self._status, patience)
            if answer.status != _UNAUTHORIZED or audience == "none" or renewed:
                break
            self._tokens.renew()  # expired or revoked in mid-run: one fresh token before giving up
        return answer


def _open_transport(session: requests.Session | None, clock: Clock, timeouts: tuple[float, float]) -> Transport:
    from .transport import Transport  # noqa: PLC0415 - slow import

    return Transport(session, clock, timeouts)
