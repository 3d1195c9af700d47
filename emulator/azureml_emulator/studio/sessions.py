"""Who may use the studio: a one-time ticket, which the command line gets with the control key, opens a session.

The browser keeps the session in a cookie; the emulator keeps digests of what it has given out, and only in memory:
a restart signs everyone out.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TICKET_SECONDS = 5 * 60.0
SESSION_SECONDS = 12 * 3600.0
_MOST = 256


@dataclass(frozen=True)
class Session:
    """A signed-in browser; ``form_token`` proves that a form came from one of its pages."""

    ends: float
    form_token: str = field(repr=False)


class Sessions:
    """The tickets and sessions of one emulator; ``now`` is the time in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._tickets: dict[str, float] = {}
        self._sessions: dict[str, Session] = {}

    def __repr__(self) -> str:
        return f"Sessions({len(self._sessions)} signed in)"

    def ticket(self) -> str:
        """A new ticket: good once, for five minutes."""
        self._forget_old()
        ticket = secrets.token_urlsafe(32)
        self._tickets[_digest(ticket)] = self._now() + TICKET_SECONDS
        return ticket

    def open(self, ticket: str) -> str | None:
        """Take a ticket in; the secret of a new session, ``None`` where the ticket is not good (any more)."""
        ends = self._tickets.pop(_digest(ticket), 0.0)
        if ends <= self._now():
            return None
        secret = secrets.token_urlsafe(32)
        self._sessions[_digest(secret)] = Session(self._now() + SESSION_SECONDS, secrets.token_urlsafe(32))
        return secret

    def find(self, secret: str) -> Session | None:
        """The session of a secret, while it lasts."""
        session = self._sessions.get(_digest(secret))
        return session if session is not None and session.ends > self._now() else None

    def close(self, secret: str) -> None:
        """End a session."""
        self._sessions.pop(_digest(secret), None)

    def _forget_old(self) -> None:
        """Forget what is over, and the oldest beyond a number that no user reaches."""
        now = self._now()
        self._tickets = {key: ends for key, ends in self._tickets.items() if ends > now}
        self._sessions = {key: session for key, session in self._sessions.items() if session.ends > now}
        for held in (self._tickets, self._sessions):
            for key in list(held)[:-_MOST]:
                del held[key]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
