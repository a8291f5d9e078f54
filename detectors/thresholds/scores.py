"""What thresholds do with the scores they are offered: refuse, tame, keep the last ones. Sets no limit itself."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from detectors.base import StateDict, StateError, StateView
from detectors.state import Wanted, fitted

Numbers = npt.NDArray[np.float64]


def refuse_unfit(score: float) -> None:
    """Raise ValueError unless `score` is finite and at least 0."""
    if not (math.isfinite(score) and score >= 0):
        msg = f"score: expected a finite number of at least 0, got {score}; offer only scores whose value is known"
        raise ValueError(msg)


def tamed(score: float, ceiling: float, previous: float) -> float:
    """`score`, counted at most as the ceiling or as the score just before it, whichever is larger.

    One spike, however tall, thus weighs no more than a score at the ceiling, while a lasting change counts in full from
    its second score on.
    """
    return min(score, max(ceiling, previous))


def quantile(ordered: Numbers, level: float) -> float:
    """Quantile of ascending scores, interpolated linearly between neighbours (numpy's "linear")."""
    place = level * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (place - below) * (ordered[above] - ordered[below]))


class Window:
    """The last `size` scores, by arrival and by size. Adding one costs a search and a move of memory, no sorting."""

    def __init__(self, size: int) -> None:
        self._arrived: Numbers = np.zeros(size)
        self._ordered: Numbers = np.zeros(size)
        self._held = 0
        self._next = 0

    def __len__(self) -> int:
        """How many scores are held."""
        return self._held

    @property
    def ordered(self) -> Numbers:
        """The scores held, ascending; a view that the next `add` changes."""
        return self._ordered[: self._held]

    def add(self, score: float) -> None:
        """Take in `score`; the oldest leaves if the window is full."""
        ordered, held = self._ordered, self._held
        if held == len(self._arrived):
            gone = int(np.searchsorted(ordered, self._arrived[self._next]))
            ordered[gone : held - 1] = ordered[gone + 1 : held]
            held -= 1
        place = int(np.searchsorted(ordered[:held], score))
        ordered[place + 1 : held + 1] = ordered[place:held]
        ordered[place] = score
        self._held = held + 1
        self._arrived[self._next] = score
        self._next = (self._next + 1) % len(self._arrived)

    def at_least(self, score: float) -> int:
        """How many of the scores held are `score` or larger."""
        return self._held - int(np.searchsorted(self.ordered, score))

    def rank(self, score: float) -> float | None:
        """(1 + number of the scores held at least as large) / (n + 1), a p-value; None while none is held."""
        return (1 + self.at_least(score)) / (self._held + 1) if self._held else None

    def arrived(self) -> Numbers:
        """A copy of the scores held, oldest first."""
        if self._held < len(self._arrived):
            return self._arrived[: self._held].copy()
        return np.roll(self._arrived, -self._next)

    def refill(self, scores: Numbers) -> None:
        """Hold these instead, oldest first; of more than fit, the newest.

        Raises:
            StateError: One is negative; the window is unchanged.
        """
        if (scores < 0).any():
            msg = "state: scores: expected numbers of at least 0, got a negative one; the checkpoint is broken"
            raise StateError(msg)
        size = len(self._arrived)
        kept = scores[-size:]
        self._held = len(kept)
        self._next = len(kept) % size
        self._arrived[: self._held] = kept
        self._ordered[: self._held] = np.sort(kept)


class Remembering:
    """What a threshold does that is made of its last scores and of nothing else."""

    def __init__(self, window: int) -> None:
        self._window = Window(window)

    def update(self, score: float) -> None:
        """Take in one score; ValueError if it is not finite or negative."""
        refuse_unfit(score)
        self._window.add(score)

    def state(self) -> StateDict:
        """`scores` (n,) float64, oldest first."""
        return {"scores": self._window.arrived()}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        self._window.refill(fitted(state, {"scores": Wanted(np.float64, (None,))})["scores"])
