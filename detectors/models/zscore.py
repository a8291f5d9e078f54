"""How many standard deviations each cell is from its own mean. Knows nothing of how channels go together."""

from __future__ import annotations

import numpy as np

from detectors.base import Grid, Score, StateDict, StateView
from detectors.models.cells import Counts, Numbers, counted, gains, judged, values_of
from detectors.options import ZScoreModelOptions
from detectors.state import Wanted, fitted, refuse_unless


class ZScoreModel:
    """Exponentially forgetting mean and variance per cell and channel (West, "Updating mean and variance", CACM 1979).

    A cell's strangeness is |value - mean| / (sd + grid_share · typical sd of the grid + floor), as root mean square
    over its channels, so darker is as strange as brighter. A poor choice where normal has two modes (a door open or
    shut: the never-seen middle is the least strange), for skewed values such as rare motion, and for channels that go
    together (see `GaussianModel`). A cell is judged once it was learned `warmup` times; the score is unknown while none
    is.
    """

    def __init__(self, options: ZScoreModelOptions) -> None:
        self._options = options
        self._count: Counts = np.zeros((0, 0), np.int32)
        self._mean: Numbers = np.zeros((0, 0, 0))
        self._var: Numbers = np.zeros((0, 0, 0))

    def score(self, grid: Grid) -> Score:
        """Score in standard deviations, 0..ceiling; ValueError as for `learn`."""
        values = values_of(grid, self._mean.shape)
        known = self._count >= self._options.warmup
        if not known.any():
            return Score(None, None)
        sd = np.sqrt(self._var)
        typical = sd.mean(axis=(0, 1), where=known[..., None])  # (d,)
        z = (values - self._mean) / (sd + self._options.grid_share * typical + self._options.floor)
        strangeness = np.sqrt(np.square(z).mean(axis=2))  # (h, w)
        return judged(strangeness, known & grid.mask, self._options.top_cells, self._options.ceiling)

    def learn(self, grid: Grid) -> None:
        """Take in the cells that carry evidence; ValueError if not finite or of another size, nothing changed."""
        values = values_of(grid, self._mean.shape)
        if self._mean.size == 0:
            self._count = np.zeros(grid.mask.shape, np.int32)
            self._mean, self._var = np.zeros_like(values), np.zeros_like(values)
        gain = gains(self._count, grid.mask, self._options.memory)[..., None]
        delta = values - self._mean
        self._mean += gain * delta
        self._var = (1.0 - gain) * (self._var + gain * np.square(delta))
        self._count = counted(self._count, grid.mask, self._options.memory)

    def state(self) -> StateDict:
        """`count` (h, w) int32; `mean`, `var` (h, w, d) float64."""
        return {"count": self._count.copy(), "mean": self._mean.copy(), "var": self._var.copy()}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        size = self._mean.shape if self._mean.size else (None, None, None)
        cells = Wanted(np.float64, size)
        new = fitted(state, {"count": Wanted(np.int32, size[:2]), "mean": cells, "var": cells})
        same = new["mean"].shape == new["var"].shape and new["mean"].shape[:2] == new["count"].shape
        refuse_unless(same, "count, mean and var of one grid size")
        refuse_unless(bool((new["var"] >= 0).all() and (new["count"] >= 0).all()), "variances and counts of at least 0")
        self._count, self._mean, self._var = new["count"], new["mean"], new["var"]
