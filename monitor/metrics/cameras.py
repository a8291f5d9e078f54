"""Cameras as sources of pictures, and where they stand."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from prometheus_client import CollectorRegistry, Counter, Gauge

from monitor.metrics.series import Totals, Words
from monitor.types import CameraReport, Link, State
from monitor.views import Standing

_ENDED = "ended"


class CameraMetrics:
    """How sources are doing. May be told from several threads."""

    def __init__(self, registry: CollectorRegistry, cameras: AbstractSet[str]) -> None:
        of, r = ["camera"], registry
        self._cameras = cameras
        self._reasons, self._causes = Words(), Words()
        self._frames = Totals.made("rareframe_frames_total", "Frames due for analysis that were read.", of, r)
        self._drops = Totals.made(
            "rareframe_frames_dropped_total", "Frames read but not delivered to the worker.", ["camera", "reason"], r
        )
        self._failures = Totals.made(
            "rareframe_source_failures_total", "Connections that ended or never began.", ["camera", "cause"], r
        )
        self._up = Gauge("rareframe_camera_up", "Whether pictures come from the camera.", of, registry=r)
        self._state = Gauge(
            "rareframe_camera_state", "1 for the state that the camera is in, else 0.", ["camera", "state"], registry=r
        )
        self._last_frame = Gauge(
            "rareframe_last_frame_timestamp_seconds", "When the newest frame was read.", of, registry=r
        )
        self._due = Counter(
            "rareframe_due_seconds_total",
            "Time during which the camera was to be watched; recordings are due at no time.",
            of,
            registry=r,
        )
        for camera in cameras:
            self._due.labels(camera)
            self._up.labels(camera).set(0)

    def reported(self, report: CameraReport) -> None:
        """How a camera's source is doing."""
        camera = report.camera
        if camera not in self._cameras:
            return
        self._frames.tell((camera,), report.boot, report.frames)
        for drop in report.drops:
            self._drops.tell((camera, self._reasons.bounded(drop.label)), report.boot, drop.total)
        for failure in report.failures:
            self._failures.tell((camera, self._causes.bounded(failure.label)), report.boot, failure.total)
        if report.last_frame_ns is not None:
            self._last_frame.labels(camera).set(report.last_frame_ns / 1e9)

    def standing(self, camera: str, standing: Standing, link: Link | None, due_s: float) -> None:
        """Where a camera stands, as last assessed; it was to be watched for `due_s` seconds since."""
        if camera not in self._cameras:
            return
        now = _ENDED if standing.ended else standing.state.value
        for word in (*(state.value for state in State), _ENDED):
            self._state.labels(camera, word).set(word == now)
        pictures = link is Link.ONLINE and standing.state is not State.BLIND
        self._up.labels(camera).set(pictures)
        self._due.labels(camera).inc(due_s)
