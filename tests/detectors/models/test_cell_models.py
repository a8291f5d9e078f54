"""What each model of cells knows of a known scene. What they have in common is in tests/contract."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detectors.base import Grid, Model, StateError
from detectors.models.cells import judged
from detectors.models.gaussian import GaussianModel
from detectors.models.iqr import IqrModel
from detectors.models.zscore import ZScoreModel
from detectors.options import GaussianOptions, IqrModelOptions, ZScoreModelOptions

PLAIN = {"top_cells": 1, "ceiling": 1e6, "floor": 1e-9}
ALL_OWN = PLAIN | {"grid_share": 0.0}
# From 1,500 grids an sd has a standard error of 1.8 %, a quartile range of 3 %: 12 cells lie within three of those.
LEARNED = 1500
TOLERANCE = 0.1
SPREADS = np.array([0.1, 1.0, 10.0])
MEANS = np.array([-5.0, 0.0, 5.0])


def grid(values: np.ndarray, mask: np.ndarray | None = None) -> Grid:
    """A grid of these values, all of it evidence unless told otherwise."""
    return Grid(values.astype(np.float32), np.ones(values.shape[:2], np.bool_) if mask is None else mask)


def teach(model: Model) -> None:
    """Normal noise of known mean and spread in (2, 2, 3) cells and channels."""
    rng = np.random.default_rng(0)
    for _ in range(LEARNED):
        model.learn(grid(rng.normal(MEANS, SPREADS, (2, 2, 3))))


def heat(model: Model, values: np.ndarray) -> np.ndarray:
    """The heatmap of these values."""
    heatmap = model.score(grid(values)).heatmap
    assert heatmap is not None
    return heatmap


@pytest.mark.parametrize(
    ("model", "unit"),
    [
        (ZScoreModel(ZScoreModelOptions(**ALL_OWN)), 1.0),
        (GaussianModel(GaussianOptions(**PLAIN, shrinkage=0.0)), 1.0),
        (IqrModel(IqrModelOptions(**ALL_OWN)), 1 / 1.349),
    ],
    ids=lambda x: type(x).__name__,
)
@pytest.mark.parametrize("deviations", [-4.0, 2.0, 4.0])
def test_score_is_in_units_of_each_channels_own_spread(model: Model, unit: float, deviations: float) -> None:
    """Channels that are all k standard deviations off score k (k / 1.35 interquartile ranges), whatever their units."""
    if model.score(grid(np.zeros((2, 2, 3)))).value is None:
        teach(model)
    found = heat(model, np.broadcast_to(MEANS + deviations * SPREADS, (2, 2, 3)))
    assert found == pytest.approx(abs(deviations) * unit, rel=TOLERANCE)


def test_gaussian_sees_what_breaks_the_relation_of_channels() -> None:
    """Of two cells as far from the mean, the one off the line on which the channels lie is far stranger."""
    model = GaussianModel(GaussianOptions(**PLAIN, shrinkage=0.0))
    rng = np.random.default_rng(1)
    for _ in range(500):
        along = rng.normal(0, 1, (3, 4, 1))
        model.learn(grid(np.concatenate([along, along + rng.normal(0, 0.1, along.shape)], axis=2)))
    on, off = np.full((3, 4, 2), 2.0), np.broadcast_to([2.0, -2.0], (3, 4, 2))
    assert heat(model, off).min() > 10 * heat(model, on).max()


@given(st.integers(1, 6), st.integers(0, 1000))
def test_gaussian_distance_is_mahalanobis(depth: int, seed: int) -> None:
    """Up to √d the distance is that of numpy's inverse of the sample covariance."""
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, 1, (40, depth)) @ rng.normal(0, 1, (depth, depth)) + rng.normal(0, 3, depth)
    model = GaussianModel(GaussianOptions(**PLAIN, shrinkage=0.0, warmup=40))
    samples = samples.astype(np.float32)
    for sample in samples:
        model.learn(grid(sample[None, None]))
    probe = samples[0] + 1
    inverse = np.linalg.inv(np.cov(samples.astype(np.float64), rowvar=False, bias=True).reshape(depth, depth))
    delta = probe - samples.astype(np.float64).mean(axis=0)
    expected = np.sqrt(delta @ inverse @ delta / depth)
    assert heat(model, probe[None, None])[0, 0] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("name", ["norm", "uniform", "expon"])
def test_iqr_quartiles_are_those_of_the_distribution(name: str) -> None:
    """Running quartiles end within a tenth of an interquartile range of the true ones, also for skewed values."""
    distribution = getattr(stats, name)
    model = IqrModel(IqrModelOptions())
    rng = np.random.default_rng(2)
    for _ in range(LEARNED):
        model.learn(grid(distribution.rvs(size=(4, 5, 1), random_state=rng)))
    true = distribution.ppf([0.25, 0.5, 0.75])
    found = model.state()["quartiles"]
    assert np.abs(found - true[:, None, None, None]).mean() < 0.1 * (true[2] - true[0])


def test_iqr_is_hardly_moved_by_outliers_that_were_learned() -> None:
    """One grid in ten a thousand spreads away takes less than a third off the score of a strange grid."""
    clean, dirty = (IqrModel(IqrModelOptions(**ALL_OWN)) for _ in range(2))
    rng = np.random.default_rng(3)
    for i in range(LEARNED):
        values = rng.normal(0, 1, (3, 3, 1))
        clean.learn(grid(values))
        dirty.learn(grid(values + 1000 * (i % 10 == 0)))
    probe = np.full((3, 3, 1), 6.0)
    assert heat(dirty, probe).mean() > heat(clean, probe).mean() * 2 / 3


@pytest.mark.parametrize("model", [ZScoreModel, IqrModel, GaussianModel])
def test_a_quiet_cell_does_not_explode(model: type) -> None:
    """A cell that never changed in a grid of noisy ones finds a step of one typical spread ordinary, not infinite."""
    options = {ZScoreModel: ZScoreModelOptions, IqrModel: IqrModelOptions, GaussianModel: GaussianOptions}[model]
    subject = model(options(ceiling=1e6))
    rng = np.random.default_rng(4)
    for _ in range(200):
        values = rng.normal(0, 1, (5, 5, 1))
        values[2, 2] = 0.0
        subject.learn(grid(values))
    assert heat(subject, np.ones((5, 5, 1)))[2, 2] < 3


@pytest.mark.parametrize(
    "model",
    [ZScoreModel(ZScoreModelOptions()), IqrModel(IqrModelOptions()), GaussianModel(GaussianOptions())],
    ids=lambda model: type(model).__name__,
)
def test_the_largest_finite_values_do_no_harm(model: Model) -> None:
    """Values near the end of float32 leave state and scores finite."""
    for sign in [1.0, -1.0] * 100:
        model.learn(grid(np.full((3, 3, 2), sign * 3e38)))
    assert all(np.isfinite(array).all() for array in model.state().values())
    assert np.isfinite(heat(model, np.zeros((3, 3, 2)))).all()


@pytest.mark.parametrize(
    "model",
    [ZScoreModel(ZScoreModelOptions(memory=100)), IqrModel(IqrModelOptions(memory=100))],
    ids=lambda model: type(model).__name__,
)
def test_the_old_is_forgotten(model: Model) -> None:
    """After ten times its memory of another scene, a model finds the new one ordinary and the first one strange."""
    rng = np.random.default_rng(5)
    for level, times in ((0.0, 200), (10.0, 1000)):
        for _ in range(times):
            model.learn(grid(rng.normal(level, 1, (4, 4, 1))))
    assert heat(model, np.full((4, 4, 1), 10.0)).max() < 2 < heat(model, np.zeros((4, 4, 1))).min()


def test_a_cell_is_judged_once_it_was_learned_often_enough() -> None:
    """A cell whose mask was lifted late counts 0 until it has had its own warm-up."""
    model = ZScoreModel(ZScoreModelOptions(warmup=10))
    late = np.ones((4, 4), np.bool_)
    late[0, 0] = False
    rng = np.random.default_rng(6)
    for _ in range(20):
        model.learn(grid(rng.normal(0, 1, (4, 4, 1)), late))
    assert heat(model, np.full((4, 4, 1), 5.0))[0, 0] == 0
    for _ in range(10):
        model.learn(grid(rng.normal(0, 1, (4, 4, 1))))
    assert heat(model, np.full((4, 4, 1), 5.0))[0, 0] > 1


def test_a_state_of_another_size_is_refused_by_a_model_that_has_learned() -> None:
    """A model that knows its grid size keeps to it; a fresh one takes the state's."""
    small, large = (ZScoreModel(ZScoreModelOptions()) for _ in range(2))
    small.learn(grid(np.zeros((2, 2, 1))))
    large.learn(grid(np.zeros((3, 2, 1))))
    with pytest.raises(StateError, match="state: count: expected int32"):
        small.restore(large.state())
    fresh = ZScoreModel(ZScoreModelOptions())
    fresh.restore(large.state())
    with pytest.raises(ValueError, match="one model per grid size"):
        fresh.learn(grid(np.zeros((2, 2, 1))))


def test_value_is_the_mean_of_the_strangest_cells() -> None:
    """The frame's value is the mean of the top cells, each clipped to the ceiling; cells without part count 0."""
    strangeness = np.array([[1.0, 9.0], [30.0, 4.0]])
    part = np.array([[True, True], [True, False]])
    score = judged(strangeness, part, top_cells=3, ceiling=10.0)
    assert score.value == pytest.approx((10 + 9 + 1) / 3)
    assert score.heatmap is not None
    assert score.heatmap.tolist() == [[1, 9], [10, 0]]


def test_more_top_cells_than_cells_is_the_mean_of_all() -> None:
    """A grid smaller than `top_cells` is no error."""
    assert judged(np.full((2, 2), 3.0), np.ones((2, 2), np.bool_), top_cells=50, ceiling=10.0).value == 3.0
