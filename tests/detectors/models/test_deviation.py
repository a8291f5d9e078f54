"""How far each cell is from its own mean, in the feature's units. What it shares with others is in tests/contract."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Grid, StateError
from detectors.models.deviation import DeviationModel
from detectors.options import DeviationOptions

PLAIN = DeviationOptions(top_cells=1, prior=0, warmup=1, memory=1000, ceiling=1e6)


def grid(values: object, mask: object = None) -> Grid:
    """A grid of these values, all of it evidence unless told otherwise."""
    array = np.asarray(values, np.float32)
    return Grid(array, np.ones(array.shape[:2], np.bool_) if mask is None else np.asarray(mask, np.bool_))


def taught(options: DeviationOptions, *grids: Grid) -> DeviationModel:
    """A model that learned these."""
    model = DeviationModel(options)
    for each in grids:
        model.learn(each)
    return model


def value(model: DeviationModel, now: Grid) -> float:
    """The score, which must be known."""
    found = model.score(now).value
    assert found is not None
    return found


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=30), st.floats(-100, 100, width=32))
def test_it_is_the_distance_from_the_mean(past: list[float], now: float) -> None:
    """In the feature's own units, whatever the spread was."""
    model = taught(PLAIN, *(grid([[[each]]]) for each in past))
    assert value(model, grid([[[now]]])) == pytest.approx(abs(now - np.mean(past)), rel=1e-4, abs=1e-3)


def test_channels_count_as_root_mean_square() -> None:
    """Of four channels one that is 2 off is worth 1."""
    model = taught(PLAIN, grid(np.zeros((1, 1, 4))))
    assert value(model, grid([[[0, 0, 2, 0]]])) == pytest.approx(1.0)


def test_a_lively_cell_is_not_excused() -> None:
    """What is far beyond the ordinary is as strange where much varies as where nothing does: no spread divides."""
    rng = np.random.default_rng(0)
    model = taught(PLAIN, *(grid([[[0.0], [rng.normal(0, 0.3)]]]) for _ in range(500)))
    heatmap = model.score(grid([[[5.0], [5.0]]])).heatmap
    assert heatmap is not None
    assert heatmap[0, 0] == pytest.approx(heatmap[0, 1], rel=0.02)


def test_the_mean_begins_at_nought_with_the_weight_of_its_prior() -> None:
    """After as many grids as the prior weighs it is half way to what they say."""
    model = taught(PLAIN.model_copy(update={"prior": 20}), *[grid([[[4.0]]])] * 20)
    assert value(model, grid([[[0.0]]])) == pytest.approx(2.0)


def test_old_grids_are_forgotten() -> None:
    """Their weight falls to 1/e after `memory` grids."""
    options = PLAIN.model_copy(update={"memory": 50})
    model = taught(options, *[grid([[[0.0]]])] * 500, *[grid([[[1.0]]])] * 50)
    assert value(model, grid([[[1.0]]])) == pytest.approx(1 / np.e, rel=0.05)


def test_cells_without_evidence_are_neither_learned_nor_judged() -> None:
    """A cell never seen is unknown while its neighbour is known, and counts nothing."""
    model = taught(PLAIN, *[grid([[[1.0], [9.0]]], [[True, False]])] * 5)
    score = model.score(grid([[[3.0], [50.0]]]))
    assert score.heatmap is not None
    assert score.heatmap.tolist() == [[2.0, 0.0]]
    assert model.score(grid([[[3.0], [50.0]]], [[False, True]])).value is None
    assert model.state()["count"].tolist() == [[5, 0]]


def test_a_broken_value_counts_at_most_its_ceiling() -> None:
    """One cell gone mad does not drown all else for ever."""
    model = taught(PLAIN.model_copy(update={"ceiling": 7.0}), grid([[[0.0]]]))
    assert value(model, grid([[[1e9]]])) == 7.0


def test_a_state_of_another_size_or_with_counts_below_nought_is_refused() -> None:
    """And the model is as it was."""
    model = taught(PLAIN, grid(np.zeros((2, 3, 1))))
    state = model.state()
    for wrong in (
        state | {"count": -np.ones((2, 3), np.int32)},
        state | {"count": np.ones((3, 2), np.int32)},
        taught(PLAIN, grid(np.zeros((4, 3, 1)))).state(),
    ):
        with pytest.raises(StateError):
            model.restore(wrong)
    with pytest.raises(StateError):
        DeviationModel(PLAIN).restore(state | {"count": np.ones((1, 3), np.int32)})
    assert value(model, grid(np.ones((2, 3, 1)))) == 1.0
