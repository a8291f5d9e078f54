"""Stamps and pace, over any times a source may give."""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.capture.timing import Pace, Timeline
from monitor.clock import SystemClock

NS = 1_000_000_000
RATES = st.floats(0.5, 60)
PTS = st.lists(st.none() | st.floats(-1e6, 1e6, allow_nan=False), max_size=40)


@given(rate_hz=RATES, ratio=st.floats(1.0, 30.0), live=st.booleans())
def test_a_faster_source_is_thinned_to_the_wanted_rate(rate_hz: float, ratio: float, live: bool) -> None:
    """Whatever the source's rate, as many are due as periods go by: at most the slack's worth more or less."""
    source_hz, pictures = rate_hz * ratio, 600
    pace = Pace(rate_hz, live)
    due = sum(pace.due(round(number * NS / source_hz)) for number in range(pictures))
    spare = 2 + (0.2 * rate_hz if live else 0)
    assert abs(due - pictures / ratio) <= spare


def test_25_to_10_has_no_drift() -> None:
    """An hour at 25 a second gives 36,000 frames at 10 a second, to the frame, in steps of 2 and 3 pictures."""
    pace = Pace(10.0, live=False)
    due = [number for number in range(90_000) if pace.due(round(number * NS / 25))]
    assert abs(len(due) - 36_000) <= 1
    assert {b - a for a, b in pairwise(due)} == {2, 3}


@given(rate_hz=RATES, ratio=st.floats(1.0, 10.0), jitter=st.lists(st.floats(-0.49, 0.49), min_size=2, max_size=80))
def test_a_slower_source_gives_every_picture(rate_hz: float, ratio: float, jitter: list[float]) -> None:
    """A source that is not faster than wanted loses nothing, though each picture is early or late by half a period."""
    pace, period_ns = Pace(rate_hz, live=False), NS / rate_hz
    first = max(jitter[0], 0.0)
    times_ns = [round((number * ratio + first + offset) * period_ns) for number, offset in enumerate([0.0, *jitter])]
    assert all([pace.due(time_ns) for time_ns in sorted(times_ns)][1:])


@given(rate_hz=RATES, gaps_ms=st.lists(st.integers(1, 3000), max_size=200), live=st.booleans())
def test_no_window_has_more_than_its_share(rate_hz: float, gaps_ms: list[int], live: bool) -> None:
    """However unevenly pictures come, no stretch of time has more due than its periods plus the slack."""
    pace, at_ns, due_ns = Pace(rate_hz, live), 0, []
    for gap in gaps_ms:
        at_ns += gap * 1_000_000
        if pace.due(at_ns):
            due_ns.append(at_ns)
    spare = 2 * max(0.5, 0.1 * rate_hz if live else 0.0) + 1
    for count, end_ns in enumerate(due_ns, start=1):
        for start, start_ns in enumerate(due_ns[:count]):
            assert count - start <= (end_ns - start_ns) / NS * rate_hz + spare + 1e-6


def test_no_rate_means_every_picture() -> None:
    """With no wanted rate nothing is left out."""
    pace = Pace(None, live=False)
    assert all(pace.due(number) for number in range(1000))


@given(pts=PTS, gaps=st.lists(st.integers(0, 10**9), min_size=40, max_size=40), live=st.booleans())
def test_moments_rise_by_one_clock(
    clock_class: type[Any], pts: list[float | None], gaps: list[int], live: bool
) -> None:
    """Whatever pts a source gives, monotonic time rises strictly and wall time keeps its distance for the whole run."""
    clock = clock_class()
    timeline = Timeline(clock, live)
    moments = []
    for pts_s, gap in zip(pts, gaps, strict=False):
        clock.now_ns += gap
        clock.step_ns += 10**12  # the wall clock is being set all the time
        moments.append(timeline.mark(pts_s))
    assert all(a.mono_ns < b.mono_ns for a, b in pairwise(moments))
    assert len({moment.wall_ns - moment.mono_ns for moment in moments}) <= 1


def test_live_moments_are_when_pictures_were_read(clock: Any) -> None:
    """A live picture carries the clocks' time after the read; pts counts from the first picture that has one."""
    timeline = Timeline(clock, live=True)
    opened_ns = clock.now_ns
    clock.advance(1.5)
    first = timeline.mark(None)
    clock.advance(0.04)
    second, third = timeline.mark(90.0), timeline.mark(90.04)
    assert (first.mono_ns, first.pts) == (opened_ns + 1_500_000_000, None)
    assert (second.mono_ns, second.pts) == (opened_ns + 1_540_000_000, 0.0)
    assert third.pts == pytest.approx(0.04)
    assert first.wall_ns - first.mono_ns == clock.step_ns


def test_recorded_moments_last_as_long_as_the_recording(clock: Any) -> None:
    """However fast it is read, a recording's moments are the opening plus its pts."""
    timeline = Timeline(clock, live=False)
    opened_ns = clock.now_ns
    moments = [timeline.mark(pts_s) for pts_s in (0.08, 0.12, 0.16, 60.08)]
    assert [moment.mono_ns - opened_ns for moment in moments] == [0, 40_000_000, 80_000_000, 60 * NS]
    assert [moment.pts for moment in moments] == pytest.approx([0.0, 0.04, 0.08, 60.0])


def test_a_recording_whose_times_start_anew_goes_on(clock: Any) -> None:
    """Joined recordings: where pts goes back, time goes on by the last step and then with the new times."""
    timeline = Timeline(clock, live=False)
    moments = [timeline.mark(pts_s) for pts_s in (0.0, 1.0, 2.0, 0.0, 1.0, 2.0)]
    assert [moment.pts for moment in moments] == pytest.approx([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])


def test_a_picture_out_of_order_does_not_shift_the_rest(clock: Any) -> None:
    """After damage a decoder may give an older picture late: time stands for it and is right again afterwards."""
    timeline = Timeline(clock, live=False)
    opened_ns = clock.now_ns
    moments = [timeline.mark(pts_s) for pts_s in (0.0, 0.4, 0.2, 0.6)]
    assert [moment.mono_ns - opened_ns for moment in moments] == [0, 400_000_000, 400_000_001, 600_000_000]


def test_the_system_clock_waits_for_the_stop() -> None:
    """A stop that is set ends a wait at once."""
    stop = threading.Event()
    clock = SystemClock()
    assert clock.wait(stop, 0.0) is False
    stop.set()
    began_ns = clock.mono_ns()
    assert clock.wait(stop, 60.0) is True
    assert clock.mono_ns() - began_ns < 10 * NS
    assert clock.wall_ns() > 1_600_000_000 * NS
