"""Events: opened, held, lost; their pictures, and the budget they are to keep to."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from prometheus_client import CollectorRegistry, Counter, Gauge

from monitor.metrics.series import Words, or_nan
from monitor.types import Event, Phase


class EventMetrics:
    """What became of events before any sink. May be told from several threads."""

    def __init__(self, registry: CollectorRegistry, cameras: AbstractSet[str]) -> None:
        of, r = ["camera"], registry
        self._cameras = cameras
        self._reasons, self._kinds = Words(), Words()
        self._events = Counter("rareframe_events_total", "Events opened.", of, registry=r)
        self._open = Gauge("rareframe_events_open", "Events going on now.", of, registry=r)
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
        for camera in cameras:
            self._events.labels(camera)
            self._open.labels(camera)
            self._joined.labels(camera)

    def told(self, event: Event) -> None:
        """An event was opened, updated or closed."""
        if event.camera not in self._cameras:
            return
        if event.phase is Phase.OPENED:
            self._events.labels(event.camera).inc()
        self._open.labels(event.camera).set(event.phase is not Phase.CLOSED)

    def noticed(self, kind: str) -> None:
        """People are told of trouble of this kind."""
        self._notices.labels(self._kinds.bounded(kind)).inc()

    def joined(self, camera: str, openings: int) -> None:
        """So many openings went on with an event that had closed."""
        if camera in self._cameras:
            self._joined.labels(camera).inc(openings)

    def held(self, camera: str, reason: str) -> None:
        """A new event is held: nobody was told of it at once."""
        if camera in self._cameras:
            self._held.labels(camera, self._reasons.bounded(reason)).inc()

    def budget(self, camera: str, alerts_per_day: float | None, told_24h: int) -> None:
        """How many alerts are wanted, None for a camera without a budget, and how many there were of late."""
        if camera in self._cameras:
            self._budget.labels(camera).set(or_nan(alerts_per_day))
            self._told_24h.labels(camera).set(told_24h)

    def lost(self, tellings: int) -> None:
        """So many tellings could not be stored for so long that they were given up."""
        self._lost.inc(tellings)

    def snapshot_failed(self) -> None:
        """A snapshot could not be written."""
        self._snapshot_failures.inc()
