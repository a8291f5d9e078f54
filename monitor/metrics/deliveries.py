"""What sinks were told, and what still waits for them."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge

from monitor.metrics.stages import Stage, StageMetrics


class Outcome(StrEnum):
    """What became of one attempt to tell a sink; SUPPRESSED: not tried, and not to be."""

    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    DEAD = "dead"


class DeliveryMetrics:
    """Deliveries, sink by sink. May be told from several threads."""

    def __init__(self, registry: CollectorRegistry, sinks: Collection[str], stages: StageMetrics) -> None:
        r = registry
        self._stages = stages
        self._deliveries = Counter(
            "rareframe_deliveries_total", "Attempts to tell a sink, by outcome.", ["sink", "outcome"], registry=r
        )
        self._pending = Gauge("rareframe_deliveries_pending", "Tellings that wait.", ["sink"], registry=r)
        self._dead = Gauge("rareframe_dead_letters", "Tellings that were given up.", ["sink"], registry=r)
        for sink in sinks:
            self._pending.labels(sink)
            self._dead.labels(sink)
            for outcome in Outcome:
                self._deliveries.labels(sink, outcome.value)

    def delivered(self, sink: str, outcome: Outcome) -> None:
        """What became of an attempt."""
        self._deliveries.labels(sink, outcome.value).inc()

    def took(self, seconds: float) -> None:
        """An attempt went well, and took so long."""
        self._stages.took(Stage.DELIVER, seconds)

    def waiting(self, sink: str, pending: int, dead: int) -> None:
        """So many deliveries wait for `sink`, and so many were given up."""
        self._pending.labels(sink).set(pending)
        self._dead.labels(sink).set(dead)
