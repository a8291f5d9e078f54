"""`/metrics`, `/healthz`, `/status` and the pictures, as an ASGI application. It only reads, and listens on no port."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from monitor.types import Event, State
from monitor.views import Health, Overview, Status, Trouble
from monitor.web.guards import Guards

# The overview is made anew about once a second.
_STALE_S = 15.0
_EVENT_ID = re.compile(r"[0-9a-f]{16}")


class Source(Protocol):
    """What is shown."""

    def overview(self) -> Overview:
        """Everything at the last moment it was looked at."""

    def exposition(self) -> tuple[bytes, str]:
        """The metrics and their content type."""

    def event(self, event_id: str) -> Event | None:
        """One stored event; may block."""

    def mono_ns(self) -> int:
        """The clock of `Overview.made_mono_ns`."""


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """One camera in `/healthz`."""

    state: State
    reason: str
    ended: bool


@dataclass(frozen=True, slots=True)
class HealthBody:
    """The body of `/healthz`; `reasons` oldest first."""

    status: Status
    can_alert: bool
    reasons: tuple[Trouble, ...]
    cameras: dict[str, CameraHealth]


def create_app(source: Source, data: Path, hosts: frozenset[str]) -> Starlette:
    """The application.

    Args:
        data: The data folder: no file outside it is ever shown.
        hosts: The names under which it may be asked for, without ports; see `guards`.
    """
    pages = _Pages(source, data.resolve())
    routes = [
        Route("/metrics", pages.metrics),
        Route("/healthz", pages.healthz),
        Route("/status", pages.status),
        Route("/cameras/{camera}/picture.jpg", pages.picture),
        Route("/events/{event}/snapshot.jpg", pages.snapshot),
        Route("/events/{event}/overlay.jpg", pages.overlay),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guards, hosts=hosts)])


class _Pages:
    def __init__(self, source: Source, data: Path) -> None:
        self._source = source
        self._data = data

    async def metrics(self, _: Request) -> Response:
        body, content_type = self._source.exposition()
        return Response(body, headers={"Content-Type": content_type})

    async def healthz(self, _: Request) -> Response:
        overview = self._source.overview()
        health = self._fresh(overview)
        cameras = {c.camera: CameraHealth(c.state, c.reason, c.ended) for c in overview.cameras}
        body = HealthBody(health.status, health.can_alert, health.troubles, cameras)
        well = health.can_alert and health.status is not Status.STARTING
        return _json(body, 200 if well else 503)

    async def status(self, _: Request) -> Response:
        overview = self._source.overview()
        cameras = tuple(replace(camera, picture=None) for camera in overview.cameras)
        return _json(replace(overview, cameras=cameras, health=self._fresh(overview)), 200)

    async def picture(self, request: Request) -> Response:
        name = request.path_params["camera"]
        cameras = self._source.overview().cameras
        picture = next((camera.picture for camera in cameras if camera.camera == name), None)
        return _missing("no picture of that camera") if picture is None else _jpeg(picture)

    async def snapshot(self, request: Request) -> Response:
        return await self._event_file(request, lambda event: event.snapshot)

    async def overlay(self, request: Request) -> Response:
        return await self._event_file(request, lambda event: event.overlay)

    async def _event_file(self, request: Request, name_of: Callable[[Event], str | None]) -> Response:
        event_id = request.path_params["event"]
        if not _EVENT_ID.fullmatch(event_id):
            return _missing("no such event")
        content = await run_in_threadpool(self._read, event_id, name_of)
        return _missing("no picture of that event") if content is None else _jpeg(content)

    def _read(self, event_id: str, name_of: Callable[[Event], str | None]) -> bytes | None:
        event = self._source.event(event_id)
        name = None if event is None else name_of(event)
        if name is None:
            return None
        path = (self._data / name).resolve()
        # The name comes from the store, not from the request; even so nothing outside the data folder is shown.
        if path.suffix != ".jpg" or not path.is_relative_to(self._data):
            return None
        try:
            return path.read_bytes()
        except OSError:
            return None

    def _fresh(self, overview: Overview) -> Health:
        """A loop that hangs cannot say so itself."""
        age_s = (self._source.mono_ns() - overview.made_mono_ns) / 1e9
        if age_s < _STALE_S:
            return overview.health
        what = f"the alert loop has not turned for {age_s:.0f} s"
        stuck = Trouble("process", "alert", what, overview.made_ns, "restart it and report the log")
        return Health(Status.DEGRADED, can_alert=False, troubles=(stuck, *overview.health.troubles))


def _json(value: object, status: int) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _jpeg(content: bytes) -> Response:
    return Response(content, media_type="image/jpeg")


def _missing(what: str) -> Response:
    return PlainTextResponse(what, 404)
