"""Pieces of grids, and a bounded memory of them to learn again. Knows no network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detectors.base import Floats, Mask, StateDict, StateView
from detectors.state import Wanted, fitted, refuse_unless

# Share of the pieces cut round cells that are sought; the rest anywhere.
SEEKING = 0.8
# Pieces begin at multiples of this, the networks' stride, so that they fall on their grid as whole pictures do.
ALIGN = 4


@dataclass(frozen=True, slots=True)
class Pieces:
    """Square pieces of grids: `values` (n, d, c, c) float16, `at` (n, 2) int32, row and column of their corners.

    float16 holds 8-bit pixels exactly enough (error below 1/4000) in half the memory.
    """

    values: npt.NDArray[np.float16]
    at: npt.NDArray[np.int32]

    def first(self, count: int) -> Pieces:
        """The first `count` of them."""
        return Pieces(self.values[:count], self.at[:count])

    def joined(self, other: Pieces) -> Pieces:
        """These, then the others."""
        return Pieces(np.concatenate([self.values, other.values]), np.concatenate([self.at, other.at]))


def cut(grid: Floats, sought: Mask, count: int, side: int, rng: np.random.Generator) -> Pieces:
    """Cut pieces from a grid, most of them round cells that are sought.

    Args:
        grid: (d, h, w) float32, h and w multiples of `ALIGN` and at least `side`.
        sought: (h, w) bool, the cells worth learning, such as those that move; with none, pieces come from anywhere.
        count: How many.
        side: Of the pieces, in cells, a multiple of `ALIGN`.
        rng: For the draws.
    """
    _, height, width = grid.shape
    found = np.flatnonzero(sought)
    centres = rng.integers(0, height * width, count)
    if found.size:
        seek = rng.random(count) < SEEKING
        centres = np.where(seek, found[rng.integers(0, found.size, count)], centres)
    rows, columns = np.divmod(centres, width)
    tops = np.clip(rows - side // 2, 0, height - side) // ALIGN * ALIGN
    lefts = np.clip(columns - side // 2, 0, width - side) // ALIGN * ALIGN
    values = np.stack([grid[:, y : y + side, x : x + side] for y, x in zip(tops, lefts, strict=True)])
    return Pieces(values.astype(np.float16), np.stack([tops, lefts], axis=1).astype(np.int32))


class Replay:
    """A reservoir (Vitter 1985, algorithm R) whose chance of renewal never falls below a floor, so that the past fades.

    With a floor r, capacity k and n offers a second its memory reaches back about k / (r · n) seconds.
    """

    def __init__(self, capacity: int, renewal: float, piece: tuple[int, int, int]) -> None:
        """Args: capacity: in pieces; renewal: the floor, 0..1; piece: (d, c, c)."""
        self._capacity = capacity
        self._renewal = renewal
        self._kept = Pieces(np.zeros((0, *piece), np.float16), np.zeros((0, 2), np.int32))
        self._offered = 0

    @property
    def count(self) -> int:
        """Pieces kept."""
        return len(self._kept.at)

    @property
    def kept(self) -> Pieces:
        """All of them, oldest places first, not to be written to."""
        return self._kept

    def offer(self, pieces: Pieces, rng: np.random.Generator) -> None:
        """Take all in while there is room; afterwards each by chance, in a random one's place."""
        room = self._capacity - self.count
        if room > 0:
            self._kept = self._kept.joined(pieces.first(room))
        for index in range(max(0, room), len(pieces.at)):
            if rng.random() < max(self._renewal, self._capacity / (self._offered + index + 1)):
                slot = rng.integers(self._capacity)
                self._kept.values[slot], self._kept.at[slot] = pieces.values[index], pieces.at[index]
        self._offered += len(pieces.at)

    def draw(self, count: int, rng: np.random.Generator) -> Pieces:
        """Copies of `count` random pieces, with repetition; none while nothing is kept."""
        picked = rng.integers(0, self.count, count if self.count else 0)
        return Pieces(self._kept.values[picked], self._kept.at[picked])

    def state(self) -> StateDict:
        """`pieces` (n, d, c, c) float16, `pieces_at` (n, 2) int32, `offered` int64."""
        kept = self._kept
        return {
            "pieces": kept.values.copy(),
            "pieces_at": kept.at.copy(),
            "offered": np.array(self._offered, np.int64),
        }

    def restore(self, state: StateView) -> None:
        """Go on from `state`, in which other arrays are passed over; StateError if it does not fit, nothing changed."""
        piece = self._kept.values.shape[1:]
        wanted = {
            "pieces": Wanted(np.float16, (None, *piece)),
            "pieces_at": Wanted(np.int32, (None, 2)),
            "offered": Wanted(np.int64),
        }
        new = fitted({name: state[name] for name in wanted if name in state}, wanted)
        count = len(new["pieces"])
        refuse_unless(count == len(new["pieces_at"]) and count <= self._capacity, f"at most {self._capacity} pieces")
        self._kept = Pieces(new["pieces"], new["pieces_at"])
        self._offered = int(new["offered"])
