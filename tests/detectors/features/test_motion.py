"""What moves in each cell, and how fast."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from detectors.base import Picture
from detectors.features.motion import Motion
from detectors.features.moving import CHANGED_LEVELS
from detectors.options import MotionOptions

SIZE = (96, 128)
GROUND = np.random.default_rng(1).integers(0, 60, SIZE).astype(np.uint8)
TEXTURE = np.random.default_rng(0).integers(0, 60, (24, 24)).astype(np.uint8)


def picture(left: int, top: int = 32, grey: int = 100) -> Picture:
    """A textured square, 24 pixels wide, on a textured ground: flow of plain grey is anyone's guess."""
    image = np.repeat(GROUND[..., None] + np.uint8(grey), 3, axis=2)
    image[top : top + 24, left : left + 24] = TEXTURE[..., None] + np.uint8(grey)
    return Picture(image, 0.0)


def values(before: Picture, now: Picture, **options: int | bool) -> np.ndarray:
    """The grid's values from one picture to the next."""
    grid = Motion(MotionOptions(**options), fps=10).extract([before, now])
    assert grid is not None
    assert grid.mask.all()
    return grid.values


def test_what_stands_still_does_not_move() -> None:
    """Every channel of every cell is 0."""
    assert values(picture(40), picture(40)).max() == pytest.approx(0, abs=1e-3)


def test_motion_is_seen_where_it_is() -> None:
    """Cells on the mover see it in all four channels, cells far off in none."""
    grid = values(picture(40), picture(44), cell_px=16, stride_px=16)
    assert grid.shape == (6, 8, 4)
    mover, elsewhere = grid[2, 3], np.concatenate([grid[:, 6:].reshape(-1, 4), grid[5]])
    assert (mover > 0.2).all()
    assert (elsewhere.max(axis=0) < mover / 3).all()


def test_faster_is_more() -> None:
    """The flow channel is the root of the displacement, about: 1, 2 and 4 pixels."""
    smooth = cv2.GaussianBlur(np.random.default_rng(2).integers(0, 255, SIZE).astype(np.uint8), (0, 0), 3) * 3
    flows = []
    for px in (1, 2, 4):
        before, now = (Picture(np.repeat(np.roll(smooth, by)[..., None], 3, axis=2), 0.0) for by in (0, px))
        flows.append(values(before, now, cell_px=16, stride_px=16)[2:4, 3:5, 2].mean())
    assert flows == pytest.approx(np.sqrt([1.0, 2.0, 4.0]).tolist(), rel=0.1)


def test_noise_below_the_threshold_is_no_change_and_light_without_motion_no_flow() -> None:
    """A lamp changes the difference; where nothing moves there is no flow, and noise changes no pixel."""
    dim = values(picture(40), picture(40, grey=100 + CHANGED_LEVELS))
    assert dim[..., 1].max() == 0
    bright = values(picture(40), picture(40, grey=130))
    assert bright[..., 0] == pytest.approx(np.sqrt(30 / 255), rel=0.01)
    assert bright[..., 1] == pytest.approx(1)
    assert bright[..., 3].max() < 0.2


@pytest.mark.parametrize(("fps", "reach"), [(1, 1), (10, 1), (15, 1), (25, 2), (30, 3), (60, 5)])
def test_it_looks_back_equally_far_at_every_rate(fps: float, reach: int) -> None:
    """About 0.09 s, and never less than one picture."""
    assert Motion(MotionOptions(), fps).reach == reach


def test_at_thirty_pictures_a_second_it_compares_with_the_third_before() -> None:
    """What moved between the newest two alone is not all that it looks at."""
    motion = Motion(MotionOptions(flow=False), fps=30)
    grid = motion.extract([picture(40), picture(60), picture(60), picture(60)])
    assert grid is not None
    assert grid.values.max() > 0.1
    assert motion.extract([picture(60)] * 3) is None


def test_a_picture_smaller_than_a_cell_is_one_cell() -> None:
    """Nothing is too small to be looked at."""
    small = [Picture(np.full((8, 10, 3), grey, np.uint8), 0.0) for grey in (10, 200)]
    grid = Motion(MotionOptions(cell_px=64, stride_px=32, flow=False), 10).extract(small)
    assert grid is not None
    assert grid.values.shape == (1, 1, 2)
    assert grid.values[0, 0] == pytest.approx([np.sqrt(190 / 255), 1.0])


def velocities(right: int, down: int, **options: int) -> np.ndarray:
    """(directions, speeds) in the middle of a texture that moves as a whole by so many pixels."""
    smooth = cv2.GaussianBlur(np.random.default_rng(2).integers(0, 255, SIZE).astype(np.uint8), (0, 0), 3) * 3
    moved = np.roll(smooth, (down, right), axis=(0, 1))
    grid = values(*(Picture(np.repeat(each[..., None], 3, axis=2), 0.0) for each in (smooth, moved)), **options)
    histogram = grid[4:8, 5:9, 4:].mean(axis=(0, 1))
    return histogram.reshape(options["directions"], options.get("speeds", 1))


@pytest.mark.parametrize(
    ("step", "direction"), [((3, 0), 0), ((3, 3), 1), ((0, 3), 2), ((-3, 0), 4), ((0, -3), 6), ((3, -3), 7)]
)
def test_the_histogram_tells_which_way(step: tuple[int, int], direction: int) -> None:
    """Motion is in the channel of its direction, counted clockwise from the right, as the root of its speed."""
    found = velocities(*step, directions=8)[:, 0]
    assert found.argmax() == direction
    assert found[direction] == pytest.approx(np.sqrt(np.hypot(*step)), rel=0.15)
    assert np.delete(found, [direction, (direction + 1) % 8, (direction - 1) % 8]).max() < 0.2


@pytest.mark.parametrize(("px", "speed"), [(3, 2), (6, 3), (11, 3)])
def test_the_histogram_tells_how_fast(px: int, speed: int) -> None:
    """Speeds begin at 0.5, 1, 2 and 4 pixels, the fastest without an end."""
    found = velocities(px, 0, directions=4, speeds=4)[0]
    assert found.argmax() == speed
    assert found[speed] == pytest.approx(np.sqrt(px), rel=0.2)


def test_what_stands_still_has_no_direction() -> None:
    """Flow below half a pixel is noise, and in no channel of the histogram."""
    assert values(picture(40), picture(40), directions=8)[..., 4:].max() == 0


def test_the_histogram_changes_no_other_channel() -> None:
    """It is added behind them: directions times speeds channels."""
    plain, more = (values(picture(40), picture(44), **options) for options in ({}, {"directions": 6, "speeds": 2}))
    assert more.shape == (*plain.shape[:2], 16)
    assert np.array_equal(more[..., :4], plain)


def test_a_histogram_without_flow_is_refused() -> None:
    """The message says which of the two to change."""
    with pytest.raises(ValidationError, match="set flow to true, or leave directions out"):
        MotionOptions(flow=False, directions=8)


@pytest.mark.parametrize("flow", [True, False])
def test_only_moving_cells_carry_evidence_if_asked(flow: bool) -> None:
    """The mask is True on the mover and False far from it; the values are as without it."""
    pictures = [picture(40), picture(44)]
    grid = Motion(MotionOptions(flow=flow, moving_only=True), 10).extract(pictures)
    assert grid is not None
    assert grid.mask[4:6, 5:7].all()
    assert not grid.mask[:, 12:].any()
    assert not grid.mask[10:].any()
    assert np.array_equal(grid.values, values(*pictures, flow=flow))
