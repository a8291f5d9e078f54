"""Tukey's fence: so many interquartile ranges above the third quartile. Promises no rate of false alarms."""

from __future__ import annotations

import math
from typing import ClassVar

from detectors.options import IqrThresholdOptions
from detectors.thresholds.scores import Remembering, quantile

RANGE_SD = 1.3489795  # interquartile range of the standard normal distribution


class IqrThreshold(Remembering):
    """Limit = Q3 + k · (Q3 - Q1) of the last scores; p-value of the normal distribution with these quartiles.

    Controls nothing calibrated: k = 1.5 leaves 0.35 % of normal scores above it, and several per cent of skewed ones.
    It withstands a quarter of its window being anomalous, which the mean does not. A poor choice where a rate matters,
    and where more than three quarters of the scores are equal: every other score is then above the limit.

    One spike moves each quartile by at most one place among the sorted scores.
    """

    wants_all: ClassVar[bool] = False

    def __init__(self, options: IqrThresholdOptions) -> None:
        super().__init__(options.window)
        self._options = options

    def p_value(self, score: float) -> float | None:
        """Upper tail of the normal distribution with the scores' quartiles; 0 or 1 if the quartiles are equal."""
        if len(self._window) < self._options.warmup:
            return None
        lower, upper = self._quartiles()
        centre, sd = (lower + upper) / 2, (upper - lower) / RANGE_SD
        if sd == 0:
            return 1.0 if score <= centre else 0.0
        return 0.5 * math.erfc((score - centre) / (sd * math.sqrt(2)))

    def limit(self) -> float | None:
        """Tukey's upper fence."""
        if len(self._window) < self._options.warmup:
            return None
        lower, upper = self._quartiles()
        return upper + self._options.k * (upper - lower)

    def missing(self) -> int:
        """See `detectors.base.Threshold.missing`."""
        return max(0, self._options.warmup - len(self._window))

    def _quartiles(self) -> tuple[float, float]:
        ordered = self._window.ordered
        return quantile(ordered, 0.25), quantile(ordered, 0.75)
