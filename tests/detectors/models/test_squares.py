"""From wrong cells to a score."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.models.squares import judged, strangeness, wrongness

SHAPE = (12, 16)


def test_an_error_at_the_tolerance_is_half_wrong() -> None:
    """Wrongness goes from 0 to 1, half at the tolerance, whatever overflowed is 1, and what is masked 0."""
    square = np.array([[0.0, 0.04, 1e30, np.inf, np.nan, 0.04]], np.float32)
    mask = np.array([[True, True, True, True, True, False]])
    assert wrongness(square, mask, 0.2)[0] == pytest.approx([0, 0.5, 1, 1, 1, 0])


def test_a_wholly_wrong_square_is_finite_and_the_strangest() -> None:
    """Strangeness rises with the wrong share of the square round a cell, to just under 7 nepers."""
    wrong = np.zeros(SHAPE, np.float32)
    levels = []
    for width in (0, 1, 2, 4):
        wrong[4:8, 4 : 4 + width] = 1
        levels.append(float(strangeness(wrong, 4).max()))
    assert levels == sorted(levels)
    assert levels[0] == 0
    assert 6.5 < levels[-1] < 7


def test_the_value_is_the_mean_of_the_strangest_squares() -> None:
    """With one strange place the mean of one square is its strangeness, of very many next to nothing."""
    wrong = np.zeros(SHAPE, np.float32)
    wrong[4:8, 4:8] = 1
    heatmap = strangeness(wrong, 4)
    one, many = judged(heatmap, 4, 1).value, judged(heatmap, 4, 10_000).value
    assert one == pytest.approx(float(heatmap.max()))
    assert many is not None
    assert 0 < many < 0.2 * one
