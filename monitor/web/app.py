"""The ASGI application, put together. It listens on no port."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from monitor.types import Event
from monitor.web.access import Access, Doors
from monitor.web.answering import AnswerPages
from monitor.web.cameras import CameraPages
from monitor.web.entry import no_such_route, route
from monitor.web.guards import Guards
from monitor.web.live import LivePages
from monitor.web.login import LoginPages
from monitor.web.openapi import Description
from monitor.web.pages import FOLDER, StaticPages
from monitor.web.routes import Pages, table
from monitor.web.sessions import Sessions
from monitor.web.source import Archive, House, Live
from monitor.web.stored import EventPages
from monitor.web.stream import Stream
from monitor.web.system import SystemPages
from monitor.web.table import Endpoint
from monitor.web.throttle import ACCOUNT_WAIT_S, ADDRESS_WAIT_S, Throttle


@dataclass(frozen=True, slots=True)
class Shown:
    """What the application is made of; whoever made the parts closes them.

    Attributes:
        data: The data folder: no file outside it is ever shown.
        clock_s: Monotonic seconds, for sessions and waits.
        version: Of rareframe.
        faults: What the parts raise when they cannot, with messages for people.
        bundle_of: Where an event's bundle is below the data folder, if it was kept.
        static: The folder of the dashboard's files.
    """

    live: Live
    archive: Archive
    house: House
    data: Path
    doors: Doors
    clock_s: Callable[[], float]
    version: str
    faults: tuple[type[Exception], ...]
    bundle_of: Callable[[Event], PurePath]
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
    live, events = LivePages(shown.live), EventPages(shown.archive, shown.data, shown.faults, shown.bundle_of)
    pages = Pages(
        static=StaticPages(shown.static),
        login=LoginPages(shown.doors, access, sessions, accounts, addresses),
        live=live,
        stream=Stream(live.overview, events.as_listed, access.still),
        cameras=CameraPages(shown.live, shown.archive, shown.house, shown.data),
        events=events,
        answers=AnswerPages(shown.archive, events, shown.data),
        system=SystemPages(shown.live, shown.archive, shown.house, shown.version),
        description=Description(shown.version),
    )
    endpoints = table(pages)
    pages.description.of(endpoints)
    guards = Middleware(Guards, hosts=shown.doors.hosts, any_address=shown.doors.any_address)
    app = Starlette(
        routes=[route(each, access, shown.faults) for each in endpoints],
        middleware=[guards],
        exception_handlers=no_such_route(),
    )
    return Application(app, endpoints, pages.stream.close)
