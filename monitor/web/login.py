"""Logging in and out with a password, slowly for whoever guesses. The pages ask here who they are, too."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import structlog
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response

from monitor.web.access import COOKIE, LOCAL, OPEN_CSRF, TLS_COOKIE, Access, Doors, User, Who
from monitor.web.answers import Done, RefusedError, json_answer
from monitor.web.passwords import MOST_CHARACTERS, blank
from monitor.web.roles import Role
from monitor.web.sessions import LIFE_S, Sessions
from monitor.web.table import Call, Taken
from monitor.web.throttle import Throttle

RoleWord = Literal["viewer", "operator"]
# Comparing takes some tenths of a second of one core and 32 MiB: one at a time, and a short queue.
_MOST_COMPARED = 1
_MOST_QUEUED = 8
_log = structlog.get_logger(__name__)


class LoginBody(Taken, frozen=True):
    """Who wants to come in."""

    user: Annotated[str, Meta(max_length=64)]
    password: Annotated[str, Meta(max_length=MOST_CHARACTERS)]


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Who came in; `csrf` goes into the header X-CSRF-Token of whatever changes something."""

    user: str
    role: RoleWord
    csrf: str


@dataclass(frozen=True, slots=True)
class Me:
    """Who asks: null while nobody; `csrf` is null for a token, which needs none."""

    user: str | None
    role: RoleWord | None
    csrf: str | None
    login_required: bool


class LoginPages:
    """The handlers. For one thread."""

    def __init__(
        self, doors: Doors, access: Access, sessions: Sessions, accounts: Throttle, addresses: Throttle
    ) -> None:
        self._doors = doors
        self._access = access
        self._sessions = sessions
        self._accounts = accounts
        self._addresses = addresses
        self._users = {user.name: user for user in doors.users}
        # What a name that does not exist is compared with, so that it takes as long: of a kind with the others.
        like = doors.users[0].password if doors.users else blank()
        self._nobody = blank(like.cost, like.block, like.lanes, like.salt)
        self._queued = 0
        self._limiter: CapacityLimiter | None = None

    async def me(self, call: Call) -> Response:
        """Who asks."""
        return json_answer(_me(self._access.who(call.request), self._doors.login_required))

    async def login(self, call: Call) -> Response:
        """Let somebody in."""
        if not self._doors.users:
            raise RefusedError(
                409, "nobody logs in with a password here", "see `alerting.web.users` in the configuration"
            )
        asked: LoginBody = call.body
        address, account = _address(call.request), asked.user
        self._wait(address, account)
        if self._queued >= _MOST_QUEUED:
            raise RefusedError(503, "too many log in at once", "try again", {"Retry-After": "2"})
        self._addresses.attempt(address)
        self._accounts.attempt(account)
        user = self._users.get(account)
        if not await self._fits(user, asked.password) or user is None:
            # A name that is none may be a password in the wrong field: it is not repeated.
            _log.warning("login_failed", user=None if user is None else user.name, address=address)
            raise RefusedError(401, "user or password is wrong", "check both; each further attempt has to wait longer")
        self._addresses.undo(address)
        self._accounts.forget(account)
        self._sessions.end(call.who.ticket)
        _log.info("logged_in", user=user.name, address=address)
        return self._begin(call.request, user)

    async def logout(self, call: Call) -> Response:
        """Let somebody out; nothing happens to whoever is not in."""
        self._sessions.end(call.who.ticket)
        response = json_answer(Done())
        for name, secure in ((COOKIE, False), (TLS_COOKIE, True)):
            response.delete_cookie(name, secure=secure, httponly=True, samesite="strict")
        return response

    def _wait(self, address: str, account: str) -> None:
        wait_s = math.ceil(max(self._addresses.wait_s(address), self._accounts.wait_s(account)))
        if wait_s > 0:
            headers = {"Retry-After": str(wait_s)}
            raise RefusedError(429, "too many attempts failed", f"try again in {wait_s} s", headers)

    async def _fits(self, user: User | None, password: str) -> bool:
        if self._limiter is None:  # belongs to the server's loop, which did not run before
            self._limiter = CapacityLimiter(_MOST_COMPARED)
        hash_ = self._nobody if user is None else user.password
        self._queued += 1
        try:
            return await run_sync(partial(hash_.fits, password), limiter=self._limiter)
        finally:
            self._queued -= 1

    def _begin(self, request: Request, user: User) -> Response:
        ticket, session = self._sessions.begin(user.name, user.role)
        response = json_answer(LoggedIn(user.name, role_word(user.role), session.csrf))
        tls = request.url.scheme == "https"
        response.set_cookie(
            TLS_COOKIE if tls else COOKIE,
            ticket,
            max_age=int(LIFE_S),
            path="/",
            secure=tls,
            httponly=True,
            samesite="strict",
        )
        return response


def role_word(role: Role) -> RoleWord:
    """The role as it stands in answers."""
    return "operator" if role is Role.OPERATOR else "viewer"


def _me(who: Who, login_required: bool) -> Me:
    if who.role is Role.NOBODY:
        return Me(None, None, None, login_required)
    csrf = OPEN_CSRF if who == LOCAL else None if who.session is None else who.session.csrf
    return Me(who.name, role_word(who.role), csrf, login_required)


def _address(request: Request) -> str:
    """Who asks over the network: one IPv6 network of 64 bits is one household."""
    host = "" if request.client is None else request.client.host
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped is not None else str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
