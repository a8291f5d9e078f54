"""The web server out of the configuration: who may come in, and what it shows of desk and store."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Protocol

import structlog

from monitor.alerting.claims import bundle_of
from monitor.alerting.snapshots import with_overlay
from monitor.alerting.store import EventStore, StoreError
from monitor.build.house import ConfiguredHouse
from monitor.clock import SystemClock
from monitor.config import (
    Config,
    ConfigError,
    Problem,
    WebOptions,
    WebTokenOptions,
    WebUserOptions,
    read_secret,
)
from monitor.config.places import VIEW_TOKEN_ENV
from monitor.metrics import Metrics
from monitor.types import Judgement
from monitor.views import Overview
from monitor.web.access import LOOPBACK_NAMES, Doors, Token, User
from monitor.web.app import Shown, create_app
from monitor.web.passwords import HashError, parsed
from monitor.web.roles import Role
from monitor.web.server import Tls, WebServer
from monitor.wishes import WishError

# A shorter one may have been thought up by somebody.
LEAST_TOKEN_CHARACTERS = 32
_ROLES = {"viewer": Role.VIEWER, "operator": Role.OPERATOR}
_log = structlog.get_logger(__name__)


class Desk(Protocol):
    """What is shown of the alert desk."""

    @property
    def overview(self) -> Overview:
        """Everything as it was at the last tick; may be read from any thread."""

    def pictured(self, camera: str) -> Judgement | None:
        """The newest judgement with a picture; may be asked from any thread."""


def web_server(
    config: Config, environ: Mapping[str, str], desk: Desk, store: EventStore, metrics: Metrics, clock: SystemClock
) -> WebServer:
    """The web server, not started.

    Raises:
        ConfigError: A secret cannot be read, or is none.
        WebError: The address is taken, or the certificate cannot be used.
    """
    told = config.alerting.web
    if told.warning:
        _log.warning("not_encrypted", why=told.warning)
    host, _, port = told.listen.rpartition(":")
    shown = Shown(
        live=_Live(desk, metrics, clock),
        archive=store,
        house=ConfiguredHouse(config),
        data=config.data_dir,
        doors=doors(told, environ),
        clock_s=time.monotonic,
        version=version("rareframe"),
        faults=(StoreError, WishError),
        bundle_of=bundle_of,
    )
    app = create_app(shown)
    tls = None if told.tls is None else Tls(told.tls.cert_file, told.tls.key_file)
    return WebServer(app.asgi, host.strip("[]"), int(port), tls=tls, proxies=told.trusted_proxies, ending=app.close)


def doors(told: WebOptions, environ: Mapping[str, str]) -> Doors:
    """Who may come in.

    Raises:
        ConfigError: A secret cannot be read, or is none.
    """
    host = told.listen.rpartition(":")[0].strip("[]").lower()
    everywhere = host in {"0.0.0.0", "::"}  # noqa: S104 - looked for, not listened at
    users = tuple(_user(each, environ) for each in told.users)
    tokens = tuple(_token(each, environ) for each in told.tokens)
    if users or tokens:
        tokens += _of_the_live_view(environ)
    return Doors(
        users=users,
        tokens=tokens,
        hosts=frozenset({*LOOPBACK_NAMES, *told.hosts, host}),
        any_address=everywhere,
        public=frozenset(told.public),
    )


def _user(told: WebUserOptions, environ: Mapping[str, str]) -> User:
    where = f"alerting.web.users.{told.name}"
    if told.password_hash is not None:
        text: str | None = told.password_hash.get_secret_value()
    else:
        text = read_secret(where, told.password_hash_env, told.password_hash_file, environ)
    try:
        return User(told.name, _ROLES[told.role], parsed(text or ""))
    except HashError as error:
        raise ConfigError((Problem(where, 0, "", f"password_hash: {error}"),)) from error


def _token(told: WebTokenOptions, environ: Mapping[str, str]) -> Token:
    where = f"alerting.web.tokens.{told.name}"
    secret = read_secret(where, told.token_env, told.token_file, environ) or ""
    if len(secret) < LEAST_TOKEN_CHARACTERS:
        message = (
            f"expected a token of at least {LEAST_TOKEN_CHARACTERS} characters, got {len(secret)}; "
            "make one with `openssl rand -hex 32`"
        )
        raise ConfigError((Problem(where, 0, "", message),))
    return Token(told.name, _ROLES[told.role], _digest(secret))


def _of_the_live_view(environ: Mapping[str, str]) -> tuple[Token, ...]:
    secret = environ.get(VIEW_TOKEN_ENV, "")
    return (Token("live view", Role.VIEWER, _digest(secret)),) if len(secret) >= LEAST_TOKEN_CHARACTERS else ()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


class _Live:
    """What is going on now, from the desk and the metrics."""

    def __init__(self, desk: Desk, metrics: Metrics, clock: SystemClock) -> None:
        self._desk, self._metrics, self._clock = desk, metrics, clock

    def overview(self) -> Overview:
        return self._desk.overview

    def exposition(self) -> tuple[bytes, str]:
        return self._metrics.exposition()

    def mono_ns(self) -> int:
        return self._clock.mono_ns()

    def heatmap(self, camera: str) -> bytes | None:
        judgement = self._desk.pictured(camera)
        return None if judgement is None else with_overlay(judgement)
