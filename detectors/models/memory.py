"""A memory of whole scenes: what is here that never was in a scene like this one. Knows nothing of motion."""

from __future__ import annotations

import numpy as np

from detectors.base import Floats, Grid, Mask, Score, StateDict, StateView
from detectors.models.cells import judged, values_of
from detectors.options import MemoryOptions
from detectors.state import Wanted, fitted, refuse_unless

# Values are kept as float16, 11 bits: up to this size, larger ones count as it.
LARGEST = 60_000.0
# One time in so many a random scene is given up; else, of so many drawn, the one most like another.
FADING = 4
CANDIDATES = 32


class Memory:
    """Nearest-neighbour memory of grids, each cell compared with itself in the `nearest` scenes most like this one.

    Scenes are alike by the mean square difference of the cells that both saw (Cover & Hart 1967). Of those most alike,
    each cell takes the smallest difference d to its own past, root mean square over its channels, and is strange by
    d / (d + tolerance), 0..1; the value is the mean of the `top_cells` strangest. So two ordinary things that come
    together for the first time are hardly strange, each being known in its place, and a few large differences do not
    drown a spread-out one. The unit is fixed, nothing is scaled by what was seen.

    A full memory gives up one of the scenes it holds twice, so that the night is not forgotten by day, and one time in
    `FADING` any one, so that all of the past fades: offered one in 64 s, within about 6 days. It takes all that it is
    given: what may be learned, the caller decides, and it should wait: one example is enough to make a thing known.

    A poor choice for things smaller than a cell, for cameras that move, and for large grids: memory of `capacity` ·
    h · w · (4d + 8) bytes, all of which a score reads.
    """

    def __init__(self, options: MemoryOptions, *, seed: int) -> None:
        """Args: options: see there; seed: of the choice of what is replaced."""
        self._options = options
        self._seed = seed
        self._learned = 0
        self._make_room((0, 0, 0))

    def score(self, grid: Grid) -> Score:
        """Score of 0..1; ValueError as for `learn`."""
        values = self._checked(grid)
        if self._learned < self._options.warmup or not grid.mask.any():
            return Score(None, None)
        nearest = min(self._options.nearest, self._count)
        near = np.argpartition(self._apart(values[None], grid.mask[None])[0], nearest - 1)[:nearest]
        apart = np.square(self._kept[near] - values).mean(axis=3)  # (k, h, w)
        least = np.sqrt(np.where(self._seen[near] > 0, apart, np.inf).min(axis=0))
        part = grid.mask & np.isfinite(least)
        far = np.where(part, least, 0).astype(np.float64)
        return judged(far / (far + self._options.tolerance), part, self._options.top_cells, 1.0)

    def learn(self, grid: Grid) -> None:
        """Keep the grid; ValueError if not finite or of another size, nothing changed."""
        values = self._checked(grid)
        if not grid.mask.any():
            return
        if not self._kept.size:
            self._make_room(grid.values.shape)
        slot = self._learned if self._learned < self._options.capacity else self._dispensable()
        self._keep(slice(slot, slot + 1), values[None], grid.mask[None])
        self._learned += 1

    def state(self) -> StateDict:
        """`kept` (n, h, w, d) float16, 0 where masked; `seen` (n, h, w) bool, their masks; `learned` int64."""
        return {
            "kept": self._kept[: self._count].astype(np.float16),
            "seen": self._seen[: self._count] > 0,
            "learned": np.array(self._learned, np.int64),
        }

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        size = self._kept.shape[1:] if self._kept.size else (None, None, None)
        wanted = {
            "kept": Wanted(np.float16, (None, *size)),
            "seen": Wanted(np.bool_, (None, *size[:2])),
            "learned": Wanted(np.int64),
        }
        new = fitted(state, wanted)
        kept, seen, learned = new["kept"], new["seen"], int(new["learned"])
        refuse_unless(kept.shape[:3] == seen.shape, "a mask for each grid")
        filled = learned >= 0 and len(kept) == min(learned, self._options.capacity)
        refuse_unless(filled and (learned == 0 or kept[0].size > 0), "as many grids as were learned, at most capacity")
        self._learned = learned
        self._make_room(kept.shape[1:])
        self._keep(slice(0, len(kept)), kept.astype(np.float32), seen)

    @property
    def _count(self) -> int:
        return min(self._learned, self._options.capacity)

    def _make_room(self, shape: tuple[int, ...]) -> None:
        """For grids of (h, w, d), none of them kept yet."""
        height, width, depth = shape
        capacity = self._options.capacity
        self._kept = np.zeros((capacity, height, width, depth), np.float32)
        self._seen = np.zeros((capacity, height, width), np.float32)
        self._squares = np.zeros((capacity, height, width), np.float32)

    def _keep(self, slots: slice, values: Floats, seen: Mask) -> None:
        self._kept[slots], self._seen[slots] = values, seen
        self._squares[slots] = np.square(values).sum(axis=3)

    def _checked(self, grid: Grid) -> Floats:
        """(h, w, d) float32 of no more than float16's 11 bits, since so they are saved; 0 where masked."""
        values = values_of(grid, self._kept.shape[1:])
        rounded = np.where(grid.mask[..., None], values.clip(-LARGEST, LARGEST), 0).astype(np.float16)
        return rounded.astype(np.float32)

    def _dispensable(self) -> int:
        """Which scene to give up: in turn a random one, and for some turns the one of a few most like another."""
        # A generator per grid, so that a restored model chooses as the saved one would have.
        rng = np.random.default_rng((self._seed, self._learned))
        if self._learned % FADING == 0:
            return int(rng.integers(self._count))
        drawn = rng.choice(self._count, min(CANDIDATES, self._count), replace=False)
        apart = self._apart(self._kept[drawn], self._seen[drawn])
        apart[np.arange(len(drawn)), drawn] = np.inf
        return int(drawn[apart.min(axis=1).argmin()])

    def _apart(self, values: Floats, masks: Mask | Floats) -> Floats:
        """(m, n) mean square difference of (m, h, w, d) to each scene kept where both have evidence, else infinite."""
        count, many = self._count, len(values)
        seen = self._seen[:count].reshape(count, -1)
        ours = masks.reshape(many, -1).astype(np.float32)
        squares = np.square(values).sum(axis=3).reshape(many, -1)
        squared = ours @ self._squares[:count].reshape(count, -1).T + squares @ seen.T
        squared -= 2 * (values.reshape(many, -1) @ self._kept[:count].reshape(count, -1).T)
        common = ours @ seen.T
        return np.where(common > 0, squared / np.maximum(common, 1), np.float32(np.inf))
