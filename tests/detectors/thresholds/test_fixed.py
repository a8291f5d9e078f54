"""A limit that people set stays what they set."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Verdict
from detectors.calibration import Calibration
from detectors.options import FixedOptions
from detectors.thresholds.fixed import FixedThreshold

LIMIT = 2.5
scores = st.lists(st.floats(0, 1e12), min_size=1, max_size=60)


@given(scores)
def test_no_score_moves_it(fed: list[float]) -> None:
    """The limit is the one written down, to the last bit, from the first score on."""
    threshold = FixedThreshold(FixedOptions(limit=LIMIT, window=20))
    assert (threshold.limit(), threshold.missing()) == (None, 1)
    for score in fed:
        threshold.update(score)
        assert (threshold.limit(), threshold.missing()) == (LIMIT, 0)


@given(scores, st.floats(0, 1e12))
def test_p_values_are_ranks_among_the_last_scores(fed: list[float], asked: float) -> None:
    """And so say nothing of the limit."""
    threshold = FixedThreshold(FixedOptions(limit=LIMIT, window=20))
    for score in fed:
        threshold.update(score)
    last = fed[-20:]
    assert threshold.p_value(asked) == (1 + sum(score >= asked for score in last)) / (len(last) + 1)


def test_there_are_p_values_also_where_everything_is_above_it() -> None:
    """A limit below ordinary life still lets people see how rare a second is among the others."""
    calibration = Calibration(FixedThreshold(FixedOptions(limit=LIMIT)), 1.0)
    for n in range(101):
        calibration.learn(float(n), 10.0 + n, Verdict.ANOMALOUS)
    assert calibration.p_value(109.5) == 2 / 101
