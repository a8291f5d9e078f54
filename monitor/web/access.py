"""Who asks, and whether they may: by a browser's session, by a token, or as whoever sits at this machine.

Checks no password; that is `login`'s business. Every route passes here, with the least role that its table names.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from monitor.web.answers import RefusedError
from monitor.web.passwords import PasswordHash
from monitor.web.roles import Role
from monitor.web.sessions import Session, Sessions

COOKIE = "rareframe_session"
# A browser takes a cookie of this name over TLS only, for this host and the whole of it (RFC 6265bis).
TLS_COOKIE = "__Host-rareframe_session"
CSRF_HEADER = "x-csrf-token"
# What `/api/v1/me` tells to send as `CSRF_HEADER` where nobody logs in: any value does, as no form can send one.
OPEN_CSRF = "open"
# What proxies add (the second is of RFC 7239).
_FORWARDED = frozenset({"x-forwarded-for", "forwarded"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who logs in with a password."""

    name: str
    role: Role
    password: PasswordHash


@dataclass(frozen=True, slots=True)
class Token:
    """A program that shows a secret with each request; `digest` is the secret's SHA-256."""

    name: str
    role: Role
    digest: bytes


@dataclass(frozen=True, slots=True)
class Doors:
    """Who may come in, and under which names this server is asked for.

    Attributes:
        hosts: Names that are ours, without ports.
        any_address: Any IP address is taken for ours: we listen on all, and no site can rebind an address.
        public: Of "metrics" and "healthz", what needs no login.
    """

    users: tuple[User, ...] = ()
    tokens: tuple[Token, ...] = ()
    hosts: frozenset[str] = frozenset()
    any_address: bool = False
    public: frozenset[str] = frozenset()

    @property
    def login_required(self) -> bool:
        """Whether there is anybody to tell apart."""
        return bool(self.users or self.tokens)


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks; `session` and its `ticket` if by a browser that logged in."""

    name: str
    role: Role
    session: Session | None = None
    ticket: str = ""


NOBODY = Who("", Role.NOBODY)
LOCAL = Who("local", Role.OPERATOR)


class Access:
    """Lets requests in. For one thread."""

    def __init__(self, doors: Doors, sessions: Sessions) -> None:
        self.doors = doors
        self._sessions = sessions

    def admit(self, request: Request, least: Role) -> Who:
        """Who asks, if they may.

        Raises:
            RefusedError: 401 if they should log in, 403 if that would not help.
        """
        who = self.who(request)
        if who.role < least:
            if who.role is Role.NOBODY:
                raise _unknown()
            raise RefusedError(403, f"{who.name} may look, not change", "log in as an operator")
        if request.method not in _SAFE:
            self._meant(request, who.session if least > Role.NOBODY else None)
        return who

    def who(self, request: Request) -> Who:
        """Who asks, as far as they show it.

        Raises:
            RefusedError: They show a token, and it is none of ours; nobody logs in, and they are not at this machine.
        """
        if not self.doors.login_required:
            return _at_this_machine(request)
        told = request.headers.get("authorization")
        if told is not None:
            return self._bearer(told)
        ticket = request.cookies.get(TLS_COOKIE) or request.cookies.get(COOKIE) or ""
        session = self._sessions.find(ticket) if ticket else None
        return NOBODY if session is None else Who(session.user, session.role, session, ticket)

    def still(self, who: Who) -> bool:
        """Whether the login of somebody who was let in holds; to look at a long answer is to be there."""
        return who.session is None or self._sessions.find(who.ticket) is not None

    def _bearer(self, told: str) -> Who:
        scheme, _, secret = told.partition(" ")
        digest = hashlib.sha256(secret.strip().encode("utf-8", "surrogateescape")).digest()
        found = [token for token in self.doors.tokens if hmac.compare_digest(token.digest, digest)]
        if scheme.lower() != "bearer" or not found:
            raise _unknown()
        return Who(found[0].name, found[0].role)

    def _meant(self, request: Request, session: Session | None) -> None:
        """Refuse a change that a page of another site made its visitor's browser ask for.

        Logging in and out asks for no session's token: whoever does so may hold one that is over.
        """
        headers = request.headers
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if (origin is not None and not self._is_ours(origin, headers.get("host", ""))) or site not in {
            None,
            "none",
            "same-origin",
        }:
            raise RefusedError(403, "another site's page asked for this", "ask from the dashboard's own page")
        if "authorization" in headers and self.doors.login_required:
            return  # no browser adds a token by itself
        shown = headers.get(CSRF_HEADER)
        if session is not None:
            if shown is None or not hmac.compare_digest(shown.encode(), session.csrf.encode()):
                raise RefusedError(
                    403, "expected the session's X-CSRF-Token, got none or another", "take it from /api/v1/me"
                )
        elif shown is None and origin is None:
            raise RefusedError(403, "expected a header X-CSRF-Token, got none", "send one, with any value")

    def _is_ours(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
            name = parts.hostname or ""
        except ValueError:
            return False
        # Behind a proxy that passes its own Host on, the name is still one of those that the configuration gives.
        return parts.netloc.lower() == host.lower() or name in self.doors.hosts - LOOPBACK_NAMES


LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


def _at_this_machine(request: Request) -> Who:
    """`LOCAL`, unless whoever asks is elsewhere; what a proxy passes on is from elsewhere, wherever the proxy is."""
    try:
        here = request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        here = False
    if not here or not _FORWARDED.isdisjoint(request.headers.keys()):
        raise RefusedError(403, "nobody logs in here, so only this machine may ask", "add `users` to `alerting.web`")
    return LOCAL


def _unknown() -> RefusedError:
    return RefusedError(
        401, "this needs a login", "log in, or send `Authorization: Bearer TOKEN`", {"WWW-Authenticate": "Bearer"}
    )
