"""What is like an event that somebody spoke of: how near it must be, and what several marks of a thing say of that."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.feedback.gallery import USUAL, USUAL_RADIUS, USUAL_WIDEST, Gallery
from detectors.feedback.look import Look, code
from detectors.feedback.marks import ENOUGH, Mark, Marks

PARTS = 4  # of a look without the network's cells
# Corners of a tetrahedron with sides of 1: four things, each as unlike each other.
CORNERS = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(8)
HERE, THERE = (0.4, 0.4, 0.5, 0.5), (0.8, 0.8, 0.9, 0.9)


def look(corner: int, unlike: float, box: tuple[float, float, float, float] = HERE) -> Look:
    """One that differs by `unlike` from those of other corners, all of it in its colour."""
    colour = CORNERS[corner] * unlike * PARTS * USUAL["colour"]
    parts = {"size": np.zeros(2), "motion": np.zeros(4), "colour": colour, "shape": np.zeros(64)}
    arrays = {name: part.astype(np.float32) for name, part in parts.items()}
    return Look(code("moving"), 0, 12.0, box, 1.0, arrays)


def normal(number: int, *looks: Look) -> Mark:
    """An event that was called normal here."""
    return Mark(number, False, f"event{number}", "anna", None, looks)


def alike(marks: list[Mark], seen: Look) -> set[int]:
    """The marks that it is like."""
    likeness = Marks(tuple(marks)).like(seen, Gallery(0), None)
    return set() if likeness is None else {mark.id for mark in likeness.marks}


def test_the_first_marks_ask_for_what_is_near() -> None:
    """Nearer than what ordinary looks differ by, in the same place."""
    near, far = 0.9 * USUAL_RADIUS, 1.1 * USUAL_RADIUS
    assert alike([normal(1, look(0, near))], look(1, near)) == {1}
    assert alike([normal(1, look(0, far))], look(1, far)) == set()
    assert alike([normal(1, look(0, near, THERE))], look(1, near)) == set()


@pytest.mark.parametrize("count", [ENOUGH - 1, ENOUGH])
def test_enough_marks_of_one_thing_say_how_much_it_differs(count: int) -> None:
    """A fourth cart, as unlike the three that were called normal as they are each other, is one of them."""
    unlike = (USUAL_RADIUS + USUAL_WIDEST) / 2
    marks = [normal(number, look(number, unlike)) for number in range(count)]
    nearer = look(3, 0.98 * unlike)
    assert bool(alike(marks, nearer)) == (count == ENOUGH)


def test_whatever_the_marks_are_nothing_very_unlike_is_like_them() -> None:
    """Somebody who calls three quite different things normal has not called everything so."""
    marks = [normal(number, look(number, 1.5 * USUAL_WIDEST)) for number in range(3)]
    assert alike(marks, look(3, 1.5 * USUAL_WIDEST)) == set()


def test_many_looks_of_one_event_say_nothing_of_another() -> None:
    """How much one thing changes while it is seen is no measure of how things differ."""
    unlike = (USUAL_RADIUS + USUAL_WIDEST) / 2
    marks = [normal(1, *(look(corner, unlike) for corner in range(3)))]
    assert alike(marks, look(3, 0.98 * unlike)) == set()
