"""Which tellings one sink is to get, and when: filter, quiet hours, rate. Pure: holds, counts and sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from monitor.kinds import Kind, kind_of
from monitor.types import Event, Phase, State

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Filter:
    """What a sink is told of; None: whatever it is.

    What is told of the daemon itself has neither score nor state, and mostly no camera: channels and phases alone hold.

    Attributes:
        channels: One of the reasons must speak in one of them; "health" is the daemon's own.
        least_ratio: The score over its limit, at least.
        most_p_value: At most; an event without a p-value passes.
    """

    cameras: frozenset[str] | None = None
    channels: frozenset[str] | None = None
    phases: frozenset[Phase] | None = None
    states: frozenset[State] | None = None
    least_ratio: float = 0.0
    most_p_value: float = 1.0

    def passes(self, event: Event) -> bool:
        """Whether this telling is for the sink."""
        if not (self.tells(event.phase) and _fits(self.channels, *(reason.channel for reason in event.reasons))):
            return False
        if kind_of(event) is not Kind.ANOMALY:
            return not event.camera or _fits(self.cameras, event.camera)
        if not (_fits(self.cameras, event.camera) and _fits(self.states, event.state)):
            return False
        rare = event.p_value is None or event.p_value <= self.most_p_value
        return rare and event.score >= self.least_ratio * event.limit

    def tells(self, phase: Phase) -> bool:
        """Whether tellings of this phase are for the sink."""
        return self.phases is None or phase in self.phases


@dataclass(frozen=True, slots=True)
class Quiet:
    """A span of the day, local time. One that goes over midnight belongs to the day on which it begins.

    Attributes:
        days: 0 is Monday.
        end: Not within it. The same as `begin`: the whole day from then on.
    """

    days: frozenset[int]
    begin: time
    end: time

    def covers(self, moment: datetime) -> bool:
        """Whether `moment`, local, is within."""
        now = moment.time().replace(tzinfo=None)
        today, yesterday = moment.weekday() in self.days, (moment - timedelta(days=1)).weekday() in self.days
        if self.begin < self.end:
            return today and self.begin <= now < self.end
        return (today and now >= self.begin) or (yesterday and now < self.end)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many new events in so many seconds, before what comes is told together."""

    most: int
    per_s: float


def local(wall_ns: int) -> datetime:
    """A moment in the time of this host."""
    return datetime.fromtimestamp(wall_ns / _NS, UTC).astimezone()


@dataclass(frozen=True, slots=True)
class Policy:
    """One sink's.

    Attributes:
        quiet: Nothing new is told within any of them.
        hold: What comes in quiet hours is told afterwards; False: never.
        rate: None: no limit.
        clock: What the time is where people are.
    """

    filter: Filter = Filter()
    quiet: Sequence[Quiet] = ()
    hold: bool = True
    rate: Rate | None = None
    clock: Callable[[int], datetime] = local

    def passes(self, event: Event) -> bool:
        """Whether a telling of an event that the sink has not heard of is for it."""
        return self.filter.passes(event)

    def tells(self, phase: Phase) -> bool:
        """Whether a telling of an event that the sink knows is for it."""
        return self.filter.tells(phase)

    def is_quiet(self, now_ns: int) -> bool:
        """Whether it is within quiet hours."""
        moment = self.clock(now_ns)
        return any(each.covers(moment) for each in self.quiet)


def _fits(allowed: frozenset[str] | frozenset[State] | None, *given: str) -> bool:
    return allowed is None or any(each in allowed for each in given)
