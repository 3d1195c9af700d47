"""Tickets and sessions: what signs a browser in, and for how long."""

from __future__ import annotations

import pytest

from azureml_emulator.settings import Settings
from azureml_emulator.studio import guard
from azureml_emulator.studio.sessions import SESSION_SECONDS, TICKET_SECONDS, Session, Sessions


class Time:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def sessions(time: Time) -> Sessions:
    return Sessions(time)


def test_a_ticket_opens_one_session(sessions: Sessions):
    ticket = sessions.ticket()
    secret = sessions.open(ticket)
    assert secret is not None
    assert sessions.find(secret) is not None
    assert sessions.open(ticket) is None


def test_a_ticket_is_good_for_five_minutes(sessions: Sessions, time: Time):
    early, late = sessions.ticket(), sessions.ticket()
    time.seconds += TICKET_SECONDS - 1
    assert sessions.open(early) is not None
    time.seconds += 1
    assert sessions.open(late) is None


def test_a_session_ends(sessions: Sessions, time: Time):
    secret = sessions.open(sessions.ticket())
    assert secret is not None
    time.seconds += SESSION_SECONDS - 1
    assert sessions.find(secret) is not None
    time.seconds += 1
    assert sessions.find(secret) is None


def test_signing_out_ends_that_session_only(sessions: Sessions):
    first, second = sessions.open(sessions.ticket()), sessions.open(sessions.ticket())
    assert first is not None
    assert second is not None
    sessions.close(first)
    assert sessions.find(first) is None
    assert sessions.find(second) is not None


@pytest.mark.parametrize("given", ["", "x", "digest"])
def test_nothing_else_opens_or_is_a_session(sessions: Sessions, given: str):
    sessions.ticket()
    assert sessions.open(given) is None
    assert sessions.find(given) is None


def test_neither_secrets_nor_tokens_are_printed(sessions: Sessions):
    secret = sessions.open(sessions.ticket()) or ""
    session = sessions.find(secret)
    assert session is not None
    assert session.form_token not in repr(session)
    assert secret not in repr(vars(sessions))


def test_tickets_and_sessions_do_not_pile_up(sessions: Sessions):
    first = sessions.open(sessions.ticket()) or ""
    for _ in range(600):
        sessions.open(sessions.ticket())
        sessions.ticket()
    assert sessions.find(first) is None
    assert sum(len(held) for held in vars(sessions).values() if isinstance(held, dict)) < 600


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1:7443", True),
        ("localhost:7443", True),
        ("[::1]:7443", True),
        ("LOCALHOST:7443", True),
        ("127.0.0.1:7444", False),
        ("127.0.0.1", False),
        ("evil.example:7443", False),
        ("127.0.0.1.evil.example:7443", False),
        ("localhost:7443@evil.example", False),
        ("evil@localhost:7443", False),
        ("localhost:port", False),
        ("[::1:7443", False),
        ("", False),
    ],
)
def test_only_the_emulators_own_names_are_its_host(tmp_path, host: str, own: bool):
    assert guard.is_own_host(host, Settings(tmp_path)) is own


def test_the_name_that_it_listens_on_is_its_own(tmp_path):
    assert guard.is_own_host("box.local:7443", Settings(tmp_path, host="box.local"))


SESSION = Session(0.0, "token")
GOOD = {"host": "127.0.0.1:7443", "origin": "https://127.0.0.1:7443", "sec-fetch-site": "same-origin"}


@pytest.mark.parametrize(
    ("changed", "form", "own"),
    [
        ({}, {"form_token": "token"}, True),
        ({"sec-fetch-site": None}, {"form_token": "token"}, True),
        ({}, {"form_token": "another"}, False),
        ({}, {}, False),
        ({"origin": None}, {"form_token": "token"}, False),
        ({"origin": "null"}, {"form_token": "token"}, False),
        ({"origin": "https://127.0.0.1:9000"}, {"form_token": "token"}, False),
        ({"origin": "http://127.0.0.1:7443"}, {"form_token": "token"}, False),
        ({"sec-fetch-site": "same-site"}, {"form_token": "token"}, False),
        ({"sec-fetch-site": "cross-site"}, {"form_token": "token"}, False),
    ],
)
def test_a_form_comes_from_the_sessions_own_pages(changed: dict, form: dict, own: bool):
    headers = {name: value for name, value in {**GOOD, **changed}.items() if value is not None}
    assert guard.is_own_form(headers, form, SESSION) is own
