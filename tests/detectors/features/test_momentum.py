"""How much moves how fast: one number a cell that means the same at every frame rate."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from detectors.base import Grid, Picture
from detectors.change import Change
from detectors.features.momentum import Momentum
from detectors.options import MomentumOptions

SIZE = (96, 160)
OPTIONS = MomentumOptions(cell_px=16, stride_px=8)


def block(left_px: float, top_px: int = 40, side_px: int = 24, contrast: float = 1.0) -> np.ndarray:
    """A textured block at this place, to parts of a pixel, before an even wall."""
    noise = np.random.default_rng(0).integers(0, 255, (side_px, side_px)).astype(np.uint8)
    texture = 128 + contrast * (cv2.GaussianBlur(noise, (0, 0), 1.5).astype(np.float32) - 128)
    wall = np.full(SIZE, 128, np.float32)
    wall[top_px : top_px + side_px, 20 : 20 + side_px] = np.clip(2 * texture - 128, 0, 255)
    moved = cv2.warpAffine(wall, np.array([[1, 0, left_px - 20], [0, 1, 0]], np.float32), SIZE[::-1], borderValue=128)
    return np.repeat(np.clip(moved, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def seen(images: list[np.ndarray], fps: float) -> Grid:
    """The grid of the last of these pictures."""
    feature = Momentum(OPTIONS, fps)
    pictures = [Picture(image, number / fps) for number, image in enumerate(images)]
    assert len(pictures) == feature.reach + 1
    grid = feature.extract(pictures)
    assert grid is not None
    return grid


def test_a_still_scene_is_nought_everywhere_and_no_flow_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing changes, nothing is spent; and all of it is evidence."""
    monkeypatch.setattr(Change, "speed", property(lambda self: pytest.fail("flow was asked for")))
    grid = seen([block(40), block(40)], 10)
    assert not grid.values.any()
    assert grid.mask.all()
    assert grid.values.shape == (11, 19, 1)


def test_only_where_something_moves_it_is_more_than_nought() -> None:
    """Cells far from the block know nothing of it."""
    values = seen([block(40), block(43)], 10).values[..., 0]
    row, column = np.unravel_index(int(values.argmax()), values.shape)
    assert 40 - 16 <= 8 * row <= 64
    assert 40 - 16 <= 8 * column <= 67
    assert not values[:, 14:].any()


def test_faster_is_more_and_slower_is_less() -> None:
    """Rising with the speed up to what flow can follow."""
    peaks = [float(seen([block(40), block(40 + step)], 10).values.max()) for step in (1, 2, 4)]
    assert peaks == sorted(peaks)
    assert peaks[2] > 1.5 * peaks[0]


@pytest.mark.parametrize("fps", [20, 30])
def test_it_means_the_same_at_every_frame_rate(fps: int) -> None:
    """The same block as fast as before scores about the same when more pictures are looked at."""
    slow = float(seen([block(40), block(43)], 10).values.max())
    feature = Momentum(OPTIONS, fps)
    step_px = Fraction(30, fps)
    images = [block(float(40 + n * step_px)) for n in range(feature.reach + 1)]
    assert float(seen(images, fps).values.max()) == pytest.approx(slow, rel=0.25)


def test_pictures_that_come_in_a_burst_are_not_fast() -> None:
    """A camera that sends two pictures at once does not make its scene a hundred times as fast."""
    feature = Momentum(OPTIONS, 10)
    burst = feature.extract([Picture(block(40), 0.0), Picture(block(43), 0.001)])
    assert burst is not None
    assert float(burst.values.max()) < 3 * float(seen([block(40), block(43)], 10).values.max())


def test_where_flow_and_change_do_not_agree_there_is_little() -> None:
    """A light that goes on changes every pixel, but nothing went anywhere."""
    dark, bright = block(40), (block(40).astype(np.int16) + 40).clip(0, 255).astype(np.uint8)
    flash = float(np.median(seen([dark, bright], 10).values))
    assert flash < 0.3 * float(seen([block(40), block(43)], 10).values.max())
