"""What the memory of whole scenes makes of known ones. What it shares with other models is in tests/contract."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import Grid, StateError
from detectors.models.memory import FADING, Memory
from detectors.options import MemoryOptions

SHAPE = (6, 8, 2)
TOLERANCE = 0.2
HALF = 1 / 2**11  # float16 keeps 11 bits


def grid(values: np.ndarray, mask: np.ndarray | None = None) -> Grid:
    """A grid, all of it evidence unless a mask is given."""
    return Grid(values.astype(np.float32), np.ones(values.shape[:2], np.bool_) if mask is None else mask)


def memory(**options: float) -> Memory:
    """A fresh memory that answers after two grids."""
    return Memory(
        MemoryOptions.model_validate({"warmup": 2, "tolerance": TOLERANCE, "top_cells": 4, **options}), seed=0
    )


def value(model: Memory, values: np.ndarray) -> float:
    """The score, which must be known."""
    found = model.score(grid(values)).value
    assert found is not None
    return found


def scene(brightness: float, seed: int | None = None) -> np.ndarray:
    """One scene in some light, with a little noise if there is a seed."""
    noise = 0 if seed is None else np.random.default_rng(seed).normal(0, 0.01, SHAPE)
    return np.full(SHAPE, brightness) + noise


def box(row: int) -> np.ndarray:
    """The scene with something two cells wide in it."""
    values = scene(0.5)
    values[row : row + 2, 2:4] += 0.5
    return values


@pytest.mark.parametrize("difference", [-1.0, 0.1, 0.2, 5.0])
def test_a_cell_is_half_strange_at_the_tolerance_and_never_more_than_wholly(difference: float) -> None:
    """A cell that differs by d from all that is remembered is strange by d / (d + tolerance)."""
    model = memory()
    for _ in range(5):
        model.learn(grid(scene(0.5)))
    found = model.score(grid(scene(0.5 + difference))).heatmap
    wanted = abs(difference) / (abs(difference) + TOLERANCE)
    assert found is not None
    assert np.allclose(found, wanted, atol=10 * HALF)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.floats(-2, 5))
def test_what_is_remembered_is_not_strange_and_nothing_is_above_one(seed: int, exponent: float) -> None:
    """A grid that was learned scores 0 to the precision of what is kept, any other at most 1, whatever its scale."""
    rng = np.random.default_rng(seed)
    stream = rng.normal(0, 10**exponent, (6, *SHAPE))
    model = memory()
    for values in stream[:5]:
        model.learn(grid(values))
    assert value(model, stream[0]) == 0.0
    assert 0.0 <= value(model, stream[5]) <= 1.0


def test_two_ordinary_things_that_come_together_are_hardly_strange() -> None:
    """Each cell is compared with its own past in several scenes alike, not all cells with one scene."""
    model = memory()
    for _ in range(5):
        model.learn(grid(box(0)))
        model.learn(grid(box(4)))
    both = np.maximum(box(0), box(4))
    assert value(model, both) == 0.0
    assert value(memory_of_one(), both) > 0.5


def memory_of_one() -> Memory:
    """Knows one of the two things only."""
    model = memory()
    for _ in range(5):
        model.learn(grid(box(0)))
        model.learn(grid(scene(0.5)))
    return model


def test_what_was_ordinary_in_other_light_is_strange_in_this() -> None:
    """A cell is compared with scenes like this one: dark cells are no news by night, but are by day."""
    model = memory(nearest=10)
    for seed in range(30):
        model.learn(grid(scene(0.1, seed)))
        model.learn(grid(scene(0.9, seed)))
    shadow = scene(0.9)
    shadow[:2, :2] = 0.1
    assert value(model, scene(0.1)) < 0.1
    assert value(model, shadow) > 0.7


def test_the_night_is_not_forgotten_by_day() -> None:
    """A full memory gives up scenes it holds twice first: after five fillings by day the nights are still known."""
    model = memory(capacity=100, warmup=20)
    for seed in range(30):
        model.learn(grid(scene(0.1 + 0.002 * seed, seed)))
    before = value(model, scene(0.13, 1000))
    for seed in range(500):
        model.learn(grid(scene(0.9, seed)))
    assert value(model, scene(0.13, 1000)) < before + 0.1


def test_all_of_the_past_fades() -> None:
    """What never comes again is strange again, after many times the capacity."""
    model = memory(capacity=20)
    for seed in range(10):
        model.learn(grid(scene(0.1, seed)))
    assert value(model, scene(0.1)) < 0.1
    for seed in range(20 * FADING * 10):
        model.learn(grid(scene(0.9, seed)))
    assert value(model, scene(0.1)) > 0.7


def test_scenes_with_other_masks_are_compared_where_both_saw() -> None:
    """A cell that no remembered scene saw is unknown and takes no part; the others are judged as ever."""
    model = memory()
    left = np.zeros(SHAPE[:2], np.bool_)
    left[:, :4] = True
    for _ in range(5):
        model.learn(grid(scene(0.5), left))
    changed = scene(0.5)
    changed[:, 4:] = 5.0
    assert value(model, changed) == 0.0
    assert model.score(grid(changed, ~left)).value is None


@pytest.mark.parametrize(
    "fault",
    [{"learned": np.array(3, np.int64)}, {"learned": np.array(-1, np.int64)}, {"seen": np.ones((5, 6, 7), np.bool_)}],
    ids=["another count", "a negative count", "masks of another size"],
)
def test_a_state_that_contradicts_itself_is_refused(fault: dict[str, np.ndarray]) -> None:
    """Counts and sizes that do not fit together never become a memory."""
    model = memory()
    for seed in range(5):
        model.learn(grid(scene(0.5, seed)))
    with pytest.raises(StateError):
        memory().restore(model.state() | fault)
    with pytest.raises(StateError):
        memory(capacity=10).restore({**model.state(), "kept": np.zeros((11, *SHAPE), np.float16)})
