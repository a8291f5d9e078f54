"""Who is logged in by a browser: random tickets, kept in this process's memory and nowhere else."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from monitor.web.roles import Role

# A ticket that was not shown for so long is void; an open page shows it all the time. Unit: seconds.
IDLE_S = 12 * 3600.0
# However it is used, after so long one logs in again. Unit: seconds.
LIFE_S = 7 * 24 * 3600.0
# More at once are not people; the one that was quiet for longest ends first.
MOST = 256
_BYTES = 32


@dataclass(slots=True)
class Session:
    """One login. `csrf` must come with whatever changes something; `made_s` and `seen_s` are monotonic."""

    user: str
    role: Role
    csrf: str
    made_s: float
    seen_s: float


class Sessions:
    """All of them, by the hash of their ticket: what leaks out of here opens nothing. For one thread."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        """Args: now_s: a monotonic clock."""
        self._now_s = now_s
        self._sessions: dict[bytes, Session] = {}

    def begin(self, user: str, role: Role) -> tuple[str, Session]:
        """A new session and its ticket, 256 random bits."""
        now_s = self._now_s()
        self._sweep(now_s)
        while len(self._sessions) >= MOST:
            del self._sessions[min(self._sessions, key=lambda key: self._sessions[key].seen_s)]
        ticket, session = (
            secrets.token_urlsafe(_BYTES),
            Session(user, role, secrets.token_urlsafe(_BYTES), now_s, now_s),
        )
        self._sessions[_key(ticket)] = session
        return ticket, session

    def find(self, ticket: str) -> Session | None:
        """The session of a ticket that was just shown; None if there is none, or not any more."""
        key, now_s = _key(ticket), self._now_s()
        session = self._sessions.get(key)
        if session is None:
            return None
        if _over(session, now_s):
            del self._sessions[key]
            return None
        session.seen_s = now_s
        return session

    def end(self, ticket: str) -> None:
        """The ticket is void from now on; ending it twice is fine."""
        self._sessions.pop(_key(ticket), None)

    def _sweep(self, now_s: float) -> None:
        self._sessions = {key: each for key, each in self._sessions.items() if not _over(each, now_s)}


def _over(session: Session, now_s: float) -> bool:
    return now_s - session.seen_s > IDLE_S or now_s - session.made_s > LIFE_S


def _key(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode("utf-8", "surrogateescape")).digest()
