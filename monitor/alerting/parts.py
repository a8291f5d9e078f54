"""What the alert desk works with, as it asks for it. Implements none of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from monitor.alerting.clock import Clock
from monitor.alerting.ledger import Budgets
from monitor.alerting.notices import NoticeRules
from monitor.alerting.snapshots import Snapshots
from monitor.alerting.store import EventStore
from monitor.metrics import Metrics
from monitor.types import CameraReport, ClipPart, Event, Judgement
from monitor.views import CameraView, DeliveryView, DiskView, Health, ProcessView, Standing, Trouble

Cause = Literal["camera lost", "source ended", "stopped", "not judged", "promoted"]


class Decider(Protocol):
    """Turns judgements into events; one of `deciding`."""

    def judge(self, judgement: Judgement) -> Sequence[Event]:
        """What people must be told because of this judgement."""

    def silent(self, camera: str, silent_s: float, cause: Cause) -> Sequence[Event]:
        """Nothing was judged on `camera` for so long, for this reason."""

    def end(self, camera: str, cause: Cause) -> Sequence[Event]:
        """Close what is open on `camera`."""

    def open_event(self, camera: str) -> Event | None:
        """The open event, with what was not told yet."""

    def joined(self, camera: str) -> int:
        """Openings so far that went on with an event that had closed."""

    def saved(self, camera: str) -> bytes:
        """The state of `camera`, for `resume`."""

    def resume(self, camera: str, saved: bytes) -> bool:
        """Go on from `saved`; False if that cannot be."""


class Assessor(Protocol):
    """Says where cameras and the daemon stand; made by `build` from `deciding.health`."""

    def camera(
        self, report: CameraReport | None, report_age_s: float, judgement: Judgement | None, judgement_age_s: float
    ) -> Standing:
        """Where a camera stands."""

    def daemon(
        self,
        cameras: Sequence[CameraView],
        processes: Sequence[ProcessView],
        alert_path: Sequence[Trouble],
        deliveries: Sequence[DeliveryView],
        *,
        previous: Health | None,
        age_s: float,
        now_ns: int,
    ) -> Health:
        """How the daemon is doing."""


class Deliveries(Protocol):
    """Tells sinks what was stored."""

    def wake(self) -> None:
        """Something was stored."""

    def views(self) -> Sequence[DeliveryView]:
        """How each sink is doing."""


class Upkeep(Protocol):
    """Keeps the store within its bounds."""

    def view(self) -> DiskView | None:
        """The room there is; None until it was looked at."""

    def troubles(self, now_ns: int) -> Sequence[Trouble]:
        """What is wrong with it; `now_ns`: wall time."""


class Clips(Protocol):
    """Gets the clips and full pictures of events."""

    def attach(self, event: Event) -> Event:
        """`event` with the names of the files that are there."""

    def resume(self, event: Event) -> None:
        """The newest event of its camera, of before a restart."""

    def told(self, event: Event) -> None:
        """An event was stored as it is told now."""

    def follow(self, event: Event) -> None:
        """The open event of a camera as it is now."""

    def take(self, part: ClipPart) -> Event | None:
        """A part of a file came; the event as it is stored now, if it is another than before."""

    def tick(self) -> Sequence[Event]:
        """What time alone brings; the events that got their files into the store by it."""


@dataclass(frozen=True, slots=True)
class ShadowParts:
    """What the desk works with for shadows; at first with the rules and budgets of the candidates.

    Attributes:
        cameras: Those that have one.
        exchange: Changes the live rules and budget of a camera for the shadow's.
    """

    cameras: tuple[str, ...]
    decider: Decider
    valve: Budgets
    exchange: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the desk works with; whoever made them closes them."""

    decider: Decider
    valve: Budgets
    assessor: Assessor
    store: EventStore
    snapshots: Snapshots
    deliveries: Deliveries
    upkeep: Upkeep
    clips: Clips
    metrics: Metrics
    clock: Clock
    shadow: ShadowParts | None = None
    notices: NoticeRules = field(default_factory=NoticeRules)
