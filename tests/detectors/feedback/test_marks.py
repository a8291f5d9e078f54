"""What is like an event that somebody spoke of: how near it must be."""

from __future__ import annotations

import numpy as np

from detectors.feedback.gallery import USUAL, USUAL_RADIUS, Gallery
from detectors.feedback.look import Look, code
from detectors.feedback.marks import Mark, Marks

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


def test_many_looks_of_one_event_reach_no_farther_than_one() -> None:
    """How much one thing changes while it is seen is no measure of how things differ."""
    far = 1.1 * USUAL_RADIUS
    assert alike([normal(1, *(look(corner, far) for corner in range(3)))], look(3, far)) == set()


def test_all_that_are_like_it_are_named_the_nearest_first() -> None:
    """One a little nearer than the other."""
    marks = [normal(1, look(0, 0.9 * USUAL_RADIUS)), normal(2, look(1, 0.5 * USUAL_RADIUS))]
    likeness = Marks(tuple(marks)).like(look(1, 0.45 * USUAL_RADIUS), Gallery(0), None)
    assert likeness is not None
    assert [mark.id for mark in likeness.marks] == [2, 1]
