"""The picture itself as a grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from detectors.base import Grid, Picture
from detectors.features.pixels import Pixels
from detectors.options import PixelsOptions


def pictures(*greys: int, size: tuple[int, int] = (48, 64)) -> list[Picture]:
    """Pictures of one grey each, one a second."""
    return [Picture(np.full((*size, 3), grey, np.uint8), float(n)) for n, grey in enumerate(greys)]


@pytest.fixture
def extract() -> Callable[..., Grid]:
    """A grid of these pictures, which must be there."""

    def grid(recent: list[Picture], **options: int) -> Grid:
        found = Pixels(PixelsOptions(**options)).extract(recent)
        assert found is not None
        return found

    return grid


def test_channels_are_moments_the_newest_last(extract: Callable[..., Grid]) -> None:
    """Grey values 0..1; of more pictures than it needs the newest count."""
    grid = extract(pictures(255, 0, 51, 102), width=16, history=2)
    assert grid.values.shape == (12, 16, 3)
    assert grid.values.dtype == np.float32
    assert grid.values[5, 5] == pytest.approx([0.0, 0.2, 0.4])
    assert grid.mask.all()


def test_a_small_picture_is_not_enlarged(extract: Callable[..., Grid]) -> None:
    """There is no more to be seen in it than there is."""
    grid = extract(pictures(10, size=(9, 12)), width=180, history=0)
    assert grid.values.shape == (9, 12, 1)


def test_the_shape_is_kept_however_long_the_picture_is(extract: Callable[..., Grid]) -> None:
    """At least one row is left even of a picture like a ribbon."""
    assert extract(pictures(10, size=(48, 64)), width=32, history=0).values.shape == (24, 32, 1)
    assert extract(pictures(10, size=(2, 400)), width=8, history=0).values.shape == (1, 8, 1)


def test_places_stay_where_they_are(extract: Callable[..., Grid]) -> None:
    """A bright lower right corner is bright there, and areas are averaged, which takes noise away."""
    noise = np.random.default_rng(0)
    image = noise.integers(0, 100, (48, 64, 3)).astype(np.uint8)
    image[24:, 32:] += 100
    values = extract([Picture(image, 0.0)], width=16, history=0).values[..., 0]
    assert values[6:, 8:].mean() - values[:6, :8].mean() == pytest.approx(100 / 255, abs=0.02)
    assert values[:6, :8].std() < image[:24, :32, 0].std() / 255 / 3


def test_colour_makes_no_difference_beyond_its_luma(extract: Callable[..., Grid]) -> None:
    """Pure blue is dark and pure green bright, by the weights of BT.601."""
    for channel, weight in ((0, 0.114), (1, 0.587), (2, 0.299)):
        image = np.zeros((8, 8, 3), np.uint8)
        image[..., channel] = 255
        assert extract([Picture(image, 0.0)], width=8, history=0).values == pytest.approx(weight, abs=0.003)
