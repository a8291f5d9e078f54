"""What the pages show and change, as they ask for it. `build` gives the real thing; everything but `Live` may block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.feedback.giving import Writable
from monitor.stored import AuditEntry, Found, Listed, Minute, Search
from monitor.types import Event
from monitor.views import Overview


class Live(Protocol):
    """What is known at this moment; only `heatmap` blocks."""

    def overview(self) -> Overview:
        """Everything at the last moment it was looked at."""

    def exposition(self) -> tuple[bytes, str]:
        """The metrics and their content type."""

    def mono_ns(self) -> int:
        """The clock of `Overview.made_mono_ns`."""

    def heatmap(self, camera: str) -> bytes | None:
        """The newest picture of a camera with its heatmap drawn over it, as JPEG; None without either."""


class Archive(Writable, Protocol):
    """The event store; what reads much does so over a connection of its own. Its errors are named by `Shown.faults`."""

    def search(self, wanted: Search, limit: int, cursor: str | None) -> Found:
        """One page of the events that are wanted; ValueError if `cursor` is none of its own."""

    def listed(self, event_id: str) -> Listed | None:
        """One stored event."""

    def history(self, camera: str, since_minute: int, until_minute: int) -> Sequence[Minute]:
        """The minutes of one camera, oldest first."""

    def protect(self, event_id: str, on: bool, who: str, now_ns: int) -> None:
        """Keep an event for ever, or no longer; audited."""

    def audit(self, limit: int) -> Sequence[AuditEntry]:
        """The newest changes, newest first."""

    def note_audit(self, who: str, what: str, where: str, detail: str, now_ns: int) -> None:
        """Note a change that was made elsewhere."""

    def dead_letters(self, sink: str | None = None) -> Sequence[DeadLetter]:
        """Deliveries that were given up, oldest first."""

    def resend(self, sink: str | None, ids: Sequence[int] | None, now_ns: int) -> int:
        """Have dead letters told after all; how many there were."""


class DeadLetter(Protocol):
    """A delivery that was given up; see `monitor.alerting.letters`."""

    @property
    def id(self) -> int:
        """Of the delivery."""

    @property
    def sink(self) -> str:
        """Who was to be told."""

    @property
    def event(self) -> Event:
        """As it was to be told."""

    @property
    def attempts(self) -> int:
        """That were made."""

    @property
    def error(self) -> str:
        """Why the last one failed."""

    @property
    def died_ns(self) -> int:
        """When it was given up, wall time."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A dated snapshot of what a camera learned: when, in UTC, and why."""

    at: datetime
    why: str


class NoBudgetError(Exception):
    """A camera's configuration has no budget that could be changed."""


class House(Protocol):
    """What follows from the configuration, and what of it can be changed while the daemon runs."""

    def configuration(self) -> Mapping[str, object]:
        """All that is in force, without secrets."""

    def snapshots(self, camera: str) -> Sequence[Snapshot]:
        """What a camera had learned before and is kept, newest first."""

    def set_budget(self, camera: str, alerts_per_day: float) -> float:
        """From now on about so many alerts a day are wanted of a camera; as it was before.

        Raises:
            NoBudgetError: It has none.
        """
