"""Every feature keeps every promise of `detectors.checks`, and every promise can be broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from detectors.base import Feature, Grid, Picture
from detectors.checks import (
    FEATURE_CHECKS,
    BrokenPromiseError,
    FeatureCheck,
    MakeFeature,
    check_another_picture_gives_another_grid,
    check_grids_are_well_formed,
    check_only_the_reach_counts,
    check_pictures_are_not_written_to,
    check_same_pictures_give_same_grid,
    check_too_few_pictures_give_no_grid,
)
from detectors.features.cnn import Cnn
from detectors.features.momentum import Momentum
from detectors.features.motion import Motion
from detectors.features.pixels import Pixels
from detectors.features.thumbnail import Thumbnail
from detectors.options import CnnOptions, MomentumOptions, MotionOptions, PixelsOptions, ThumbnailOptions

SIZES = ((96, 128), (75, 101))  # the second is no multiple of any cell
SUBJECTS: dict[str, MakeFeature] = {
    "pixels": lambda: Pixels(PixelsOptions()),
    "pixels alone": lambda: Pixels(PixelsOptions(width=32, history=0)),
    "motion": lambda: Motion(MotionOptions(), fps=10),
    "motion without flow, fast": lambda: Motion(MotionOptions(flow=False), fps=30),
    "motion with a histogram, of moving cells": lambda: Motion(
        MotionOptions(directions=8, speeds=2, moving_only=True), fps=10
    ),
    "momentum": lambda: Momentum(MomentumOptions(), fps=10),
    "cnn": lambda: Cnn(CnnOptions(), fps=10),
    "cnn of every cell, by OpenCV": lambda: Cnn(CnnOptions(moving_only=False, runtime="opencv"), fps=10),
    "thumbnail": lambda: Thumbnail(ThumbnailOptions()),
    "thumbnail, fine": lambda: Thumbnail(ThumbnailOptions(width=64, height=32, content="contrast")),
    "thumbnail of colours": lambda: Thumbnail(ThumbnailOptions(content="colour")),
}


class Sound:
    """What the broken ones below are but for one fault: two grey pictures beside one another."""

    reach = 1

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        """(h, w, 2) grey values of the newest two pictures."""
        if len(recent) <= self.reach:
            return None
        values = np.stack([picture.grey for picture in recent[-2:]], axis=-1).astype(np.float32)
        return Grid(values, np.ones(values.shape[:2], np.bool_))


class Hasty(Sound):
    """Makes up the pictures that are missing."""

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        return super().extract([*recent[:1], *recent])


class Bytes(Sound):
    """Leaves the values as they come."""

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        grid = super().extract(recent)
        return grid and Grid(grid.values.astype(np.uint8), grid.mask)  # type: ignore[arg-type]  # the fault


class Remembers(Sound):
    """Counts its calls."""

    calls = 0

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        self.calls += 1
        grid = super().extract(recent)
        return grid and Grid(grid.values + self.calls, grid.mask)


class FarSighted(Sound):
    """Looks at all the pictures it is given."""

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        grid = super().extract(recent)
        return grid and Grid(grid.values + recent[0].grey[..., None], grid.mask)


class Scribbles(Sound):
    """Blackens a corner where it may."""

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        if recent and recent[-1].image.flags.writeable:
            recent[-1].image[:8, :8] = 0
        return super().extract(recent)


class Stares(Sound):
    """Always sees the same."""

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        grid = super().extract(recent)
        return grid and Grid(np.zeros_like(grid.values), grid.mask)


BROKEN: dict[type[Sound], FeatureCheck] = {
    Hasty: check_too_few_pictures_give_no_grid,
    Bytes: check_grids_are_well_formed,
    Remembers: check_same_pictures_give_same_grid,
    FarSighted: check_only_the_reach_counts,
    Scribbles: check_pictures_are_not_written_to,
    Stares: check_another_picture_gives_another_grid,
}


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("check", FEATURE_CHECKS, ids=lambda check: check.__name__)
def test_every_feature_keeps_every_promise(check: FeatureCheck, subject: str, size: tuple[int, int]) -> None:
    """A feature in the list can be used wherever a feature can."""
    check(SUBJECTS[subject], size)


@pytest.mark.parametrize("check", FEATURE_CHECKS, ids=lambda check: check.__name__)
def test_the_sound_subject_is_sound(check: FeatureCheck) -> None:
    """What the broken subjects are made from breaks nothing, so each is caught for its own fault."""
    check(Sound, SIZES[0])


@pytest.mark.parametrize(("broken", "check"), BROKEN.items(), ids=lambda x: x.__name__)
def test_every_broken_feature_is_caught(broken: Callable[[], Feature], check: FeatureCheck) -> None:
    """Each check fails for the fault that it is there for."""
    with pytest.raises(BrokenPromiseError):
        check(broken, SIZES[0])


def test_every_check_has_a_fault_it_catches() -> None:
    """A check that nothing can fail proves nothing."""
    assert set(BROKEN.values()) == set(FEATURE_CHECKS)
