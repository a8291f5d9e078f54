"""Gets events into the store, sooner or later: what cannot be stored now is kept in memory and tried again.

Nobody is told of an event from here: deliveries are made from the store only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from monitor.alerting.clock import Clock
from monitor.alerting.store import EventStore, StoreError
from monitor.alerting.telling import Valve
from monitor.metrics import Metrics, Outcome
from monitor.types import Event

_S = 1_000_000_000
# One entry is one judgement's events. At worst some MB; at a flood of one a second, over an hour.
_MOST_WAITING = 4096
_FIRST_RETRY_S = 1.0
_MOST_RETRY_S = 30.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Batch:
    events: tuple[Event, ...]
    episodes: dict[str, bytes]


class Recorder:
    """Writes in the order of arrival. While the store fails, the oldest of too many waiting batches is given up."""

    def __init__(self, store: EventStore, valve: Valve, metrics: Metrics, clock: Clock) -> None:
        """`valve` decides which new events are held."""
        self._store = store
        self._valve = valve
        self._metrics = metrics
        self._clock = clock
        self._waiting: deque[_Batch] = deque()
        self._fault: str | None = None
        self._retry_s = _FIRST_RETRY_S
        self._retry_mono_ns = 0

    @property
    def fault(self) -> str | None:
        """Why nothing can be stored at the moment, and what to do; None if all is well."""
        return self._fault

    def record(self, events: Sequence[Event], episodes: Mapping[str, bytes]) -> Sequence[Event]:
        """Store this and whatever waits; the events that were stored, as they were stored."""
        self._waiting.append(_Batch(tuple(events), dict(episodes)))
        if len(self._waiting) > _MOST_WAITING:
            lost = self._waiting.popleft()
            self._metrics.events.lost(len(lost.events))
            _log.error("events given up: the store has failed for too long", ids=[e.id for e in lost.events])
        return self.flush()

    def flush(self, *, now: bool = False) -> Sequence[Event]:
        """Store what waits, unless it is too early to try again (`now`: try anyway); the events that were stored."""
        if not self._waiting or (not now and self._clock.mono_ns() < self._retry_mono_ns):
            return ()
        stored: list[Event] = []
        try:
            while self._waiting:
                batch = self._waiting[0]
                recorded = self._store.record(batch.events, batch.episodes, self._clock.wall_ns(), self._valve)
                self._waiting.popleft()
                stored += recorded.events
                for sink in recorded.overtaken:
                    self._metrics.deliveries.delivered(sink, Outcome.SUPPRESSED)
        except StoreError as error:
            self._put_off(str(error))
            return stored
        if self._fault is not None:
            _log.info("the event store works again")
        self._fault, self._retry_s, self._retry_mono_ns = None, _FIRST_RETRY_S, 0
        return stored

    def _put_off(self, fault: str) -> None:
        if self._fault is None:
            _log.error("events cannot be stored; they wait in memory", why=fault)
        self._fault = fault
        self._retry_mono_ns = self._clock.mono_ns() + int(self._retry_s * _S)
        self._retry_s = min(2 * self._retry_s, _MOST_RETRY_S)
