"""A value is as strange as it is seldom, however many ordinary ones there are."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.base import Grid
from detectors.models.rarity import EXTENT, RarityModel
from detectors.options import RarityOptions


def grid(value: float, *, cells: int = 4, seen: bool = True, infrared: bool = False) -> Grid:
    """All cells of one value."""
    shape = (cells, cells)
    return Grid(np.full((*shape, 1), value, np.float32), np.full(shape, seen, np.bool_), infrared)


def taught(*values: float, rounds: int = 500) -> RarityModel:
    """A model that saw these values in turn."""
    model = RarityModel(RarityOptions(memory=100_000))
    for _ in range(rounds):
        for value in values:
            model.learn(grid(value))
    return model


def value(model: RarityModel, at: float) -> float:
    """Its score of a grid of that value."""
    found = model.score(grid(at)).value
    assert found is not None
    return found


def test_between_two_ordinary_values_lies_a_strange_one() -> None:
    """Light on and light off are both ordinary, half lit is not: a mean and a deviation would say the opposite."""
    model = taught(0.1, 0.9)
    assert value(model, 0.1) < 1
    assert value(model, 0.9) < 1
    assert value(model, 0.5) > 2.5


def test_ten_times_as_seldom_is_one_more() -> None:
    """The score counts powers of ten."""
    model = RarityModel(RarityOptions(memory=1_000_000))
    for number in range(20_000):
        model.learn(grid(0.9 if number % 1000 == 0 else 0.5 if number % 100 == 0 else 0.1))
    assert value(model, 0.9) - value(model, 0.5) == pytest.approx(1.0, abs=0.1)


def test_it_forgets() -> None:
    """What was ordinary long ago is strange again, what came since is ordinary."""
    model = RarityModel(RarityOptions(memory=100))
    for number in range(1500):
        model.learn(grid(0.1 if number < 500 else 0.9))
    assert value(model, 0.9) < 0.5
    assert value(model, 0.1) > 1.5


def test_of_what_never_came_the_farther_is_the_stranger() -> None:
    """One bin beyond what is ordinary is less than two, up to where nothing counts any more."""
    model = taught(0.52)
    beyond = [value(model, 0.52 + bins / 24) for bins in range(1, 9)]
    assert beyond == sorted(beyond)
    assert beyond[1] - beyond[0] == pytest.approx(-(1 + EXTENT) * np.log10(0.1), abs=0.1)
    assert beyond[-1] == pytest.approx((1 + EXTENT) * 6, abs=0.1)


def test_of_two_things_that_never_came_the_larger_is_a_little_stranger() -> None:
    """In their strongest cells they are alike."""
    model = RarityModel(RarityOptions(top_cells=2))
    for _ in range(500):
        model.learn(grid(0.1, cells=8))
    small, large = grid(0.1, cells=8), grid(0.1, cells=8)
    small.values[:2, :1], large.values[:2, :4] = 0.9, 0.9
    few, many = model.score(small).value, model.score(large).value
    assert few is not None
    assert many is not None
    assert few < many < 1.1 * few


def test_what_is_ordinary_next_to_a_cell_is_less_strange_in_it() -> None:
    """An edge that shifts by a cell is not as strange as the same value farther away; without neighbours it is."""

    def edge(at: int) -> Grid:
        seen = grid(0.1, cells=8)
        seen.values[:, :at] = 0.9
        return seen

    shifts = {}
    for part in (0.0, 0.3):
        model = RarityModel(RarityOptions(top_cells=4, neighbours=part))
        for _ in range(500):
            model.learn(edge(3))
        shifts[part] = [model.score(edge(at)).value or 0.0 for at in (4, 6)]
    assert shifts[0.0][0] > 0.9 * shifts[0.0][1]
    assert shifts[0.3][0] < 0.5 * shifts[0.3][1]


def test_each_light_has_a_past_of_its_own() -> None:
    """In a light that it was not taught in, it does not know; what is ordinary in the one is strange in the other."""
    model = taught(0.1)
    assert model.score(grid(0.1, infrared=True)).value is None
    for _ in range(500):
        model.learn(grid(0.9, infrared=True))
    strange = model.score(grid(0.1, infrared=True)).value
    assert strange is not None
    assert strange > 2 * value(model, 0.1) + 2
    assert value(model, 0.1) < 1


def test_a_cell_without_evidence_learns_nothing() -> None:
    """Masked cells stay as they were."""
    model = taught(0.1)
    before = model.state()
    model.learn(grid(0.9, seen=False))
    assert all(np.array_equal(array, before[name]) for name, array in model.state().items())


def test_bins_must_have_width() -> None:
    """The error says what to change."""
    with pytest.raises(ValueError, match="raise high or lower low"):
        RarityOptions(low=1.0, high=1.0)
