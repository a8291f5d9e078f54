"""How much of each cell the scene's main ways of changing leave unexplained. Knows nothing of what moves where to."""

from __future__ import annotations

import numpy as np

from detectors.base import Grid, Mask, Score, StateDict, StateView
from detectors.models.cells import Counts, Numbers, counted, gains, judged, values_of
from detectors.options import PcaOptions
from detectors.state import Wanted, fitted, refuse_unless

# What is left of a grid beside the components is rounding if it is shorter than this share of the grid.
ROUNDING = 1e-9
# Components may look alike on the cells that a mask leaves: so much of one counts as nothing there.
RIDGE = 1e-3
# How much longer than 1 a component of a saved state may be.
SLACK = 1e-6


class Pca:
    """Incremental principal components of the whole grid as one vector, forgetting exponentially.

    Mean and covariance are West's (CACM 1979); of the covariance only the first `components` are kept after each grid:
    their spreads and the new grid make one small matrix whose singular vectors turn the old components into the new
    ones (Levy & Lindenbaum 2000; with a mean that moves: Ross et al., IJCV 2008). A cell's strangeness is what mean
    and components leave of it, as root mean square over its channels, divided by (the cell's own ordinary remainder +
    grid_share · the grid's typical one + floor). For masked cells the components are fitted to the seen ones (least
    squares), and what they let expect there is learned, which changes nothing there.

    A poor choice for small things in a picture full of motion, which no few components explain, and for whatever fills
    much of the picture: it is taken for a way of changing at once. Memory: 8 bytes · (`components` + 2) per value;
    cells of grids with more than `largest` values are first averaged in squares.
    """

    def __init__(self, options: PcaOptions) -> None:
        self._options = options
        self._shape = (0, 0, 0)  # of the grids; what follows is of their averaged squares
        self._count: Counts = np.zeros((0, 0), np.int32)
        self._mean: Numbers = np.zeros((0, 0, 0))
        self._rest: Numbers = np.zeros((0, 0))  # mean square of what was left of a cell
        self._spread: Numbers = np.zeros(options.components)  # sd along each component, largest first
        self._components: Numbers = np.zeros((options.components, 0))  # rows orthonormal, 0 where there is none yet

    def score(self, grid: Grid) -> Score:
        """Score in ordinary remainders, 0..ceiling; ValueError as for `learn`."""
        values, mask = self._averaged(grid)
        known = self._count >= self._options.warmup
        if not known.any():
            return Score(None, None)
        left, _ = self._parted(values, mask)
        rest = np.sqrt(self._rest)
        ordinary = rest + self._options.grid_share * rest.mean(where=known) + self._options.floor
        strangeness = np.sqrt(np.square(left).mean(axis=2)) / ordinary
        score = judged(strangeness, known & mask, self._options.top_cells, self._options.ceiling)
        if score.heatmap is None:
            return score
        height, width = grid.mask.shape
        side = self._side(grid.values.shape)
        heatmap = score.heatmap.repeat(side, axis=0).repeat(side, axis=1)[:height, :width]
        return Score(score.value, np.where(grid.mask, heatmap, np.float32(0)))

    def learn(self, grid: Grid) -> None:
        """Take in the cells that carry evidence; ValueError if not finite or of another size, nothing changed."""
        values, mask = self._averaged(grid)
        if self._mean.size == 0:
            self._begin(grid, values)
        if not mask.any():
            return
        memory = self._options.memory
        left, expected = self._parted(values, mask)
        gain = gains(self._count, mask, memory)
        overall = 1.0 / min(int(self._count.max()) + 1, memory)
        weight = np.where(mask, gain, overall)[..., None]
        self._turn(np.sqrt(weight * (1.0 - weight)) * (left + expected), np.sqrt(1.0 - overall))
        self._rest += gain * (np.square(left).mean(axis=2) - self._rest)
        self._mean += gain[..., None] * np.where((self._count > 0)[..., None], left + expected, values)
        self._count = counted(self._count, mask, memory)

    def state(self) -> StateDict:
        """`shape` (3,) int64; of the averaged grid `count` int32, `mean`, `rest`; `spread`, `components` float64."""
        return {
            "shape": np.array(self._shape, np.int64),
            "count": self._count.copy(),
            "mean": self._mean.copy(),
            "rest": self._rest.copy(),
            "spread": self._spread.copy(),
            "components": self._components.copy(),
        }

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        components = self._options.components
        wanted = {
            "shape": Wanted(np.int64, (3,)),
            "count": Wanted(np.int32, (None, None)),
            "mean": Wanted(np.float64, (None, None, None)),
            "rest": Wanted(np.float64, (None, None)),
            "spread": Wanted(np.float64, (components,)),
            "components": Wanted(np.float64, (components, None)),
        }
        new = fitted(state, wanted)
        shape = tuple(new["shape"].tolist())
        refuse_unless(min(shape) >= 0 and self._shape in ((0, 0, 0), shape), f"a grid of {self._shape} or any if new")
        mean, rows = new["mean"].shape, new["components"]
        sized = mean == self._small(shape) and new["count"].shape == new["rest"].shape == mean[:2]
        refuse_unless(sized and rows.shape[1] == new["mean"].size, "all arrays of one grid size")
        positive = all((new[name] >= 0).all() for name in ("count", "rest", "spread"))
        refuse_unless(positive, "counts, remainders and spreads of at least 0")
        refuse_unless(bool(np.linalg.eigvalsh(rows @ rows.T).max() <= 1 + SLACK), "components of length 1, at angles")
        self._shape = shape
        self._count, self._mean, self._rest = new["count"], new["mean"], new["rest"]
        self._spread, self._components = new["spread"], rows

    def _begin(self, grid: Grid, values: Numbers) -> None:
        height, width, depth = grid.values.shape
        self._shape = (height, width, depth)
        self._count = np.zeros(values.shape[:2], np.int32)
        self._mean, self._rest = np.zeros_like(values), np.zeros(values.shape[:2])
        self._components = np.zeros((self._options.components, values.size))

    def _side(self, shape: tuple[int, ...]) -> int:
        """Side in cells of the squares that are averaged: the least with which `largest` is kept."""
        height, width, depth = shape
        sides = range(1, max(height, width) + 1)
        fits = (side for side in sides if -(-height // side) * -(-width // side) * depth <= self._options.largest)
        return next(fits, max(1, height, width))

    def _small(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """(h, w, d) of the averaged grid."""
        side = self._side(shape)
        return -(-shape[0] // side), -(-shape[1] // side), shape[2]

    def _averaged(self, grid: Grid) -> tuple[Numbers, Mask]:
        """Values (h, w, d), 0 where masked, and mask of the squares; a square counts if half of its cells do."""
        values = np.where(grid.mask[..., None], values_of(grid, self._shape), 0.0)
        side = self._side(grid.values.shape)
        if side == 1:
            return values, grid.mask
        height, width = grid.mask.shape
        tops, lefts = np.arange(0, height, side), np.arange(0, width, side)
        seen = np.add.reduceat(np.add.reduceat(grid.mask.astype(np.float64), tops, axis=0), lefts, axis=1)
        cells = np.outer(np.minimum(side, height - tops), np.minimum(side, width - lefts))
        total = np.add.reduceat(np.add.reduceat(values, tops, axis=0), lefts, axis=1)
        return total / np.maximum(seen, 1.0)[..., None], seen >= cells / 2

    def _parted(self, values: Numbers, mask: Mask) -> tuple[Numbers, Numbers]:
        """(h, w, d) what mean and components leave of each seen cell, 0 elsewhere; and what the components explain."""
        if self._mean.size == 0:
            return np.zeros_like(values), np.zeros_like(values)
        seen = mask & (self._count > 0)
        departure = np.where(seen[..., None], values - self._mean, 0.0)
        along = self._components @ departure.ravel()
        if not seen.all():
            rows = self._components * np.repeat(seen.ravel(), values.shape[2])
            along = np.asarray(np.linalg.solve(rows @ rows.T + RIDGE * np.eye(len(rows)), along), np.float64)
        explained = (along @ self._components).reshape(values.shape)
        return np.where(seen[..., None], departure - explained, 0.0), explained

    def _turn(self, weighted: Numbers, fading: float) -> None:
        """Take one weighted departure (h, w, d) into components and spreads, the old ones fading by a factor."""
        vector = weighted.ravel()
        along = self._components @ vector
        beside = vector - along @ self._components
        again = self._components @ beside  # rounding leaves some of the components in it; twice is enough
        along, beside = along + again, beside - again @ self._components
        length = float(np.linalg.norm(beside))
        if length <= ROUNDING * float(np.linalg.norm(vector)):
            length, beside = 0.0, np.zeros_like(beside)
        corner = np.zeros((len(along) + 1, len(along) + 1))
        np.fill_diagonal(corner, np.append(fading * self._spread, length))
        corner[:-1, -1] = along
        turn, spread, _ = np.linalg.svd(corner)
        basis = np.vstack([self._components, beside / (length or 1.0)])
        # Without any spread a direction is arbitrary, and may be part nothing: such rows would not stay orthonormal.
        real = spread[:-1] > ROUNDING * spread[0]
        self._components = np.where(real[:, None], turn[:, :-1].T @ basis, 0.0)
        self._spread = np.where(real, spread[:-1], 0.0)
