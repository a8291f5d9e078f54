"""When a picture was, and which pictures are due for analysis. Reads no clock by itself and converts nothing."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

_NS = 1_000_000_000
# Live pictures come in bursts: up to this much before or after their turn they still count as on time.
_LIVE_SLACK_S = 0.1
_SLACK_TURNS = 0.5
# A recorded pts that goes back by more than this starts anew; decoders reorder over less.
_RESTART_S = 1.0
# A wall clock is steered by less than this; by more it is set, as a minute after a start without a clock of its own.
_SET_S = 60.0


class Clock(Protocol):
    """Time as the loop round a camera sees it."""

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch; may step."""

    def mono_ns(self) -> int:
        """Nanoseconds from any origin; never goes back."""

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Wait until `stop` is set or `seconds` are over; whether `stop` is set."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When one picture was; the fields are those of `monitor.types.Stamp`."""

    wall_ns: int
    mono_ns: int
    pts: float | None


class Timeline:
    """Gives each picture of one run its moment: wall time is monotonic time plus one offset, fixed for the run.

    A live picture was when it was read. A recorded one was at the opening plus its pts, so that durations are those of
    the recording. Where pts starts anew (joined recordings), time goes on by the last good step; where it goes back by
    little (pictures out of order after damage), time stands until pts has caught up.
    """

    def __init__(self, clock: Clock, live: bool) -> None:
        self._clock = clock
        self._live = live
        self._opened_ns = clock.mono_ns()
        self._offset_ns = clock.wall_ns() - self._opened_ns
        self._last_ns: int | None = None
        self._first_pts_s: float | None = None  # shifted where a recording's pts went back
        self._last_s = 0.0
        self._step_s = 0.0

    def mark(self, pts_s: float | None) -> Moment:
        """The moment of the picture that was just read, whose source says `pts_s`."""
        pts = self._since_first(pts_s)
        if self._live:
            mono_ns = self._clock.mono_ns()
        else:
            pts = self._recorded(pts_s, pts)
            mono_ns = self._opened_ns + round(pts * _NS)
        if self._last_ns is not None:
            mono_ns = max(mono_ns, self._last_ns + 1)
        self._last_ns = mono_ns
        return Moment(mono_ns + self._offset_ns, mono_ns, pts)

    @property
    def clock_was_set(self) -> bool:
        """Whether the wall clock was set since the opening, so that a live run's moments are wrong: begin another."""
        now_ns = self._clock.wall_ns() - self._clock.mono_ns()
        return self._live and abs(now_ns - self._offset_ns) > _SET_S * _NS

    def _since_first(self, pts_s: float | None) -> float | None:
        if pts_s is None:
            return None
        if self._first_pts_s is None:
            self._first_pts_s = pts_s
        return pts_s - self._first_pts_s

    def _recorded(self, pts_s: float | None, pts: float | None) -> float:
        if self._last_ns is None:
            return self._last_s
        if pts is not None and pts > self._last_s:
            self._step_s = pts - self._last_s
            self._last_s = pts
        elif pts is None or pts < self._last_s - _RESTART_S:
            self._last_s += self._step_s
            if pts_s is not None:
                self._first_pts_s = pts_s - self._last_s
        return self._last_s


class Pace:
    """Chooses the pictures that are due so that they come at `rate_hz` on average, without drift.

    A turn comes once a period. A picture that is early or late by the slack still takes its turn, and later turns do
    not move; they move only for one that is later than that. (The generic cell rate algorithm, ITU-T I.371 Annex A.)
    Early and late slack together are a period or more, so that a faster source is never thinned too much; a slower one
    gives every picture.

    Args:
        rate_hz: Wanted; None for every picture.
        live: Whether pictures are timed by when they came, hence with jitter.
    """

    def __init__(self, rate_hz: float | None, live: bool) -> None:
        self._period_ns = 0.0 if rate_hz is None else _NS / rate_hz
        self._slack_ns = max(_SLACK_TURNS * self._period_ns, _LIVE_SLACK_S * _NS if live else 0.0)
        self._turn_ns = 0.0  # relative to the first picture, where floats are still exact
        self._first_ns: int | None = None

    def due(self, mono_ns: int) -> bool:
        """Whether the picture of this moment is due; moments must rise."""
        if self._first_ns is None:
            self._first_ns = mono_ns
        at_ns = mono_ns - self._first_ns
        if at_ns < self._turn_ns - self._slack_ns:
            return False
        self._turn_ns = max(self._turn_ns, at_ns - self._slack_ns) + self._period_ns
        return True
