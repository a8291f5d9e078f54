"""A bounded memory of pieces that fades, and the pieces it is made of."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.base import StateError
from detectors.models.replay import ALIGN, Pieces, Replay, cut

SIDE = 4


def rng(seed: int = 0) -> np.random.Generator:
    """A generator of its own."""
    return np.random.default_rng(seed)


def pieces(count: int, mark: float) -> Pieces:
    """Pieces all of one value."""
    return Pieces(np.full((count, 1, SIDE, SIDE), mark, np.float16), np.zeros((count, 2), np.int32))


def share_of(replay: Replay, mark: float) -> float:
    """How much of what is kept has this value."""
    return float((replay.state()["pieces"][:, 0, 0, 0] == mark).mean())


def test_it_keeps_all_until_it_is_full_and_then_no_more() -> None:
    """The first pieces are all there; however many come, it never holds more than its capacity."""
    replay = Replay(10, 0.5, (1, SIDE, SIDE))
    assert len(replay.draw(5, rng()).values) == 0
    replay.offer(pieces(7, 1.0), rng())
    assert replay.count == 7
    for seed in range(50):
        replay.offer(pieces(6, 2.0), rng(seed))
    assert replay.count == 10


def test_the_past_fades_no_slower_than_the_floor() -> None:
    """After 20,000 old pieces 2,000 new ones would be a tenth of a fair reservoir; with a floor of 0.05, four fifths.

    Each new piece takes one of 64 places with probability 0.05: old ones are left with (1 - 0.05 / 64)^2000 = 21 %.
    """
    shares = []
    for floor in (1e-9, 0.05):
        replay = Replay(64, floor, (1, SIDE, SIDE))
        draws = rng()
        replay.offer(pieces(20_000, 1.0), draws)
        replay.offer(pieces(2_000, 2.0), draws)
        shares.append(share_of(replay, 2.0))
    assert shares == pytest.approx([0.09, 0.79], abs=0.15)


def test_what_is_drawn_are_copies_of_what_is_kept() -> None:
    """Writing to a drawn piece changes nothing that is kept."""
    replay = Replay(4, 0.5, (1, SIDE, SIDE))
    replay.offer(pieces(4, 1.0), rng())
    drawn = replay.draw(100, rng())
    assert len(drawn.values) == len(drawn.at) == 100
    drawn.values[...] = 9.0
    assert share_of(replay, 1.0) == 1.0


def test_half_precision_holds_eight_bit_pixels() -> None:
    """Each of the 256 levels comes back within 1/4000 of a full range, and no two fall together."""
    levels = np.arange(256, dtype=np.float32) / 255
    grid = np.tile(levels, (1, 256, 1))  # (1, 256, 256)
    found = cut(grid, grid[-1] > 0.01, 1, 256, rng()).values[0, 0, 0].astype(np.float32)
    assert np.abs(found - levels).max() < 1 / 4000
    assert len(np.unique(np.rint(found * 255))) == 256


def test_most_pieces_are_cut_round_what_moves() -> None:
    """One small mover in a large still picture is in most pieces, and yet the rest is seen too."""
    grid = np.zeros((2, 80, 120), np.float32)
    grid[1, 40:44, 60:64] = 1.0
    found = cut(grid, grid[1] > 0.1, 400, 8, rng())
    moving = (found.values[:, 1].max(axis=(1, 2)) > 0).mean()
    assert 0.7 < moving < 0.95


def test_pieces_lie_within_the_grid_on_the_networks_steps() -> None:
    """Their corners are told, so that a piece can be put back where it came from."""
    grid = rng(1).random((3, 20, 28)).astype(np.float32)
    found = cut(grid, grid[2] > 0.1, 200, 8, rng())
    assert (found.at % ALIGN == 0).all()
    for values, (top, left) in zip(found.values, found.at, strict=True):
        assert np.array_equal(values, grid[:, top : top + 8, left : left + 8].astype(np.float16))


def test_restored_it_goes_on_the_same() -> None:
    """Same pieces, same count of what was offered, so the same draws renew the same ones."""
    old, new = (Replay(8, 0.1, (1, SIDE, SIDE)) for _ in range(2))
    old.offer(pieces(20, 1.0), rng())
    new.restore(old.state())
    for replay in (old, new):
        replay.offer(pieces(30, 2.0), rng(3))
    assert all(np.array_equal(old.state()[name], new.state()[name]) for name in old.state())


def test_more_than_it_may_hold_is_refused() -> None:
    """A state of a larger memory, or with places for other pieces, does not fit; nothing was changed."""
    large, small = Replay(20, 0.1, (1, SIDE, SIDE)), Replay(8, 0.1, (1, SIDE, SIDE))
    large.offer(pieces(20, 1.0), rng())
    state = large.state()
    for wrong in (state, state | {"pieces": state["pieces"][:5]}, state | {"pieces_at": state["pieces_at"][:, :1]}):
        with pytest.raises(StateError):
            small.restore(wrong)
        assert small.count == 0
