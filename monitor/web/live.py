"""What is going on now: metrics, health, the overview, the newest picture of each camera. Reads nothing stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from msgspec import Meta
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from monitor.types import State
from monitor.views import CameraView, Health, Overview, Status, Trouble
from monitor.web.answers import content, json_answer, missing
from monitor.web.source import Live
from monitor.web.table import JPEG, Call, Taken

# The overview is made anew about once a second.
_STALE_S = 15.0


class PictureQuery(Taken, frozen=True):
    """With its heatmap, if there is one to show; `t` is anything, and makes an address new."""

    heatmap: bool = False
    t: Annotated[str, Meta(max_length=40)] = ""


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


class LivePages:
    """The handlers."""

    def __init__(self, live: Live) -> None:
        self._live = live

    async def metrics(self, _: Call) -> Response:
        """Prometheus' text format."""
        body, content_type = self._live.exposition()
        return Response(body, headers={"Content-Type": content_type})

    async def healthz(self, _: Call) -> Response:
        """503 while starting, and while no event could be told."""
        overview = self.overview()
        health = overview.health
        cameras = {c.camera: CameraHealth(c.state, c.reason, c.ended) for c in overview.cameras}
        body = HealthBody(health.status, health.can_alert, health.troubles, cameras)
        well = health.can_alert and health.status is not Status.STARTING
        return json_answer(body, 200 if well else 503)

    async def status(self, _: Call) -> Response:
        """The overview."""
        return json_answer(self.overview())

    async def picture(self, call: Call) -> Response:
        """A camera's newest picture."""
        asked: PictureQuery = call.query
        camera = self._camera(call.part("camera"))
        if camera is not None and asked.heatmap:
            drawn = await run_in_threadpool(self._live.heatmap, camera.camera)
            if drawn is not None:
                return content(call.request, drawn, JPEG)
        if camera is None or camera.picture is None:
            raise missing("no picture of that camera", "see /api/v1/overview for the cameras and their states")
        return content(call.request, camera.picture, JPEG)

    def overview(self) -> Overview:
        """Everything but pictures, and not believed if it is old: a loop that hangs cannot say so itself."""
        made = self._live.overview()
        return replace(made, cameras=tuple(_shown(camera) for camera in made.cameras), health=self._fresh(made))

    def _camera(self, name: str) -> CameraView | None:
        return next((camera for camera in self._live.overview().cameras if camera.camera == name), None)

    def _fresh(self, overview: Overview) -> Health:
        age_s = (self._live.mono_ns() - overview.made_mono_ns) / 1e9
        if age_s < _STALE_S:
            return overview.health
        what = f"the alert loop has not turned for {age_s:.0f} s"
        stuck = Trouble("process", "alert", what, overview.made_ns, "restart it and report the log")
        return Health(Status.DEGRADED, can_alert=False, troubles=(stuck, *overview.health.troubles))


def _shown(camera: CameraView) -> CameraView:
    return replace(camera, picture=None)
