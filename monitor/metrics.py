"""The daemon's one `/metrics`, fed by typed values; the only import of prometheus_client. Listens on no port.

Totals that other processes count restart with their `boot`; what is exported from them never falls while this process
lives, and is absent, not 0, until they were heard: after a restart of this process Prometheus then sees no reset.
Labels are bounded: a camera, process or sink that the configuration does not name is left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from monitor.types import CameraReport, Event, Judgement, Link, Phase, ProcessReport, ScoringReport, State
from monitor.views import Standing

# The worker's promise is some ten milliseconds a frame; a second is already a fault.
_INFERENCE_S = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56)
_LATENCY_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6)
# Reasons, causes and detectors are short fixed sets; whatever goes beyond is a fault and must not grow the series.
_MOST_WORDS = 32
_BOOTS_KEPT = 8
_ENDED = "ended"


class Outcome(StrEnum):
    """What became of one attempt to tell a sink; SUPPRESSED: not tried, as a newer telling took its place."""

    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    DEAD = "dead"


@dataclass(slots=True)
class _Totals:
    """One counter's children, each fed with the totals of processes that restart."""

    counter: Counter
    seen: dict[tuple[str, ...], dict[str, int]] = field(default_factory=dict)

    def tell(self, labels: tuple[str, ...], boot: str, total: int) -> None:
        boots = self.seen.setdefault(labels, {})
        before = boots.pop(boot, 0)
        boots[boot] = max(before, total)  # as the newest one
        while len(boots) > _BOOTS_KEPT:
            boots.pop(next(iter(boots)))
        child = self.counter.labels(*labels) if labels else self.counter
        child.inc(max(0, total - before))


def new_registry() -> CollectorRegistry:
    """A registry that holds nothing yet, not the process-wide one of the library."""
    return CollectorRegistry()


class Metrics:
    """Everything that the alert process exports for the whole daemon. May be told from several threads."""

    def __init__(
        self,
        registry: CollectorRegistry,
        cameras: Sequence[str],
        processes: Sequence[str],
        sinks: Sequence[str],
        version: str,
    ) -> None:
        # Or each counter brings a second series, `…_created`, that Prometheus's text format has no use for.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client has no types there
        self._registry = registry
        self._cameras = frozenset(cameras)
        self._processes = frozenset(processes)
        self._words: dict[str, set[str]] = {}
        self._make_camera_metrics(registry)
        self._make_scoring_metrics(registry)
        self._make_event_metrics(registry, sinks)
        self._make_shadow_metrics(registry)
        self._make_process_metrics(registry)
        build = Gauge("rareframe_build_info", "Which rareframe this is; always 1.", ["version"], registry=registry)
        build.labels(version).set(1)

    def exposition(self) -> tuple[bytes, str]:
        """All series in Prometheus's text format, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def camera_reported(self, report: CameraReport) -> None:
        """How a camera's source is doing."""
        camera = report.camera
        if camera not in self._cameras:
            return
        self._frames.tell((camera,), report.boot, report.frames)
        for drop in report.drops:
            self._drops.tell((camera, self._word("reason", drop.label)), report.boot, drop.total)
        for failure in report.failures:
            self._failures.tell((camera, self._word("cause", failure.label)), report.boot, failure.total)
        if report.last_frame_ns is not None:
            self._last_frame.labels(camera).set(report.last_frame_ns / 1e9)

    def standing(self, camera: str, standing: Standing, link: Link | None) -> None:
        """Where a camera stands, as last assessed."""
        if camera not in self._cameras:
            return
        now = _ENDED if standing.ended else standing.state.value
        for word in (*(state.value for state in State), _ENDED):
            self._state.labels(camera, word).set(word == now)
        pictures = link is Link.ONLINE and standing.state is not State.BLIND
        self._up.labels(camera).set(pictures)

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
        self._score.labels(camera).set(_or_nan(judgement.score))
        self._limit.labels(camera).set(_or_nan(judgement.limit))
        for one in judgement.scores:
            self._detector_score.labels(camera, self._word("detector", one.name)).set(_or_nan(one.value))
        if latency_s is not None:
            self._latency.labels(camera).observe(max(0.0, latency_s))
        self._watched.labels(camera).inc(watched_s)

    def scoring_reported(self, report: ScoringReport) -> None:
        """How a camera's scoring is doing."""
        camera = report.camera
        if camera not in self._cameras:
            return
        self._missed.tell((camera,), report.boot, report.missed)
        self._checkpoint_failures.tell((camera,), report.boot, report.checkpoint_failures)
        if report.checkpoint_ns is not None:
            self._checkpoint.labels(camera).set(report.checkpoint_ns / 1e9)

    def process_reported(self, report: ProcessReport) -> None:
        """How a process is doing."""
        process = report.process
        if process not in self._processes:
            return
        self.process_up(process, up=report.up)
        if report.restarts is not None:  # counted by the supervisor, for one life of its own
            self._restarts.tell((process,), report.boot, report.restarts)
        else:
            self._wire_errors.tell((process,), report.boot, report.wire_errors)
            self._messages_dropped.tell((process,), report.boot, report.dropped)
        if report.rss_bytes is not None:
            self._memory.labels(process).set(report.rss_bytes)

    def process_up(self, process: str, *, up: bool) -> None:
        """Whether a process runs, as last heard or no longer heard."""
        if process in self._processes:
            self._process_up.labels(process).set(up)

    def event_told(self, event: Event) -> None:
        """An event was opened, updated or closed."""
        if event.camera not in self._cameras:
            return
        if event.phase is Phase.OPENED:
            self._events.labels(event.camera).inc()
        self._events_open.labels(event.camera).set(event.phase is not Phase.CLOSED)

    def noticed(self, kind: str) -> None:
        """People are told of trouble of this kind."""
        self._notices.labels(self._word("notice", kind)).inc()

    def joined(self, camera: str, openings: int) -> None:
        """So many openings went on with an event that had closed."""
        if camera in self._cameras:
            self._joined.labels(camera).inc(openings)

    def held(self, camera: str, reason: str) -> None:
        """A new event is held: nobody was told of it at once."""
        if camera in self._cameras:
            self._held.labels(camera, self._word("held", reason)).inc()

    def budget(self, camera: str, alerts_per_day: float | None, told_24h: int) -> None:
        """How many alerts are wanted, None for a camera without a budget, and how many there were of late."""
        if camera in self._cameras:
            self._budget.labels(camera).set(_or_nan(alerts_per_day))
            self._told_24h.labels(camera).set(told_24h)

    def shadow_judged(self, camera: str, scored_s: float, watched_s: float) -> None:
        """A camera's shadow judged a frame; seconds as of `judged`."""
        if camera in self._cameras:
            self._shadow_inference.labels(camera).observe(scored_s)
            self._shadow_watched.labels(camera).inc(watched_s)

    def shadow_alerted(self, camera: str) -> None:
        """A camera's shadow would have told of a new event at once."""
        if camera in self._cameras:
            self._shadow_alerts.labels(camera).inc()

    def events_lost(self, events: int) -> None:
        """So many tellings could not be stored for so long that they were given up."""
        self._lost.inc(events)

    def snapshot_failed(self) -> None:
        """A snapshot could not be written."""
        self._snapshot_failures.inc()

    def delivered(self, sink: str, outcome: Outcome) -> None:
        """What became of an attempt."""
        self._deliveries.labels(sink, outcome.value).inc()

    def deliveries_pending(self, sink: str, pending: int) -> None:
        """So many deliveries wait for `sink`."""
        self._pending.labels(sink).set(pending)

    def _word(self, kind: str, word: str) -> str:
        known = self._words.setdefault(kind, set())
        if word not in known and len(known) >= _MOST_WORDS:
            return "other"
        known.add(word)
        return word

    def _make_camera_metrics(self, registry: CollectorRegistry) -> None:
        of, r = ["camera"], registry
        self._frames = _totals("rareframe_frames_total", "Frames due for analysis that were read.", of, r)
        self._drops = _totals(
            "rareframe_frames_dropped_total", "Frames read but not delivered to the worker.", ["camera", "reason"], r
        )
        self._failures = _totals(
            "rareframe_source_failures_total", "Connections that ended or never began.", ["camera", "cause"], r
        )
        self._up = Gauge("rareframe_camera_up", "Whether pictures come from the camera.", of, registry=r)
        self._state = Gauge(
            "rareframe_camera_state", "1 for the state that the camera is in, else 0.", ["camera", "state"], registry=r
        )
        self._last_frame = Gauge(
            "rareframe_last_frame_timestamp_seconds", "When the newest frame was read.", of, registry=r
        )
        for camera in self._cameras:
            self._up.labels(camera).set(0)

    def _make_scoring_metrics(self, registry: CollectorRegistry) -> None:
        of, r = ["camera"], registry
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
            buckets=_INFERENCE_S,
            registry=r,
        )
        self._latency = Histogram(
            "rareframe_latency_seconds",
            "Time from reading a live frame to its judgement being handled.",
            of,
            buckets=_LATENCY_S,
            registry=r,
        )
        self._missed = _totals("rareframe_frames_missed_total", "Gaps seen by the worker, in frames.", of, r)
        self._checkpoint = Gauge(
            "rareframe_checkpoint_timestamp_seconds", "When the newest good checkpoint was written.", of, registry=r
        )
        self._checkpoint_failures = _totals(
            "rareframe_checkpoint_failures_total", "Checkpoints that could not be written or read.", of, r
        )
        self._watched = Counter(
            "rareframe_watched_seconds_total",
            "Time during which frames got a verdict other than unknown.",
            of,
            registry=r,
        )

    def _make_event_metrics(self, registry: CollectorRegistry, sinks: Sequence[str]) -> None:
        of, r = ["camera"], registry
        self._events = Counter("rareframe_events_total", "Events opened.", of, registry=r)
        self._events_open = Gauge("rareframe_events_open", "Events going on now.", of, registry=r)
        self._joined = Counter(
            "rareframe_events_joined_total",
            "Openings so soon after an event that they went on with it.",
            of,
            registry=r,
        )
        self._held = Counter(
            "rareframe_events_held_total", "Events nobody was told of at once.", ["camera", "reason"], registry=r
        )
        self._budget = Gauge(
            "rareframe_budget_alerts_per_day",
            "About so many alerts a day are wanted; NaN for a camera without a budget.",
            of,
            registry=r,
        )
        self._told_24h = Gauge(
            "rareframe_alerts_told_24h",
            "Events told at once in the last 24 hours, those of rules not counted.",
            of,
            registry=r,
        )
        self._notices = Counter("rareframe_notices_total", "Troubles people were told of.", ["kind"], registry=r)
        self._lost = Counter("rareframe_events_lost_total", "Tellings that could not be stored at all.", registry=r)
        self._snapshot_failures = Counter(
            "rareframe_snapshot_failures_total", "Pictures of events that could not be written.", registry=r
        )
        self._deliveries = Counter(
            "rareframe_deliveries_total", "Attempts to tell a sink, by outcome.", ["sink", "outcome"], registry=r
        )
        self._pending = Gauge("rareframe_deliveries_pending", "Tellings that wait.", ["sink"], registry=r)
        for camera in self._cameras:
            self._events.labels(camera)
            self._events_open.labels(camera)
            self._joined.labels(camera)
        for sink in sinks:
            self._pending.labels(sink)
            for outcome in Outcome:
                self._deliveries.labels(sink, outcome.value)

    def _make_shadow_metrics(self, registry: CollectorRegistry) -> None:
        of, r = ["camera"], registry
        self._shadow_inference = Histogram(
            "rareframe_shadow_inference_duration_seconds",
            "Time spent computing one judgement of a camera's shadow.",
            of,
            buckets=_INFERENCE_S,
            registry=r,
        )
        self._shadow_watched = Counter(
            "rareframe_shadow_watched_seconds_total",
            "Time during which frames got a verdict other than unknown from a camera's shadow.",
            of,
            registry=r,
        )
        self._shadow_alerts = Counter(
            "rareframe_shadow_alerts_total", "Events that a shadow would have told at once; nobody was.", of, registry=r
        )

    def _make_process_metrics(self, registry: CollectorRegistry) -> None:
        of, r = ["process"], registry
        self._process_up = Gauge("rareframe_process_up", "Whether the process runs.", of, registry=r)
        self._restarts = _totals("rareframe_process_restarts_total", "Unplanned restarts of the process.", of, r)
        self._memory = Gauge("rareframe_process_resident_memory_bytes", "Memory in RAM.", of, registry=r)
        self._wire_errors = _totals("rareframe_wire_errors_total", "Messages that could not be read.", of, r)
        self._messages_dropped = _totals(
            "rareframe_messages_dropped_total", "Messages other than frames that could not be delivered.", of, r
        )


def _totals(name: str, text: str, labels: list[str], registry: CollectorRegistry) -> _Totals:
    return _Totals(Counter(name, text, labels, registry=registry))


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value
