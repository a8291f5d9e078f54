"""Which pictures follow one another. Knows only how far apart they are."""

from __future__ import annotations

from collections import deque
from statistics import median

import numpy as np

from detectors.base import StateDict, StateView
from detectors.budget.minutes import LONGEST_S
from detectors.state import Wanted, fitted, refuse_unless

# A camera's own period is the median of so many, once there are a few.
_MOST, _LEAST = 15, 5
_NONE = np.zeros(0)  # in states of before periods were measured


class Gaps:
    """Tells gaps from the time between a camera's pictures, which may come more seldom than is asked for.

    Up to half of the latest times may be gaps: they do not become the camera's own period.
    """

    def __init__(self, least_s: float, periods: float) -> None:
        """Args: least_s: never a gap; periods: nor so many of the camera's own, up to a minute."""
        self._least_s = least_s
        self._periods = periods
        self._apart_s: deque[float] = deque(maxlen=_MOST)

    @property
    def longest_s(self) -> float:
        """Pictures at most so far apart follow one another."""
        if len(self._apart_s) < _LEAST:
            return self._least_s
        return max(self._least_s, min(LONGEST_S, self._periods * median(self._apart_s)))

    def follows(self, passed_s: float) -> bool:
        """Whether a picture follows the one `passed_s` before it."""
        follows = 0 < passed_s <= self.longest_s
        if passed_s > 0:
            self._apart_s.append(passed_s)
        return follows

    def state(self) -> StateDict:
        """`apart_s` (n,) float64: between the latest pictures, oldest first."""
        return {"apart_s": np.array(self._apart_s, np.float64)}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        new = fitted({"apart_s": _NONE} | dict(state), {"apart_s": Wanted(np.float64, (None,))})["apart_s"]
        refuse_unless(len(new) <= _MOST and bool((new > 0).all()), f"at most {_MOST} times between pictures")
        self._apart_s = deque(new.tolist(), _MOST)
