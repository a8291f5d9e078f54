"""Plants: the same for one seed, where and while they are, grey in grey, far apart, of all kinds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.evaluation.plants import APART_S, Kind, Plant, drawn, planted

DAY_S = 86_400.0
HEIGHT, WIDTH = 72, 128
MANY = planted(3, 40, 43_200.0, 43_200.0 + 2 * DAY_S)


def grey(level: int = 90) -> np.ndarray:
    """A picture of one grey."""
    return np.full((HEIGHT, WIDTH, 3), level, np.uint8)


def coloured() -> np.ndarray:
    """A picture of one colour."""
    return np.full((HEIGHT, WIDTH, 3), (140, 90, 40), np.uint8)


def of(kind: Kind) -> Plant:
    """The first plant of a kind."""
    return next(plant for plant in MANY if plant.kind is kind)


def halfway(plant: Plant) -> float:
    """In the middle of its time."""
    return (plant.began_s + plant.ended_s) / 2


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(0, 60), hours=st.floats(2, 200))
@settings(max_examples=60, deadline=None)
def test_plants_lie_within_the_time_given_and_far_apart(seed: int, count: int, hours: float) -> None:
    """For any seed, number and length; never more than asked for."""
    plants = planted(seed, count, 1000.0, 1000.0 + hours * 3600)
    assert len(plants) <= count
    assert all(plant.began_s >= 1000.0 and plant.ended_s <= 1000.0 + hours * 3600 for plant in plants)
    assert all(after.began_s - before.ended_s >= APART_S - 1e-6 for before, after in pairwise(plants))


def test_one_seed_gives_the_same_plants_and_another_gives_others() -> None:
    """Times, places and looks."""
    again = planted(3, 40, 43_200.0, 43_200.0 + 2 * DAY_S)
    assert again == MANY
    at_s = halfway(MANY[0])
    assert np.array_equal(drawn(again, coloured(), at_s), drawn(MANY, coloured(), at_s))
    assert planted(4, 40, 43_200.0, 43_200.0 + 2 * DAY_S) != MANY


def test_forty_are_of_all_kinds() -> None:
    """Each about as often."""
    counts = [sum(plant.kind is kind for plant in MANY) for kind in Kind]
    assert len(MANY) == 40
    assert min(counts) >= 6


@pytest.mark.parametrize("kind", list(Kind))
def test_a_plant_shows_while_it_lasts_and_leaves_other_pictures_alone(kind: Kind) -> None:
    """Not a frame before, not one after; the given picture is never written to."""
    plant, picture = of(kind), coloured()
    picture.setflags(write=False)
    assert (plant.draw(picture, halfway(plant)) != picture).any()
    assert plant.draw(picture, plant.began_s - 0.01) is picture
    assert plant.draw(picture, plant.ended_s) is picture


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.FLASH])
def test_a_plant_changes_only_what_is_near_its_place(kind: Kind) -> None:
    """Within its own height of where it is then; a flash alone is felt farther away."""
    plant = of(kind)
    now = halfway(plant)
    rows, columns = np.nonzero((plant.draw(coloured(), now) != coloured()).any(-1))
    x = (plant.start[0] + plant.end[0]) / 2 * WIDTH
    y = (plant.start[1] + plant.end[1]) / 2 * HEIGHT
    assert rows.size > 0
    assert np.hypot(columns - x, rows - y).max() <= plant.height * HEIGHT


@pytest.mark.parametrize("kind", list(Kind))
def test_a_plant_is_grey_in_a_grey_picture(kind: Kind) -> None:
    """An infra-red camera sees no colours."""
    plant = of(kind)
    picture = plant.draw(grey(), halfway(plant)).astype(int)
    assert (picture.max(-1) - picture.min(-1)).max() <= 1


def test_what_walks_crosses_the_picture_and_what_is_left_stays() -> None:
    """The place of what changed, early and late."""

    def middle(plant: Plant, share: float) -> float:
        at_s = plant.began_s + share * (plant.ended_s - plant.began_s)
        return float(np.nonzero((plant.draw(coloured(), at_s) != coloured()).any((0, 2)))[0].mean())

    walker, left = of(Kind.WALKER), of(Kind.LEFT)
    assert abs(middle(walker, 0.8) - middle(walker, 0.2)) > WIDTH / 3
    assert abs(middle(left, 0.8) - middle(left, 0.2)) < 1
