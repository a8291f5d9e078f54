"""How much of each camera's budget was told of late, and the hourly digests of what was held. Decides neither.

All of it is read from the store, so that it survives any end of the process; the valve has the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from monitor.alerting.clock import Clock
from monitor.alerting.store import EventStore, StoreError
from monitor.alerting.telling import Valve
from monitor.metrics import EventMetrics
from monitor.types import Event
from monitor.views import Tally

_log = structlog.get_logger(__name__)


class Budgets(Valve, Protocol):
    """The valve with the budgets that it keeps."""

    def alerts_per_day(self, camera: str) -> float | None:
        """The budget of `camera` as it is now; None if it has none."""

    def set_budget(self, camera: str, alerts_per_day: float) -> None:
        """From now on about so many are wanted; ValueError if that cannot be."""


class Ledger:
    """What was told and held. While the store cannot be used it says what it knew last, and no digest is made."""

    def __init__(self, store: EventStore, budgets: Budgets, metrics: EventMetrics, clock: Clock) -> None:
        self._store = store
        self._budgets = budgets
        self._metrics = metrics
        self._clock = clock
        self._tallies: dict[str, Tally] = {}
        self._fault: str | None = None

    def tally(self, camera: str) -> Tally:
        """As of the last `look`."""
        return self._tallies.get(camera, Tally())

    def alerts_per_day(self, camera: str) -> float | None:
        """The budget of `camera` as it is now; None if it has none."""
        return self._budgets.alerts_per_day(camera)

    def look(self, cameras: Sequence[str]) -> None:
        """Count anew, and export it."""
        try:
            self._tallies = self._store.tallies(self._clock.wall_ns())
        except StoreError as error:
            self._remember(str(error))
        for camera in cameras:
            self._metrics.budget(camera, self.alerts_per_day(camera), self.tally(camera).told)

    def digest(self) -> Sequence[Event]:
        """The events that are now told for others too, if it is time."""
        try:
            told = self._store.digest(self._budgets, self._clock.wall_ns())
        except StoreError as error:
            self._remember(str(error))
            return ()
        self._remember(None)
        for event in told:
            _log.info("digest", id=event.id, camera=event.camera, also=event.also)
        return told

    def _remember(self, fault: str | None) -> None:
        """Logged when it changes; the recorder tells of its end."""
        if fault is not None and fault != self._fault:
            _log.warning("what was told of late cannot be read", why=fault)
        self._fault = fault
