"""From a camera's fused scores to its limit. The threshold says what is rare; this says what it is asked about.

Asked about seconds, not frames: neighbouring frames say the same, and a p-value per second means the same at every
frame rate and can be told to people ("such a second comes about once in three hours").
"""

from __future__ import annotations

import math

import numpy as np

from detectors.base import StateDict, StateView, Threshold, Verdict
from detectors.state import Wanted, fitted

SECOND_S = 1.0
# Of anomalous seconds one in so many is offered to the threshold, as no more than the limit, and only after so many
# ordinary ones. None at all would leave a limit that was set too low too low for ever. But a rare limit is made of few
# scores, and those at the limit lift it, the next ones further: after an hour of ordinary life ten minutes of anomaly,
# one second in 20 of it offered, lifted SPOT's limit 45-fold (rate 0.0001, gamma distributed scores).
THINNING = 20
SPACING = 100


class Calibration:
    """Feeds a threshold with the strongest score of each second of a camera's ordinary life."""

    def __init__(self, threshold: Threshold) -> None:
        self._threshold = threshold
        self._began_s = math.nan  # of the second under way; nan before the first score
        self._peak = 0.0
        self._strange = False
        self._strange_seconds = 0  # since one was offered
        self._ordinary_seconds = 0  # the same

    def p_value(self, value: float) -> float | None:
        """Chance that an ordinary second's strongest score is at least `value`."""
        return self._threshold.p_value(value)

    def limit(self) -> float | None:
        """The score above which a frame is anomalous; None until enough seconds were seen."""
        return self._threshold.limit()

    def missing(self) -> int:
        """How many seconds must still be seen before there is a limit; 0 once there is one."""
        return self._threshold.missing()

    def learn(self, at_s: float, value: float, verdict: Verdict, *, accepted: bool = False) -> None:
        """Take in one frame's score and what was made of it; `accepted`: even anomalous it is the new normal."""
        if not at_s - self._began_s < SECOND_S:
            self._end_second()
            self._began_s, self._peak, self._strange = at_s, 0.0, False
        self._peak = max(self._peak, value)
        self._strange = self._strange or (verdict is Verdict.ANOMALOUS and not accepted)

    def cut(self) -> None:
        """The second under way will not be finished."""
        self._end_second()
        self._began_s = math.nan

    def state(self) -> StateDict:
        """The threshold's arrays, `strange_seconds` and `ordinary_seconds`; the second under way is not kept."""
        return {
            **self._threshold.state(),
            "strange_seconds": np.array(self._strange_seconds, np.int64),
            "ordinary_seconds": np.array(self._ordinary_seconds, np.int64),
        }

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit."""
        own = {"strange_seconds": Wanted(np.int64), "ordinary_seconds": Wanted(np.int64)}
        new = fitted({name: array for name, array in state.items() if name in own}, own)
        self._threshold.restore({name: array for name, array in state.items() if name not in own})
        self._strange_seconds, self._ordinary_seconds = int(new["strange_seconds"]), int(new["ordinary_seconds"])
        self._began_s = math.nan

    def _end_second(self) -> None:
        if math.isnan(self._began_s):
            return
        limit = self._threshold.limit()
        if not self._strange or limit is None:
            self._ordinary_seconds += 1
            self._threshold.update(self._peak)
            return
        self._strange_seconds += 1
        if self._strange_seconds >= THINNING and self._ordinary_seconds >= SPACING:
            self._strange_seconds = self._ordinary_seconds = 0
            self._threshold.update(min(self._peak, limit))
