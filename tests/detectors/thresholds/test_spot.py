"""SPOT against scipy's fit and against the quantiles of known distributions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from detectors.options import SpotOptions
from detectors.thresholds.spot import SpotThreshold

# What the authors choose (Siffer et al., KDD 2017): a level of 0.98 and a calibration over 1,000 scores.
RATE, LEVEL, WARMUP = 1e-3, 0.98, 1000
# From 100 peaks of 5,000 scores, the 0.999 quantile has a relative standard error of 4 % (exponential) to 10 % (t with
# 3 degrees of freedom); the tolerance is three times that. The end of a uniform distribution is known far better.
KNOWN = {
    "exponential": (stats.expon(), 0.12),
    "student t, 3 degrees": (stats.t(3), 0.30),
    "uniform": (stats.uniform(), 0.005),
}


def fed(scores: np.ndarray, **options: float) -> SpotThreshold:
    """A threshold that was fed these scores."""
    threshold = SpotThreshold(SpotOptions(rate=RATE, level=LEVEL, warmup=WARMUP, **options))
    for score in scores:
        threshold.update(float(score))
    return threshold


@pytest.mark.parametrize("name", KNOWN)
def test_limit_is_the_known_quantile(name: str) -> None:
    """On independent scores the limit is the true quantile, and p-values beyond the level are the true ones."""
    distribution, tolerance = KNOWN[name]
    scores = np.abs(distribution.rvs(size=10_000, random_state=2))  # |t|: twice the upper tail
    truth = distribution.isf(RATE / 2 if name.startswith("student") else RATE)
    threshold = fed(scores, window=5000)
    assert threshold.limit() == pytest.approx(truth, rel=tolerance)
    assert threshold.p_value(threshold.limit()) == pytest.approx(RATE, rel=1e-6)


@pytest.mark.parametrize("name", KNOWN)
def test_calibration_is_the_papers(name: str) -> None:
    """On a calibration batch, level, fitted tail and limit follow Siffer et al. with scipy's fit in the middle."""
    batch = np.abs(KNOWN[name][0].rvs(size=WARMUP, random_state=3))
    level = np.sort(batch)[int(LEVEL * WARMUP)]
    excesses = batch[batch > level] - level
    shape, _, scale = stats.genpareto.fit(excesses, floc=0)
    paper = level + scale / shape * ((RATE * WARMUP / len(excesses)) ** -shape - 1)
    # Uniform excesses are fitted by moments instead, which end within 1 % of where the likelihood has its pole.
    assert fed(batch).limit() == pytest.approx(paper, rel=0.01)


def test_p_values_below_the_level_are_empirical() -> None:
    """Up to the level a p-value is the share of scores at least as large."""
    scores = np.random.default_rng(4).exponential(1.0, 2000)
    threshold = fed(scores, window=2000)
    ceiling = np.quantile(scores, 0.97)
    for score in np.linspace(0, ceiling, 20):
        assert threshold.p_value(float(score)) == np.mean(scores >= score)


def test_it_answers_after_its_warm_up() -> None:
    """There is no limit after 999 scores, and one after 1,000."""
    scores = np.random.default_rng(5).exponential(1.0, 1000)
    threshold = fed(scores[:-1])
    assert threshold.limit() is None
    assert threshold.p_value(5.0) is None
    threshold.update(float(scores[-1]))
    assert threshold.limit() is not None


def test_rarely_more_than_nought_still_has_a_limit() -> None:
    """Scores of which hardly any exceed the level are cut at the level."""
    scores = np.zeros(2000)
    scores[::1500] = 1.0
    assert fed(scores, window=2000).limit() == 0.0


def test_two_spikes_in_a_row_count_in_full() -> None:
    """The first of two equal tall scores is tamed, the second is not: a lasting change gets through."""
    scores = np.random.default_rng(6).exponential(1.0, 1000)
    threshold = fed(scores)
    threshold.update(500.0)
    assert threshold.state()["scores"].max() < 50
    threshold.update(500.0)
    assert threshold.state()["scores"].max() == 500
