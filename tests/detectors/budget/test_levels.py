"""Levels are the lowest at which a diary's own life would have raised no more alerts than allowed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.budget.diary import NOT_KNOWN
from detectors.budget.levels import CAUTION, DAY_MINUTES, MOST_ABOVE, Doubles, Life, happenings, levels

# Few values, so that many are equal: equal ones are above a level together or not at all.
PEAKS = [NOT_KNOWN, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 3.25, 7.0]
budgets = st.floats(0.2, 5000)  # far more than people want, for a life of an hour is a small part of a day
ROUNDING = 1e-9


def life(peaks: list[list[float]], steps: list[int] | None = None, *, join: int = 3, old: bool = False) -> Life:
    """Minutes with these peaks, so many apart (else one), all of them watched; `old` ones weigh less."""
    minutes = np.cumsum(np.array(steps or [1] * len(peaks), np.int64))
    weights: Doubles = np.exp2(-(minutes[-1] - minutes) / 20.0) if old else np.ones(len(peaks))
    return Life(minutes, np.array(peaks, np.float32), weights, float(weights.sum()) / DAY_MINUTES, join)


@st.composite
def lives(draw: st.DrawFn, channels: int) -> Life:
    """Any life of up to 60 minutes, some of them far apart."""
    count = draw(st.integers(1, 60))
    column = st.lists(st.sampled_from(PEAKS), min_size=channels, max_size=channels)
    peaks = draw(st.lists(column, min_size=count, max_size=count))
    steps = draw(st.lists(st.integers(1, 9), min_size=count, max_size=count))
    return life(peaks, steps, old=draw(st.booleans()))


def raised(of: Life, *found: float) -> float:
    """How many happenings the life would have raised at these levels, seen by any channel."""
    return happenings(of, (of.peaks.astype(np.float64) > np.array(found)).any(1))


def allowance(wanted: float) -> float:
    """How many happenings are allowed where so many are wanted."""
    return max(min(1.5, max(0.0, wanted - 0.5)), wanted - CAUTION * math.sqrt(wanted) - 0.5)


@settings(deadline=None, max_examples=100)
@given(lives(1), budgets)
def test_one_channel_raises_no_more_than_allowed_and_one_step_lower_it_would(of: Life, wanted: float) -> None:
    """Or it would be strange for too much of the time; chance and caution take their part of what is allowed."""
    (level,) = levels(of, wanted, [1])
    peaks, allowed = of.peaks[:, 0], allowance(wanted * of.days)
    assert level >= 0
    assert all(raised(of, higher) <= allowed + ROUNDING for higher in {level, *peaks[peaks > level].tolist()})
    lower = peaks[(peaks >= 0) & (peaks < level)]
    if len(lower):
        step = float(lower.max())
        share = of.weights[peaks > step].sum() / of.weights[peaks >= 0].sum()
        known = of.weights[peaks >= 0].sum() / of.weights.sum()  # who came to know later has had less time to alert in
        assert raised(of, step) > allowed * known - ROUNDING or share > MOST_ABOVE - ROUNDING


@settings(deadline=None, max_examples=40)
@given(lives(2), budgets, st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)))
def test_two_channels_raise_together_no_more_than_allowed(of: Life, wanted: float, shares: tuple[float, float]) -> None:
    """What both see counts once, what one sees counts too."""
    assert raised(of, *levels(of, wanted, shares)) <= wanted * of.days + ROUNDING


@settings(deadline=None, max_examples=40)
@given(lives(2), budgets, st.floats(1, 4))
def test_a_larger_budget_never_gives_a_higher_level(of: Life, wanted: float, more: float) -> None:
    """Who asks for more alerts hears of everything that was told before; of one channel or of several."""
    few, many = levels(of, wanted, [1, 2]), levels(of, wanted * more, [1, 2])
    assert all(high >= low for high, low in zip(few, many, strict=True))


def test_channels_that_see_the_same_have_the_whole_budget_each() -> None:
    """Two views of one thing cost no more than one; rates are looked for in steps of 4%."""
    scores = np.random.default_rng(0).gamma(2, 1, 4 * DAY_MINUTES)
    alone = life([[score] for score in scores])
    both = life([[score, 3 * score] for score in scores])
    first, second = levels(both, 10, [1, 1])
    assert second == pytest.approx(3 * first, rel=1e-6)
    assert 0.93 * raised(alone, *levels(alone, 10, [1])) <= raised(both, first, second) <= 40


def test_channels_that_never_agree_share_the_budget() -> None:
    """Each then raises the same, and together they raise what is allowed."""
    scores = np.random.default_rng(1).gamma(2, 1, (4 * DAY_MINUTES, 2))
    of = life((scores * [1, 50]).tolist())
    found = levels(of, 10, [1, 1])
    own = [happenings(of, of.peaks[:, channel] > found[channel]) for channel in range(2)]
    assert raised(of, *found) == pytest.approx(allowance(40), rel=0.06)
    assert own == pytest.approx([allowance(40) / 2] * 2, abs=2)


def test_a_channel_alerts_as_often_beside_another_as_its_share_says() -> None:
    """Four times the share is four times the alerts."""
    scores = np.random.default_rng(2).gamma(2, 1, (8 * DAY_MINUTES, 2))
    of = life(scores.tolist())
    found = levels(of, 10, [1, 4])
    own = [happenings(of, of.peaks[:, channel] > found[channel]) for channel in range(2)]
    assert raised(of, *found) == pytest.approx(allowance(80), rel=0.06)
    assert own == pytest.approx([allowance(80) / 5, allowance(80) * 4 / 5], abs=4)


def test_a_channel_that_came_to_know_late_alerts_no_oftener_for_it() -> None:
    """Its few minutes may raise what is allowed in so short a time, not what is allowed in all of the life."""
    scores = np.random.default_rng(3).gamma(2, 1, (10 * DAY_MINUTES, 1))
    late = scores.copy()
    late[: 9 * DAY_MINUTES] = NOT_KNOWN
    (found,) = levels(life(late.tolist()), 10, [1])
    assert happenings(life(late.tolist()), late[:, 0] > found) == pytest.approx(10, abs=1)
    (always,) = levels(life(scores.tolist()), 10, [1])
    assert found == pytest.approx(always, rel=0.15)


@pytest.mark.parametrize(("minutes", "count"), [([], 0), ([5], 1), ([5, 8, 11, 14], 1), ([5, 9, 12, 30], 3)])
def test_minutes_close_together_are_one_happening(minutes: list[int], count: int) -> None:
    """However long it lasts in all; a longer pause than `join` makes two of it."""
    of = life([[0.0]] * 40, join=3)
    above = np.isin(of.minutes, minutes)
    assert happenings(of, above) == count


def test_a_long_happening_weighs_what_its_first_minute_weighs() -> None:
    """So that one counts once, old or new."""
    of = life([[1.0]] * 40, old=True)
    above = of.minutes >= 21
    assert happenings(of, above) == pytest.approx(0.5, abs=0.02)
    assert happenings(of, of.minutes == 21) == happenings(of, above)


def test_where_nothing_ever_happened_anything_is_worth_an_alert() -> None:
    """Minutes without a score, or with none above 0, give the level 0."""
    assert levels(life([[NOT_KNOWN, NOT_KNOWN]] * 9), 1, [1, 1]) == (0.0, 0.0)
    assert levels(life([[0.0, NOT_KNOWN]] * 9), 1, [1, 1]) == (0.0, 0.0)


def test_before_a_happening_is_allowed_the_level_is_the_highest_ever_seen() -> None:
    """Two hours at three a day allow none yet."""
    assert levels(life([[float(n % 50)] for n in range(120)]), 3, [1]) == (49.0,)
