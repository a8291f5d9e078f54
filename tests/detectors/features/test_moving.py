"""The cells that features share, and where something moves in them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.change import Change
from detectors.features.moving import CHANGED_LEVELS, Cells, moving

SIDES = st.integers(1, 40)
EXTENTS = st.integers(1, 60)


@given(height=EXTENTS, width=EXTENTS, side=SIDES, stride=SIDES)
def test_a_cell_is_the_mean_of_its_pixels(height: int, width: int, side: int, stride: int) -> None:
    """For any geometry the first and the last cell lie wholly in the picture, and there is at least one."""
    pixels = np.random.default_rng(0).random((height, width), np.float32)
    means = Cells(side, stride).means(pixels)
    side = min(side, height, width)
    for row, column in ((0, 0), (means.shape[0] - 1, means.shape[1] - 1)):
        top, left = row * stride, column * stride
        assert top + side <= height
        assert left + side <= width
        assert abs(means[row, column] - pixels[top : top + side, left : left + side].mean()) < 1e-5


@given(depth=st.integers(1, 5))
def test_channels_are_pooled_apart(depth: int) -> None:
    """Pooling all of them at once is pooling each, also where there is but one."""
    pixels = np.random.default_rng(0).random((40, 56, depth), np.float32)
    cells = Cells(16, 8)
    means = cells.means(pixels)
    assert means.shape == (4, 6, depth)
    assert np.allclose(means[..., -1], cells.means(pixels[..., -1]), atol=1e-6)


def test_a_cell_moves_if_enough_of_it_changed() -> None:
    """A seventh of the pixels is enough, a tenth is not, and neither is any number of pixels by too little."""
    before = np.full((20, 80), 100, np.uint8)
    now = before.copy()
    now[:3, :20] += 50  # 15 % of the first cell, and a little
    now[3, :1] += 50
    now[:2, 20:40] += 50  # 10 % of the second
    now[:, 40:60] += CHANGED_LEVELS  # all of the third, by too little
    assert moving(Change(before, now), Cells(20, 20), flow=False).tolist() == [[True, False, False, False]]


def test_a_cell_moves_if_its_pixels_move_though_hardly_any_changes() -> None:
    """Flow sees a faint texture go by, which stays below the levels that count as a change."""
    faint = np.random.default_rng(0).normal(0, 1, (96, 128)).astype(np.float32)
    texture = (100 + 4 * np.kron(faint[::4, ::4], np.ones((4, 4)))).astype(np.uint8)
    change = Change(texture, np.roll(texture, 1, axis=1))
    assert moving(change, Cells(16, 8), flow=False).mean() < 0.2
    assert moving(change, Cells(16, 8)).mean() > 0.8
