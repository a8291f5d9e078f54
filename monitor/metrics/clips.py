"""Clips of events, and the memory that they take before there is an event."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from prometheus_client import CollectorRegistry, Counter, Gauge

from monitor.metrics.series import Words
from monitor.types import CameraReport


class ClipMetrics:
    """May be told from several threads."""

    def __init__(self, registry: CollectorRegistry, cameras: AbstractSet[str]) -> None:
        self._cameras = cameras
        self._outcomes = Words()
        self._ring = Gauge(
            "rareframe_clip_ring_bytes",
            "Encoded video that is kept in memory for clips.",
            ["camera"],
            registry=registry,
        )
        self._clips = Counter(
            "rareframe_clips_total",
            "Clips of events, by what became of them.",
            ["camera", "outcome"],
            registry=registry,
        )

    def reported(self, report: CameraReport) -> None:
        """How much of a camera is kept; absent where it has no clips."""
        if report.camera in self._cameras and report.ring_bytes is not None:
            self._ring.labels(report.camera).set(report.ring_bytes)

    def ended(self, camera: str, outcome: str) -> None:
        """The clip of an event was made, or was not: one of the short fixed words of `monitor.alerting.clips`."""
        if camera in self._cameras:
            self._clips.labels(camera, self._outcomes.bounded(outcome)).inc()
