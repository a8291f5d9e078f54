"""What frames were judged to be, how long that took, and what keeps the models safe."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitor.metrics.series import Totals, Words, or_nan
from monitor.metrics.stages import Stage, StageMetrics
from monitor.types import Judgement, ScoringReport

# The worker's promise is some ten milliseconds a frame; a second is already a fault.
INFERENCE_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56)
_LATENCY_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6)


class ScoringMetrics:
    """Scores, limits, times. May be told from several threads."""

    def __init__(self, registry: CollectorRegistry, cameras: AbstractSet[str], stages: StageMetrics) -> None:
        of, r = ["camera"], registry
        self._cameras = cameras
        self._stages = stages
        self._detectors = Words()
        self._judgements = Counter("rareframe_judgements_total", "Frames judged.", ["camera", "verdict"], registry=r)
        self._score = Gauge("rareframe_score", "Score of the newest frame; NaN while unknown.", of, registry=r)
        self._limit = Gauge(
            "rareframe_limit", "Score above which a frame is anomalous; NaN while unknown.", of, registry=r
        )
        self._detector_score = Gauge(
            "rareframe_detector_score",
            "Score of the newest frame by one detector, in that detector's units; NaN while unknown.",
            ["camera", "detector"],
            registry=r,
        )
        self._inference = Histogram(
            "rareframe_inference_duration_seconds",
            "Time spent computing one judgement.",
            of,
            buckets=INFERENCE_S,
            registry=r,
        )
        self._latency = Histogram(
            "rareframe_latency_seconds",
            "Time from reading a live frame to its judgement being handled.",
            of,
            buckets=_LATENCY_S,
            registry=r,
        )
        self._missed = Totals.made("rareframe_frames_missed_total", "Gaps seen by the worker, in frames.", of, r)
        self._checkpoint = Gauge(
            "rareframe_checkpoint_timestamp_seconds", "When the newest good checkpoint was written.", of, registry=r
        )
        self._checkpoint_failures = Totals.made(
            "rareframe_checkpoint_failures_total", "Checkpoints that could not be written or read.", of, r
        )
        self._quieted = Totals.made(
            "rareframe_quieted_total", "Happenings that feedback kept from being events.", of, r
        )
        self._watched = Counter(
            "rareframe_watched_seconds_total",
            "Time during which frames got a verdict other than unknown.",
            of,
            registry=r,
        )

    def judged(self, judgement: Judgement, latency_s: float | None, watched_s: float) -> None:
        """A frame was judged.

        Args:
            latency_s: From reading the frame to now; None where that has no meaning, as with recordings.
            watched_s: Seconds that this judgement adds to the time during which the camera was really watched.
        """
        camera = judgement.stamp.camera
        if camera not in self._cameras:
            return
        self._judgements.labels(camera, judgement.verdict.value).inc()
        self._inference.labels(camera).observe(judgement.scored_s)
        self._score.labels(camera).set(or_nan(judgement.score))
        self._limit.labels(camera).set(or_nan(judgement.limit))
        for one in judgement.scores:
            self._detector_score.labels(camera, self._detectors.bounded(one.name)).set(or_nan(one.value))
        self._stages.took(Stage.SCALE, judgement.scaled_s)
        self._stages.took(Stage.JUDGE, judgement.scored_s)
        if latency_s is not None:
            self._latency.labels(camera).observe(max(0.0, latency_s))
            self._stages.took(Stage.TRANSPORT, latency_s - judgement.scaled_s - judgement.scored_s)
        self._watched.labels(camera).inc(watched_s)

    def reported(self, report: ScoringReport) -> None:
        """How a camera's scoring is doing."""
        camera = report.camera
        if camera not in self._cameras:
            return
        self._missed.tell((camera,), report.boot, report.missed)
        self._checkpoint_failures.tell((camera,), report.boot, report.checkpoint_failures)
        self._quieted.tell((camera,), report.boot, report.quieted)
        if report.checkpoint_ns is not None:
            self._checkpoint.labels(camera).set(report.checkpoint_ns / 1e9)
