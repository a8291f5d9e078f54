"""Named and ignored parts of a camera's picture as cells of any grid. Looks at no picture and judges nothing.

Polygons are in shares of the picture, so that they outlive another size of it. The cells of a grid are taken to span
the picture evenly: where a feature's windows overlap, or leave a margin at the right and below, a cell is off by up to
half a window, which is a few hundredths of the picture.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from detectors.base import Box, Floats, Mask

# (x, y) as shares of width and height, 0..1 from the left and the top.
Point = tuple[float, float]
# At least three points; the last is joined to the first. What it encloses an even number of times is outside.
Polygon = tuple[Point, ...]
# A cell belongs to a polygon from this share of its area on.
HALF = 0.5
# Points that are tested along each side of a grid: so many or the next multiple of its cells, at least 2 a cell.
_FINE = 512
# Cells along each side by which it is told which zones a box lies in.
_NAMED = 128
# A camera has grids of a few sizes; one that met more begins to keep them anew.
_MOST_SIZES = 16


class Zones:
    """The zones and masks of one camera. Keeps the cells of each size that it was asked for, a byte a cell."""

    def __init__(self, zones: Mapping[str, Polygon], masks: Sequence[Polygon]) -> None:
        """Args: zones: named parts; masks: parts that nobody looks at, not even for zones."""
        self._zones = dict(zones)
        self._masks = tuple(masks)
        self._kept: dict[tuple[int, int], dict[str | None, Mask]] = {}

    @property
    def masked(self) -> bool:
        """Whether there are masks at all; if not, `watched` is True everywhere."""
        return bool(self._masks)

    def watched(self, height: int, width: int) -> Mask:
        """(height, width) bool, read-only: the cells of which less than half is masked."""
        kept = self._of_size(height, width)
        if None not in kept:
            kept[None] = _read_only(covered(self._masks, height, width) < HALF)
        return kept[None]

    def cells(self, zone: str, height: int, width: int) -> Mask:
        """(height, width) bool, read-only: the watched cells of which at least half is in the zone.

        A zone too small for that has the one watched cell that is most in it; one that is masked has none.
        """
        kept = self._of_size(height, width)
        if zone not in kept:
            shares = covered((self._zones[zone],), height, width) * self.watched(height, width)
            cells = shares >= HALF
            if not cells.any() and shares.any():
                cells.flat[int(np.argmax(shares))] = True
            kept[zone] = _read_only(cells)
        return kept[zone]

    def named_at(self, box: Box) -> tuple[str, ...]:
        """The zones in which at least half of the box lies, in the order of the configuration."""
        left, top = (min(_NAMED - 1, int(_NAMED * side)) for side in box[:2])
        right, bottom = (math.ceil(_NAMED * side) for side in box[2:])
        part = slice(top, max(top + 1, bottom)), slice(left, max(left + 1, right))
        return tuple(name for name in self._zones if self.cells(name, _NAMED, _NAMED)[part].mean() >= HALF)

    def _of_size(self, height: int, width: int) -> dict[str | None, Mask]:
        if (height, width) not in self._kept and len(self._kept) == _MOST_SIZES:
            self._kept.clear()
        return self._kept.setdefault((height, width), {})


def covered(polygons: Sequence[Polygon], height: int, width: int) -> Floats:
    """(height, width) float32, 0..1: the share of each cell that lies in any of the polygons."""
    high, wide = _points(height), _points(width)
    inside = np.zeros((height * high, width * wide), np.bool_)
    for polygon in polygons:
        inside |= _inside(polygon, *inside.shape)
    return np.asarray(inside.reshape(height, high, width, wide).mean(axis=(1, 3), dtype=np.float32))


def _points(cells: int) -> int:
    """How many points to a cell: even, so that an edge through the middle of a cell passes between two."""
    return 2 * max(1, -(-_FINE // (2 * cells)))


def _inside(polygon: Polygon, height: int, width: int) -> Mask:
    """(height, width): the points, in the middle of their squares, that an odd number of edges lies right of."""
    xs = (np.arange(width) + 0.5) / width
    ys = (np.arange(height) + 0.5) / height
    inside = np.zeros((height, width), np.bool_)
    for (x1, y1), (x2, y2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        rows = np.flatnonzero((y1 <= ys) != (y2 <= ys))
        if rows.size:  # then y1 and y2 differ
            crossings = x1 + (ys[rows] - y1) * ((x2 - x1) / (y2 - y1))
            inside[rows] ^= xs < crossings[:, None]
    return inside


def _read_only(cells: Mask) -> Mask:
    cells.flags.writeable = False
    return cells
