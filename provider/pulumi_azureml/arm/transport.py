"""One exchange over the network by requests: retries, throttling, and answers that are read to their end.

Imported at the first request, for requests and urllib3 take a fifth of a second that a preview without
changes need not pay.
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import InvalidHeader
from urllib3.util.retry import Retry

from .answer import Answer
from .clock import Clock, Status
from .errors import ArmError, TransportError
from .patience import Patience

_RETRIES = 5
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0
# What another try may mend. Every request of this package may be sent twice: see ArmClient.request.
_PASSING = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    jsonlib.JSONDecodeError,
)


def _session() -> requests.Session:
    session = requests.Session()
    session.mount("https://", HTTPAdapter(pool_maxsize=16))
    return session


class Transport:
    """Sends requests and reads their answers; safe to share between threads."""

    def __init__(self, session: requests.Session | None, clock: Clock, timeouts: tuple[float, float]) -> None:
        self._session = session or _session()
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
        status: Status,
        patience: Patience,
    ) -> Answer:
        """One answer of whatever status, whole.

        One that breaks off, does not come, or asks to come again is asked for five times more, at the pace that
        the service tells or a growing one; `status` is told before each.

        Raises:
            TransportError: there was none.
        """
        for attempt in range(_RETRIES + 1):
            try:
                answer = self._exchange(method, url, query, body, headers, patience.seconds)
            except requests.exceptions.SSLError as error:
                raise _no_answer(operation, url, error) from None
            except _PASSING as error:
                if attempt == _RETRIES:
                    raise _no_answer(operation, url, error) from None
                # At once the first time: it may only have been a connection that had been idle for too long.
                wait = _FIRST_WAIT * 2 ** (attempt - 1) if attempt else 0.0
                why = _said(error)
            except requests.exceptions.RequestException as error:
                raise _no_answer(operation, url, error) from None
            else:
                if answer.status not in patience.statuses or attempt == _RETRIES:
                    return answer
                wait = _told_wait(answer.headers, _FIRST_WAIT * 2**attempt)
                why = f"the service answered {answer.status}"
            status(f"{operation}: {why}; trying again in {wait:.0f} s ({attempt + 1} of {_RETRIES})")
            self._clock.sleep(wait)
        raise AssertionError  # the last attempt returns or raises

    def _exchange(
        self,
        method: str,
        url: str,
        query: dict[str, str],
        body: bytes | None,
        headers: dict[str, str],
        seconds: float | None,
    ) -> Answer:
        connect, read = self._timeouts
        timeouts = (connect, seconds or read)
        got = self._session.request(
            method, url, params=query, data=body, headers=headers, timeout=timeouts, allow_redirects=False
        )
        return Answer(got.status_code, _parse(got), CaseInsensitiveDict(got.headers))


def _told_wait(headers: Mapping[str, str], otherwise: float) -> float:
    """`Retry-After` in seconds, whether it is a number or a date; never longer than a minute at a time."""
    try:
        told = Retry().parse_retry_after(headers["Retry-After"])
    except (KeyError, InvalidHeader):
        return otherwise
    return min(told, _LONGEST_WAIT)


def _parse(response: requests.Response) -> Any:
    if not response.content:
        return None
    if "json" in response.headers.get("Content-Type", "").lower():
        return response.json()
    return response.content.decode("utf-8", "replace")


def _no_answer(operation: str, url: str, error: Exception) -> ArmError:
    if isinstance(error, requests.exceptions.SSLError):
        return TransportError.untrusted(operation, url)
    return TransportError(operation, url, message=_said(error))


def _said(error: Exception) -> str:
    """What went wrong, without the text of a requests error: that holds the URL with its query, maybe signed."""
    if isinstance(error, jsonlib.JSONDecodeError):
        return "the answer broke off in the middle"
    cause: BaseException = error
    while (inner := getattr(cause, "reason", None) or cause.__cause__ or cause.__context__) and isinstance(
        inner, BaseException
    ):
        cause = inner
    via = " by the proxy" if isinstance(error, requests.exceptions.ProxyError) else ""
    return f"no answer{via} ({type(error).__name__}: {getattr(cause, 'strerror', None) or type(cause).__name__})"
