"""The tail fit against scipy's own maximum likelihood."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from detectors.thresholds.pareto import Pareto, fit

# Both maximise one likelihood; scipy's simplex stops at 1e-4 or so of the best shape.
SHAPE_TOLERANCE = 0.01
LIKELIHOOD_TOLERANCE = 1e-6


@pytest.mark.parametrize("shape", [-0.3, -0.1, 0.0, 0.2, 0.5, 0.8])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_fit_is_the_maximum_likelihood_of_an_independent_implementation(shape: float, scale: float) -> None:
    """On 400 drawn excesses, shape, scale and likelihood are those of `scipy.stats.genpareto.fit`, in any unit."""
    excesses = np.sort(stats.genpareto.rvs(shape, scale=scale, size=400, random_state=5))
    own = fit(excesses)
    their_shape, _, their_scale = stats.genpareto.fit(excesses / scale, floc=0)
    assert own.shape == pytest.approx(their_shape, abs=SHAPE_TOLERANCE)
    assert own.scale / scale == pytest.approx(their_scale, rel=SHAPE_TOLERANCE)
    own_likelihood, their_likelihood = (
        stats.genpareto.logpdf(excesses / scale, a, scale=b).mean()
        for a, b in ((own.shape, own.scale / scale), (their_shape, their_scale))
    )
    assert own_likelihood >= their_likelihood - LIKELIHOOD_TOLERANCE


@pytest.mark.parametrize("shape", [-0.6, -0.2, 0.0, 0.3, 0.9])
def test_tail_is_scipys_and_excess_its_inverse(shape: float) -> None:
    """Tail probabilities are those of scipy, and `excess` undoes `tail`."""
    pareto = Pareto(shape, 2.0)
    for excess in (0.0, 0.1, 1.0, 3.0):
        tail = pareto.tail(excess)
        assert tail == pytest.approx(stats.genpareto.sf(excess, shape, scale=2.0))
        assert pareto.excess(tail) == pytest.approx(excess, abs=1e-9)


def test_bounded_tail_ends() -> None:
    """Beyond the end of a bounded tail nothing is possible."""
    assert Pareto(-0.5, 1.0).tail(2.1) == 0.0


def test_uniform_excesses_fall_back_to_moments() -> None:
    """Where likelihood has no maximum the tail still ends near the largest excess."""
    excesses = np.sort(np.random.default_rng(0).uniform(0, 1, 200))
    pareto = fit(excesses)
    assert pareto.shape < -0.5
    assert -pareto.scale / pareto.shape == pytest.approx(1.0, abs=0.15)


def test_equal_excesses_give_an_exponential_tail() -> None:
    """Without any spread there is no shape to fit."""
    assert fit(np.full(50, 0.25)) == Pareto(0.0, 0.25)


@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(1e-9, 1e9)))
def test_any_excesses_give_a_usable_tail(excesses: np.ndarray) -> None:
    """Whatever the excesses, the scale is above 0, the shape at most 1 and tails lie in 0..1 and fall."""
    excesses.sort()
    pareto = fit(excesses)
    assert pareto.scale > 0
    assert pareto.shape <= 1
    tails = [pareto.tail(float(excess)) for excess in (0.0, *excesses)]
    assert tails[0] == 1
    assert all(0 <= after <= before for before, after in pairwise(tails))
    assert np.isfinite(pareto.excess(1e-6))


def test_many_excesses_are_thinned_without_changing_the_tail() -> None:
    """A fit to 30,000 excesses stays within 10 % of scipy's limit at a thousandth of them."""
    excesses = np.sort(np.random.default_rng(1).exponential(1.0, 30_000))
    assert fit(excesses).excess(1e-3) == pytest.approx(-np.log(1e-3), rel=0.1)
