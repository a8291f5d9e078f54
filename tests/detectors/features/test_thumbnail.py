"""The whole scene, very small."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Picture
from detectors.features.thumbnail import Thumbnail
from detectors.options import ThumbnailOptions

Content = Literal["grey", "contrast", "both"]
SCENE = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (120, 180)).astype(np.float32), (0, 0), 6)
SCENE = 60 + 80 * (SCENE - SCENE.min()) / np.ptp(SCENE)


def values(scene: np.ndarray, **options: int | Content) -> np.ndarray:
    """The thumbnail of a grey scene, 0..255."""
    image = np.repeat(np.round(scene).astype(np.uint8)[..., None], 3, axis=2)
    grid = Thumbnail(ThumbnailOptions(**options)).extract([Picture(image, 0.0)])  # type: ignore[arg-type]
    assert grid is not None
    assert grid.mask.all()
    return grid.values


def test_grey_is_the_picture_made_small() -> None:
    """Each cell is the mean of what it covers, 0..1."""
    expected = SCENE.reshape(8, 15, 15, 12).mean(axis=(1, 3)) / 255
    assert values(SCENE, width=15, content="grey")[..., 0] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("gain", "offset"), [(0.7, 0), (1.5, 0), (1, 60), (0.8, 40)])
def test_contrast_stays_when_the_light_changes(gain: float, offset: float) -> None:
    """Brighter, dimmer or veiled everywhere: contrast differs by far less than an intruder makes it differ."""
    usual = values(SCENE, content="contrast")
    lit = values(gain * SCENE + offset, content="contrast")
    intruder = SCENE.copy()
    intruder[40:80, 60:80] = 200
    changed = values(intruder, content="contrast")
    assert np.abs(lit - usual).max() < 0.25 * np.abs(changed - usual).max()


def test_grey_does_change_with_the_light() -> None:
    """Which is why there is contrast beside it."""
    assert np.abs(values(0.7 * SCENE, content="grey") - values(SCENE, content="grey")).min() > 0.05


@given(level=st.integers(0, 255), seed=st.integers(0, 9))
def test_a_plain_surface_has_no_contrast(level: int, seed: int) -> None:
    """Nor does the noise of a camera on it make any that could be taken for a thing."""
    noise = np.random.default_rng(seed).normal(0, 2, SCENE.shape)
    assert np.abs(values(np.clip(level + noise, 0, 255), content="contrast")).max() < 0.25


@pytest.mark.parametrize(("content", "channels"), [("grey", 1), ("contrast", 1), ("both", 2)])
@pytest.mark.parametrize(("width", "height"), [(16, 8), (64, 32), (5, 3), (96, 64)])
def test_it_is_as_large_as_asked(content: Content, channels: int, width: int, height: int) -> None:
    """Whatever the picture's size, and both contents are what each is alone."""
    found = values(SCENE, width=width, height=height, content=content)
    assert found.shape == (height, width, channels)
    if content != "both":
        both = values(SCENE, width=width, height=height, content="both")
        assert np.array_equal(found[..., 0], both[..., 0 if content == "grey" else 1])


def test_colours_are_luma_and_how_red_and_blue_it_is() -> None:
    """A reddish picture lies above the middle of red and below that of blue, by twice what the standard says."""
    image = np.full((60, 90, 3), (60, 90, 140), np.uint8)  # BGR
    grid = Thumbnail(ThumbnailOptions(content="colour")).extract([Picture(image, 0.0)])
    assert grid is not None
    luma = 0.299 * 140 + 0.587 * 90 + 0.114 * 60
    expected = [luma / 255, 0.5 + 2 * 0.713 * (140 - luma) / 255, 0.5 + 2 * 0.564 * (60 - luma) / 255]
    assert grid.values == pytest.approx(np.broadcast_to(expected, grid.values.shape), abs=0.02)
    assert not grid.infrared


def test_in_infrared_light_there_are_no_colours_and_it_says_so() -> None:
    """Both differences are in the middle."""
    image = np.repeat(np.round(SCENE).astype(np.uint8)[..., None], 3, axis=2)
    grid = Thumbnail(ThumbnailOptions(content="colour")).extract([Picture(image, 0.0)])
    assert grid is not None
    assert grid.infrared
    assert np.abs(grid.values[..., 1:] - 0.5).max() < 0.01
