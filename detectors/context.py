"""How much a channel's ordinary scores varied in the last minutes. Decides nothing."""

from __future__ import annotations

import math

import numpy as np

from detectors.base import Score, StateDict, StateView
from detectors.state import Wanted, fitted, refuse_unless

# Time constant of the mean and the variance: as long as people stay at what they do, rain falls or a lamp flickers.
LATELY_S = 300.0


class Context:
    """Mean and variance of ordinary scores, causal; some standard deviations are taken off what comes next.

    A score that stands out of a quiet night says more than the same one amid a lively hour, whose next strange moment
    surprises nobody: a contextual anomaly (Chandola, Banerjee and Kumar, "Anomaly detection: a survey", ACM Computing
    Surveys 41, 2009). That they were high takes nothing off: at dusk all are, evenly, and what comes then is as strange
    as at noon.
    """

    def __init__(self, deviations: float) -> None:
        """Args: deviations: standard deviations that are taken off, at least 0; 0 leaves scores as they are."""
        self._deviations = deviations
        self._sums = (0.0, 0.0, 0.0)  # of scores, of their squares, of the weights, 0..1

    def beyond(self, score: Score) -> Score:
        """What of `score`, of a mean of cells and of its heatmap, counts beside the last minutes, at least 0."""
        total, squares, weight = self._sums
        if not self._deviations or score.value is None or not weight:
            return score
        spread = math.sqrt(max(0.0, squares / weight - (total / weight) ** 2))  # of equal scores it may round below 0
        less = self._deviations * spread
        heatmap = None if score.heatmap is None else np.maximum(score.heatmap - np.float32(less), np.float32(0))
        return Score(max(0.0, score.value - less), heatmap)

    def learn(self, value: float, passed_s: float) -> None:
        """Take in an ordinary score, `passed_s` after the one before; after a cut, infinite, it counts for nothing."""
        if math.isfinite(passed_s):
            kept = math.exp(-passed_s / LATELY_S)
            total, squares, weight = (kept * each for each in self._sums)
            new = 1 - kept
            self._sums = total + new * value, squares + new * value * value, weight + new

    def state(self) -> StateDict:
        """`lately` (3,) float64: the weighted sums of scores, of their squares, and of 1, that one 0..1."""
        return {"lately": np.array(self._sums, np.float64)}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        total, squares, weight = fitted(state, {"lately": Wanted(np.float64, (3,))})["lately"].tolist()
        refuse_unless(total >= 0 and squares >= 0 and 0 <= weight <= 1, "sums of at least 0 and a weight of 0 to 1")
        self._sums = total, squares, weight
