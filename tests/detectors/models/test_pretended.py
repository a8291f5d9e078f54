"""Pieces made strange: what is put in is not in what is to be predicted, and the given pieces stay as they were."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.base import Grid
from detectors.models.autoencoder import Autoencoder
from detectors.models.pretended import pretend
from detectors.options import AutoencoderOptions

SIDE, MOMENTS = 24, 4


def pieces(count: int = 16) -> np.ndarray:
    """(count, 4, 24, 24) float16: each piece and moment of a grey of its own."""
    greys = np.linspace(0.1, 0.9, count * MOMENTS).reshape(count, MOMENTS, 1, 1)
    return np.broadcast_to(greys, (count, MOMENTS, SIDE, SIDE)).astype(np.float16)


def changed(given: np.ndarray, made: np.ndarray) -> np.ndarray:
    """(n, d): which moments of which pieces are no longer what they were."""
    return np.asarray((given != made).any(axis=(2, 3)))


def test_no_share_is_no_change() -> None:
    """With a share of 0 the very same array is given back."""
    given = pieces()
    assert pretend(given, 0.0, np.random.default_rng(0)) is given


def test_what_is_given_is_not_written_to() -> None:
    """The pieces are kept for replay, so they must stay ordinary."""
    given = pieces()
    before = given.copy()
    made = pretend(given, 1.0, np.random.default_rng(0))
    assert np.array_equal(given, before)
    assert made.dtype == given.dtype
    assert made.shape == given.shape


def test_a_share_of_the_pieces_is_made_strange() -> None:
    """Over many draws the share is met."""
    given = pieces()
    rng = np.random.default_rng(1)
    counts = [int(changed(given, pretend(given, 0.3, rng)).any(axis=1).sum()) for _ in range(200)]
    assert np.mean(counts) == pytest.approx(0.3 * len(given), rel=0.1)


def test_either_a_moment_is_skipped_or_something_is_put_in() -> None:
    """A skipped moment changes places with the newest; what is put in leaves the newest moment alone, and is seen."""
    given = pieces()
    made = pretend(given, 1.0, np.random.default_rng(2))
    skipped = changed(given, made)[:, -1]
    assert 0 < skipped.sum() < len(given)
    assert np.array_equal(made[skipped][:, [-1, -2]], given[skipped][:, [-2, -1]])
    put_in = made[~skipped]
    assert np.array_equal(put_in[:, -1], given[~skipped][:, -1])
    # Another piece's patch, or its own from another moment, in the newest moment that is shown.
    assert changed(given[~skipped], put_in)[:, -2].mean() > 0.9


def test_of_one_channel_nothing_is_pretended() -> None:
    """Without a past there is nothing to put anything into."""
    given = pieces()[:, :1]
    assert pretend(given, 1.0, np.random.default_rng(0)) is given


@pytest.mark.usefixtures("one_torch_thread")
def test_an_autoencoder_that_is_told_to_pretends() -> None:
    """With a share its weights become others than without, of the same grids and seed."""
    options = AutoencoderOptions(width=8, bottleneck=8, crop=24, batch=12, warmup=2)
    rng = np.random.default_rng(0)
    grids = [Grid(rng.random((24, 32, MOMENTS), np.float32), np.ones((24, 32), np.bool_)) for _ in range(3)]
    states = []
    for share in (0.0, 0.5):
        model = Autoencoder(options.model_copy(update={"pretended": share}), seed=0)
        for grid in grids:
            model.learn(grid)
        states.append(model.state()["weights"])
    assert not np.array_equal(*states)
