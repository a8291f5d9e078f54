"""How many interquartile ranges each cell is from its own median. Knows nothing of how channels go together."""

from __future__ import annotations

import numpy as np

from detectors.base import Grid, Score, StateDict, StateView
from detectors.models.cells import Counts, Numbers, counted, gains, judged, values_of
from detectors.options import IqrModelOptions
from detectors.state import Wanted, fitted, refuse_unless

LEVELS = np.array([0.25, 0.5, 0.75])[:, None, None, None]
# The ideal step of stochastic approximation is 1 / density at the quantile: 3.1 (median) to 3.9 (quartile) mean
# deviations for a normal distribution. A little above, as too small a step never arrives and too large only trembles.
STEP = 4.0


class IqrModel:
    """Running quartiles per cell and channel by stochastic approximation (Tierney 1983), no samples kept.

    A cell's strangeness is its distance from the median in units of (interquartile range + grid_share · typical range
    of the grid + floor), as root mean square over its channels. Tukey's fence at k = 1.5 is 2 ranges from the median.
    Distance is from the median and not from the fence, so that cells within the fences still rank. Outliers that are
    learned hardly move it, unlike `ZScoreModel`. A poor choice where the normal is rare by nature: a cell that is empty
    three quarters of the time has quartiles of nothing, and all that ever moves there is strange. Needs about 100 grids
    until its quartiles are within a tenth or two.
    """

    def __init__(self, options: IqrModelOptions) -> None:
        self._options = options
        self._count: Counts = np.zeros((0, 0), np.int32)
        self._quartiles: Numbers = np.zeros((3, 0, 0, 0))
        self._deviation: Numbers = np.zeros((0, 0, 0))

    def score(self, grid: Grid) -> Score:
        """Score in interquartile ranges, 0..ceiling; ValueError as for `learn`."""
        values = values_of(grid, self._deviation.shape)
        known = self._count >= self._options.warmup
        if not known.any():
            return Score(None, None)
        lower, median, upper = self._quartiles
        spread = upper - lower
        typical = spread.mean(axis=(0, 1), where=known[..., None])  # (d,)
        distance = (values - median) / (spread + self._options.grid_share * typical + self._options.floor)
        strangeness = np.sqrt(np.square(distance).mean(axis=2))  # (h, w)
        return judged(strangeness, known & grid.mask, self._options.top_cells, self._options.ceiling)

    def learn(self, grid: Grid) -> None:
        """Take in the cells that carry evidence; ValueError if not finite or of another size, nothing changed."""
        values = values_of(grid, self._deviation.shape)
        if self._deviation.size == 0:
            self._count = np.zeros(grid.mask.shape, np.int32)
            self._quartiles = np.zeros((3, *values.shape))
            self._deviation = np.zeros_like(values)
        gain = gains(self._count, grid.mask, self._options.memory)[..., None]
        first = (grid.mask & (self._count == 0))[..., None]
        quartiles = np.where(first, values, self._quartiles)
        self._deviation += gain * (np.abs(values - quartiles[1]) - self._deviation)
        pull = np.where(values == quartiles, 0.0, LEVELS - (values < quartiles))  # (3, h, w, d)
        moved = quartiles + STEP * gain * self._deviation * pull
        np.minimum(moved[0], moved[1], out=moved[0])
        np.maximum(moved[2], moved[1], out=moved[2])
        self._quartiles = moved
        self._count = counted(self._count, grid.mask, self._options.memory)

    def state(self) -> StateDict:
        """`count` (h, w) int32; `quartiles` (3, h, w, d) and `deviation` (h, w, d) float64."""
        return {
            "count": self._count.copy(),
            "quartiles": self._quartiles.copy(),
            "deviation": self._deviation.copy(),
        }

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        size = self._deviation.shape if self._deviation.size else (None, None, None)
        wanted = {
            "count": Wanted(np.int32, size[:2]),
            "quartiles": Wanted(np.float64, (3, *size)),
            "deviation": Wanted(np.float64, size),
        }
        new = fitted(state, wanted)
        same = new["quartiles"].shape[1:] == new["deviation"].shape and new["deviation"].shape[:2] == new["count"].shape
        refuse_unless(same, "count, quartiles and deviation of one grid size")
        ordered = bool((np.diff(new["quartiles"], axis=0) >= 0).all())
        refuse_unless(ordered and bool((new["count"] >= 0).all()), "quartiles in order and counts of at least 0")
        self._count, self._quartiles, self._deviation = new["count"], new["quartiles"], new["deviation"]
