"""The window that thresholds share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import StateError
from detectors.thresholds.scores import Window, quantile, tamed

SCORES = st.lists(st.floats(0, 1e6), max_size=60)


@given(SCORES, st.integers(1, 20), st.floats(0, 1e6))
def test_window_holds_the_last_scores_in_both_orders(scores: list[float], size: int, probe: float) -> None:
    """After any scores the window holds the last ones, by arrival and sorted, and counts those at least as large."""
    window = Window(size)
    for score in scores:
        window.add(score)
    last = scores[-size:]
    assert window.arrived().tolist() == last
    assert window.ordered.tolist() == sorted(last)
    assert window.at_least(probe) == sum(score >= probe for score in last)


@given(SCORES, SCORES, st.integers(1, 20))
def test_refilled_window_goes_on_like_one_that_was_fed(before: list[float], after: list[float], size: int) -> None:
    """A window refilled with saved scores behaves as the one that they were saved from, whatever it held."""
    fed, refilled = Window(size), Window(size)
    refilled.add(7.0)
    for score in before:
        fed.add(score)
    refilled.refill(fed.arrived())
    for score in after:
        fed.add(score)
        refilled.add(score)
    assert refilled.arrived().tolist() == fed.arrived().tolist()
    assert refilled.ordered.tolist() == fed.ordered.tolist()


def test_refill_keeps_the_newest_of_too_many() -> None:
    """A window that was made shorter since its state was saved keeps what is newest."""
    window = Window(3)
    window.refill(np.array([9.0, 1.0, 2.0, 3.0]))
    assert window.arrived().tolist() == [1, 2, 3]


def test_refill_refuses_negative_scores() -> None:
    """No score is negative; the window is as it was."""
    window = Window(3)
    window.add(1.0)
    with pytest.raises(StateError, match="got a negative one"):
        window.refill(np.array([-1.0]))
    assert window.arrived().tolist() == [1]


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=40), st.floats(0, 1))
def test_quantile_is_numpys(scores: list[float], level: float) -> None:
    """Quantiles are numpy's, interpolated linearly."""
    assert quantile(np.sort(scores), level) == pytest.approx(np.quantile(scores, level), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("score", "ceiling", "previous", "counted"), [(2, 5, 0, 2), (9, 5, 0, 5), (9, 5, 8, 8), (9, 0, 9, 9)]
)
def test_tamed_score(score: float, ceiling: float, previous: float, counted: float) -> None:
    """A score counts at most as the ceiling or the score before it."""
    assert tamed(score, ceiling, previous) == counted
