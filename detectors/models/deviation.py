"""How far each cell is from its own long mean, in the feature's own units. Knows nothing of how much it varies."""

from __future__ import annotations

import numpy as np

from detectors.base import Grid, Score, StateDict, StateView
from detectors.models.cells import Counts, Numbers, counted, judged, values_of
from detectors.options import DeviationOptions
from detectors.state import Wanted, fitted, refuse_unless


class DeviationModel:
    """Exponentially forgetting mean per cell and channel, that begins at 0 with the weight of `prior` grids.

    A cell's strangeness is |value - mean|, as root mean square over its channels. Nothing is divided by a spread:
    for quantities that mean the same everywhere in the picture, such as a speed, what is far beyond the ordinary is
    far beyond it at every place, while a spread learned from little data makes quiet cells cry wolf and follows what
    it should judge (`zscore_momentum` beside `speed` in `tests/bench/every_detector.yaml`, see docs/detection.md).

    A poor choice for quantities without such a natural unit, and where one part of the picture is ordinarily much
    livelier than the rest: there the lively part alone decides what is rare. Memory: 12 bytes a cell and channel.
    """

    def __init__(self, options: DeviationOptions) -> None:
        self._options = options
        self._count: Counts = np.zeros((0, 0), np.int32)
        self._mean: Numbers = np.zeros((0, 0, 0))

    def score(self, grid: Grid) -> Score:
        """Score in the feature's units, 0..ceiling; ValueError as for `learn`."""
        values = values_of(grid, self._mean.shape)
        known = self._count >= self._options.warmup
        if not known.any():
            return Score(None, None)
        strangeness = np.sqrt(np.square(values - self._mean).mean(axis=2))  # (h, w)
        return judged(strangeness, known & grid.mask, self._options.top_cells, self._options.ceiling)

    def learn(self, grid: Grid) -> None:
        """Take in the cells that carry evidence; ValueError if not finite or of another size, nothing changed."""
        values = values_of(grid, self._mean.shape)
        if self._mean.size == 0:
            self._count = np.zeros(grid.mask.shape, np.int32)
            self._mean = np.zeros_like(values)
        weight = np.minimum(self._count + 1 + self._options.prior, self._options.memory)
        self._mean += np.where(grid.mask, 1.0 / weight, 0.0)[..., None] * (values - self._mean)
        self._count = counted(self._count, grid.mask, self._options.memory)

    def state(self) -> StateDict:
        """`count` (h, w) int32; `mean` (h, w, d) float64."""
        return {"count": self._count.copy(), "mean": self._mean.copy()}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        size = self._mean.shape if self._mean.size else (None, None, None)
        new = fitted(state, {"count": Wanted(np.int32, size[:2]), "mean": Wanted(np.float64, size)})
        refuse_unless(new["mean"].shape[:2] == new["count"].shape, "count and mean of one grid size")
        refuse_unless(bool((new["count"] >= 0).all()), "counts of at least 0")
        self._count, self._mean = new["count"], new["mean"]
