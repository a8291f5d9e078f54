"""Incremental principal components: as exact as a batch computation, and forgetting."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import Grid, StateError
from detectors.models.pca import Pca
from detectors.options import PcaOptions

SHAPE = (6, 8, 2)
WAYS = 3  # in which the scene below changes
ANGLE = 0.02  # radians; what is cut off after each grid turns the components by far less where the scene is stationary


def scene(count: int, seed: int = 0, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """(count, h, w, d): a mean, three ways of changing of falling size, and a little noise."""
    ways = np.random.default_rng(99).normal(0, 1, (WAYS, *shape))
    rng = np.random.default_rng(seed)
    amounts = rng.normal(0, [0.3, 0.2, 0.1], (count, WAYS))
    return 0.5 + np.tensordot(amounts, ways, axes=1) + rng.normal(0, 0.01, (count, *shape))


def grid(values: np.ndarray, mask: np.ndarray | None = None) -> Grid:
    """A grid, all of it evidence unless a mask is given."""
    return Grid(values.astype(np.float32), np.ones(values.shape[:2], np.bool_) if mask is None else mask)


def taught(stream: np.ndarray, **options: float) -> Pca:
    """A model that learned a stream."""
    model = Pca(PcaOptions.model_validate({"components": WAYS, **options}))
    for values in stream:
        model.learn(grid(values))
    return model


def value(model: Pca, seen: Grid) -> float:
    """The score, which must be known."""
    found = model.score(seen).value
    assert found is not None
    return found


def test_a_stationary_scene_gives_the_components_of_a_batch() -> None:
    """Mean, spreads and the space of the components are those of numpy's decomposition of all grids at once."""
    stream = scene(400).astype(np.float32).astype(np.float64)
    state = taught(stream, memory=1000).state()
    rows = stream.reshape(len(stream), -1)
    _, sizes, right = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    angles = np.arccos(np.linalg.svd(state["components"] @ right[:WAYS].T)[1].clip(-1, 1))
    assert angles.max() < ANGLE
    assert np.allclose(state["mean"].ravel(), rows.mean(axis=0), atol=1e-9)
    assert np.allclose(state["spread"], sizes[:WAYS] / np.sqrt(len(rows)), rtol=0.01)


def test_the_components_stay_orthonormal() -> None:
    """Rounding does not add up: after thousands of grids they are at right angles to within 1e-9."""
    rows = taught(scene(2000, shape=(3, 4, 1)), memory=50, warmup=10).state()["components"]
    assert np.abs(rows @ rows.T - np.eye(WAYS)).max() < 1e-9


def test_a_usual_change_of_the_whole_picture_is_ordinary() -> None:
    """Light that goes up and down as it always did is not strange; so much light in one corner is."""
    rng = np.random.default_rng(0)
    stream = np.full((200, *SHAPE), 0.5) + rng.normal(0, 0.1, (200, 1, 1, 1)) + rng.normal(0, 0.005, (200, *SHAPE))
    model = taught(stream)
    lit, corner = np.full(SHAPE, 0.65), np.full(SHAPE, 0.5)
    corner[:2, :2] = 0.65
    assert value(model, grid(corner)) > 3 * value(model, grid(lit))


def test_ways_of_changing_that_ended_are_forgotten() -> None:
    """Ten memories later the components are those of the new scene alone."""
    old, new = np.zeros(SHAPE), np.zeros(SHAPE)
    old[0], new[-1] = 1.0, 1.0
    amounts = np.random.default_rng(0).normal(0, 0.2, 600)
    stream = [0.5 + amount * (old if i < 300 else new) for i, amount in enumerate(amounts)]
    model = Pca(PcaOptions(components=1, memory=30, warmup=20))
    for values in stream:
        model.learn(grid(values))
    assert value(model, grid(0.5 + 0.4 * old)) > 5 * value(model, grid(0.5 + 0.4 * new))


def test_a_busy_cell_is_granted_its_own_remainder() -> None:
    """The same departure is less strange where cells always depart (leaves) than where they never do (a wall)."""
    rng = np.random.default_rng(0)
    sizes = np.where(np.arange(SHAPE[1]) < 4, 0.1, 0.01)[:, None]
    model = taught(0.5 + rng.normal(0, 1, (300, *SHAPE)) * sizes)
    heatmaps = []
    for column in (1, 6):
        values = np.full(SHAPE, 0.5)
        values[3, column] += 0.2
        found = model.score(grid(values)).heatmap
        assert found is not None
        heatmaps.append(found[3, column])
    assert heatmaps[1] > 1.5 * heatmaps[0]


def test_masked_cells_are_expected_from_the_seen_ones() -> None:
    """A usual change is ordinary though half of it is masked, and learning half pictures keeps the components."""
    stream = scene(300)
    model, half = taught(stream), np.zeros(SHAPE[:2], np.bool_)
    half[:, :4] = True
    probes = scene(20, seed=1)
    whole = np.mean([value(model, grid(probe)) for probe in probes])
    assert np.mean([value(model, grid(probe, half)) for probe in probes]) < 1.5 * whole
    for values in scene(100, seed=2):
        model.learn(grid(values, half))
    assert np.mean([value(model, grid(probe)) for probe in probes]) < 1.5 * whole


def test_a_cell_first_seen_late_begins_where_it_is() -> None:
    """What a cell shows when its mask first lifts is its ordinary value, and no change of the scene."""
    stream, part = scene(200), np.ones(SHAPE[:2], np.bool_)
    part[2:4, 2:4] = False
    model = Pca(PcaOptions(components=WAYS))
    for values in stream:
        model.learn(grid(values, part))
    before = model.state()["components"]
    stream[-1][2:4, 2:4] += 100
    model.learn(grid(stream[-1]))
    after = model.state()["components"]
    assert np.abs(after.T @ after - before.T @ before).max() < ANGLE
    assert np.allclose(model.state()["mean"][2:4, 2:4], stream[-1][2:4, 2:4], rtol=1e-6)


def test_a_large_grid_is_averaged_and_its_heatmap_is_not() -> None:
    """More values than `largest` are averaged in squares; the heatmap still has a cell for each of the grid's."""
    rng = np.random.default_rng(0)
    model = Pca(PcaOptions(largest=1000, warmup=10))
    for _ in range(30):
        model.learn(grid(0.5 + rng.normal(0, 0.01, (61, 90, 1))))
    intruder = np.full((61, 90, 1), 0.5)
    intruder[40:48, 60:66] = 0.9
    heatmap = model.score(grid(intruder)).heatmap
    assert heatmap is not None
    assert heatmap.shape == (61, 90)
    row, column = np.unravel_index(int(heatmap.argmax()), heatmap.shape)
    assert (38 <= row <= 50, 58 <= column <= 68) == (True, True)
    assert model.state()["mean"].size <= 1000


def test_a_thumbnail_costs_a_millisecond_or_so() -> None:
    """Scoring and learning 64×32 cells takes under 10 ms, loosely: a busy machine is not what is tested."""
    model = Pca(PcaOptions(warmup=5))
    values = np.random.default_rng(0).random((32, 64, 1))
    for _ in range(10):
        model.learn(grid(values))
    began = time.perf_counter()
    for _ in range(20):
        model.score(grid(values))
        model.learn(grid(values))
    assert (time.perf_counter() - began) / 20 < 0.01


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 1), st.integers(1, 8))
def test_any_grids_and_masks_give_finite_scores(seed: int, share: float, components: int) -> None:
    """Values of any size, masks of any share and scenes of fewer ways than components: finite and at least 0."""
    rng = np.random.default_rng(seed)
    model = Pca(PcaOptions(components=components, warmup=2, memory=5))
    for _ in range(12):
        size = 10.0 ** rng.integers(-6, 30)
        seen = grid(rng.normal(0, size, (3, 4, 1)), rng.random((3, 4)) < share)
        score = model.score(seen)
        if score.value is not None and score.heatmap is not None:
            assert np.isfinite(score.value)
            assert (score.heatmap >= 0).all()
        model.learn(seen)
    Pca(PcaOptions(components=components)).restore(model.state())


def test_a_state_of_other_components_or_size_is_refused() -> None:
    """Components that are not orthonormal, negative spreads and arrays of several sizes do not fit."""
    model = taught(scene(100))
    state = model.state()
    wrongs = [
        taught(scene(100), components=2).state(),
        taught(scene(100, shape=(5, 8, 2))).state(),
        state | {"components": 2 * state["components"]},
        state | {"spread": -state["spread"]},
        state | {"rest": state["rest"][1:]},
        state | {"shape": np.array([60, 80, 2])},
        state | {"shape": np.array([-6, 8, 2])},
    ]
    for wrong in wrongs:
        with pytest.raises(StateError, match="state"):
            model.restore(wrong)
        assert all(np.array_equal(model.state()[name], state[name]) for name in state)
