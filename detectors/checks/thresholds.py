"""The contract of thresholds: each check feeds fresh ones `patience` scores. Knows no kind of threshold."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from detectors.base import Threshold
from detectors.checks.promises import (
    BrokenPromiseError,
    expect,
    expect_plain,
    expect_refused,
    grown_bytes,
    same_state,
    saved,
)

MakeThreshold = Callable[[], Threshold]
ThresholdCheck = Callable[[MakeThreshold, int], None]

MOST_ABOVE = 0.1  # share of ordinary scores that even an uncalibrated limit may leave above it
SPIKE_BOUND = 3.0  # one spike may raise the limit to this many times the largest ordinary score or limit


def _ordinary(count: int, seed: int = 0) -> list[float]:
    """Independent scores of an exponential distribution with mean 1."""
    return [float(score) for score in np.random.default_rng(seed).exponential(1.0, count)]


def _fed(make: MakeThreshold, scores: list[float]) -> Threshold:
    threshold = make()
    for score in scores:
        threshold.update(score)
    return threshold


def _limit(threshold: Threshold) -> float:
    limit = threshold.limit()
    expect(limit is not None, "expected a limit after `patience` scores, got None")
    return float(limit or 0.0)


def _p_value(threshold: Threshold, score: float) -> float:
    p_value = threshold.p_value(score)
    expect(p_value is not None, "expected a p-value after `patience` scores, got None")
    return float(p_value or 0.0)


def _answers(threshold: Threshold) -> list[float | None]:
    return [threshold.limit(), *(threshold.p_value(score) for score in (0.0, 0.5, 2.0, 5.0, 9.0, 30.0))]


def check_unfed_threshold_is_unknown(make: MakeThreshold, patience: int) -> None:
    """A threshold that was fed nothing has neither a limit nor p-values."""
    threshold = make()
    expect(threshold.limit() is None and threshold.p_value(1.0) is None, f"expected None, got {_answers(threshold)}")


def check_it_answers_when_it_says(make: MakeThreshold, patience: int) -> None:
    """What is missing falls by one with each score, and is 0 exactly from the first limit on."""
    threshold = make()
    for score in _ordinary(patience):
        missing = threshold.missing()
        expect((missing == 0) == (threshold.limit() is not None), f"expected a limit, and only then 0, got {missing}")
        threshold.update(score)
        expect(threshold.missing() == max(0, missing - 1), f"expected one less than {missing}")


def check_all_zeros_give_limit_zero(make: MakeThreshold, patience: int) -> None:
    """All scores 0 give the limit 0.0, which switches nothing off: 0 is ordinary, anything above is strange."""
    threshold = _fed(make, [0.0] * patience)
    expect(_limit(threshold) == 0.0, f"expected 0.0, got {threshold.limit()}")
    zero, one = _p_value(threshold, 0.0), _p_value(threshold, 1.0)
    expect(one < 0.05 * zero, f"expected a far lower p-value for 1 than for 0, got {zero} and {one}")


def check_p_values_fall_as_scores_rise(make: MakeThreshold, patience: int) -> None:
    """P-values lie in 0..1 and never rise with the score."""
    threshold = _fed(make, _ordinary(patience))
    p_values = [_p_value(threshold, float(score)) for score in np.linspace(0, 30, 400)]
    expect(all(0 <= p <= 1 for p in p_values), "expected p-values from 0 to 1")
    expect(all(a >= b for a, b in pairwise(p_values)), "expected p-values that never rise")


def check_limit_parts_strange_from_ordinary(make: MakeThreshold, patience: int) -> None:
    """Fewer than a tenth of ordinary scores exceed the limit, ten times the largest does, and its p-value is lower."""
    scores = _ordinary(patience)
    threshold = _fed(make, scores)
    limit = _limit(threshold)
    above = float(np.mean(np.array(_ordinary(patience, seed=1)) > limit))
    expect(above < MOST_ABOVE, f"expected fewer than {MOST_ABOVE} of ordinary scores above the limit, got {above}")
    strange = 10 * max(scores)
    expect(strange > limit, f"expected a limit below {strange}, got {limit}")
    expect(_p_value(threshold, strange) < _p_value(threshold, 0.5 * limit), "expected a lower p-value above the limit")


def check_reading_changes_nothing(make: MakeThreshold, patience: int) -> None:
    """`limit` and `p_value` leave the state as it was."""
    threshold = _fed(make, _ordinary(patience))
    before = threshold.state()
    first = _answers(threshold)
    expect(first == _answers(threshold), "expected the same answers again")
    expect(same_state(before, threshold.state()), "expected the same state after reading")


def check_one_spike_moves_the_limit_by_a_bound(make: MakeThreshold, patience: int) -> None:
    """One score of any size lifts the limit to at most three times the larger of limit and largest score."""
    scores = _ordinary(patience)
    threshold = _fed(make, scores)
    bound = SPIKE_BOUND * max(_limit(threshold), *scores)
    threshold.update(1e12)
    expect(_limit(threshold) <= bound, f"expected at most {bound} after one spike, got {threshold.limit()}")


def check_limit_follows_a_lasting_rise(make: MakeThreshold, patience: int) -> None:
    """Scores that are ten times as large for as long as it was fed before at least double the limit."""
    threshold = _fed(make, _ordinary(patience))
    before = _limit(threshold)
    for score in _ordinary(patience, seed=1):
        threshold.update(10 * score)
    expect(_limit(threshold) > 2 * before, f"expected above {2 * before}, got {threshold.limit()}")


def check_same_scores_give_same_answers(make: MakeThreshold, patience: int) -> None:
    """Two fresh thresholds fed the same scores give the same answers to the last bit."""
    first, second = (_fed(make, _ordinary(patience)) for _ in range(2))
    expect(_answers(first) == _answers(second), "expected the same answers from the same scores")


def check_unfit_scores_never_enter(make: MakeThreshold, patience: int) -> None:
    """NaN, infinity and negative scores are refused with ValueError and change nothing."""
    threshold = _fed(make, _ordinary(patience))
    before = threshold.state()
    for unfit in (float("nan"), float("inf"), -1.0):
        try:
            threshold.update(unfit)
        except ValueError:
            expect(same_state(before, threshold.state()), "expected a refused score to change nothing")
        else:
            raise BrokenPromiseError(f"expected ValueError for the score {unfit}")


def check_threshold_memory_is_bounded(make: MakeThreshold, patience: int) -> None:
    """After `patience` scores the memory no longer grows: as many more leave under a quarter of themselves."""
    threshold = make()
    rounds = 2
    scores = _ordinary((rounds + 1) * patience)
    grown = grown_bytes(lambda i: threshold.update(scores[i]), patience, rounds)
    expect(grown <= 2 * patience, f"expected at most {2 * patience} bytes more, got {grown}")


def check_restored_threshold_goes_on_the_same(make: MakeThreshold, patience: int) -> None:
    """A fresh threshold with a state from a file gives the same answers, to the last bit, while both are fed on."""
    threshold, restored = _fed(make, _ordinary(patience)), make()
    restored.restore(saved(threshold.state()))
    for score in _ordinary(50, seed=1):
        expect(_answers(threshold) == _answers(restored), "expected the same answers after restoring")
        threshold.update(10 * score)
        restored.update(10 * score)


def check_threshold_state_is_plain_arrays(make: MakeThreshold, patience: int) -> None:
    """The state is copies of arrays of numbers that a file without pickle holds; writing to it changes nothing."""
    threshold = _fed(make, _ordinary(patience))
    state = threshold.state()
    expect_plain(state)
    for array in state.values():
        array[...] = 0
    expect(not same_state(state, threshold.state()), "expected copies, got the threshold's own arrays")


def check_misfitting_threshold_state_is_refused(make: MakeThreshold, patience: int) -> None:
    """A state with an array missing, of another shape or not finite is a StateError and changes nothing."""
    expect_refused(_fed(make, _ordinary(patience)))


THRESHOLD_CHECKS: tuple[ThresholdCheck, ...] = (
    check_unfed_threshold_is_unknown,
    check_it_answers_when_it_says,
    check_all_zeros_give_limit_zero,
    check_p_values_fall_as_scores_rise,
    check_limit_parts_strange_from_ordinary,
    check_reading_changes_nothing,
    check_one_spike_moves_the_limit_by_a_bound,
    check_limit_follows_a_lasting_rise,
    check_same_scores_give_same_answers,
    check_unfit_scores_never_enter,
    check_threshold_memory_is_bounded,
    check_restored_threshold_goes_on_the_same,
    check_threshold_state_is_plain_arrays,
    check_misfitting_threshold_state_is_refused,
)
