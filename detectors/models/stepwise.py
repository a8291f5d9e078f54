"""How the networks here learn online: a step a grid, on pieces of it and of the past. Knows no network itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from detectors.base import Floats, Grid, Mask, Score, StateDict, StateView
from detectors.models.cells import values_of
from detectors.models.replay import ALIGN, Pieces, Replay
from detectors.options import NetworkOptions
from detectors.state import Wanted, fitted, refuse_unless

# No grid is larger: a broken checkpoint must not ask for terabytes.
LARGEST = 4096


@dataclass(frozen=True, slots=True)
class Size:
    """What a network is made for.

    Attributes:
        channels: Of the grid.
        height, width: In cells, multiples of `ALIGN`: the grid's, brought up.
        crop: Side of the pieces in cells, a multiple of `ALIGN`.
    """

    channels: int
    height: int
    width: int
    crop: int


class Learner(Protocol):
    """Networks of one size. Values (d, H, W) float32 are 0 where masked, and beyond the grid its edge again."""

    @property
    def layers(self) -> int:
        """Channels of its pieces."""

    def score(self, values: Floats, mask: Mask) -> Score:
        """How strange they are; `mask` (h, w) is the grid's, some of it True. Changes nothing."""

    def cut(self, values: Floats, mask: Mask, rng: np.random.Generator) -> Pieces:
        """A batch of pieces to learn from now and to keep."""

    def step(self, pieces: Pieces, rng: np.random.Generator) -> bool:
        """Learn pieces; False if that would not have been finite, then nothing has changed."""

    def state(self) -> StateDict:
        """Copies of all it knows."""

    def restore(self, state: StateView) -> None:
        """Go on from `state`, in which other arrays are passed over; StateError if it does not fit: throw it away."""


class Stepwise:
    """A model out of a learner: checks grids, counts, draws, replays and keeps the state."""

    def __init__(self, options: NetworkOptions, make: Callable[[Size], Learner], *, seed: int) -> None:
        """Args: options: see there; make: a fresh learner; seed: of all draws."""
        self._options = options
        self._make = make
        self._seed = seed
        self._learned = 0
        self._shape = (0, 0, 0)
        self._learner: Learner | None = None
        self._replay: Replay | None = None

    def score(self, grid: Grid) -> Score:
        """See `detectors.base.Model.score`; ValueError as for `learn`."""
        values = self._channels_first(grid)
        if self._learner is None or self._learned < self._options.warmup or not grid.mask.any():
            return Score(None, None)
        return self._learner.score(values, grid.mask)

    def learn(self, grid: Grid) -> None:
        """One step on pieces of the grid and of the past; ValueError if not finite or of another size."""
        values = self._channels_first(grid)
        learner, replay = self._prepared(grid.values.shape)
        # A generator per step, so that a restored model draws as the saved one would have.
        rng = np.random.default_rng((self._seed, self._learned))
        fresh = learner.cut(values, grid.mask, rng)
        batch = self._options.batch
        # A third new and two thirds replayed pieces, as far as there are any.
        new = max(1, batch // 3) if replay.count else batch
        if learner.step(fresh.first(new).joined(replay.draw(batch - new, rng)), rng):
            replay.offer(fresh, rng)
        self._learned += 1

    def state(self) -> StateDict:
        """`shape` (3,) int64 of the grids; once it is known, `learned` int64, the learner's and the replay's arrays."""
        shape = {"shape": np.array(self._shape, np.int64)}
        if self._learner is None or self._replay is None:
            return shape
        return {
            **shape,
            "learned": np.array(self._learned, np.int64),
            **self._learner.state(),
            **self._replay.state(),
        }

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        given = {"shape": state["shape"]} if "shape" in state else {}
        height, width, channels = fitted(given, {"shape": Wanted(np.int64, (3,))})["shape"].tolist()
        untaught = max(height, width, channels) == 0
        known = self._learner is None or self._shape == (height, width, channels)
        sane = min(height, width, channels) > 0 and max(height, width, channels) <= LARGEST
        refuse_unless(untaught or (known and sane), f"a grid of {self._shape if self._learner else 'any sane size'}")
        fresh = Stepwise(self._options, self._make, seed=self._seed)
        if not untaught:
            learner, replay = fresh._prepared((height, width, channels))
            counter = {"learned": state["learned"]} if "learned" in state else {}
            fresh._learned = int(fitted(counter, {"learned": Wanted(np.int64)})["learned"])
            refuse_unless(fresh._learned >= 0, "a count of at least 0")
            learner.restore(state)
            replay.restore(state)
        self.__dict__.update(fresh.__dict__)

    def _prepared(self, shape: tuple[int, ...]) -> tuple[Learner, Replay]:
        """What depends on the grid's (h, w, d), made when it is first known."""
        if self._learner is None or self._replay is None:
            height, width, channels = shape
            padded = (height + -height % ALIGN, width + -width % ALIGN)
            crop = min(self._options.crop - self._options.crop % ALIGN, *padded)
            self._shape = (height, width, channels)
            self._learner = self._make(Size(channels, *padded, crop))
            self._replay = Replay(self._options.replay, self._options.renewal, (self._learner.layers, crop, crop))
        return self._learner, self._replay

    def _channels_first(self, grid: Grid) -> Floats:
        """(d, H, W) float32, 0 where masked, so that it tells nothing, and repeated at the lower and right edge."""
        values = np.moveaxis(values_of(grid, self._shape).astype(np.float32), -1, 0)
        height, width = grid.mask.shape
        beyond = ((0, 0), (0, -height % ALIGN), (0, -width % ALIGN))
        return np.pad(np.where(grid.mask, values, np.float32(0)), beyond, mode="edge")
