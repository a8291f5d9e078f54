"""Rank among the last scores, with the correction that makes it a valid p-value. Cannot see beyond its sample."""

from __future__ import annotations

import math
from typing import ClassVar

from detectors.options import ConformalOptions
from detectors.thresholds.scores import Remembering

ROUNDING = 1e-9  # 0.002 · 1,000 must count as 2 although it may come out a little below


class ConformalThreshold(Remembering):
    """P-value = (1 + number of the last scores at least as large) / (n + 1) (Vovk et al. 2005, Laxhammar et al. 2010).

    Controls P(p ≤ a) ≤ a for every a, without any assumption on the distribution, if the new score is exchangeable with
    those held; frames that follow one another are not, so it holds over many events and not within one. Its resolution
    is 1 / (n + 1): nothing is ever stranger than that, so it cannot rank what lies beyond all it has seen, and rates
    below 2 / (window + 1) are refused. A poor choice for very small rates (see `SpotThreshold`).

    Above the limit p ≤ rate. There is one from 2 / rate - 1 scores on, when at least two scores lie at or above it: one
    spike moves it by at most one place among the sorted scores.
    """

    wants_all: ClassVar[bool] = False

    def __init__(self, options: ConformalOptions) -> None:
        super().__init__(options.window)
        self._options = options

    def p_value(self, score: float) -> float | None:
        """From 1 / (n + 1) to 1; valid, but coarse, from the first score on."""
        return self._window.rank(score)

    def limit(self) -> float | None:
        """The largest of the last scores that is not above `rate` of them; above it p ≤ rate."""
        held = len(self._window)
        above = int(self._options.rate * (held + 1) + ROUNDING)
        if above < 2:  # noqa: PLR2004 - see the class
            return None
        return float(self._window.ordered[held - above])

    def missing(self) -> int:
        """See `detectors.base.Threshold.missing`."""
        return 0 if self.limit() is not None else max(1, math.ceil(2 / self._options.rate - 1) - len(self._window))
