"""Peaks over a level, their tail fitted and extrapolated. Needs scores that are alike and nearly independent."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from detectors.base import StateDict, StateView
from detectors.options import SpotOptions
from detectors.state import Wanted, fitted, refuse_unless
from detectors.thresholds.pareto import Pareto, fit
from detectors.thresholds.scores import Numbers, Window, refuse_unfit, tamed

# A score counts at most as level + CEILING · (limit - level). At 1 the limit sinks by itself (by 11 % for exponential
# scores, 26 % for Student's t with 3 degrees of freedom), at 1.5 hardly (0 and 5 %); at 3 one spike tells too much.
CEILING = 1.5


class SpotThreshold:
    """SPOT (Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017) over a sliding window.

    The level is the `level` quantile of the last scores, what exceeds it the peaks. P-values are empirical up to the
    level and those of the fitted tail above it; the limit is the score whose p-value is `rate`. Unlike the paper's, the
    level moves with the window, so memory and cost are bounded and old scores are forgotten; while the window is not
    full it is the paper's calibration repeated on all scores so far.

    Controls the tail probability per score, if scores are independent and alike. Frames are neither: within an event
    all are high, so alarms must not be offered to `update` (the caller decides), and rates are of frames, not alerts.
    A poor choice for scores with steps or ceilings, with fewer than some 20 peaks, (1 - level) · scores, and for rates
    far below 1 / window, where the limit is mostly extrapolation.

    A score counts at most as CEILING says, or as the score before it if that is larger (`tamed`). One spike, however
    tall, raised the limit's distance from the level by at most a third with 20 peaks and a tenth with 60 (rate 0.001,
    the worst of 25 draws of exponential scores), but up to 4.6-fold at rate 0.0001 with 20 peaks.
    """

    wants_all: ClassVar[bool] = False

    def __init__(self, options: SpotOptions) -> None:
        self._options = options
        self._window = Window(options.window)
        self._previous = 0.0
        self._top: Numbers = np.zeros(0)  # the level and the scores above it that `_tail` was fitted to
        self._tail: Pareto | None = None  # None: nothing exceeds the level

    def p_value(self, score: float) -> float | None:
        """Share of the last scores at least as large, above the level the fitted tail; 0 beyond its end."""
        held = len(self._window)
        if held < self._options.warmup:
            return None
        level = self._level()
        if score <= level:
            return self._window.at_least(score) / held
        if self._tail is None:
            return 1 / (held + 1)
        return self._peaks_ratio() * self._tail.tail(score - level)

    def limit(self) -> float | None:
        """The score whose p-value is `rate`; the level itself if less than `rate` of the scores exceed it."""
        if len(self._window) < self._options.warmup:
            return None
        ratio = self._peaks_ratio()
        if self._tail is None or ratio <= self._options.rate:
            return self._level()
        return self._level() + self._tail.excess(self._options.rate / ratio)

    def missing(self) -> int:
        """See `detectors.base.Threshold.missing`."""
        return max(0, self._options.warmup - len(self._window))

    def update(self, score: float) -> None:
        """Take in one score; ValueError if it is not finite or negative."""
        refuse_unfit(score)
        limit = self.limit()
        if limit is None:
            self._window.add(score)
        else:
            level = self._level()
            self._window.add(tamed(score, level + CEILING * (limit - level), self._previous))
        self._previous = score
        self._refit()

    def state(self) -> StateDict:
        """`scores` (n,) float64, oldest first, as counted; `previous` 0-d float64, as offered."""
        return {"scores": self._window.arrived(), "previous": np.array(self._previous, np.float64)}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        new = fitted(state, {"scores": Wanted(np.float64, (None,)), "previous": Wanted(np.float64)})
        refuse_unless(float(new["previous"]) >= 0, "a previous score of at least 0")
        self._window.refill(new["scores"])
        self._previous = float(new["previous"])
        self._refit()

    def _level(self) -> float:
        return float(self._window.ordered[self._first()])

    def _first(self) -> int:
        """Place of the level among the sorted scores, as in the authors' code."""
        return int(self._options.level * len(self._window))

    def _peaks_ratio(self) -> float:
        return int((self._top > self._level()).sum()) / len(self._window)

    def _refit(self) -> None:
        """Fit the tail again if what is above the level, or the level, has changed."""
        if len(self._window) < self._options.warmup:
            return
        top = self._window.ordered[self._first() :]
        if np.array_equal(top, self._top):
            return
        self._top = top.copy()
        peaks = self._top[self._top > self._top[0]]
        self._tail = fit(peaks - self._top[0]) if len(peaks) else None
