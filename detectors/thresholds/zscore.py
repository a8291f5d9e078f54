"""So many standard deviations above the mean of the scores. Promises no rate of false alarms."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from detectors.base import StateDict, StateView
from detectors.options import ZScoreThresholdOptions
from detectors.state import Wanted, fitted, refuse_unless
from detectors.thresholds.scores import refuse_unfit, tamed


class ZScoreThreshold:
    """Exponentially forgetting mean and standard deviation; limit = mean + z · sd, p-value of a normal distribution.

    Controls nothing calibrated: of normal scores 0.13 % lie above z = 3, of the skewed scores that detectors give often
    ten times as many. A poor choice wherever a rate matters; a fair one to see a level at a glance, after few scores.

    Once a limit exists a score counts at most as that limit or as the score before it (`tamed`): one spike, however
    tall, raises the limit by at most (z + z³) / 2 · sd / n, n the smaller of `memory` and the scores seen; by 0 if all
    scores were equal.
    """

    wants_all: ClassVar[bool] = False

    def __init__(self, options: ZScoreThresholdOptions) -> None:
        self._options = options
        self._count = 0
        self._mean = 0.0
        self._var = 0.0
        self._previous = 0.0

    def p_value(self, score: float) -> float | None:
        """Upper tail of the normal distribution with the scores' mean and sd; 0 or 1 if the scores never varied."""
        if self._count < self._options.warmup:
            return None
        if self._var == 0:
            return 1.0 if score <= self._mean else 0.0
        return 0.5 * math.erfc((score - self._mean) / math.sqrt(2 * self._var))

    def limit(self) -> float | None:
        """The mean + z standard deviations."""
        if self._count < self._options.warmup:
            return None
        return self._mean + self._options.z * math.sqrt(self._var)

    def missing(self) -> int:
        """See `detectors.base.Threshold.missing`."""
        return max(0, self._options.warmup - self._count)

    def update(self, score: float) -> None:
        """Take in one score; ValueError if it is not finite or negative."""
        refuse_unfit(score)
        limit = self.limit()
        value = score if limit is None else tamed(score, limit, self._previous)
        gain = 1 / min(self._count + 1, self._options.memory)
        delta = value - self._mean
        self._mean += gain * delta
        self._var = (1 - gain) * (self._var + gain * delta * delta)
        self._count = min(self._count + 1, max(self._options.memory, self._options.warmup))
        self._previous = score

    def state(self) -> StateDict:
        """`count` int64; `mean`, `var` and `previous` float64; all 0-d."""
        numbers = {"mean": self._mean, "var": self._var, "previous": self._previous}
        return {"count": np.array(self._count, np.int64)} | {k: np.array(v, np.float64) for k, v in numbers.items()}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        number = Wanted(np.float64)
        new = fitted(state, {"count": Wanted(np.int64), "mean": number, "var": number, "previous": number})
        refuse_unless(all(float(array) >= 0 for array in new.values()), "numbers of at least 0")
        self._count = int(new["count"])
        self._mean, self._var, self._previous = float(new["mean"]), float(new["var"]), float(new["previous"])
