"""How much scores varied lately, and what of a score counts beside it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Score, StateError
from detectors.context import LATELY_S, Context

HEATMAP = np.ones((2, 3), np.float32)


def after(*values: float, deviations: float = 2.0, passed_s: float = 1.0) -> Context:
    """One that has learned these, so far apart."""
    made = Context(deviations)
    for value in values:
        made.learn(value, passed_s)
    return made


def counted(made: Context, value: float) -> float | None:
    """What of a score counts."""
    return made.beyond(Score(value, HEATMAP)).value


def test_the_same_score_counts_less_amid_lively_minutes() -> None:
    """By two standard deviations of them."""
    made = after(*[3.0, 1.0] * 2000)
    assert counted(made, 6.0) == pytest.approx(4.0, abs=0.01)
    heatmap = made.beyond(Score(6.0, np.array([[6.0, 7.0, 1.0]], np.float32))).heatmap
    assert heatmap is not None
    assert heatmap.tolist() == [pytest.approx([4.0, 5.0, 0.0], abs=0.01)]
    assert heatmap.dtype == np.float32


@pytest.mark.parametrize("level", [0.0, 0.1, 3.0, 1e6])
def test_how_high_they_are_takes_nothing_off(level: float) -> None:
    """At dusk all are high, evenly."""
    assert counted(after(*[level] * 1000), 2e6) == pytest.approx(2e6, rel=1e-4)


@pytest.mark.parametrize("rate", [1, 5])
def test_it_follows_within_minutes_at_any_frame_rate(rate: int) -> None:
    """A time constant after lively minutes the variance has fallen to 1/e of what it was."""
    lively, still = [0.0, 2.0] * round(5 * LATELY_S * rate), [1.0] * round(LATELY_S * rate)
    made = after(*lively, *still, deviations=1.0, passed_s=1 / rate)
    assert counted(made, 5.0) == pytest.approx(5.0 - math.exp(-0.5), abs=0.01)


def test_the_first_scores_count_alike() -> None:
    """Before it knows minutes it is of what there was."""
    assert counted(after(2.0, 4.0, 6.0, deviations=1.0), 9.0) == pytest.approx(9 - np.std([2, 4, 6]), abs=0.02)


def test_a_gap_says_nothing_of_how_lively_it_was() -> None:
    """The first score after a cut does not become all that there was."""
    made = after(1.0, 1.0)
    made.learn(100.0, math.inf)
    assert counted(made, 5.0) == pytest.approx(5.0, abs=1e-6)


@pytest.mark.parametrize("made", [Context(2.0), after(5.0, 7.0, deviations=0.0)])
def test_nothing_is_taken_off_before_anything_is_known_or_if_nothing_is_wanted(made: Context) -> None:
    """The very same score."""
    score = Score(3.0, HEATMAP)
    assert made.beyond(score) is score


def test_not_known_stays_not_known() -> None:
    """It is not 0, which would be normal."""
    assert after(1.0, 2.0).beyond(Score(None, None)).value is None


@given(st.lists(st.floats(0, 1e6), max_size=20), st.floats(0, 1e6), st.floats(0, 100))
def test_what_counts_is_between_nothing_and_the_score(values: list[float], value: float, deviations: float) -> None:
    """Whatever was there before."""
    found = counted(after(*values, deviations=deviations), value)
    assert found is not None
    assert 0 <= found <= value


def test_its_state_goes_on_and_what_does_not_fit_is_refused() -> None:
    """One that knows and one that knows nothing yet."""
    for made in (after(2.0, 3.0), Context(2.0)):
        again = Context(2.0)
        again.restore(made.state())
        assert counted(again, 5.0) == counted(made, 5.0)
    for wrong in ([0.0, 0.0], [-1.0, 1.0, 0.5], [1.0, -1.0, 0.5], [1.0, 1.0, 1.5], [math.nan, 1.0, 0.5]):
        with pytest.raises(StateError):
            made.restore({"lately": np.array(wrong)})
