"""A quantile of the last scores. Cannot see beyond the largest of them."""

from __future__ import annotations

import math
from typing import ClassVar

from detectors.options import QuantileOptions
from detectors.thresholds.scores import Remembering, quantile


class QuantileThreshold(Remembering):
    """Limit = the (1 - rate) quantile of the last scores; p-value = share of them at least as large.

    Controls the share of frames above the limit, if the scores are stationary over the window. A poor choice where they
    follow the hour of the day (a window of an hour meets the evening unprepared), and for alerts, which are runs of
    frames. If anomalies are offered too, they raise the limit until `rate` of all frames is above it.

    Answers from 1 / rate + 1 scores on, so that the limit is never beyond the second largest score: one spike moves it
    by at most one place among the sorted scores.
    """

    wants_all: ClassVar[bool] = False

    def __init__(self, options: QuantileOptions) -> None:
        super().__init__(options.window)
        self._options = options

    def p_value(self, score: float) -> float | None:
        """Share of the last scores that are at least `score`; 0 beyond the largest."""
        if not self._answers():
            return None
        return self._window.at_least(score) / len(self._window)

    def limit(self) -> float | None:
        """The quantile, interpolated linearly."""
        return quantile(self._window.ordered, 1 - self._options.rate) if self._answers() else None

    def missing(self) -> int:
        """See `detectors.base.Threshold.missing`."""
        return 0 if self._answers() else max(1, math.ceil(1 / self._options.rate + 1) - len(self._window))

    def _answers(self) -> bool:
        return self._options.rate * (len(self._window) - 1) >= 1
