"""A camera's budget, frame by frame: which limits hold now, and what the frame brings to the diary. Judges nothing."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detectors.base import StateDict, StateView
from detectors.budget.budget import Budget
from detectors.budget.diary import MINUTE_S, Diary, Light, Minute
from detectors.budget.minutes import Minutes, Sustained
from detectors.state import Wanted, fitted

# Minutes that nobody fetched are kept for so long. Unit: minutes.
_UNFETCHED = 60


@dataclass(frozen=True, slots=True)
class Given:
    """What a channel is told by its camera's budget.

    Attributes:
        limit: Above which a score is worth an alert; None before there is one.
        judging: Whether anything may be judged; without a limit, by the channel's own threshold for the time being.
        proven: Whether the limit was made of long enough a time.
        why: What is still missing, with the time left, for people; "" if nothing is.
        seen_s: Seconds of the camera's life that are known.
    """

    limit: float | None
    judging: bool
    proven: bool
    why: str
    seen_s: float = math.inf


@dataclass(frozen=True, slots=True)
class Opening:
    """So many frames among so many of one channel must be above its limit for an episode to open."""

    frames: int = 3
    among: int = 5


@dataclass(frozen=True, slots=True)
class _Frame:
    clock_s: float
    passed_s: float
    light: Light


class Allowance:
    """Between a camera's frames and its budget. Not for several threads at once."""

    def __init__(self, budget: Budget, opening: Opening) -> None:
        self.budget = budget
        self._opening = opening
        self._minutes = Minutes(len(budget.diary.channels))
        self._sustained = {name: Sustained(opening.frames, opening.among) for name in budget.diary.channels}
        self._frame: _Frame | None = None
        self._ended: deque[Minute] = deque(maxlen=_UNFETCHED)

    def step(self, light: Light, clock_s: float, passed_s: float) -> dict[str, Given]:
        """What holds for the next picture, by channel; changes nothing that is kept.

        Args:
            light: In which it was taken.
            clock_s: When, on a clock that goes on while the daemon is down, if there is one.
            passed_s: Since the picture before; infinite after a cut.
        """
        self._frame = _Frame(clock_s, passed_s, light)
        now = self.budget.standing(int(clock_s // MINUTE_S), light)
        names = self.budget.diary.channels
        limits = now.levels or (None,) * len(names)
        told = (now.judging, now.proven, now.why, now.seen_s)
        return {name: Given(limit, *told) for name, limit in zip(names, limits, strict=True)}

    def note(self, values: Mapping[str, float | None]) -> None:
        """Write down the scores of the picture stepped last, by channel; None where they do not count yet."""
        frame, self._frame = self._frame, None
        if frame is None:
            return
        sustained = [each.step(values[name]) for name, each in self._sustained.items()]
        ended = self._minutes.step(frame.clock_s, frame.passed_s, sustained, frame.light)
        if ended is not None:
            self.budget.live(ended)
            self._ended.append(ended)

    def fetch(self) -> tuple[Minute, ...]:
        """The minutes that ended since the last fetch, to be written down elsewhere."""
        ended = tuple(self._ended)
        self._ended.clear()
        return ended

    def recall(self, minutes: Iterable[Minute]) -> None:
        """Take in minutes in the order in which they ended; those that are known already change nothing.

        What was undone while they ended, since the clock was set back, is undone again.
        """
        past = Diary(self.budget.diary.channels)
        for minute in minutes:
            past.rewind(minute.minute)
            past.add(minute)
        for minute in past:
            self.budget.take(minute)

    def move(self, clock_s: float) -> None:
        """The camera shows another view from now on; see `Budget.move`."""
        self.budget.move(int(clock_s // MINUTE_S))

    def cut(self) -> None:
        """The next picture does not follow the last one."""
        self._frame = None
        for each in self._sustained.values():
            each.cut()

    def state(self) -> StateDict:
        """The budget's arrays, and `opening` (2,), what its peaks are of; the minute under way is not kept."""
        return self.budget.state() | {"opening": _array(self._opening)}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; with nothing if its peaks are what other numbers of frames reached.

        Raises:
            StateError: It does not fit; nothing changed.
        """
        told = {"opening": state.get("opening", _array(Opening()))}  # in states of before it was written there is none
        opening = fitted(told, {"opening": Wanted(np.int64, (2,))})["opening"]
        if np.array_equal(opening, _array(self._opening)):
            self.budget.restore({name: array for name, array in state.items() if name != "opening"})
        else:
            self.budget.restore(Diary(self.budget.diary.channels).state())


def _array(opening: Opening) -> npt.NDArray[np.int64]:
    return np.array((opening.frames, opening.among), np.int64)
