"""What a threshold is asked about, for any scores."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import StateDict, StateError, StateView, Verdict
from detectors.calibration import SPACING, THINNING, Calibration
from detectors.options import SpotOptions, ZScoreThresholdOptions
from detectors.thresholds.spot import SpotThreshold
from detectors.thresholds.zscore import ZScoreThreshold

NORMAL, ANOMALOUS, UNKNOWN = Verdict.NORMAL, Verdict.ANOMALOUS, Verdict.UNKNOWN
LIMIT = 5.0
SECOND_S = 1.0
# Quarters of a second, so that sums of them are exact.
scored = st.lists(st.tuples(st.integers(1, 12), st.floats(0, 100)), max_size=60)


class Noting:
    """A threshold with a fixed limit that notes what it is fed."""

    wants_all: ClassVar[bool] = False

    def __init__(self, limit: float | None = LIMIT) -> None:
        self.fed: list[float] = []
        self._limit = limit

    def p_value(self, score: float) -> float | None:
        return None if self._limit is None else 0.0 if score > self._limit else 1.0

    def limit(self) -> float | None:
        return self._limit

    def missing(self) -> int:
        return 0 if self._limit is not None else 7

    def update(self, score: float) -> None:
        self.fed.append(score)

    def state(self) -> StateDict:
        return {}

    def restore(self, state: StateView) -> None:
        assert not state


@given(scored)
def test_the_threshold_is_fed_each_seconds_strongest_score(steps: list[tuple[int, float]]) -> None:
    """Whatever the rate of the frames: a second begins with its first frame, and counts once, as its maximum."""
    threshold, expected = Noting(), []
    calibration = Calibration(threshold, SECOND_S)
    at_s, began_s = 100.0, -math.inf
    for quarters, value in steps:
        at_s += quarters / 4
        calibration.learn(at_s, value, NORMAL)
        if at_s - began_s >= 1:
            began_s = at_s
            expected.append(value)
        expected[-1] = max(expected[-1], value)
    calibration.cut()
    assert threshold.fed == expected


@given(scored)
def test_nothing_is_fed_twice_and_nothing_before_its_second_is_over(steps: list[tuple[int, float]]) -> None:
    """The second under way is held back, so that a frame is judged by seconds that were over before it."""
    threshold = Noting()
    calibration = Calibration(threshold, SECOND_S)
    at_s = 0.0
    for quarters, value in steps:
        before = len(threshold.fed)
        at_s += quarters / 4
        calibration.learn(at_s, value, NORMAL)
        assert len(threshold.fed) - before <= 1
    last = len(threshold.fed)
    calibration.cut()
    calibration.cut()
    assert len(threshold.fed) == last + bool(steps)


@pytest.mark.parametrize("moment_s", [0.5, 60.0])
def test_a_moment_lasts_as_long_as_is_said(moment_s: float) -> None:
    """Ten moments of frames twice a second are ten scores, whether of half a second or of a minute."""
    threshold = Noting()
    calibration = Calibration(threshold, moment_s)
    for n in range(int(20 * moment_s)):
        calibration.learn(n / 2, float(n), NORMAL)
    calibration.cut()
    assert len(threshold.fed) == 10
    assert threshold.fed[-1] == 20 * moment_s - 1


def test_it_has_seen_something_once_it_was_shown_something() -> None:
    """Also after a way through a saved state, if its threshold already answers."""
    old = Calibration(ZScoreThreshold(ZScoreThresholdOptions(warmup=5)), SECOND_S)
    assert not old.seen
    old.learn(0.0, 1.0, NORMAL)
    assert old.seen
    for n in range(1, 20):
        old.learn(float(n), 1.0, NORMAL)
    new = Calibration(ZScoreThreshold(ZScoreThresholdOptions(warmup=5)), SECOND_S)
    new.restore(old.state())
    assert new.seen


def test_it_says_how_many_moments_are_missing() -> None:
    """As its threshold does."""
    assert Calibration(Noting(limit=None), SECOND_S).missing() == 7
    assert Calibration(Noting(), SECOND_S).missing() == 0


def test_a_second_with_one_anomalous_frame_is_anomalous() -> None:
    """Its ordinary frames do not make it ordinary."""
    threshold = Noting()
    calibration = Calibration(threshold, SECOND_S)
    for n in range(10):
        calibration.learn(n / 10, 8.0 if n == 3 else 1.0, ANOMALOUS if n == 3 else NORMAL)
    calibration.learn(1.0, 1.0, NORMAL)
    assert threshold.fed == []


class WantingAll(Noting):
    """One that must be offered what is above its limit too."""

    wants_all: ClassVar[bool] = True


@given(scored)
def test_who_wants_all_gets_all_as_they_were_judged(steps: list[tuple[int, float]]) -> None:
    """Each frame counts in the one moment in which it was judged, strange or not: what is fed changes only after it."""
    threshold, unfed = WantingAll(), []
    calibration = Calibration(threshold, SECOND_S)
    at_s = 0.0
    for quarters, value in steps:
        at_s += quarters / 4
        before = len(threshold.fed)
        unfed.append(value)  # it was judged by a limit made of what was fed so far
        calibration.learn(at_s, value, ANOMALOUS)
        if len(threshold.fed) > before:
            assert threshold.fed[before:] == [max(unfed)]
            unfed = []
    before = len(threshold.fed)
    calibration.cut()
    calibration.cut()
    assert threshold.fed[before:] == ([max(unfed)] if unfed else [])


def test_who_wants_all_is_fed_each_moment_in_its_time() -> None:
    """Ten frames a second make a score a second, and one frame a second does too."""
    for fps in (1, 10):
        threshold = WantingAll()
        calibration = Calibration(threshold, SECOND_S)
        for n in range(20 * fps + 1):
            calibration.learn(n / fps, float(n // fps), ANOMALOUS)
        assert len(threshold.fed) == 20


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 400)), max_size=8))
def test_anomalous_seconds_are_thinned_and_counted_as_the_limit(parts: list[tuple[bool, int]]) -> None:
    """At most one in twenty of them and one to a hundred ordinary ones is offered, and as no more than the limit."""
    threshold = Noting()
    calibration = Calibration(threshold, SECOND_S)
    seconds = [strange for strange, count in parts for _ in range(count)]
    for n, strange in enumerate(seconds):
        calibration.learn(float(n), 1e6 if strange else 1.0, ANOMALOUS if strange else NORMAL)
    calibration.cut()
    assert set(threshold.fed) <= {1.0, LIMIT}
    assert threshold.fed.count(1.0) == seconds.count(False)
    offered = threshold.fed.count(LIMIT)
    assert offered <= min(seconds.count(True) // THINNING, seconds.count(False) // SPACING)


def test_a_limit_that_was_set_too_low_rises() -> None:
    """Ordinary seconds twice as strong as those it was made of lift a limit: in four hours half as many are above."""
    scores = np.random.default_rng(0)
    calibration = Calibration(SpotThreshold(SpotOptions()), SECOND_S)
    for n in range(600):
        calibration.learn(float(n), scores.gamma(9) / 9, UNKNOWN)
    above = []
    for n in range(600, 600 + 4 * 3600):
        value, limit = 2 * scores.gamma(9) / 9, calibration.limit()
        above.append(limit is not None and value > limit)
        calibration.learn(float(n), value, ANOMALOUS if above[-1] else NORMAL)
    assert 0.05 < np.mean(above[:3600]) < 0.1
    assert np.mean(above[-3600:]) < 0.5 * np.mean(above[:3600])


def test_an_accepted_anomaly_counts_in_full() -> None:
    """What is learned as the new normal also makes the new limit."""
    calibration = Calibration(SpotThreshold(SpotOptions(warmup=100)), SECOND_S)
    for n in range(200):
        calibration.learn(float(n), 1 + n % 10 / 10, UNKNOWN)
    for n in range(200, 500):
        calibration.learn(float(n), 5 + n % 10 / 10, ANOMALOUS, accepted=True)
    limit = calibration.limit()
    assert limit is not None
    assert limit > 5


def test_seconds_before_there_is_a_limit_all_count() -> None:
    """UNKNOWN is what the limit is first made of."""
    threshold = Noting(limit=None)
    calibration = Calibration(threshold, SECOND_S)
    for n in range(30):
        calibration.learn(float(n), float(n), UNKNOWN)
    calibration.cut()
    assert threshold.fed == [float(n) for n in range(30)]


def test_minutes_of_anomaly_hardly_move_the_limit() -> None:
    """Half an hour at 100 times the limit leaves a SPOT limit of one hour within a tenth of where it was."""
    scores = np.random.default_rng(0)
    calibration = Calibration(SpotThreshold(SpotOptions()), SECOND_S)
    for n in range(3600):
        calibration.learn(float(n), scores.gamma(9) / 9, UNKNOWN)
    before = calibration.limit()
    assert before is not None
    for n in range(3600, 5400):
        calibration.learn(float(n), 100 * before, ANOMALOUS)
    assert calibration.limit() == pytest.approx(before, rel=0.1)


def test_restored_it_goes_on_the_same() -> None:
    """Limit and p-values are those of the saved one, and stay so; where the thinning stood is kept too."""
    old = Calibration(ZScoreThreshold(ZScoreThresholdOptions(warmup=5)), SECOND_S)
    for n in range(50):
        old.learn(float(n), n % 7, ANOMALOUS if n % 2 else NORMAL)
    old.cut()
    new = Calibration(ZScoreThreshold(ZScoreThresholdOptions(warmup=5)), SECOND_S)
    new.restore(old.state())
    for n in range(50, 120):
        for each in (old, new):
            each.learn(float(n), n % 7, ANOMALOUS if n % 2 else NORMAL)
        assert (old.limit(), old.p_value(3.0)) == (new.limit(), new.p_value(3.0))


def test_a_state_without_its_own_part_is_refused() -> None:
    """The threshold's arrays alone are not a calibration's."""
    calibration = Calibration(ZScoreThreshold(ZScoreThresholdOptions()), SECOND_S)
    state = {name: array for name, array in calibration.state().items() if name != "strange_moments"}
    with pytest.raises(StateError, match="strange_moments"):
        calibration.restore(state)
