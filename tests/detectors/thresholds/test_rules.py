"""What each of the simple thresholds controls, on scores of a known distribution."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from detectors.base import Threshold
from detectors.options import ConformalOptions, IqrThresholdOptions, QuantileOptions, ZScoreThresholdOptions
from detectors.thresholds.conformal import ConformalThreshold
from detectors.thresholds.iqr import IqrThreshold
from detectors.thresholds.quantile import QuantileThreshold
from detectors.thresholds.zscore import ZScoreThreshold

NORMAL = np.random.default_rng(0).normal(10, 1, 5000)


def fed(threshold: Threshold, scores: np.ndarray) -> Threshold:
    """The threshold, fed these scores."""
    for score in scores:
        threshold.update(float(score))
    return threshold


def test_zscore_limit_and_p_value_are_the_normal_ones() -> None:
    """On normal scores limit and p-value are those of the normal distribution, within three standard errors."""
    threshold = fed(ZScoreThreshold(ZScoreThresholdOptions()), NORMAL)
    assert threshold.limit() == pytest.approx(13, abs=0.1)
    assert threshold.p_value(12.0) == pytest.approx(stats.norm.sf(2), rel=0.15)


def test_zscore_forgets() -> None:
    """With a memory of 100 scores, what was a thousand scores ago no longer matters."""
    options = ZScoreThresholdOptions(memory=100, warmup=50)
    shifted = fed(ZScoreThreshold(options), np.concatenate([NORMAL[:1000] + 20, NORMAL[1000:2500]]))
    assert shifted.limit() == pytest.approx(13, abs=1.0)


def test_zscore_spike_moves_the_limit_by_its_stated_bound() -> None:
    """One spike of any height raises the limit by at most (z + z³) / 2 · sd / n."""
    threshold = fed(ZScoreThreshold(ZScoreThresholdOptions(z=3.0)), NORMAL)
    before = threshold.limit()
    threshold.update(1e9)
    bound = (3 + 27) / 2 * NORMAL.std() / len(NORMAL)
    assert before < threshold.limit() <= before + 1.01 * bound


def test_iqr_limit_is_tukeys_fence() -> None:
    """The limit is Q3 + k · IQR of the window, and its p-value that of a normal distribution at 2.7 sd."""
    threshold = fed(IqrThreshold(IqrThresholdOptions(window=2000, k=1.5)), NORMAL)
    lower, upper = np.quantile(NORMAL[-2000:], [0.25, 0.75])
    assert threshold.limit() == pytest.approx(upper + 1.5 * (upper - lower))
    assert threshold.p_value(threshold.limit()) == pytest.approx(stats.norm.sf(2.698), rel=1e-3)


def test_iqr_withstands_a_fifth_of_anomalies() -> None:
    """A fifth of the scores a hundred times as large do not take the limit to them."""
    scores = np.where(np.arange(2000) % 5 == 0, 1000.0, NORMAL[:2000])
    assert fed(IqrThreshold(IqrThresholdOptions()), scores).limit() < 20


def test_quantile_limit_is_numpys_over_the_window() -> None:
    """The limit is the (1 - rate) quantile of the last scores."""
    threshold = fed(QuantileThreshold(QuantileOptions(window=1000, rate=0.01)), NORMAL)
    assert threshold.limit() == pytest.approx(np.quantile(NORMAL[-1000:], 0.99))


def test_quantile_answers_once_its_limit_is_not_the_largest_score() -> None:
    """At a rate of 1 % there is no limit after 100 scores and one after 101."""
    threshold = fed(QuantileThreshold(QuantileOptions(rate=0.01)), NORMAL[:100])
    assert threshold.limit() is None
    threshold.update(1e9)
    assert threshold.limit() <= NORMAL[:100].max()


def test_conformal_p_value_is_the_corrected_rank() -> None:
    """The p-value is (1 + number at least as large) / (n + 1), never below 1 / (n + 1)."""
    threshold = fed(ConformalThreshold(ConformalOptions(rate=0.2, window=10)), np.arange(10))
    assert threshold.p_value(7.0) == 4 / 11
    assert threshold.p_value(1e9) == 1 / 11
    assert threshold.p_value(0.0) == 1.0


@pytest.mark.parametrize("rate", [0.01, 0.05])
def test_conformal_p_values_are_valid(rate: float) -> None:
    """On independent scores of any distribution P(p ≤ rate) ≤ rate, up to three standard errors."""
    scores = np.random.default_rng(1).pareto(1.5, 8000)
    threshold = ConformalThreshold(ConformalOptions(rate=rate, window=500))
    below = []
    for score in scores:
        p_value = threshold.p_value(float(score))
        below.append(p_value is not None and p_value <= rate)
        threshold.update(float(score))
    assert np.mean(below) <= rate + 3 * math.sqrt(rate * (1 - rate) / len(scores))


@pytest.mark.parametrize("rate", [0.002, 0.01, 0.3])
def test_conformal_limit_parts_p_values_at_the_rate(rate: float) -> None:
    """A score has p ≤ rate exactly if it is above the limit."""
    threshold = fed(ConformalThreshold(ConformalOptions(rate=rate, window=999)), NORMAL)
    for score in np.linspace(8, 15, 500):
        assert (threshold.p_value(float(score)) <= rate) == (score > threshold.limit())
