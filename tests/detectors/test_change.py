"""What differs between two pictures, computed once for all that ask."""

from __future__ import annotations

import gc
import weakref

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import change
from detectors.base import Picture
from detectors.change import CHANGED_LEVELS, Change


def picture(seed: int = 0, shift: int = 0) -> Picture:
    """A smooth texture, moved to the right."""
    noise = np.random.default_rng(seed).integers(0, 255, (96, 128)).astype(np.uint8)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3) * 3
    return Picture(np.repeat(np.roll(smooth, shift, axis=1)[..., None], 3, axis=2), 0.0)


def test_the_flow_points_where_things_went() -> None:
    """Three pixels to the right are +3 along the rows' axis and 0 along the columns', and a speed of 3."""
    found = picture(shift=3).change_from(picture())
    assert np.median(found.flow[8:-8, 8:-8], axis=(0, 1)).tolist() == pytest.approx([3, 0], abs=0.3)
    assert np.median(found.speed[8:-8, 8:-8]) == pytest.approx(3, abs=0.3)


def test_the_difference_has_no_sign() -> None:
    """Darker is as different as brighter, and bytes do not wrap."""
    dark, bright = np.full((8, 8), 10, np.uint8), np.full((8, 8), 240, np.uint8)
    assert Change(dark, bright).difference.max() == Change(bright, dark).difference.min() == 230


def test_what_two_features_ask_for_is_computed_once() -> None:
    """The same earlier picture gives the same object; another one gives another change, and going back too."""
    before, other, now = picture(), picture(1), picture(shift=2)
    first = now.change_from(before)
    assert now.change_from(before) is first
    assert first.flow is first.flow
    assert now.change_from(other) is not first
    assert np.array_equal(now.change_from(before).flow, first.flow)


def test_a_picture_does_not_keep_those_before_it() -> None:
    """A camera that runs for months holds no more pictures than it looks at."""
    first, second, third = picture(), picture(shift=1), picture(shift=2)
    second.change_from(first)
    third.change_from(second)
    kept = weakref.ref(first)
    del first
    gc.collect()
    assert kept() is None


def scattered(moved: int) -> tuple[np.ndarray, np.ndarray]:
    """An even wall with a textured patch that went this far to the right, without noise."""
    noise = np.random.default_rng(0).integers(0, 255, (32, 32)).astype(np.uint8)
    patch = cv2.GaussianBlur(noise, (0, 0), 2)
    before, now = np.full((160, 240), 90, np.uint8), np.full((160, 240), 90, np.uint8)
    before[64:96, 100:132] = patch
    now[64:96, 100 + moved : 132 + moved] = patch
    return before, now


def test_flow_round_what_changed_is_that_of_the_whole_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within what changed it differs by a fraction of a pixel from flow computed everywhere."""
    before, now = scattered(3)
    found = Change(before, now)
    monkeypatch.setattr(change, "MARGIN_BLOCKS", 99)
    whole = Change(before, now)
    inside = found.difference > CHANGED_LEVELS
    assert inside.sum() > 300
    assert np.abs(found.flow - whole.flow)[inside].mean() < 0.3
    assert np.median(found.speed[inside]) == pytest.approx(np.median(whole.speed[inside]), abs=0.3)


def test_nothing_went_anywhere_far_from_what_changed() -> None:
    """Flow is 0 beyond a margin of blocks, and where nothing changed at all."""
    before, now = scattered(3)
    flow = Change(before, now).flow
    elsewhere = np.ones(before.shape, np.bool_)
    elsewhere[:, 64:200] = False
    assert elsewhere.sum() > 10_000
    assert not flow[elsewhere].any()
    assert not Change(before, before).flow.any()


def test_speed_is_the_same_bit_for_bit_wherever_the_arrays_lie() -> None:
    """Recordings are replayed to the same scores; it was not so for pictures whose width is no multiple of a vector."""
    before, now = (each[:75, :101].copy() for each in scattered(3))
    first = Change(before, now).speed
    held = [np.zeros(size, np.uint8) for size in range(1000, 1200)]  # so that new arrays lie elsewhere
    speeds = [(Change(before, now).speed, held.pop()) for _ in range(100)]
    assert first.any()
    assert all(np.array_equal(speed, first) for speed, _ in speeds)


def test_noise_is_no_change() -> None:
    """A single pixel that flickers, and a few levels everywhere, cost no flow."""
    before = np.full((160, 240), 90, np.uint8)
    now = before + np.random.default_rng(0).integers(0, CHANGED_LEVELS, before.shape).astype(np.uint8)
    now[7, 7] = 255
    assert not Change(before, now).flow.any()


@given(st.integers(1, 80), st.integers(1, 80), st.integers(0, 79), st.integers(0, 79))
def test_pictures_of_any_size_have_a_flow(height: int, width: int, row: int, column: int) -> None:
    """Even smaller ones than the flow's patches, changed in any corner."""
    before = np.zeros((height, width), np.uint8)
    now = before.copy()
    now[row % height :, column % width :] = 200
    flow = Change(before, now).flow
    assert flow.shape == (height, width, 2)
    assert np.isfinite(flow).all()
