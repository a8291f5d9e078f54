"""Decides which pictures may be learned, and when. Learns nothing itself.

A picture waits before it is learned; if something anomalous comes meanwhile, what lies close to it is thrown away. So a
thief does not become normal while he is at work, nor the moment in which he was still too far away to be noticed. What
stays anomalous for hours is a new normal, and is let in; sooner while little of the camera's life is known.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from detectors.base import Verdict
from detectors.options import LearningOptions

Lesson = TypeVar("Lesson")  # what there is to learn of one picture
# A camera that is not judged yet learns this many times as often: the sooner its models are ripe, the sooner it sees.
HASTE = 4
# And so many pictures at most: a scene that is looked at for half a day first is not to be learned from its morning.
HASTY = 1000
# A camera that was learned from so many pictures is known: from there on it is learned ever less often, which spares
# small machines most of the work.
KNOWN = 4500
# An anomaly must last as long as was asked for to be a new normal once so much of a camera's life is known, and before
# that less in proportion, down to this share: on a first day most of what lasts, as the first dawn, is only new, and
# while it is strange nothing else can be told of. Unit: seconds; ratio.
GROWN_S = 172_800.0
LEAST_PATIENCE = 1 / 6
# An anomaly goes on if its anomalous pictures are at most this far apart.
PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Lesson]):
    at_s: float
    lesson: Lesson


def guard_s(delay_s: float) -> float:
    """How close to an anomalous picture, before or after, nothing is learned, where pictures wait for `delay_s`.

    What looks at minutes must not learn an anomaly in its pauses. What looks at seconds learns in them: a limit that is
    far too low leaves it nothing else.
    """
    return min(max(2.0, delay_s / 10), PAUSE_S)


class Gate(Generic[Lesson]):
    """A delay line with a guard. Holds about `delay_s / every_s` lessons."""

    def __init__(self, options: LearningOptions) -> None:
        self._options = options
        self._guard_s = guard_s(options.delay_s)
        self._line: deque[_Waiting[Lesson]] = deque()
        self._due_s = -math.inf  # when the next picture is let into the line
        self._strange_s = -math.inf  # the last anomalous picture
        self._since_s = -math.inf  # the first picture of the anomaly under way
        self._patience = 1.0

    def grow(self, seen_s: float) -> None:
        """So much of the camera's life is known: how long an anomaly must last follows from it."""
        self._patience = min(1.0, max(LEAST_PATIENCE, seen_s / GROWN_S))

    def offer(self, at_s: float, verdict: Verdict, lesson: Callable[[], Lesson], learned: int = 0) -> None:
        """A picture was judged, or not yet (UNKNOWN); `lesson` is asked for if it is let in, `learned` were before."""
        accepted = self.accepting  # before this picture: whoever keeps what was known until then sees it in time
        if verdict is Verdict.ANOMALOUS:
            self._strange(at_s)
        elif at_s - self._strange_s > PAUSE_S:
            self._since_s = self._strange_s = -math.inf  # the anomaly is over
        if at_s - self._strange_s < self._guard_s and not accepted:
            return
        every_s = self._every_s(learned) / (HASTE if verdict is Verdict.UNKNOWN and learned < HASTY else 1)
        # Half a turn early is early enough: pictures do not come exactly in step, and turns do not drift.
        if at_s >= self._due_s - every_s / 2:
            self._due_s = max(self._due_s, at_s) + every_s
            self._line.append(_Waiting(at_s, lesson()))

    def ripe(self, at_s: float, *, at_once: bool) -> list[Lesson]:
        """The lessons whose time has come, oldest first; all with `at_once`, while nothing can be found anomalous."""
        ripe = []
        while self._line and (at_once or at_s - self._line[0].at_s >= self._options.delay_s):
            ripe.append(self._line.popleft().lesson)
        return ripe

    @property
    def accepting(self) -> bool:
        """Whether an anomaly, not over yet, has lasted so long that it is taken for a new normal."""
        return self._strange_s - self._since_s >= self._patience * self._options.accept_after_s

    def restart_clock(self) -> None:
        """The camera's clock may have jumped: what waits is dropped, since its age is not known any more."""
        self._line.clear()
        self._due_s = self._strange_s = self._since_s = -math.inf

    def _every_s(self, learned: int) -> float:
        often_s = self._options.every_s
        return min(max(often_s, self._options.settled_every_s), often_s * max(1.0, learned / KNOWN))

    def _strange(self, at_s: float) -> None:
        if at_s - self._strange_s > PAUSE_S:
            self._since_s = at_s
        self._strange_s = at_s
        while self._line and not self.accepting and at_s - self._line[-1].at_s < self._guard_s:
            self._line.pop()
