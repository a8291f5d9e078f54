"""Frames become minutes: what was sustained, how long was seen, in which light."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.budget.diary import NOT_KNOWN, Light, Minute
from detectors.budget.minutes import LONGEST_S, Minutes, Sustained

COLOUR, INFRARED = Light.COLOUR, Light.INFRARED


@settings(deadline=None)
@given(st.lists(st.floats(0, 100), max_size=30), st.floats(0, 100))
def test_sustained_exceeds_a_limit_just_where_enough_frames_do(values: list[float], limit: float) -> None:
    """3 of the last 5: what opens an episode at this limit, and nothing else, is above it."""
    sustained = Sustained(3, 5)
    for end, value in enumerate(values, 1):
        told = sustained.step(value)
        strange = sum(each > limit for each in values[max(0, end - 5) : end])
        assert (told is not None and told > limit) is (strange >= 3)
        assert (told is None) is (end < 3)


def test_a_frame_without_a_score_neither_counts_nor_breaks_the_row() -> None:
    """Only a cut does: after it the frames before say nothing."""
    sustained = Sustained(2, 3)
    assert [sustained.step(value) for value in (5.0, None, 4.0)] == [None, None, 4.0]
    sustained.cut()
    assert [sustained.step(value) for value in (9.0, 8.0)] == [None, 8.0]


def test_a_minute_ends_with_the_first_frame_of_another() -> None:
    """It has each channel's highest, `NOT_KNOWN` where there was none, and its seconds."""
    minutes = Minutes(2)
    assert minutes.step(120.0, 1.0, (1.0, None), COLOUR) is None
    assert minutes.step(121.0, 1.0, (4.0, None), COLOUR) is None
    assert minutes.step(179.0, 0.5, (2.0, None), COLOUR) is None
    assert minutes.step(181.0, 1.0, (0.0, 3.0), COLOUR) == Minute(2, (4.0, NOT_KNOWN), COLOUR, 2.5)
    assert minutes.end() == Minute(3, (0.0, 3.0), COLOUR, 1.0)
    assert minutes.end() is None


def test_a_minute_of_which_nothing_was_judged_is_no_minute() -> None:
    """While models are warming a camera is not watched."""
    minutes = Minutes(1)
    told = [minutes.step(float(at_s), 1.0, (None,), COLOUR) for at_s in range(0, 300, 1)]
    assert told == [None] * 300
    assert minutes.end() is None


@pytest.mark.parametrize("passed_s", [math.inf, LONGEST_S + 0.1])
def test_what_lies_in_a_gap_was_not_seen(passed_s: float) -> None:
    """The frame after one counts as seen, the time before it does not."""
    minutes = Minutes(1)
    minutes.step(60.0, passed_s, (1.0,), COLOUR)
    minutes.step(61.0, 1.0, (1.0,), COLOUR)
    assert minutes.end() == Minute(1, (1.0,), COLOUR, 1.0)


@pytest.mark.parametrize("every_s", [0.1, 2.5, 20.0])
def test_a_slow_camera_is_seen_as_long_as_a_fast_one(every_s: float) -> None:
    """Each frame stands for the time since the one before, whatever the rate."""
    minutes, seen_s = Minutes(1), 0.0
    for number in range(round(600 / every_s)):
        ended = minutes.step(number * every_s, every_s, (1.0,), COLOUR)
        seen_s += 0.0 if ended is None else ended.seen_s
    assert seen_s == pytest.approx(540, abs=0.2)


def test_a_minute_is_no_longer_than_a_minute() -> None:
    """However its frames were stamped."""
    minutes = Minutes(1)
    for _ in range(100):
        minutes.step(60.0, 1.0, (1.0,), COLOUR)
    ended = minutes.end()
    assert ended is not None
    assert ended.seen_s == 60


def test_a_minute_is_in_the_light_that_lasted_longest() -> None:
    """Not in that of most frames."""
    minutes = Minutes(1)
    for number in range(20):
        minutes.step(60.0 + number / 10, 0.1, (1.0,), INFRARED)
    for number in range(5):
        minutes.step(70.0 + number, 1.0, (1.0,), COLOUR)
    ended = minutes.end()
    assert ended is not None
    assert ended.light is COLOUR
