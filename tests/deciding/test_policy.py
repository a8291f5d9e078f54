"""What a sink is told of and when: filters, and quiet hours on the clock of people."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Reason
from monitor.deciding.policy import Filter, Policy, Quiet
from monitor.sinks.checks import EVENT
from monitor.types import Phase, State

EVERY_DAY = frozenset(range(7))
TROUBLE = replace(EVENT, camera="", score=0.0, limit=0.0, reasons=(Reason("disk", "full", None, None, "health"),))
OFFLINE = replace(TROUBLE, camera="gate", state=State.BLIND)
RARE = replace(EVENT, reasons=(Reason("motion", "moves", 0.001, None, "moving"),))


@pytest.mark.parametrize(
    ("wanted", "passes", "not_passing"),
    [
        (Filter(), (RARE, TROUBLE, OFFLINE), ()),
        (Filter(cameras=frozenset({"gate"})), (RARE, OFFLINE, TROUBLE), (replace(RARE, camera="yard"),)),
        (Filter(cameras=frozenset({"yard"})), (TROUBLE,), (RARE, OFFLINE)),
        (Filter(channels=frozenset({"health"})), (TROUBLE, OFFLINE), (RARE,)),
        (Filter(channels=frozenset({"moving", "rules"})), (RARE,), (TROUBLE, EVENT)),
        (Filter(phases=frozenset({Phase.CLOSED})), (replace(RARE, phase=Phase.CLOSED),), (RARE, TROUBLE)),
        (Filter(states=frozenset({State.ACTIVE})), (RARE, OFFLINE), (replace(RARE, state=State.CALIBRATING),)),
        (Filter(least_ratio=1.5), (RARE, TROUBLE), (replace(RARE, score=4.4),)),
        (Filter(most_p_value=0.001), (RARE, replace(RARE, p_value=None), TROUBLE), (replace(RARE, p_value=0.01),)),
    ],
)
def test_each_key_of_a_filter_chooses(wanted: Filter, passes: tuple, not_passing: tuple) -> None:  # type: ignore[type-arg]
    """What it does not name does not matter; trouble has neither score nor state, and mostly no camera."""
    assert all(wanted.passes(event) for event in passes)
    assert not any(wanted.passes(event) for event in not_passing)


@pytest.mark.parametrize(
    ("days", "begin", "end", "moment", "quiet"),
    [
        ("all", "22:00", "06:30", "2026-11-30 23:00", True),
        ("all", "22:00", "06:30", "2026-11-30 06:29", True),
        ("all", "22:00", "06:30", "2026-11-30 06:30", False),
        ("all", "22:00", "06:30", "2026-11-30 12:00", False),
        ("fri", "22:00", "06:30", "2026-12-05 05:00", True),  # Saturday morning, of Friday's night
        ("fri", "22:00", "06:30", "2026-12-04 05:00", False),  # Friday morning, of Thursday's
        ("fri", "08:00", "17:00", "2026-12-04 08:00", True),
        ("fri", "08:00", "17:00", "2026-12-03 08:00", False),
        ("fri", "00:00", "00:00", "2026-12-04 23:59", True),
        ("fri", "00:00", "00:00", "2026-12-05 00:00", False),
    ],
)
def test_quiet_hours_over_midnight_belong_to_the_day_they_begin(
    days: str, begin: str, end: str, moment: str, quiet: bool
) -> None:
    """Local time; the end is not within."""
    which = EVERY_DAY if days == "all" else frozenset({4})
    span = Quiet(which, time.fromisoformat(begin), time.fromisoformat(end))
    assert span.covers(datetime.fromisoformat(moment)) is quiet


@given(
    st.frozensets(st.integers(0, 6)),
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.integers(0, 366 * 1440),
)
def test_a_span_and_the_rest_of_the_week_are_the_week(days: frozenset[int], begin: int, end: int, minute: int) -> None:
    """Whatever the span: a moment is within it on its days or on none of the others, never in both."""
    first, last = (time(m // 60, m % 60) for m in (begin, end))
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    on_days = Quiet(days, first, last).covers(moment)
    on_others = Quiet(EVERY_DAY - days, first, last).covers(moment)
    assert (on_days or on_others) == Quiet(EVERY_DAY, first, last).covers(moment)


def test_the_clock_is_that_of_people() -> None:
    """Quiet hours are asked of local time, not of UTC."""
    two_hours_ahead = Policy(
        quiet=(Quiet(EVERY_DAY, time(22), time(23)),),
        clock=lambda ns: datetime.fromtimestamp(ns / 1e9, UTC) + timedelta(hours=2),
    )
    at_20_utc = int(datetime(2026, 11, 29, 20, 30, tzinfo=UTC).timestamp() * 1e9)
    assert two_hours_ahead.is_quiet(at_20_utc)
    assert not two_hours_ahead.is_quiet(at_20_utc + 2 * 3_600_000_000_000)
