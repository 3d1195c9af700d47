"""Requests that meet a bad network: what is tried again, how long, and what is told meanwhile."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from azure.core.exceptions import ServiceRequestError

from pulumi_azureml.arm import ArmClient, Settings, ThrottledError, TransportError
from pulumi_azureml.arm.credentials import AzureIdentity


class Clock:
    """Time that passes by being waited for."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def now(self) -> float:
        return sum(self.waits)

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


class Tokens:
    def token(self, audience: str, status: Any = None) -> str:
        return "token"

    def renew(self) -> None:
        return


class Answers(requests.adapters.BaseAdapter):
    """A network whose answers are given."""

    def __init__(self, *answers: Any) -> None:
        super().__init__()
        self.answers = list(answers)

    def send(self, request: Any, **_options: Any) -> requests.Response:
        given = self.answers.pop(0)
        if isinstance(given, Exception):
            raise given
        status, headers = given
        answer = requests.Response()
        answer.status_code, answer._content = status, json.dumps({"name": "w"}).encode()
        answer.headers.update({"Content-Type": "application/json", **headers})
        return answer

    def close(self) -> None:
        return


def client(origin: str, network: Answers | None = None) -> tuple[ArmClient, Clock, list[str]]:
    clock, shown = Clock(), list[str]()
    session = requests.Session()
    session.trust_env = False
    if network:
        session.mount("https://", network)
    settings = Settings("00000000-0000-0000-0000-000000000001", "g", "w", "eastus", origin)
    made = ArmClient(settings, Tokens(), clock=clock, session=session, timeouts=(2.0, 2.0))
    return made.reporting(shown.append), clock, shown


def ask(one: ArmClient) -> Any:
    return one.request("GET", one.settings.workspace_id, operation="read the workspace").body


def test_a_refused_connection_is_told_at_once_and_given_up_after_some_seconds() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets it, and it refuses
        one, clock, shown = client(f"https://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(TransportError, match=r"Connection refused(.|\n)*azureml-emulator start"):
            ask(one)
    assert clock.waits == [0.0, 0.5, 1.0, 2.0, 4.0]
    assert shown[0].startswith("read the workspace: no answer (ConnectionError: Connection refused)")
    assert shown[-1].endswith("trying again in 4 s (5 of 5)")


def test_what_broke_off_once_is_asked_for_again_at_once() -> None:
    one, clock, shown = client("https://arm.test", Answers(requests.ConnectionError("idle"), (200, {})))
    assert ask(one) == {"name": "w"}
    assert (clock.waits, len(shown)) == ([0.0], 1)


@pytest.mark.parametrize(
    ("retry_after", "waited"),
    [({"Retry-After": "7"}, 7.0), ({}, 0.5), ({"Retry-After": "soon"}, 0.5), ({"Retry-After": "86400"}, 60.0)],
)
def test_throttling_is_waited_out_at_the_services_pace(retry_after: dict[str, str], waited: float) -> None:
    one, clock, shown = client("https://arm.test", Answers((429, retry_after), (200, {})))
    ask(one)
    assert clock.waits == [waited]
    assert shown == [f"read the workspace: the service answered 429; trying again in {waited:.0f} s (1 of 5)"]


def test_retry_after_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    one, clock, _ = client("https://arm.test", Answers((503, {"Retry-After": date}), (200, {})))
    ask(one)
    assert 25 < clock.waits[0] <= 30


def test_throttling_without_end_is_an_error_that_says_so() -> None:
    one, clock, _ = client("https://arm.test", Answers(*[(429, {})] * 6))
    with pytest.raises(ThrottledError, match="429"):
        ask(one)
    assert clock.waits == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_what_another_try_cannot_mend_is_not_tried_again() -> None:
    for error, said in (
        (requests.exceptions.SSLError("bad"), "REQUESTS_CA_BUNDLE"),
        (requests.exceptions.InvalidURL("bad"), "InvalidURL"),
    ):
        one, clock, _ = client("https://arm.test", Answers(error))
        with pytest.raises(TransportError, match=said):
            ask(one)
        assert clock.waits == []


def test_a_sign_in_is_told_before_it_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nobody:
        def get_token(self, _scope: str) -> str:
            raise ServiceRequestError("Failed to establish a new connection: Connection refused")

    monkeypatch.setattr("pulumi_azureml.arm.credentials.default_credential", lambda _settings: Nobody())
    settings = Settings("00000000-0000-0000-0000-000000000001", "g", "w", "eastus", "https://arm.test")
    shown: list[str] = []
    with pytest.raises(TransportError, match=r"pulumi destroy --run-program"):
        AzureIdentity(settings).token("arm", shown.append)
    assert shown == [f"signing in at {settings.authority}"]
