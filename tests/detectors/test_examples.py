"""Ordinary pictures kept small, to be shown beside a strange one."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import StateError
from detectors.examples import CAPACITY, EVERY_S, FIRST, FIRST_EVERY_S, WIDTH_PX, Examples

SIZE = (64, 96)


def picture(bar: int, light: int = 0, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A grey scene with a white bar of 8 px that begins at this column, all of it lighter or darker."""
    image = np.full((*size, 3), 100, np.uint8)
    image[:, bar : bar + 8] = 180
    return (image + light).astype(np.uint8)


def kept(count: int, seed: int = 0) -> Examples:
    """Examples that were shown so many pictures, told apart by their brightness."""
    examples = Examples(seed)
    for number in range(count):
        examples.learn(np.full((*SIZE, 3), number % 256, np.uint8))
    return examples


def pictures(examples: Examples) -> np.ndarray:
    """All that are kept."""
    return examples.state()["pictures"]


@given(st.integers(1, 400), st.integers(1, 400))
def test_small_is_small_and_a_copy(height: int, width: int) -> None:
    """At most 96 px wide with the picture's shape, never enlarged, and no reference to the picture is kept."""
    image = np.full((height, width, 3), 7, np.uint8)
    small = Examples(0).small(image)
    assert small.shape[1] == min(width, WIDTH_PX)
    assert abs(small.shape[0] - height * small.shape[1] / width) <= 1
    assert small.dtype == np.uint8
    assert not np.shares_memory(small, image)


def test_they_are_wanted_often_at_first_and_rarely_later() -> None:
    """Every two seconds until there are some, then one a minute; asked twice, it says so once."""
    examples = Examples(0)
    assert examples.due(0.0)
    assert not examples.due(0.0)
    assert not examples.due(FIRST_EVERY_S - 0.1)
    assert examples.due(FIRST_EVERY_S)
    examples = kept(FIRST)
    assert examples.due(0.0)
    assert not examples.due(EVERY_S - 0.1)
    assert examples.due(EVERY_S)


def test_with_a_new_clock_one_is_wanted_at_once() -> None:
    """Whatever the old one said."""
    examples = kept(FIRST)
    assert examples.due(1e6)
    examples.restart_clock()
    assert examples.due(0.0)


def test_it_keeps_so_many_and_old_ones_leave_by_chance() -> None:
    """Memory is bounded; what is kept is of all times, not only the newest; the same seed keeps the same."""
    examples = kept(2 * CAPACITY)
    numbers = pictures(examples)[:, 0, 0, 0]
    assert len(numbers) == CAPACITY
    assert (numbers < CAPACITY).any()
    assert (numbers >= CAPACITY).sum() > CAPACITY / 4
    assert np.array_equal(numbers, pictures(kept(2 * CAPACITY))[:, 0, 0, 0])
    assert not np.array_equal(numbers, pictures(kept(2 * CAPACITY, seed=1))[:, 0, 0, 0])


def test_the_nearest_are_those_that_look_alike_nearest_first() -> None:
    """As many as asked for, or as there are."""
    examples = Examples(0)
    for bar in (10, 40, 43, 80):
        examples.learn(picture(bar))
    found = examples.nearest(picture(41), None, 2)
    assert [np.flatnonzero(one[0, :, 0] == 180)[0] for one in found] == [40, 43]
    assert len(examples.nearest(picture(41), None, 9)) == 4
    assert Examples(0).nearest(picture(41), None, 3) == ()


def test_a_cloud_makes_no_difference() -> None:
    """The same scene in another light is nearer than another scene in the same."""
    examples = Examples(0)
    examples.learn(picture(0))
    examples.learn(picture(40, light=60))
    assert examples.nearest(picture(40), None, 1)[0][0, 50, 0] == 160


def test_only_the_box_counts() -> None:
    """What differs elsewhere does not matter; a box of nothing at an edge still sees something."""
    examples = Examples(0)
    left, right = picture(4), picture(4)
    left[:, 60:70], right[:, 4:12] = 20, 100
    examples.learn(right)
    examples.learn(left)
    assert np.array_equal(examples.nearest(picture(4), (0.0, 0.0, 0.2, 1.0), 1)[0], left)
    for edge in ((1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 0.0, 0.0)):
        assert len(examples.nearest(picture(4), edge, 2)) == 2


def test_of_a_picture_of_another_size_nothing_is_like() -> None:
    """A camera that changes its shape begins anew, and mixes nothing."""
    examples = kept(3)
    other = picture(4, size=(96, 96))
    assert examples.nearest(other, None, 3) == ()
    examples.learn(other)
    assert len(pictures(examples)) == 1


@pytest.mark.parametrize("count", [0, 5, CAPACITY + 9])
def test_restored_they_go_on_the_same(count: int) -> None:
    """The same pictures, after a way through a file, and the same ones leave next."""
    old, new, file = kept(count), Examples(0), io.BytesIO()
    np.savez(file, allow_pickle=False, **old.state())
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        new.restore({name: stored[name] for name in stored.files})
    for number in range(20):
        for each in (old, new):
            each.learn(np.full((*SIZE, 3), number, np.uint8))
    assert np.array_equal(pictures(old), pictures(new))


@pytest.mark.parametrize(
    ("shape", "offered"),
    [
        ((CAPACITY + 1, 2, 2, 3), 999),
        ((2, 4, WIDTH_PX + 1, 3), 9),
        ((3, 4, 4, 3), 2),
        ((2, 0, 4, 3), 9),
        ((2, 4, 4), 9),
    ],
)
def test_a_state_that_cannot_be_is_refused(shape: tuple[int, ...], offered: int) -> None:
    """Too many, too large, more than were offered, empty or no pictures: nothing was changed."""
    examples = kept(4)
    with pytest.raises(StateError):
        examples.restore({"pictures": np.zeros(shape, np.uint8), "offered": np.array(offered, np.int64)})
    assert len(pictures(examples)) == 4


def test_the_varied_ones_are_unlike_one_another() -> None:
    """Of many alike and few that differ each of the few is among them, and none is there twice."""
    examples = Examples(0)
    for number in range(40):
        examples.learn(picture(0, light=number % 3))
    for bar in (24, 48, 72):
        examples.learn(picture(bar))
    shown = examples.varied(4)
    assert sorted(int(np.argmax(each[0, :, 0])) for each in shown) == [0, 24, 48, 72]
    assert len(examples.varied(100)) == examples.count == 43
    assert Examples(0).varied(3) == ()
