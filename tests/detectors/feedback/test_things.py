"""A thing is judged by its last moments: a few others change nothing, and nothing hides where another was."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from detectors.feedback.look import Look, code
from detectors.feedback.marks import Likeness, Mark
from detectors.feedback.things import GAP_S, MEMORY_S, Things, overlap

FPS = 10
HERE, BESIDE, THERE = (0.4, 0.4, 0.6, 0.6), (0.45, 0.4, 0.65, 0.6), (0.7, 0.4, 0.9, 0.6)
ALIKE = Likeness((Mark(1, False, "event1", "ann", None, ()),), 1.0)


def look(box: tuple[float, float, float, float] = HERE, channel: str = "moving") -> Look:
    """Of a patch there."""
    return Look(code(channel), 0, 12.0, box, 1.0, {"size": np.zeros(2, np.float32)})


def told(moments: Sequence[bool], things: Things | None = None) -> list[bool]:
    """Whether a thing that stays is alike, by whether it is so at each moment by itself."""
    things = things or Things()
    return [things.like(look(), n / FPS, ALIKE if each else None) is not None for n, each in enumerate(moments)]


def test_a_thing_is_what_it_is_by_itself_at_first() -> None:
    """Nothing was seen of it before."""
    assert told([True]) == [True]
    assert told([False]) == [False]


def test_a_few_moments_change_nothing() -> None:
    """Neither that it looks otherwise for half a second nor that it is alike for half a second."""
    assert all(told([True] * FPS + [False] * 5 + [True] * FPS))
    assert not any(told([False] * FPS + [True] * 3 + [False] * FPS))


def test_nothing_hides_for_long_where_another_was() -> None:
    """However long that had been there."""
    after = told([True] * 600 + [False] * 100)[600:]
    assert after.index(False) / FPS <= 1.2 * MEMORY_S
    assert not any(after[after.index(False) :])


@pytest.mark.parametrize(
    ("then", "at_s"),
    [
        pytest.param(look(THERE), 0.1, id="another place"),
        pytest.param(look(channel="scene"), 0.1, id="another channel"),
        pytest.param(look(), 2 * GAP_S, id="later"),
    ],
)
def test_what_is_elsewhere_or_later_is_another_thing(then: Look, at_s: float) -> None:
    """It is judged by itself."""
    things = Things()
    assert things.like(look(), 0.0, ALIKE) is ALIKE
    assert things.like(then, at_s, None) is None


def test_it_is_followed_where_it_goes() -> None:
    """Its patches overlap, the first and the last do not."""
    things, boxes = Things(), [(0.1 + n / 20, 0.4, 0.3 + n / 20, 0.6) for n in range(6)]
    assert all(overlap(*each) > 0.5 for each in pairwise(boxes))
    assert overlap(boxes[0], boxes[-1]) == 0
    found = [things.like(look(box), n / FPS, ALIKE if n < 3 else None) for n, box in enumerate(boxes)]
    assert all(each is ALIKE for each in found)


def test_two_things_beside_each_other_are_two() -> None:
    """Each goes on with the patch that is most its own."""
    things = Things()
    for n in range(FPS):
        assert things.like(look(HERE), n / FPS, ALIKE) is ALIKE
        assert things.like(look(BESIDE), n / FPS, None) is None
