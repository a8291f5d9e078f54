"""The web server's table of routes, and the ASGI application made of it. It listens on no port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp

from monitor.views import Overview
from monitor.web.access import Access, Doors
from monitor.web.answers import Done
from monitor.web.entry import no_such_route, route
from monitor.web.guards import Guards
from monitor.web.listing import EventPage, ListedEvent
from monitor.web.live import HealthBody, LivePages
from monitor.web.login import LoggedIn, LoginBody, LoginPages, Me
from monitor.web.openapi import Description
from monitor.web.pages import FOLDER, StaticPages
from monitor.web.roles import Role
from monitor.web.sessions import Sessions
from monitor.web.source import Archive, Live
from monitor.web.stored import EventPages, EventsQuery
from monitor.web.stream import Stream
from monitor.web.table import HTML, JPEG, JSON, MP4, STREAM, TEXT, Call, Endpoint
from monitor.web.throttle import ACCOUNT_WAIT_S, ADDRESS_WAIT_S, Throttle

API = "/api/v1"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the application is made of; whoever made the parts closes them.

    Attributes:
        data: The data folder: no file outside it is ever shown.
        clock_s: Monotonic seconds, for sessions and waits.
        version: Of rareframe.
        faults: What `archive` raises when it cannot, with messages for people.
        static: The folder of the dashboard's files.
    """

    live: Live
    archive: Archive
    data: Path
    doors: Doors
    clock_s: Callable[[], float]
    version: str
    faults: tuple[type[Exception], ...]
    static: Path = FOLDER


@dataclass(frozen=True, slots=True)
class Application:
    """The application; `close` ends what would never end by itself, from any thread."""

    asgi: ASGIApp
    table: Sequence[Endpoint]
    close: Callable[[], None]


def create_app(shown: Shown) -> Application:
    """The application."""
    sessions = Sessions(shown.clock_s)
    access = Access(shown.doors, sessions)
    accounts, addresses = (Throttle(longest_s, shown.clock_s) for longest_s in (ACCOUNT_WAIT_S, ADDRESS_WAIT_S))
    login = LoginPages(shown.doors, access, sessions, accounts, addresses)
    live, stored = LivePages(shown.live), EventPages(shown.archive, shown.data, shown.faults)
    stream = Stream(live.overview, stored.as_listed)
    static = StaticPages(shown.static)
    description = Description(shown.version)
    table = [
        *_pages(static),
        *_plain(live, stored),
        *_account(login),
        *_reading(live, stored),
        Endpoint(
            "GET",
            f"{API}/stream",
            Role.VIEWER,
            "Server-sent events: overview and event.",
            _stream(stream, access),
            STREAM,
        ),
        Endpoint("GET", f"{API}/openapi.json", Role.NOBODY, "This document.", description.answer, JSON),
    ]
    description.of(table)
    guards = Middleware(Guards, hosts=shown.doors.hosts, any_address=shown.doors.any_address)
    app = Starlette(
        routes=[route(each, access, shown.faults) for each in table],
        middleware=[guards],
        exception_handlers=no_such_route(),
    )
    return Application(app, table, stream.close)


def _pages(static: StaticPages) -> list[Endpoint]:
    return [
        Endpoint("GET", "/", Role.NOBODY, "The dashboard.", static.index, HTML),
        Endpoint("GET", "/static/{path:path}", Role.NOBODY, "What the dashboard is made of.", static.static, HTML),
    ]


def _plain(live: LivePages, stored: EventPages) -> list[Endpoint]:
    """For programs that want one thing: Prometheus, a load balancer, `curl`."""
    viewer = Role.VIEWER
    return [
        Endpoint("GET", "/metrics", viewer, "All metrics, for Prometheus.", live.metrics, TEXT, public="metrics"),
        Endpoint(
            "GET",
            "/healthz",
            viewer,
            "Whether events can be told.",
            live.healthz,
            HealthBody,
            public="healthz",
            others=(503,),
        ),
        Endpoint("GET", "/status", viewer, "As /api/v1/overview.", live.status, Overview),
        Endpoint("GET", "/cameras/{camera}/picture.jpg", viewer, "As below /api/v1.", live.picture, JPEG),
        Endpoint("GET", "/events/{event}/snapshot.jpg", viewer, "As below /api/v1.", stored.snapshot, JPEG),
        Endpoint("GET", "/events/{event}/overlay.jpg", viewer, "As below /api/v1.", stored.overlay, JPEG),
    ]


def _account(login: LoginPages) -> list[Endpoint]:
    anybody = Role.NOBODY
    return [
        Endpoint("GET", f"{API}/me", anybody, "Who asks, and whether one has to log in.", login.me, Me),
        Endpoint(
            "POST",
            f"{API}/login",
            anybody,
            "Log in with a password; sets a cookie.",
            login.login,
            LoggedIn,
            body=LoginBody,
        ),
        Endpoint("POST", f"{API}/logout", anybody, "Log out.", login.logout, Done),
    ]


def _reading(live: LivePages, stored: EventPages) -> list[Endpoint]:
    viewer, camera, event = Role.VIEWER, f"{API}/cameras/{{camera}}", f"{API}/events/{{event}}"
    return [
        Endpoint("GET", f"{API}/overview", viewer, "Every camera, process and recent event.", live.status, Overview),
        Endpoint("GET", f"{camera}/picture.jpg", viewer, "The newest analysed picture.", live.picture, JPEG),
        Endpoint(
            "GET", f"{API}/events", viewer, "Stored events, newest first.", stored.events, EventPage, query=EventsQuery
        ),
        Endpoint("GET", event, viewer, "One event.", stored.event, ListedEvent),
        Endpoint("GET", f"{event}/snapshot.jpg", viewer, "Its strongest frame.", stored.snapshot, JPEG),
        Endpoint("GET", f"{event}/overlay.jpg", viewer, "The same with its heatmap.", stored.overlay, JPEG),
        Endpoint(
            "GET", f"{event}/clip.mp4", viewer, "Its video; Range is obeyed.", stored.clip, MP4, others=(206, 416)
        ),
    ]


def _stream(stream: Stream, access: Access) -> Callable[[Call], Awaitable[Response]]:
    """As long as the login holds with which it was asked for."""

    async def answer(call: Call) -> Response:
        return await stream.answer(call, lambda: access.still(call.who))

    return answer
