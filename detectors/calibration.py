"""From a channel's scores to its limit. The threshold says what is rare; this says what it is asked about.

Asked about moments, not frames: neighbouring frames say the same, and a p-value per second means the same at every
frame rate and can be told to people ("such a second comes about once in three hours"). How long a moment lasts is the
channel's: what moves is another thing a second later, the scene as a whole a minute later.
"""

from __future__ import annotations

import math

import numpy as np

from detectors.base import StateDict, StateView, Threshold, Verdict
from detectors.state import Wanted, fitted

# Of anomalous moments one in so many is offered to the threshold, as no more than the limit, and only after so many
# ordinary ones. None at all would leave a limit that was set too low too low for ever. But a rare limit is made of few
# scores, and those at the limit lift it, the next ones further: after an hour of ordinary life ten minutes of anomaly,
# one second in 20 of it offered, lifted SPOT's limit 45-fold (rate 0.0001, gamma distributed scores).
THINNING = 20
SPACING = 100


class Calibration:
    """Feeds a threshold with the strongest score of each moment of a camera's ordinary life; of all, if it `wants_all`.

    A moment begins with its first frame. For a threshold that wants all it ends with the frame that is late enough to
    begin another, so that all frames of a moment were judged by one limit.
    """

    def __init__(self, threshold: Threshold, moment_s: float) -> None:
        """Args: threshold: fed by this alone; moment_s: how long a moment lasts, in seconds."""
        self._threshold = threshold
        self._moment_s = moment_s
        self._began_s = math.nan  # of the moment under way; nan before the first score
        self._peak = -math.inf  # of the frames since; -inf while there is none
        self._strange = False
        self._strange_moments = 0  # since one was offered
        self._ordinary_moments = 0  # the same

    @property
    def seen(self) -> bool:
        """Whether it was ever shown a score, by this object or the one it was restored from."""
        return not math.isnan(self._began_s) or self._threshold.p_value(0.0) is not None

    def p_value(self, value: float) -> float | None:
        """Chance that an ordinary moment's strongest score is at least `value`."""
        return self._threshold.p_value(value)

    def limit(self) -> float | None:
        """The score above which a frame is anomalous; None until enough moments were seen."""
        return self._threshold.limit()

    def missing(self) -> int:
        """How many moments must still be seen before there is a limit; 0 once there is one."""
        return self._threshold.missing()

    def learn(self, at_s: float, value: float, verdict: Verdict, *, accepted: bool = False) -> None:
        """Take in one frame's score and what was made of it; `accepted`: even anomalous it is the new normal."""
        over = not at_s - self._began_s < self._moment_s
        # A frame that ends a moment was still judged by the limit that held in it. What a threshold promises of all
        # scores holds of the verdicts only if each counts against the limit it was judged by.
        inclusive = self._threshold.wants_all and not math.isnan(self._began_s)
        if over and not inclusive:
            self._end_moment()
        self._peak = max(self._peak, value)
        self._strange = self._strange or (verdict is Verdict.ANOMALOUS and not accepted)
        if over and inclusive:
            self._end_moment()
        if over:
            self._began_s = at_s

    def cut(self) -> None:
        """The moment under way will not be finished."""
        self._end_moment()
        self._began_s = math.nan

    def state(self) -> StateDict:
        """The threshold's arrays, `strange_moments` and `ordinary_moments`; the moment under way is not kept."""
        return {
            **self._threshold.state(),
            "strange_moments": np.array(self._strange_moments, np.int64),
            "ordinary_moments": np.array(self._ordinary_moments, np.int64),
        }

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit."""
        own = {"strange_moments": Wanted(np.int64), "ordinary_moments": Wanted(np.int64)}
        new = fitted({name: array for name, array in state.items() if name in own}, own)
        self._threshold.restore({name: array for name, array in state.items() if name not in own})
        self._strange_moments, self._ordinary_moments = int(new["strange_moments"]), int(new["ordinary_moments"])
        self._began_s, self._peak, self._strange = math.nan, -math.inf, False

    def _end_moment(self) -> None:
        peak, strange = self._peak, self._strange
        self._peak, self._strange = -math.inf, False
        if peak == -math.inf:
            return
        limit = self._threshold.limit()
        if self._threshold.wants_all or not strange or limit is None:
            self._ordinary_moments += 1
            self._threshold.update(peak)
            return
        self._strange_moments += 1
        if self._strange_moments >= THINNING and self._ordinary_moments >= SPACING:
            self._strange_moments = self._ordinary_moments = 0
            self._threshold.update(min(peak, limit))
