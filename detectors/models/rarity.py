"""How seldom each cell has had such a value. Assumes no shape of what is ordinary, and knows no neighbours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detectors.base import Grid, Score, StateDict, StateView
from detectors.models.cells import Counts, Numbers, counted, judged, values_of
from detectors.options import RarityOptions
from detectors.state import Wanted, fitted, refuse_unless

# Every bin has seen this much before anything was learned (Krichevsky and Trofimov 1981): what never came is not
# impossible, and the stranger the longer it did not.
PRIOR = 0.5
# A value counts half in its bin and a quarter in either neighbour, so that no edge between bins makes it strange.
NEIGHBOURS = (0.25, 0.5, 0.25)


class RarityModel:
    """An exponentially forgetting histogram per cell and channel; a cell's strangeness is -log10 of its value's share.

    So what comes once in a thousand pictures is 3, however far from the mean it lies and however many ordinary values
    there are: lamps on or off, door open or shut. Of a cell's channels the rarest speaks.

    A poor choice for values without bounds (what is beyond `low` and `high` falls into the outermost bins), for slow
    drift across many bins, and for channels that are strange only together. A cell is judged once it was learned
    `warmup` times. Memory: h · w · d · bins · 8 bytes.
    """

    def __init__(self, options: RarityOptions) -> None:
        self._options = options
        self._count: Counts = np.zeros((0, 0), np.int32)
        self._seen: Numbers = np.zeros((0, 0, 0, options.bins))
        self._shape: tuple[int, int, int] = (0, 0, 0)

    def score(self, grid: Grid) -> Score:
        """Score of 0..ceiling; ValueError as for `learn`."""
        bins = self._bins(grid)
        known = self._count >= self._options.warmup
        if not known.any():
            return Score(None, None)
        mine = np.take_along_axis(self._smooth(), bins[..., None], axis=3)[..., 0]  # (h, w, d)
        share = (mine + PRIOR) / (self._seen.sum(axis=3) + PRIOR * self._options.bins)
        strangeness = np.maximum(-np.log10(share), 0).max(axis=2)
        return judged(strangeness, known & grid.mask, self._options.top_cells, self._options.ceiling)

    def learn(self, grid: Grid) -> None:
        """Take in the cells that carry evidence; ValueError if not finite or of another size, nothing changed."""
        bins = self._bins(grid)
        if not self._seen.size:
            self._shape = (*grid.mask.shape, grid.values.shape[2])
            self._count = np.zeros(grid.mask.shape, np.int32)
            self._seen = np.zeros((*self._shape, self._options.bins))
        came = np.zeros_like(self._seen)
        np.put_along_axis(came, bins[..., None], 1.0, axis=3)
        kept = np.where(grid.mask, 1 - 1 / self._options.memory, 1.0)[..., None, None]
        self._seen = self._seen * kept + came * grid.mask[..., None, None]
        self._count = counted(self._count, grid.mask, self._options.memory)

    def state(self) -> StateDict:
        """`count` (h, w) int32; `seen` (h, w, d, bins) float64, forgetting counts."""
        return {"count": self._count.copy(), "seen": self._seen.copy()}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        size = self._shape if self._seen.size else (None, None, None)
        wanted = {
            "count": Wanted(np.int32, size[:2]),
            "seen": Wanted(np.float64, (*size, self._options.bins)),
        }
        new = fitted(state, wanted)
        refuse_unless(new["seen"].shape[:2] == new["count"].shape, "count and seen of one grid size")
        refuse_unless(bool((new["seen"] >= 0).all() and (new["count"] >= 0).all()), "counts of at least 0")
        self._count, self._seen = new["count"], new["seen"]
        height, width, depth = self._seen.shape[:3]
        self._shape = (height, width, depth)

    def _bins(self, grid: Grid) -> npt.NDArray[np.int64]:
        """(h, w, d): the bin of each value."""
        values = values_of(grid, self._shape)
        options = self._options
        places = (values - options.low) / (options.high - options.low) * options.bins
        return np.clip(np.floor(places), 0, options.bins - 1).astype(np.int64)

    def _smooth(self) -> Numbers:
        before, own, after = NEIGHBOURS
        smooth = own * self._seen
        smooth[..., 1:] += before * self._seen[..., :-1]
        smooth[..., :-1] += after * self._seen[..., 1:]
        return smooth
