"""The limit that people set. Learns nothing that moves it."""

from __future__ import annotations

from typing import ClassVar

from detectors.options import FixedOptions
from detectors.thresholds.scores import Remembering


class FixedThreshold(Remembering):
    """Limit = what the options say; p-value = (1 + number of the last scores at least as large) / (n + 1).

    Controls nothing but the limit itself: how many scores lie above it is whatever this camera brings. A poor choice
    unless somebody has looked at the scores of this very camera, and looks again after each change of its detectors:
    scores have no scale of their own, and those of models that learn drift for days. A fair one to repeat an
    experiment, or to hold one limit against another.

    Of the contract it breaks, by what it is: all zeros do not make its limit 0, and a lasting rise does not move it. It
    answers from the first score on, since p-values need one to rank among. It wants all scores, as none moves the
    limit, and else there would be no p-values where the limit is below ordinary life; so they are ranks among all the
    last scores, strange ones too.
    """

    wants_all: ClassVar[bool] = True

    def __init__(self, options: FixedOptions) -> None:
        super().__init__(options.window)
        self._options = options

    def p_value(self, score: float) -> float | None:
        """From 1 / (n + 1) to 1; has nothing to do with the limit."""
        return self._window.rank(score)

    def limit(self) -> float | None:
        """As set; None before the first score."""
        return self._options.limit if len(self._window) else None

    def missing(self) -> int:
        """See `detectors.base.Threshold.missing`."""
        return 0 if len(self._window) else 1
