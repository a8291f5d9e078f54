"""How seldom each cell has had such a value. Assumes no shape of what is ordinary, and knows no neighbours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detectors.base import Floats, Grid, Score, StateDict, StateView
from detectors.models.cells import Counts, counted, judged, values_of
from detectors.options import RarityOptions
from detectors.state import Wanted, fitted, refuse_unless

# Lights whose pasts are kept apart: colour (or not told), infra-red.
_LIGHTS = 2
_LEAST = 1e-12  # a share, so that there is a logarithm
# Things that never came before are all alike in their strongest cells: what fills more of the picture, of this many
# times as many cells, is a little stranger.
EXTENT = 0.1
WIDER = 4
# A cell and its neighbours, itself first: rows down, columns to the right. Beyond the picture's edge is the edge again.
_ROUND = ((0, 0), (-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


class RarityModel:
    """An exponentially forgetting histogram per cell, channel and light; strangeness is -log10 of a value's share.

    So what comes once in a thousand pictures is 3, however far from the mean it lies and however many ordinary values
    there are: lamps on or off, door open or shut. A value counts in the bins round its own too, in each by `nearness`
    less: of what never came, what lies beyond all that did is the stranger the farther it lies. Of a cell's channels
    the rarest speaks. What its eight neighbours had counts too, each `neighbours` as much: an edge that shifts, a chair
    that was moved a little, brings no value that is new there. The value is the mean of the strangest cells, and a
    little of a wider mean. What was learned in one light says nothing of the other, as no colour is the same there.

    A poor choice for values without bounds (what is beyond `low` and `high` falls into the outermost bins) and for
    channels that are strange only together. A cell is judged in a light once it was learned there `warmup` times.
    Memory: 2 · h · w · d · bins · 4 bytes.
    """

    def __init__(self, options: RarityOptions) -> None:
        self._options = options
        away = np.abs(np.subtract.outer(np.arange(options.bins), np.arange(options.bins)))
        spread = np.power(options.nearness, away)
        self._spread = (spread / spread[options.bins // 2].sum()).astype(np.float32)  # (bins, bins)
        self._shape: tuple[int, int, int] = (0, 0, 0)
        self._places = _places(0, 0, 0, options.bins)
        self._count: Counts = np.zeros((_LIGHTS, 0, 0), np.int32)
        self._weight: Floats = np.zeros((_LIGHTS, 0, 0), np.float32)
        self._seen: Floats = np.zeros((_LIGHTS, 0, 0, 0, options.bins), np.float32)

    def score(self, grid: Grid) -> Score:
        """Score of 0..(1 + `EXTENT`) · ceiling; ValueError as for `learn`."""
        bins = self._bins(grid)
        light = int(grid.infrared)
        known = self._count[light] >= self._options.warmup
        if not known.any():
            return Score(None, None)
        share = self._times(light, bins) / np.maximum(self._weight[light], 1)[..., None] + max(
            _LEAST, self._options.floor
        )
        strangeness = np.maximum(-np.log10(share), 0).max(axis=2)
        part, options = known & grid.mask, self._options
        score = judged(strangeness.astype(np.float64), part, options.top_cells, options.ceiling)
        wider = judged(strangeness.astype(np.float64), part, WIDER * options.top_cells, options.ceiling)
        if score.value is None or wider.value is None:
            return score
        return Score(score.value + EXTENT * wider.value, score.heatmap)

    def learn(self, grid: Grid) -> None:
        """Take in the cells that carry evidence; ValueError if not finite or of another size, nothing changed."""
        bins = self._bins(grid)
        if 0 in self._shape:
            self._begin((*grid.mask.shape, grid.values.shape[2]))
        light = int(grid.infrared)
        kept = np.where(grid.mask, 1 - 1 / self._options.memory, 1.0).astype(np.float32)
        self._seen[light] *= kept[..., None, None]
        self._seen[light] += self._spread[bins] * grid.mask[..., None, None]
        self._weight[light] = self._weight[light] * kept + grid.mask
        self._count[light] = counted(self._count[light], grid.mask, self._options.memory)

    def state(self) -> StateDict:
        """By light `count` (2, h, w) int32, `weight` (2, h, w) float32, `seen` (2, h, w, d, bins) float32."""
        return {"count": self._count.copy(), "weight": self._weight.copy(), "seen": self._seen.copy()}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        size = (None, None, None) if 0 in self._shape else self._shape
        wanted = {
            "count": Wanted(np.int32, (_LIGHTS, *size[:2])),
            "weight": Wanted(np.float32, (_LIGHTS, *size[:2])),
            "seen": Wanted(np.float32, (_LIGHTS, *size, self._options.bins)),
        }
        new = fitted(state, wanted)
        alike = new["seen"].shape[:3] == new["count"].shape == new["weight"].shape
        refuse_unless(alike, "count, weight and seen of one grid size")
        refuse_unless(all(bool((each >= 0).all()) for each in new.values()), "counts of at least 0")
        self._count, self._weight, self._seen = new["count"], new["weight"], new["seen"]
        height, width, depth = self._seen.shape[1:4]
        self._shape = (height, width, depth)
        self._places = _places(*self._shape, self._options.bins)

    def _begin(self, shape: tuple[int, int, int]) -> None:
        self._shape = shape
        self._places = _places(*shape, self._options.bins)
        self._count = np.zeros((_LIGHTS, *shape[:2]), np.int32)
        self._weight = np.zeros((_LIGHTS, *shape[:2]), np.float32)
        self._seen = np.zeros((_LIGHTS, *shape, self._options.bins), np.float32)

    def _times(self, light: int, bins: npt.NDArray[np.int64]) -> Floats:
        """(h, w, d): how often each cell had such a value, its neighbours' times counted in."""
        seen, part = self._seen[light].reshape(-1), np.float32(self._options.neighbours)
        times: Floats = seen.take(self._places[0] + bins)
        if not part:
            return times
        for places in self._places[1:]:
            times += part * seen.take(places + bins)
        return np.asarray(times / (1 + (len(_ROUND) - 1) * part), np.float32)

    def _bins(self, grid: Grid) -> npt.NDArray[np.int64]:
        """(h, w, d): the bin of each value."""
        values = values_of(grid, self._shape)
        options = self._options
        places = (values - options.low) / (options.high - options.low) * options.bins
        return np.clip(np.floor(places), 0, options.bins - 1).astype(np.int64)


def _places(height: int, width: int, depth: int, bins: int) -> npt.NDArray[np.int64]:
    """(9, h, w, d): where in (h, w, d, bins), made flat, the bins begin of each cell and of each of its neighbours."""
    rows, columns, channels = np.arange(height)[:, None, None], np.arange(width)[None, :, None], np.arange(depth)
    at = [(np.clip(rows + y, 0, height - 1), np.clip(columns + x, 0, width - 1)) for y, x in _ROUND]
    return np.stack([((y * width + x) * depth + channels) * bins for y, x in at]).astype(np.int64)
