"""The contract of features: each check shows fresh ones drawn pictures. Knows no kind of feature."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from detectors.base import Feature, Grid, Image, Picture
from detectors.checks.promises import BrokenPromiseError, expect

MakeFeature = Callable[[], Feature]
FeatureCheck = Callable[[MakeFeature, tuple[int, int]], None]


def _pictures(size: tuple[int, int], count: int, seed: int = 0) -> list[Picture]:
    """A textured scene with a bright block that moves 3 px a frame, 10 frames a second; read-only."""
    rng = np.random.default_rng(seed)
    scene = rng.integers(60, 120, (*size, 3)).astype(np.uint8)
    pictures = []
    for i in range(count):
        image = scene.copy()
        left = 3 * i % max(size[1] - 16, 1)
        image[size[0] // 3 : size[0] // 3 + 16, left : left + 16] = 200
        pictures.append(_picture(image, i / 10))
    return pictures


def _picture(image: Image, at_s: float) -> Picture:
    image.setflags(write=False)
    return Picture(image, at_s)


def _extracted(feature: Feature, recent: list[Picture]) -> Grid:
    grid = feature.extract(recent)
    if grid is None:
        raise BrokenPromiseError(
            f"expected a grid from {len(recent)} pictures with a reach of {feature.reach}, got None"
        )
    return grid


def _same_grid(left: Grid, right: Grid) -> bool:
    return np.array_equal(left.values, right.values) and np.array_equal(left.mask, right.mask)


def check_too_few_pictures_give_no_grid(make: MakeFeature, size: tuple[int, int]) -> None:
    """With `reach` pictures or fewer there is no grid, with one more there is."""
    feature = make()
    for count in range(feature.reach + 1):
        expect(feature.extract(_pictures(size, count)) is None, f"expected None from {count} pictures")
    _extracted(feature, _pictures(size, feature.reach + 1))


def check_grids_are_well_formed(make: MakeFeature, size: tuple[int, int]) -> None:
    """Any pictures, black and white ones too, give (h, w, d) finite float32 and (h, w) bool, always of one shape."""
    feature = make()
    shapes = set()
    for fill in (None, 0, 255):
        recent = _pictures(size, feature.reach + 1)
        if fill is not None:
            recent = [_picture(np.full((*size, 3), fill, np.uint8), p.at_s) for p in recent]
        grid = _extracted(feature, recent)
        shapes.add(grid.values.shape)
        formed = (
            len(grid.values.shape) == len(("h", "w", "d"))
            and grid.values.dtype == np.float32
            and bool(np.isfinite(grid.values).all())
        )
        expect(formed, f"expected finite (h, w, d) float32, got {grid.values.shape} {grid.values.dtype}")
        masked = grid.mask.shape == grid.values.shape[:2] and grid.mask.dtype == np.bool_
        expect(masked, f"expected a mask of {grid.values.shape[:2]} bool, got {grid.mask.shape} {grid.mask.dtype}")
    expect(len(shapes) == 1, f"expected one shape, got {shapes}")


def check_same_pictures_give_same_grid(make: MakeFeature, size: tuple[int, int]) -> None:
    """A feature holds no state: the same pictures give the same grid, whatever it saw in between."""
    feature = make()
    first = _extracted(feature, _pictures(size, feature.reach + 1))
    _extracted(feature, _pictures(size, feature.reach + 1, seed=1))
    expect(_same_grid(first, _extracted(feature, _pictures(size, feature.reach + 1))), "expected the same grid again")


def check_only_the_reach_counts(make: MakeFeature, size: tuple[int, int]) -> None:
    """Pictures older than the newest `reach` + 1 make no difference."""
    feature = make()
    recent = _pictures(size, feature.reach + 4)
    longer, shorter = _extracted(feature, recent), _extracted(feature, recent[3:])
    expect(_same_grid(longer, shorter), "expected older pictures to make no difference")


def check_pictures_are_not_written_to(make: MakeFeature, size: tuple[int, int]) -> None:
    """Pictures are as they were after `extract`, even where they could be written to."""
    feature = make()
    recent = [Picture(picture.image.copy(), picture.at_s) for picture in _pictures(size, feature.reach + 1)]
    before = [(picture.image.copy(), picture.grey.copy()) for picture in recent]
    _extracted(feature, recent)
    same = all(
        np.array_equal(p.image, i) and np.array_equal(p.grey, g) for p, (i, g) in zip(recent, before, strict=True)
    )
    expect(same, "expected the pictures to be as they were")


def check_another_picture_gives_another_grid(make: MakeFeature, size: tuple[int, int]) -> None:
    """What happens in the newest picture is seen in the grid."""
    feature = make()
    recent = _pictures(size, feature.reach + 1)
    image = recent[-1].image.copy()
    image[size[0] // 2 :, size[1] // 2 :] = 255
    changed = _extracted(feature, [*recent[:-1], _picture(image, recent[-1].at_s)])
    expect(not _same_grid(_extracted(feature, recent), changed), "expected another grid for another picture")


FEATURE_CHECKS: tuple[FeatureCheck, ...] = (
    check_too_few_pictures_give_no_grid,
    check_grids_are_well_formed,
    check_same_pictures_give_same_grid,
    check_only_the_reach_counts,
    check_pictures_are_not_written_to,
    check_another_picture_gives_another_grid,
)
