"""What a camera and its shadow raised, out of a store made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from monitor.alerting.comparison import Comparison, compared
from monitor.alerting.store import EventStore
from monitor.types import Event

S = 1_000_000_000
HOUR_S = 3600
TODAY = date(2026, 9, 21)
MIDNIGHT_S = int(datetime(2026, 9, 21, tzinfo=UTC).timestamp())
Make = Callable[..., None]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    """An empty store."""
    made = EventStore.open(tmp_path / "events.db")
    yield made
    made.close()


@pytest.fixture
def raise_event(store: EventStore, new_event: Callable[..., Event]) -> Make:
    """Store an event of so many seconds after today's midnight, UTC, ten seconds long; `held`: nobody was told."""

    def make(at_s: float, *, shadow: bool, camera: str = "gate", held: str = "") -> None:
        began_ns = int((MIDNIGHT_S + at_s) * S)
        name = f"{camera}{at_s}{shadow}{held}"
        event = new_event(id=name, camera=camera, began_ns=began_ns, ended_ns=began_ns + 10 * S, shadow=shadow)
        with store.transaction() as db:
            store._record_one(db, event, None, began_ns)
            db.execute(
                "UPDATE events SET held = ?, body = json_set(body, '$.held', ?) WHERE id = ?", (held, held, name)
            )

    return make


def watch(store: EventStore, *hours: int, camera: str = "gate", by: tuple[bool, ...] = (False, True)) -> None:
    """Both, or one of the two, watched in these hours after today's midnight."""
    first = MIDNIGHT_S // HOUR_S
    store.note_watched({(camera, shadow, first + hour): 3600.0 for shadow in by for hour in hours})


def counts(found: Comparison) -> list[tuple[int, int, int]]:
    """Happenings of each day: both, only live, only shadow."""
    return [(day.both, day.only_live, day.only_shadow) for day in found.days]


def test_what_lies_within_the_refractory_time_is_one_happening(store: EventStore, raise_event: Make) -> None:
    """Both saw the first; the second came too late to be the same; of the third the shadow made two."""
    watch(store, 8, 9, 10)
    for at_s, shadow in ((0, False), (299, True), (1800, False), (1800 + 311, True), (3600, False)):
        raise_event(8 * HOUR_S + at_s, shadow=shadow)
    raise_event(9 * HOUR_S - 200, shadow=True)
    raise_event(9 * HOUR_S + 200, shadow=True)
    found = compared(store, TODAY, 1, {"gate": 300.0})
    assert counts(found) == [(2, 1, 1)]
    assert (found.days[0].live.alerts, found.days[0].shadow.alerts) == (3, 4)
    at_s = [(each.event.began_ns // S - MIDNIGHT_S - 8 * HOUR_S, each.event.shadow) for each in found.differences]
    assert at_s == [(1800, False), (1800 + 311, True)]
    assert counts(compared(store, TODAY, 1, {"gate": 20.0})) == [(0, 3, 4)]


def test_held_events_are_apart_and_named_beside_what_only_one_told(store: EventStore, raise_event: Make) -> None:
    """What the other saw and would not have told is no alert of it, and no miss either."""
    watch(store, 8)
    raise_event(8 * HOUR_S, shadow=False)
    raise_event(8 * HOUR_S + 5, shadow=True, held="over budget")
    raise_event(8 * HOUR_S + 2000, shadow=True)
    found = compared(store, TODAY, 1, {})
    [day] = found.days
    assert (day.live.alerts, day.live.held, day.shadow.alerts, day.shadow.held) == (1, 0, 1, 1)
    assert counts(found) == [(0, 1, 1)]
    assert [(each.event.shadow, each.held) for each in found.differences] == [(False, "over budget"), (True, "")]


def test_only_hours_that_both_watched_are_compared(store: EventStore, raise_event: Make) -> None:
    """A shadow that was still learning has missed nothing; those alerts are counted apart."""
    watch(store, 7, 8, by=(False,))
    watch(store, 8, by=(True,))
    raise_event(7 * HOUR_S, shadow=False)
    raise_event(8 * HOUR_S, shadow=False)
    found = compared(store, TODAY, 1, {})
    assert counts(found) == [(0, 1, 0)]
    [day] = found.days
    assert (day.apart, day.live.alerts, day.live.watched_s, day.shadow.watched_s) == (1, 2, 7200.0, 3600.0)


def test_days_are_told_apart_in_utc_and_only_so_many(store: EventStore, raise_event: Make) -> None:
    """Oldest first; a happening is of the day on which it began, whatever came the day after."""
    for day in (-2, -1, 0):
        watch(store, 24 * day + 23, 24 * day)
    raise_event(-2 * 24 * HOUR_S, shadow=False)
    raise_event(-60, shadow=False)
    raise_event(30, shadow=True)
    found = compared(store, TODAY, 2, {})
    assert [day.day.isoformat() for day in found.days] == ["2026-09-20", "2026-09-21"]
    assert counts(found) == [(1, 0, 0), (0, 0, 0)]
    assert [day.day.day for day in compared(store, TODAY, 3, {}).days] == [19, 20, 21]
    assert counts(compared(store, date(2026, 9, 20), 1, {})) == [(0, 1, 0)], "tomorrow is not seen yet"


def test_cameras_do_not_mix_and_those_without_a_shadow_are_left_out(store: EventStore, raise_event: Make) -> None:
    """Nothing is compared where there is nothing to compare with."""
    for camera in ("gate", "yard"):
        watch(store, 8, camera=camera)
    raise_event(8 * HOUR_S, shadow=False, camera="gate")
    raise_event(8 * HOUR_S, shadow=True, camera="yard")
    raise_event(8 * HOUR_S, shadow=False, camera="door")
    found = compared(store, TODAY, 1, {})
    assert [(day.camera, day.only_live, day.only_shadow) for day in found.days] == [("gate", 1, 0), ("yard", 0, 1)]
    assert [day.camera for day in compared(store, TODAY, 1, {}, "yard").days] == ["yard"]
    assert compared(store, TODAY, 1, {}, "door") == Comparison((), ())
