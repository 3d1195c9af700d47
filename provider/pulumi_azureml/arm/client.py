"""The one request function: token, api-version, retries, throttling, request ids, errors."""

from __future__ import annotations

import json as jsonlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.util.retry import Retry

from .clock import SYSTEM_CLOCK, Clock
from .credentials import AzureIdentity, TokenSource
from .errors import ArmError, TransportError, error_from_answer
from .settings import Settings

Audience = Literal["arm", "ml", "none"]

_RETRIES = 5
_RETRY_STATUS = (408, 429, 500, 502, 503, 504)
_LONGEST_RETRY_WAIT = 60.0
_TIMEOUT = (10.0, 120.0)  # seconds to connect; seconds between two bytes of an answer
_UNAUTHORIZED = 401
_ERROR = 400


@dataclass(frozen=True)
class Answer:
    """A successful answer.

    Attributes:
        status: HTTP status, 200 to 299.
        body: parsed JSON, or None when the answer has no body.
        headers: by name, without regard to case.
    """

    status: int
    body: Any
    headers: Mapping[str, str]


class _ClockedRetry(Retry):
    """urllib3's Retry, waiting on the injected clock and never longer than a minute at a time."""

    clock: Clock = SYSTEM_CLOCK

    def sleep(self, response: Any = None) -> None:
        told = self.get_retry_after(response) if response is not None else None
        self.clock.sleep(min(told if told is not None else self.get_backoff_time(), _LONGEST_RETRY_WAIT))


def _session(clock: Clock) -> requests.Session:
    # A class of its own for each clock: urllib3 copies a Retry by its constructor, which knows no clock.
    retry_class = type("_Retry", (_ClockedRetry,), {"clock": clock})
    retry = retry_class(
        total=_RETRIES,
        backoff_factor=0.5,
        backoff_jitter=0.25,
        status_forcelist=_RETRY_STATUS,
        allowed_methods=None,  # every request of this package may be sent twice: see ArmClient.request
        raise_on_status=False,
        respect_retry_after_header=True,
    )
    session = requests.Session()
    session.mount("https://", HTTPAdapter(max_retries=retry, pool_maxsize=16))
    return session


class ArmClient:
    """Requests to Azure Resource Manager and to the machine learning data plane.

    Safe to share between threads. `clock` is what every wait below it uses; `timeouts` are the seconds
    to connect and between two bytes of an answer.
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
        self._tokens = tokens or AzureIdentity(settings)
        self._session = session or _session(clock)
        self._timeouts = timeouts

    @classmethod
    def from_settings(cls, settings: Settings) -> ArmClient:
        """A client over the real network, with azure-identity's default credential."""
        return cls(settings)

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
            audience: whose token to send: `arm`, `ml` (the data plane) or `none`.
            operation: in words, for error messages: `create compute cpu`.

        Raises:
            ArmError: the subclass that fits the answer's status; TransportError when there was none.
        """
        operation = operation or f"{method} {url.split('?', 1)[0]}"
        query = dict(params or {})
        if url.startswith("/"):
            query.setdefault("api-version", self.settings.api_version_of(url))
            url = self.settings.arm_endpoint + url
        body = None if json is None else jsonlib.dumps(json).encode()
        answer = self._authorized(method, url, query, body, dict(headers or {}), audience, operation)
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
    ) -> Answer:
        headers["Accept"] = "application/json"
        headers["x-ms-client-request-id"] = str(uuid.uuid4())
        if body is not None:
            headers["Content-Type"] = "application/json"
        for renewed in (False, True):
            if audience != "none":
                headers["Authorization"] = f"Bearer {self._tokens.token(audience)}"
            answer = self._whole(method, url, query, body, headers, operation)
            if answer.status != _UNAUTHORIZED or audience == "none" or renewed:
                break
            self._tokens.renew()  # expired or revoked in mid-run: one fresh token before giving up
        return answer

    def _whole(
        self,
        method: str,
        url: str,
        query: dict[str, str],
        body: bytes | None,
        headers: dict[str, str],
        operation: str,
    ) -> Answer:
        """One answer, read to its end: an answer that breaks off is asked for again."""
        for attempt in range(_RETRIES + 1):
            try:
                got = self._session.request(
                    method,
                    url,
                    params=query,
                    data=body,
                    headers=headers,
                    timeout=self._timeouts,
                    allow_redirects=False,
                )
                return Answer(got.status_code, _parse(got), CaseInsensitiveDict(got.headers))
            except requests.exceptions.ChunkedEncodingError as error:
                failure: Exception = error
            except jsonlib.JSONDecodeError as error:
                failure = error
            except requests.exceptions.RequestException as error:
                raise _no_answer(operation, url, error) from None
            self.clock.sleep(min(0.5 * 2**attempt, _LONGEST_RETRY_WAIT))
        raise _no_answer(operation, url, failure)


def _parse(response: requests.Response) -> Any:
    if not response.content:
        return None
    if "json" in response.headers.get("Content-Type", "").lower():
        return response.json()
    return response.content.decode("utf-8", "replace")


def _no_answer(operation: str, url: str, error: Exception) -> ArmError:
    # The text of a requests error holds the URL with its query, which may be signed: give the kind and cause only.
    cause: BaseException = error
    while (inner := getattr(cause, "reason", None) or cause.__cause__ or cause.__context__) and isinstance(
        inner, BaseException
    ):
        cause = inner
    if isinstance(error, requests.exceptions.SSLError):
        return TransportError(
            operation,
            url,
            message=f"the server's certificate is not trusted ({type(cause).__name__})",
            hint="set REQUESTS_CA_BUNDLE to your authority's certificates; "
            'for the local Azure ML, `eval "$(azureml-emulator env)"` does.',
        )
    if isinstance(error, jsonlib.JSONDecodeError):
        return TransportError(operation, url, message="the answer broke off in the middle, every time")
    said = f"{type(error).__name__}: {getattr(cause, 'strerror', None) or type(cause).__name__}"
    return TransportError(operation, url, message=f"no answer ({said})")
