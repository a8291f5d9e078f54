"""What of one sink's outbox is told now, by that sink's policy: filter, quiet hours, rate. Calls no sink.

An event of which a sink heard is told to its end, whatever the hour or the rate: only the filter's phases hold then.
What must wait, because it is quiet or too much was told of late, becomes one telling: the strongest event, for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from monitor.alerting.outbox import BEHIND, QUIET, Due, Outbox
from monitor.kinds import Kind, kind_of
from monitor.metrics import DeliveryMetrics, Outcome
from monitor.types import Event, Phase

_S = 1_000_000_000
FILTERED, RATE = "filtered out", "rate limit"


class RateLimit(Protocol):
    """At most so many new events in so many seconds."""

    @property
    def most(self) -> int:
        """New events, 1 or more."""

    @property
    def per_s(self) -> float:
        """Seconds."""


class SinkPolicy(Protocol):
    """Which tellings one sink is to get, and when; one of `deciding`."""

    @property
    def hold(self) -> bool:
        """Whether what comes in quiet hours is told afterwards."""

    @property
    def rate(self) -> RateLimit | None:
        """None: no limit."""

    def passes(self, event: Event) -> bool:
        """Whether a telling of an event that the sink has not heard of is for it."""

    def tells(self, phase: Phase) -> bool:
        """Whether a telling of an event that the sink knows is for it."""

    def is_quiet(self, now_ns: int) -> bool:
        """Whether it is within quiet hours."""


class Sieve:
    """Between the outbox of one sink and its deliveries."""

    def __init__(self, outbox: Outbox, policy: SinkPolicy, metrics: DeliveryMetrics) -> None:
        self._outbox = outbox
        self._policy = policy
        self._metrics = metrics

    def next_due(self, now_ns: int, horizon_ns: int) -> Due | None:
        """The delivery to be tried now; None if none may be.

        Args:
            now_ns: Wall time.
            horizon_ns: See `Outbox.due`.

        Raises:
            StoreError: The outbox cannot be read or written; nothing is lost.
        """
        dues = self._wanted(self._outbox.due(now_ns, horizon_ns), now_ns)
        if self._policy.is_quiet(now_ns):
            return self._while_quiet(dues, now_ns)
        if self._is_full(now_ns):
            self._gather(dues, RATE, now_ns)
            dues = [due for due in dues if not _waits(due)]
        return dues[0] if dues else None

    def _wanted(self, dues: Sequence[Due], now_ns: int) -> list[Due]:
        """Those that are for this sink; the others are noted as suppressed."""
        wanted = []
        for due in dues:
            known = due.heard and self._policy.tells(due.event.phase)
            if known or (not due.heard and not due.behind and self._policy.passes(due.event)):
                wanted.append(due)
            else:
                self._suppress(due, BEHIND if due.behind else FILTERED, now_ns)
        return wanted

    def _while_quiet(self, dues: Sequence[Due], now_ns: int) -> Due | None:
        if self._policy.hold:
            self._gather(dues, QUIET, now_ns)
            return None
        for due in dues:
            if not due.heard:
                self._suppress(due, QUIET, now_ns)
        return next((due for due in dues if due.heard), None)

    def _is_full(self, now_ns: int) -> bool:
        rate = self._policy.rate
        return rate is not None and self._outbox.began(now_ns - int(rate.per_s * _S), now_ns) >= rate.most

    def _gather(self, dues: Sequence[Due], why: str, now_ns: int) -> None:
        """Make one telling of all that wait, and say in it why and how many they are."""
        waiting = [due for due in dues if _waits(due)]
        if not waiting or (len(waiting) == 1 and waiting[0].event.held):
            return
        chosen = max(waiting, key=lambda due: _strength(due.event))
        others = sum(due.event.also for due in waiting) + len(waiting) - 1
        told = replace(chosen.event, held=chosen.event.held or why, also=others)
        self._outbox.gather(replace(chosen, event=told), [due for due in waiting if due is not chosen], now_ns)
        for _ in waiting[1:]:
            self._metrics.delivered(self._outbox.sink, Outcome.SUPPRESSED)

    def _suppress(self, due: Due, why: str, now_ns: int) -> None:
        self._outbox.suppress(due, why, now_ns)
        self._metrics.delivered(self._outbox.sink, Outcome.SUPPRESSED)


def _waits(due: Due) -> bool:
    """Trouble of the daemon's own must not drown in a digest of events, nor wait for a rate."""
    return not due.heard and kind_of(due.event) is Kind.ANOMALY


def _strength(event: Event) -> tuple[float, float]:
    return (event.score / event.limit if event.limit > 0 else float("inf"), event.score)
