"""A quantile that moves until the wanted share of all scores is above it. Knows nothing of what is ordinary."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from detectors.base import StateDict, StateView
from detectors.options import AciOptions
from detectors.state import Wanted, fitted, refuse_unless
from detectors.thresholds.scores import Window, quantile, refuse_unfit

# "Above everything seen" is so many times the largest score ever. The paper's is infinite there, which makes no
# picture, no ratio of channels and no JSON. What tops it is above the limit all the same, see the class.
UNHEARD_OF = 10.0


class AciThreshold:
    """ACI (Gibbs and Candès, "Adaptive Conformal Inference Under Distribution Shift", NeurIPS 2021).

    The limit is the 1 - a quantile of the last scores. After each score the working rate a, at first `rate`, moves by
    gain · (rate - exceeded), their equation 2, exceeded being 1 if the score was above the limit, else 0. Where a ≥ 1
    the limit is 0, where a ≤ 0 it is above everything seen.

    Controls the long-run share of scores above the limit for any sequence of them, drifting, dependent or hostile: of T
    scores since there is a limit at most rate · T + rate / gain + 1 are above it, and one more for each that tops
    everything before it tenfold (E of them). If all are above 0 the share is also not lower than `rate` by more than
    1 / (gain · T) + 1 / T, and so both ways within (max(rate, 1 - rate) + gain) / (gain · T), their proposition 4.1, as
    long as E ≤ (1 - 2 · rate) / gain. That is true of scores, not of what is strange: nothing bounds how many of those
    above are ordinary, nor when they come.

    A poor choice where life is mostly quiet: what is not used is owed, and after a calm week the limit has sunk to make
    up for it. The other way too: after a burst of some rate / gain alarms it is silent for up to 1 / rate scores,
    whatever comes. And where a score must be above it now and then: of scores a second apart, as many in the long run
    is a promise that says nothing for months.

    It wants all scores, alarms too: the share is of what it was shown. One spike moves the limit by about 1 + gain · n
    places among the n sorted scores, but several in a row silence it.
    """

    wants_all: ClassVar[bool] = True

    def __init__(self, options: AciOptions) -> None:
        self._options = options
        self._window = Window(options.window)
        self._working = options.rate
        self._highest = 0.0

    def p_value(self, score: float) -> float | None:
        """(1 + number of the last scores at least as large) / (n + 1): a rank among all scores, strange ones too."""
        return self._window.rank(score)

    def limit(self) -> float | None:
        """The 1 - a quantile, interpolated linearly; 0 and above everything seen at the ends."""
        if not self._answers():
            return None
        if self._working <= 0:
            return UNHEARD_OF * self._highest
        return quantile(self._window.ordered, 1 - self._working) if self._working < 1 else 0.0

    def missing(self) -> int:
        """See `detectors.base.Threshold.missing`."""
        return 0 if self._answers() else max(1, math.ceil(1 / self._options.rate + 1) - len(self._window))

    def update(self, score: float) -> None:
        """Take in one score; ValueError if it is not finite or negative."""
        refuse_unfit(score)
        limit = self.limit()
        if limit is not None:
            rate, gain = self._options.rate, self._options.gain
            working = self._working + gain * (rate - float(score > limit))
            # Left only upwards where scores are 0, which no limit is below, and downwards by what was never heard of.
            self._working = min(max(working, -gain), 1 + gain)
        self._window.add(score)
        self._highest = max(self._highest, score)

    def state(self) -> StateDict:
        """`scores` (n,) float64, oldest first; `working` and `highest` 0-d float64: a, and the largest score ever."""
        numbers = {"working": self._working, "highest": self._highest}
        return {"scores": self._window.arrived()} | {k: np.array(v, np.float64) for k, v in numbers.items()}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        number = Wanted(np.float64)
        new = fitted(state, {"scores": Wanted(np.float64, (None,)), "working": number, "highest": number})
        working, highest, gain = float(new["working"]), float(new["highest"]), self._options.gain
        refuse_unless(-gain <= working <= 1 + gain, f"a working rate from {-gain:g} to {1 + gain:g}")
        refuse_unless(highest >= new["scores"].max(initial=0.0), "a highest score of at least the others")
        self._window.refill(new["scores"])
        self._working, self._highest = working, highest

    def _answers(self) -> bool:
        return self._options.rate * (len(self._window) - 1) >= 1
