"""One exchange over the network by requests: retries, throttling, and answers that are read to their end.

Imported at the first request, for requests and urllib3 take a fifth of a second that a preview without
changes need not pay.
"""

from __future__ import annotations

import json as jsonlib
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.util.retry import Retry

from .answer import Answer
from .clock import SYSTEM_CLOCK, Clock
from .errors import ArmError, TransportError

_RETRIES = 5
_RETRY_STATUS = (408, 429, 500, 502, 503, 504)
_LONGEST_RETRY_WAIT = 60.0


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


class Transport:
    """Sends requests and reads their answers; safe to share between threads."""

    def __init__(self, session: requests.Session | None, clock: Clock, timeouts: tuple[float, float]) -> None:
        self._session = session or _session(clock)
        self._clock = clock
        self._timeouts = timeouts

    def send(
        self,
        method: str,
        url: str,
        query: dict[str, str],
        body: bytes | None,
        headers: dict[str, str],
        operation: str,
    ) -> Answer:
        """One answer of whatever status, whole: one that breaks off is asked for again.

        Raises:
            TransportError: there was none.
        """
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
            self._clock.sleep(min(0.5 * 2**attempt, _LONGEST_RETRY_WAIT))
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
