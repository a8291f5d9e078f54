"""The cells of a grid as vectors that know their place, in a unit fixed once. Judges nothing."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from detectors.base import Floats, Grid, Score, StateDict, StateView
from detectors.models.cells import Numbers, judged, values_of
from detectors.options import VectorOptions
from detectors.state import Wanted, fitted, refuse_unless

Indices = npt.NDArray[np.int32]

# The unit is fixed over cells of at least so many grids: one grid's cells say nothing of the next one's.
SETTLING_GRIDS = 30
# Each settling cell is compared with so many others: the median of 24,000 distances is good to about 1 %.
PARTNERS = 8
# No value counts as more units than this, so that squares stay exact enough in float32.
FAR = 1000.0
# `place` is what this share of the grid's width counts as.
PLACE_SHARE = 0.25
# Rows compared at once: the distances to 1,000 others then stay in a core's cache.
ROWS = 256


class Vectors:
    """Makes vectors (n, d + 2) of the n cells that carry evidence: (value - centre) / unit, then row and column.

    Centre and unit are fixed over the first `settling` cells, at most a 30th of them from one grid: the median of each
    channel, and the median distance between two cells of those that differ at all. They never follow the scene later:
    a unit that did would chase the anomalies. Memory until then: `settling` · d · 4 bytes.
    """

    def __init__(self, options: VectorOptions) -> None:
        self._options = options
        self._share = math.ceil(options.settling / SETTLING_GRIDS)  # cells of one grid
        self._shape: tuple[int, int, int] = (0, 0, 0)
        self._kept: Floats = np.zeros((0, 0), np.float32)
        self._kept_cells: Indices = np.zeros(0, np.int32)
        self._centre: Numbers = np.zeros(0)
        self._unit = 0.0  # 0 until it is fixed

    @property
    def shape(self) -> tuple[int, int, int]:
        """(h, w, d) of the grids that were learned; zeros before the first."""
        return self._shape

    @property
    def settled(self) -> bool:
        """Whether the unit is fixed."""
        return self._unit > 0

    @property
    def depth(self) -> int | None:
        """Length of a vector; None before the first grid was learned."""
        return self._shape[2] + 2 if self._shape[2] else None

    def of(self, grid: Grid) -> Floats | None:
        """Vectors of the cells that carry evidence, row by row; None until the unit is fixed.

        Raises:
            ValueError: Not finite, or of another size than learned.
        """
        values = values_of(grid, self._shape)
        if not self.settled:
            return None
        return self._scaled(values[grid.mask], np.flatnonzero(grid.mask).astype(np.int32))

    def learn(self, grid: Grid) -> Floats | None:
        """As `of`; with the grid that fixes the unit, the vectors of all cells it was fixed over."""
        vectors = self.of(grid)
        if self._shape == (0, 0, 0):
            height, width, depth = grid.values.shape
            self._shape, self._kept = (height, width, depth), np.zeros((0, depth), np.float32)
        return self._settle(grid) if vectors is None else vectors

    def state(self) -> StateDict:
        """`shape` (3,) int64; `kept` (n, d) float32 and `kept_cells` (n,) int32; `centre` (d,) and `unit` float64."""
        return {
            "shape": np.array(self._shape, np.int64),
            "kept": self._kept.copy(),
            "kept_cells": self._kept_cells.copy(),
            "centre": self._centre.copy(),
            "unit": np.array(self._unit),
        }

    def restored(self, state: StateView) -> Vectors:
        """New ones that go on from `state`, in which other arrays are passed over; StateError if it does not fit."""
        own = {name: state[name] for name in self.state() if name in state}
        depth = None if self._shape == (0, 0, 0) else self._shape[2]
        wanted = {
            "shape": Wanted(np.int64, (3,)),
            "kept": Wanted(np.float32, (None, depth)),
            "kept_cells": Wanted(np.int32, (None,)),
            "centre": Wanted(np.float64, (None,)),
            "unit": Wanted(np.float64),
        }
        new = fitted(own, wanted)
        height, width, depth = new["shape"].tolist()
        known = self._shape in ((0, 0, 0), (height, width, depth))
        sane = min(height, width, depth) > 0 or height == width == depth == 0
        refuse_unless(known and sane, f"a grid of {self._shape if any(self._shape) else 'any size'}")
        kept, cells, unit = new["kept"], new["kept_cells"], float(new["unit"])
        fits = len(kept) == len(cells) <= self._options.settling and kept.shape[1] == depth
        refuse_unless(fits and bool(((cells >= 0) & (cells < height * width)).all()), "kept cells of such a grid")
        settled = len(new["centre"]) == (depth if unit else 0) and not (unit and len(kept))
        refuse_unless(unit >= 0 and settled, "a unit of at least 0, and a centre with it")
        vectors = Vectors(self._options)
        vectors._shape, vectors._kept, vectors._kept_cells = (height, width, depth), kept, cells
        vectors._centre, vectors._unit = new["centre"], unit
        return vectors

    def _settle(self, grid: Grid) -> Floats | None:
        """Keep cells, spread over the grid; once there are enough, fix the unit and give them all back."""
        cells = np.flatnonzero(grid.mask).astype(np.int32)
        room = min(self._share, self._options.settling - len(self._kept))
        if len(cells) > room:
            cells = cells[np.linspace(0, len(cells) - 1, room).round().astype(np.int64)]
        values = grid.values.reshape(-1, self._shape[2])[cells]
        self._kept = np.concatenate([self._kept, values.astype(np.float32)])
        self._kept_cells = np.concatenate([self._kept_cells, cells])
        if len(self._kept) < self._options.settling:
            return None
        first = self._kept.astype(np.float64)
        self._centre = np.median(first, axis=0)
        self._unit = max(self._options.floor, _usual_distance(first))
        vectors = self._scaled(first, self._kept_cells)
        self._kept, self._kept_cells = self._kept[:0].copy(), self._kept_cells[:0].copy()
        return vectors

    def _scaled(self, values: Numbers, cells: Indices) -> Floats:
        near = np.clip((values - self._centre) / self._unit, -FAR, FAR)  # (n, d)
        width = self._shape[1]
        places = np.stack(np.divmod(cells, width), axis=1) * (self._options.place / PLACE_SHARE / width)  # (n, 2)
        return np.concatenate([near, places], axis=1, dtype=np.float32)


def nearest(vectors: Floats, others: Floats) -> tuple[npt.NDArray[np.intp], Floats]:
    """The index of the nearest of `others` to each vector, (n,), and how far it is, (n,) float32, ≥ 0.

    Args:
        vectors: (n, D) float32.
        others: (m, D) float32, m > 0.
    """
    index = np.zeros(len(vectors), np.intp)
    squared = np.zeros(len(vectors), np.float32)
    turned = np.ascontiguousarray(-2 * others.T)  # (D, m)
    lengths = np.square(others).sum(axis=1)  # (m,)
    for row in range(0, len(vectors), ROWS):
        block = vectors[row : row + ROWS]
        part = block @ turned  # (rows, m): |o|² - 2 v·o, which is the squared distance but for |v|²
        part += lengths
        found = part.argmin(axis=1)
        index[row : row + ROWS] = found
        squared[row : row + ROWS] = part[np.arange(len(block)), found] + np.square(block).sum(axis=1)
    return index, np.sqrt(np.maximum(squared, 0))


def judged_cells(grid: Grid, strangeness: Floats, top_cells: int) -> Score:
    """A frame's score from its cells that carry evidence, (n,), row by row, as `Vectors.of` gives them."""
    heatmap = np.zeros(grid.mask.shape)
    heatmap[grid.mask] = strangeness
    return judged(heatmap, grid.mask, top_cells, math.inf)


def _usual_distance(values: Numbers) -> float:
    """Median distance between two of `values` (n, d) that differ; 0 if none do."""
    # Its own fixed draw: which cells are compared must not depend on anything else that is random.
    rng = np.random.default_rng(0)
    turns = [values[rng.permutation(len(values))] for _ in range(PARTNERS)]
    distances = np.concatenate([np.linalg.norm(values - other, axis=1) for other in turns])
    apart = distances[distances > 0]
    return float(np.median(apart)) if apart.size else 0.0
