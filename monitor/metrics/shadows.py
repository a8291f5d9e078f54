"""What cameras' shadows do, apart from all that is told."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from prometheus_client import CollectorRegistry, Counter, Histogram

from monitor.metrics.scoring import INFERENCE_S


class ShadowMetrics:
    """One shadow a camera at most. May be told from several threads."""

    def __init__(self, registry: CollectorRegistry, cameras: AbstractSet[str]) -> None:
        of, r = ["camera"], registry
        self._cameras = cameras
        self._inference = Histogram(
            "rareframe_shadow_inference_duration_seconds",
            "Time spent computing one judgement of a camera's shadow.",
            of,
            buckets=INFERENCE_S,
            registry=r,
        )
        self._watched = Counter(
            "rareframe_shadow_watched_seconds_total",
            "Time during which frames got a verdict other than unknown from a camera's shadow.",
            of,
            registry=r,
        )
        self._alerts = Counter(
            "rareframe_shadow_alerts_total", "Events that a shadow would have told at once; nobody was.", of, registry=r
        )

    def judged(self, camera: str, scored_s: float, watched_s: float) -> None:
        """A camera's shadow judged a frame; seconds as of `ScoringMetrics.judged`."""
        if camera in self._cameras:
            self._inference.labels(camera).observe(scored_s)
            self._watched.labels(camera).inc(watched_s)

    def alerted(self, camera: str) -> None:
        """A camera's shadow would have told of a new event at once."""
        if camera in self._cameras:
            self._alerts.labels(camera).inc()
