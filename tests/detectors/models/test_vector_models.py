"""What the models that compare cells as vectors know of a known scene; what they share is in tests/contract."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.special import logsumexp

from detectors.base import Grid, Model, StateDict, StateError
from detectors.models.dbscan import Dbscan
from detectors.models.exemplar import Exemplar
from detectors.models.kmeans import KMeans
from detectors.models.vectors import Vectors, nearest
from detectors.options import DbscanOptions, ExemplarOptions, KMeansOptions, VectorOptions

SIDE = 10  # cells along each side of the grids here, so that a grid holds 100
QUICK = {"settling": 300, "place": 0.0, "top_cells": 1}
EXACT = 1e-3  # what float32 leaves of distances of a few units


def grid(values: np.ndarray, mask: np.ndarray | None = None) -> Grid:
    """A grid of these values, all of it evidence unless told otherwise."""
    return Grid(values.astype(np.float32), np.ones(values.shape[:2], np.bool_) if mask is None else mask)


def noise(seed: int, level: float = 0.0, spread: float = 1.0, depth: int = 2) -> Grid:
    """A grid of noise round a level."""
    return grid(np.random.default_rng(seed).normal(level, spread, (SIDE, SIDE, depth)))


def value(model: Model, probe: Grid) -> float:
    """The score of a grid that must have one."""
    score = model.score(probe).value
    assert score is not None
    return score


def level(at: float) -> Grid:
    """A grid all of whose cells are equal."""
    return grid(np.full((SIDE, SIDE, 2), at))


def fresh() -> list[Model]:
    """One of each, quick to settle."""
    return [
        Exemplar(ExemplarOptions(**QUICK), seed=0),
        KMeans(KMeansOptions(**QUICK, clusters=8), seed=0),
        Dbscan(DbscanOptions(**QUICK, capacity=300), seed=0),
    ]


def names(model: object) -> str:
    """Of a model, for the test's name."""
    return type(model).__name__


def settled(**options: float) -> Vectors:
    """Vectors whose unit is fixed over 300 cells of noise."""
    vectors = Vectors(VectorOptions(**{"settling": 300, **options}))
    for seed in range(30):
        vectors.learn(noise(seed))
    return vectors


def test_a_unit_is_the_median_distance_between_cells() -> None:
    """Two cells of plain noise in two channels lie √(2 ln 4) = 1.67 spreads apart half of the time."""
    unit = float(settled().state()["unit"])
    assert unit == pytest.approx(np.sqrt(2 * np.log(4)), rel=0.1)


def test_a_quarter_of_the_width_counts_as_the_place() -> None:
    """Equal cells ten columns apart in a grid ten wide are four times `place` apart, rows the same as columns."""
    vectors = settled(place=0.5).of(level(0.0))
    assert vectors is not None
    by_cell = vectors.reshape(SIDE, SIDE, -1)
    across, down = by_cell[0, -1] - by_cell[0, 0], by_cell[-1, 0] - by_cell[0, 0]
    assert np.linalg.norm(across) == pytest.approx(4 * 0.5 * (SIDE - 1) / SIDE)
    assert np.linalg.norm(down) == pytest.approx(np.linalg.norm(across))


def test_the_unit_never_follows_the_scene() -> None:
    """What comes after settling changes no vector, however large it is."""
    vectors = settled()
    before = vectors.of(noise(99))
    for seed in range(100):
        vectors.learn(noise(seed, spread=50.0))
    assert before is not None
    assert np.array_equal(before, np.asarray(vectors.of(noise(99))))


def test_one_grid_does_not_fix_the_unit() -> None:
    """However many cells a grid has, the unit is fixed over at least 30 of them."""
    vectors = Vectors(VectorOptions(settling=300))
    learned = [vectors.learn(noise(seed)) for seed in range(30)]
    assert learned[:29] == [None] * 29
    assert learned[29] is not None
    assert len(learned[29]) == 300


def test_a_scene_that_does_not_change_at_all_has_the_least_unit() -> None:
    """Equal cells do not divide by zero."""
    vectors = Vectors(VectorOptions(settling=300, floor=0.25))
    for _ in range(30):
        vectors.learn(level(1.0))
    assert float(vectors.state()["unit"]) == 0.25


@given(st.integers(1, 600), st.integers(1, 40), st.integers(1, 8), st.integers(0, 1000))
def test_nearest_is_what_brute_force_finds(count: int, others: int, depth: int, seed: int) -> None:
    """The distance to the nearest of the others, for any number of either."""
    rng = np.random.default_rng(seed)
    here, there = (rng.normal(0, 3, (n, depth)).astype(np.float32) for n in (count, others))
    index, distance = nearest(here, there)
    brute = np.linalg.norm(here[:, None].astype(np.float64) - there[None], axis=2)
    assert distance == pytest.approx(brute.min(axis=1), abs=EXACT * 10)
    assert brute[np.arange(count), index] == pytest.approx(brute.min(axis=1), abs=EXACT * 10)


@pytest.mark.parametrize("model", fresh(), ids=names)
def test_a_state_from_before_the_unit_is_fixed_goes_on_the_same(model: Model) -> None:
    """A camera that is restarted in its first seconds loses none of them."""
    for seed in range(10):
        model.learn(noise(seed))
    twin = next(each for each in fresh() if type(each) is type(model))
    twin.restore(model.state())
    for seed in range(10, 40):
        model.learn(noise(seed))
        twin.learn(noise(seed))
    assert value(model, noise(50)) == value(twin, noise(50))


@pytest.mark.parametrize("model", fresh(), ids=names)
def test_a_quiet_scene_is_not_learned_from(model: Model) -> None:
    """Grids without evidence, before or after the unit is fixed, change nothing that was learned."""
    nothing = grid(np.zeros((SIDE, SIDE, 2)), np.zeros((SIDE, SIDE), np.bool_))
    model.learn(nothing)
    for seed in range(40):
        model.learn(noise(seed))
    before = model.state()
    for _ in range(200):
        model.learn(nothing)
    assert all(np.array_equal(array, before[name]) for name, array in model.state().items())


@pytest.mark.parametrize("model", fresh(), ids=names)
def test_the_largest_finite_values_do_no_harm(model: Model) -> None:
    """Values near the end of float32 leave state and scores finite."""
    for sign in [1.0, -1.0] * 40:
        model.learn(level(sign * 3e38))
    assert all(np.isfinite(array).all() for array in model.state().values())
    assert np.isfinite(value(model, level(0.0)))


@pytest.mark.parametrize("model", fresh(), ids=names)
def test_one_outlier_never_seen_decides_the_value_of_one_top_cell(model: Model) -> None:
    """A single strange cell is the hottest, and the value with `top_cells` 1."""
    for seed in range(60):
        model.learn(noise(seed))
    probe = level(0.0)
    probe.values[3, 4] = 30.0
    score = model.score(probe)
    assert score.heatmap is not None
    assert np.unravel_index(int(score.heatmap.argmax()), score.heatmap.shape) == (3, 4)
    assert score.value == pytest.approx(score.heatmap[3, 4])
    assert score.value > 3 * score.heatmap[0, 0]


def faults(state: StateDict) -> list[StateDict]:
    """States whose arrays are finite and well formed, but mean nothing."""
    wrong: list[StateDict] = [
        {"unit": np.array(-1.0)},
        {"unit": np.array(0.0)},
        {"centre": np.zeros(5)},
        {"shape": np.array([SIDE, SIDE + 1, 2])},
        {"shape": np.array([SIDE, SIDE, 3])},
        {"kept": np.zeros((1, 2), np.float32)},
        {"kept": np.zeros((1, 2), np.float32), "kept_cells": np.array([SIDE * SIDE], np.int32)},
    ]
    for name in {"examples", "hits", "centres", "variance", "reservoir"} & set(state):
        wrong.append({name: state[name][1:]})
        wrong.append({name: np.repeat(state[name], 1000, axis=0)})
    for name in {"hits", "variance", "eps", "offered", "grids"} & set(state):
        wrong.append({name: -1 - state[name]})
    return [state | each for each in wrong]


@pytest.mark.parametrize("model", fresh(), ids=names)
def test_a_state_that_means_nothing_is_refused(model: Model) -> None:
    """Numbers out of range, and arrays that do not belong together, are a StateError and change nothing."""
    for seed in range(40):
        model.learn(noise(seed))
    before = model.state()
    refused = faults(before)
    if isinstance(model, Dbscan):  # a reservoir of other cells would do as well
        refused = [state for state in refused if len(state["reservoir"]) != len(before["reservoir"]) - 1]
    for state in refused:
        with pytest.raises(StateError):
            model.restore(state)
        assert all(np.array_equal(array, before[name]) for name, array in model.state().items())


def test_an_exemplar_score_is_the_density_that_its_source_says() -> None:
    """√(-2 h² ln of the kernel sum of all examples, weighted by hits) above the usual, as computed in float64."""
    options = ExemplarOptions(**QUICK, radius=0.5, bandwidth=0.4)
    model = Exemplar(options, seed=0)
    for seed in range(60):
        model.learn(noise(seed))
    state, probe = model.state(), noise(77, spread=2.0)
    cells = (probe.values.reshape(-1, 2).astype(np.float64) - state["centre"]) / float(state["unit"])
    squared = np.square(cells[:, None] - state["examples"][None, :, :2]).sum(axis=2)
    density = logsumexp(np.log(state["hits"] / state["hits"].sum()) - squared / (2 * 0.4**2), axis=1)
    expected = np.maximum(np.sqrt(-2 * 0.4**2 * density) - float(state["usual"]), 0)
    heatmap = model.score(probe).heatmap
    assert heatmap is not None
    assert heatmap.ravel() == pytest.approx(expected, rel=EXACT, abs=EXACT)


def test_what_was_seldom_seen_stays_rare_in_memory() -> None:
    """Two things equally near to an example: the one seen once is stranger than the one seen all the time."""
    model = Exemplar(ExemplarOptions(**QUICK), seed=0)
    for seed in range(60):
        model.learn(noise(seed, spread=0.1))
    model.learn(level(20.0))
    for seed in range(60, 200):
        model.learn(noise(seed, spread=0.1))
        model.learn(level(10.0))
    assert value(model, level(0.0)) < value(model, level(20.0)) < value(model, level(15.0))
    assert value(model, level(10.0)) < value(model, level(20.0))


def test_the_commonest_examples_are_kept() -> None:
    """A memory that is full forgets what was seldom hit, not what is common, and never holds more than its capacity."""
    model = Exemplar(ExemplarOptions(**QUICK, capacity=20, memory=1000), seed=0)
    for seed in range(60):
        model.learn(noise(seed, spread=0.01))
    common = value(model, level(0.0))
    for step in range(100):
        model.learn(level(10.0 + step))
        model.learn(noise(step, spread=0.01))
        assert len(model.state()["hits"]) <= 20
    assert value(model, level(0.0)) < 2 * common + 0.1  # both are about the usual, which counts 0
    assert value(model, level(10.0)) > value(model, level(109.0))


def test_a_grid_brings_only_so_many_examples() -> None:
    """A picture full of new things cannot take the memory over."""
    model = Exemplar(ExemplarOptions(**QUICK, new_per_grid=7), seed=0)
    for seed in range(40):
        model.learn(noise(seed, spread=0.01))
    before = len(model.state()["hits"])
    model.learn(noise(99, spread=100.0))
    assert len(model.state()["hits"]) == before + 7


def test_the_past_fades_from_an_exemplar_memory() -> None:
    """What was common many memories ago is forgotten, and strange again."""
    model = Exemplar(ExemplarOptions(**QUICK, memory=20), seed=0)
    for seed in range(40):
        model.learn(noise(seed, spread=0.1))
    for seed in range(400):
        model.learn(noise(seed, level=10.0, spread=0.1))
    assert value(model, level(0.0)) > 5 * value(model, level(10.0))


def test_kmeans_finds_the_kinds_of_cells_there_are() -> None:
    """With as many centres as kinds, each stands in the middle of one, and scores are spreads of that one."""
    model = KMeans(KMeansOptions(**QUICK, clusters=3, typical_share=0.0), seed=0)
    means, spreads = np.array([-50.0, 0.0, 50.0]), np.array([0.5, 1.0, 2.0])
    rng = np.random.default_rng(0)
    for _ in range(400):
        kind = rng.integers(0, 3, (SIDE, SIDE, 1))
        model.learn(grid(means[kind] + spreads[kind] * rng.normal(0, 1, (SIDE, SIDE, 2))))
    for mean, spread in zip(means, spreads, strict=True):
        # The root mean square distance of noise in two channels is √2 spreads; so is the length of this step.
        assert value(model, level(mean + 3 * spread)) == pytest.approx(3.0, rel=0.1)


@pytest.mark.parametrize(("memory", "follows"), [(20, True), (1_000_000, False)])
def test_kmeans_keeps_up_as_far_as_it_forgets(memory: int, follows: bool) -> None:
    """A centre follows its kind when that drifts, and does not when it never forgets."""
    model = KMeans(KMeansOptions(**QUICK, clusters=1, memory=memory), seed=0)
    for seed in range(300):
        model.learn(noise(seed))
    for seed in range(100):
        model.learn(noise(seed, level=20.0))
    assert (value(model, level(20.0)) < value(model, level(0.0))) == follows


def test_kmeans_needs_no_more_centres_than_there_are_kinds() -> None:
    """A scene of two kinds of equal cells has two centres at most, and still tells a third kind."""
    model = KMeans(KMeansOptions(**QUICK, clusters=8), seed=0)
    for step in range(80):
        model.learn(level(float(step % 2)))
    assert len(model.state()["centres"]) == 2
    assert value(model, level(0.0)) < 1 < value(model, level(3.0))


def test_dbscan_scores_the_distance_to_the_nearest_core_in_eps() -> None:
    """Cores are what scikit-learn calls so; thin places among the kept cells are none, and stay strange."""
    model = Dbscan(DbscanOptions(**QUICK, capacity=300, eps=0.5, min_samples=10, refit_every=1), seed=0)
    rng = np.random.default_rng(0)
    for _ in range(60):
        values = rng.normal(0, 1, (SIDE, SIDE, 2))
        values[0, 0] = rng.uniform(20, 1000, 2)  # each outlier elsewhere
        model.learn(grid(values))
    state = model.state()
    kept = state["reservoir"].astype(np.float64)
    within = (np.linalg.norm(kept[:, None] - kept[None], axis=2) <= 0.5).sum(axis=1)
    assert len(state["cores"]) == (within >= 10).sum()
    assert kept[:, 0].max() > 2 * state["cores"][:, 0].max()
    probe = level(8.0)
    cell = (np.array([8.0, 8.0]) - state["centre"]) / float(state["unit"])
    expected = np.linalg.norm(state["cores"][:, :2] - cell, axis=1).min() / 0.5
    assert value(model, probe) == pytest.approx(expected, rel=EXACT)


def test_dbscan_takes_eps_from_its_cells_once() -> None:
    """The share of dense cells is the one asked for, and eps does not change when the scene does."""
    model = Dbscan(DbscanOptions(**QUICK, capacity=300, eps_quantile=0.7, refit_every=5), seed=0)
    for seed in range(30):
        model.learn(noise(seed))
    first = model.state()
    assert len(first["cores"]) == pytest.approx(0.7 * 300, abs=2)
    for seed in range(100):
        model.learn(noise(seed, spread=10.0))
    assert model.state()["eps"] == first["eps"]


def test_dbscan_learns_a_new_place_at_its_next_fit() -> None:
    """Between fits nothing changes; after one, what came often in the meantime is ordinary."""
    model = Dbscan(DbscanOptions(**QUICK, capacity=300, refit_every=50), seed=0)
    for seed in range(30):  # the last of these is the first fit
        model.learn(noise(seed))
    new = value(model, level(9.0))
    for seed in range(49):
        model.learn(noise(seed, level=9.0))
    assert value(model, level(9.0)) == new
    model.learn(noise(49, level=9.0))
    assert value(model, level(9.0)) < 1 < new


def test_dbscan_is_unknown_while_nothing_is_dense() -> None:
    """An eps within which no cell has enough others gives no score rather than a wrong one."""
    model = Dbscan(DbscanOptions(**QUICK, capacity=300, eps=1e-3, min_samples=50), seed=0)
    for seed in range(60):
        model.learn(noise(seed))
    assert model.score(level(0.0)).value is None


def test_dbscan_fills_its_reservoir_before_it_is_fitted() -> None:
    """An eps taken from few cells would be too long for many, so the capacity is at most what settles it."""
    with pytest.raises(ValidationError, match=r"capacity: expected at most settling \(300\), got 301; lower it"):
        DbscanOptions(settling=300, capacity=301)
