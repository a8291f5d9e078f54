"""What a camera and its shadow made of the same hours, out of the event store. Knows no configuration; judges neither.

Two events are one happening where less than the refractory time lies between them, as with the budget. Only hours
that both watched are compared: a shadow that is still learning has not missed anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from monitor.alerting.store import EventStore
from monitor.kinds import Kind, kind_of
from monitor.types import Event

_S = 1_000_000_000
_HOUR_NS = 3600 * _S
_ALL = 1_000_000
# Where a camera's refractory time is not known: the default one. Unit: seconds.
WITHIN_S = 300.0

# (camera, whether its shadow, hour since the Unix epoch) → seconds with verdicts.
Watched = Mapping[tuple[str, bool, int], float]


@dataclass(frozen=True, slots=True)
class Side:
    """What one of the two did on one day.

    Attributes:
        watched_s: Seconds with verdicts.
        alerts: Events told at once, or that would have been; `held` those that were not.
    """

    watched_s: float
    alerts: int
    held: int


@dataclass(frozen=True, slots=True)
class Day:
    """One camera's day, UTC.

    Attributes:
        both: Happenings of which both alerted; `only_live` and `only_shadow`: one alone.
        apart: Alerts in hours that only one of the two watched; they are in none of these three.
    """

    camera: str
    day: date
    live: Side
    shadow: Side
    both: int
    only_live: int
    only_shadow: int
    apart: int


@dataclass(frozen=True, slots=True)
class Difference:
    """An alert of one of the two alone; `held`: why the other, which saw it too, would not have told; "" if it did not.

    `event.shadow` says whose it is.
    """

    event: Event
    held: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Oldest first; days without anything watched or raised are left out."""

    days: tuple[Day, ...]
    differences: tuple[Difference, ...]


def compared(
    store: EventStore, today: date, days: int, refractory_s: Mapping[str, float], camera: str | None = None
) -> Comparison:
    """The newest `days` days up to `today`, UTC, of every camera that had a shadow then, or of `camera`.

    Args:
        refractory_s: By camera; `WITHIN_S` where it is not named.

    Raises:
        StoreError: The store cannot be read.
    """
    since_ns = _begin_ns(today - timedelta(days=days - 1))
    watched = {
        key: seconds
        for key, seconds in store.watched(since_ns // _HOUR_NS).items()
        if camera in {None, key[0]} and _day(key[2] * _HOUR_NS) <= today
    }
    tables, differences = [], []
    for name in sorted({key[0] for key in watched}):
        events = [
            event
            for shadow in (False, True)
            for event in store.events(camera=name, since_ns=since_ns, limit=_ALL, shadow=shadow)
            if kind_of(event) is Kind.ANOMALY and since_ns <= event.began_ns < _begin_ns(today + timedelta(days=1))
        ]
        table, found = _of_camera(name, sorted(events, key=_began), watched, refractory_s.get(name, WITHIN_S))
        tables += table
        differences += found
    return Comparison(tuple(tables), tuple(differences))


def _of_camera(
    camera: str, events: Sequence[Event], watched: Watched, within_s: float
) -> tuple[list[Day], list[Difference]]:
    fair, apart = list[Event](), list[Event]()
    for event in events:
        hour = event.began_ns // _HOUR_NS
        both = all((camera, shadow, hour) in watched for shadow in (False, True))
        (fair if both else apart).append(event)
    happenings = list(_happenings((event for event in fair if not event.held), within_s))
    differences = [
        Difference(event, _held_by_other(event, fair, within_s))
        for happening in happenings
        if len({event.shadow for event in happening}) == 1
        for event in happening
    ]
    days = sorted(
        {_day(event.began_ns) for event in events} | {_day(key[2] * _HOUR_NS) for key in _of(camera, watched)}
    )
    return [_table(camera, day, events, happenings, apart, watched) for day in days], differences


def _table(
    camera: str,
    day: date,
    events: Sequence[Event],
    happenings: Sequence[Sequence[Event]],
    apart: Sequence[Event],
    watched: Watched,
) -> Day:
    seen = [{event.shadow for event in each} for each in happenings if _day(each[0].began_ns) == day]
    live, shadow = (
        Side(
            sum(watched[key] for key in _of(camera, watched) if key[1] is who and _day(key[2] * _HOUR_NS) == day),
            sum(e.shadow is who and not e.held and _day(e.began_ns) == day for e in events),
            sum(e.shadow is who and bool(e.held) and _day(e.began_ns) == day for e in events),
        )
        for who in (False, True)
    )
    return Day(
        camera,
        day,
        live,
        shadow,
        both=seen.count({False, True}),
        only_live=seen.count({False}),
        only_shadow=seen.count({True}),
        apart=sum(not e.held and _day(e.began_ns) == day for e in apart),
    )


def _happenings(events: Iterable[Event], within_s: float) -> Iterator[list[Event]]:
    """Events, by when they began, in groups: each begins less than `within_s` after one of its group was over."""
    group, ended_ns = list[Event](), 0
    for event in events:
        if group and event.began_ns - ended_ns >= within_s * _S:
            yield group
            group = []
        ended_ns = max(ended_ns, event.ended_ns) if group else event.ended_ns
        group.append(event)
    if group:
        yield group


def _held_by_other(event: Event, events: Iterable[Event], within_s: float) -> str:
    for other in events:
        near = max(event.began_ns - other.ended_ns, other.began_ns - event.ended_ns) < within_s * _S
        if other.held and other.shadow is not event.shadow and near:
            return other.held
    return ""


def _of(camera: str, watched: Watched) -> list[tuple[str, bool, int]]:
    return [key for key in watched if key[0] == camera]


def _began(event: Event) -> int:
    return event.began_ns


def _day(wall_ns: int) -> date:
    return datetime.fromtimestamp(wall_ns / _S, UTC).date()


def _begin_ns(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * _S
