"""Saved states are looked at before they are taken over."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.base import StateError
from detectors.state import Wanted, fitted, refuse_unless

WANTED = {"mean": Wanted(np.float64, (None, 3)), "count": Wanted(np.int64)}
SOUND = {"mean": np.ones((2, 3)), "count": np.array(5)}


def test_a_fitting_state_comes_back_as_contiguous_copies() -> None:
    """Values are the same, memory is not, and sums over it round as before."""
    transposed = {"mean": np.ones((3, 2)).T, "count": np.array(5)}
    taken = fitted(transposed, WANTED)
    assert np.array_equal(taken["mean"], transposed["mean"])
    assert taken["mean"].flags.c_contiguous
    assert not np.shares_memory(taken["mean"], transposed["mean"])


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"mean": np.ones((2, 4))}, "state: mean: expected float64 ('any', 3), got float64 (2, 4)"),
        ({"mean": np.ones((2, 3), np.float32)}, "state: mean: expected float64 ('any', 3), got float32 (2, 3)"),
        ({"count": np.array([5])}, "state: count: expected int64 (), got int64 (1,)"),
        ({"mean": np.full((2, 3), np.nan)}, "state: mean: expected finite numbers, got NaN or infinity"),
        ({"more": np.ones(1)}, "state: expected the arrays ['count', 'mean'], got ['count', 'mean', 'more']"),
    ],
)
def test_a_misfit_says_what_was_expected_and_got(fault: dict[str, np.ndarray], message: str) -> None:
    """The error names the array, what was expected of it and what it is."""
    with pytest.raises(StateError) as caught:
        fitted(SOUND | fault, WANTED)
    assert str(caught.value).startswith(message)


def test_refuse_unless() -> None:
    """Only what does not fit is refused."""
    refuse_unless(True, "this")
    with pytest.raises(StateError, match="state: expected this; "):
        refuse_unless(False, "this")
