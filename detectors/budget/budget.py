"""How many alerts a camera may raise, kept: from its diary to the limits that hold now. Sees no picture.

What is promised: this camera's own recent ordinary life would raise no more alerts at the limits than the budget, and a
few less, for caution. That is so on the diary, its minutes counting half after `HALF_LIFE_DAYS`, and on the last day of
it alone; of tomorrow it is true as far as tomorrow resembles those days. It is no cap: a day on which more happens
brings more alerts, until they are more than a day's, and makes the next days stricter.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detectors.base import Floats, StateDict, StateView
from detectors.budget.diary import MINUTE_S, Diary, Light, Minute
from detectors.budget.levels import DAY_MINUTES, Doubles, Life, levels
from detectors.state import Wanted, fitted

HALF_LIFE_DAYS = 2.0
# Before so much was seen there is no level at all, and before so much it is marked as not proven. Unit: seconds.
ARMING_S = 1800.0
PROVING_S = 43_200.0
# A light other than the first counts once it was seen for so long. Unit: seconds.
LIGHT_S = 3600.0
# After so long without a picture a camera is looked at again for `ARMING_S` before it is judged; after so long
# nothing of the diary is believed any more. Unit: minutes.
AWAY = 360
SEASON = 10_080
# A light has levels of its own once the diary spans so much, and so much of it in that light. Unit: minutes.
SPAN = 10_080
OWN_LIGHT = 1440
# The last day alone may have had so many alerts in any case, less what `levels` takes off: what goes on now is one of
# them, and is not to become its own limit.
LEAST_LATELY = 2.0
# And so much of it must have been seen, or an hour after an outage would be all there is of it. Unit: minutes.
LATELY = 360
# A channel of which fewer minutes are known has no level.
LEAST_KNOWN = 30
# Levels are found anew after so many minutes.
EVERY = 5
_NEVER = np.array(-1, np.int64)  # in states of before moves were noticed
_HOURS_FROM = 120  # minutes; shorter times are told in minutes


@dataclass(frozen=True, slots=True)
class Standing:
    """What the budget says now.

    Attributes:
        levels: Each channel's, above which a score is worth an alert; None before there are any, or for a channel of
            which too little is known.
        proven: Whether they were made of long enough a time.
        judging: Whether anything may be judged; else what comes is unknown.
        why: What is still missing, with the time left, for people; "" if nothing is.
        seen_s: Seconds of the camera's life that are known.
    """

    levels: tuple[float | None, ...] | None
    proven: bool
    judging: bool
    why: str
    seen_s: float


class Budget:
    """The limits of one camera's channels, from its diary. Not for several threads at once."""

    def __init__(self, shares: Mapping[str, float], alerts_per_day: float, join_s: float) -> None:
        """Begin with an empty diary.

        Args:
            shares: The channels that share the budget, at least one, and how often each may alert beside the others.
            alerts_per_day: Wanted, > 0.
            join_s: What lies at most so far apart is one happening.
        """
        self.diary = Diary(tuple(shares))
        self._shares = tuple(shares.values())
        self._alerts_per_day = alerts_per_day
        self._join = max(1, math.floor(join_s / MINUTE_S))
        self._found: tuple[float | None, ...] | None = None
        self._found_for: tuple[int, Light | None] = (-EVERY, None)
        self._said: tuple[int, Light, Standing] | None = None
        self._moved: int | None = None  # the minute in which the camera was moved last

    @property
    def alerts_per_day(self) -> float:
        """Wanted, > 0. Setting it changes the levels at once."""
        return self._alerts_per_day

    @alerts_per_day.setter
    def alerts_per_day(self, wanted: float) -> None:
        self._alerts_per_day = wanted
        self._found = self._said = None

    def live(self, minute: Minute) -> None:
        """Take in the minute that has just ended, by a clock that may have been set back."""
        if self.diary.rewind(minute.minute) and self._moved is not None:
            self._moved = min(self._moved, minute.minute - 1)
        self.take(minute)

    def take(self, minute: Minute) -> None:
        """Take in a minute; nothing if it, or a later one, is known already."""
        if self._moved is not None and minute.minute <= self._moved:  # of the view before, read from a journal
            return
        last = self.diary.last
        if last is not None and minute.minute - last >= SEASON:
            self.diary.clear()
            self._moved = None
        self.diary.add(minute)
        self._said = None

    def move(self, minute: int) -> None:
        """The camera was moved: from `minute` on it shows another view, judged by models that begin anew.

        How strange the life before another view was, to models that are gone, says nothing of this one: as after a
        season away nothing of the diary is believed any more. And as after a long absence the camera is looked at for
        `ARMING_S` first, without being judged, since nobody knows yet how strange its ordinary life is.
        """
        self.diary.clear()
        self._moved = minute
        self._found = self._said = None

    def standing(self, minute: int, light: Light) -> Standing:
        """What holds in `minute`, in this light."""
        if self._said is None or self._said[:2] != (minute, light):
            self._said = minute, light, self._standing(minute, light)
        return self._said[2]

    def state(self) -> StateDict:
        """The diary's arrays, and `moved`, the minute of the last move, -1 for none; levels follow from them."""
        return self.diary.state() | {"moved": np.array(-1 if self._moved is None else self._moved, np.int64)}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        moved = int(fitted({"moved": state.get("moved", _NEVER)}, {"moved": Wanted(np.int64)})["moved"])
        self.diary.restore({name: array for name, array in state.items() if name != "moved"})
        self._moved = None if moved < 0 else moved
        self._found = self._said = None

    def _standing(self, minute: int, light: Light) -> Standing:
        seen_s = float(self.diary.seen_s.sum())
        proven = seen_s >= PROVING_S
        away = None if seen_s < ARMING_S else self._away(minute)
        in_light_s = float(self.diary.seen_s[self.diary.lights == light].sum())
        if seen_s < ARMING_S and self._moved is not None:
            ago = _told(60.0 * max(0, minute - self._moved))
            judging, why = False, f"was moved {ago} ago: judged again in {_told(ARMING_S - seen_s)}"
        elif seen_s < ARMING_S:
            judging, why = True, f"still learning: its own levels in {_told(ARMING_S - seen_s)}"
        elif away is not None:
            judging, why = False, away
        elif in_light_s < min(LIGHT_S, seen_s - in_light_s):
            judging, why = False, f"first time in this light: learning it for {_told(LIGHT_S - in_light_s)} more"
        else:
            why = "" if proven else f"still learning: levels are proven in {_told(PROVING_S - seen_s)}"
            return Standing(self._levels(minute, light), proven, True, why, seen_s)
        return Standing(None, proven, judging, why, seen_s)

    def _away(self, minute: int) -> str | None:
        """What to tell while a camera that was away for long is looked at again; None if it is not."""
        minutes, seen_s = self.diary.minutes, self.diary.seen_s
        if minute - int(minutes[-1]) >= AWAY:
            return f"was away for {_told(60.0 * (minute - int(minutes[-1])))}: judged again in {_told(ARMING_S)}"
        gaps = np.flatnonzero(np.diff(minutes) >= AWAY)
        if not len(gaps):
            return None
        since = int(gaps[-1]) + 1
        again_s = float(seen_s[since:].sum())
        if again_s >= ARMING_S:
            return None
        away_s = 60.0 * int(minutes[since] - minutes[since - 1])
        return f"was away for {_told(away_s)}: judged again in {_told(ARMING_S - again_s)}"

    def _levels(self, minute: int, light: Light) -> tuple[float | None, ...]:
        at, of = self._found_for
        if self._found is None or minute - at >= EVERY or minute < at or of is not light:
            self._found = self._levels_of(self._of_light(light), minute)
            self._found_for = minute, light
        return self._found

    def _levels_of(self, wanted: npt.NDArray[np.bool_], minute: int) -> tuple[float | None, ...]:
        """Of some minutes of the diary, and of the last day of them if that alone asks for higher ones."""
        life = self._life(wanted, minute)
        found = levels(life, self._alerts_per_day, self._shares)
        lately = wanted & (self.diary.minutes > minute - DAY_MINUTES)
        if LATELY <= int(lately.sum()) < int(wanted.sum()):
            day = self._life(lately, minute)
            least = LEAST_LATELY / max(day.days, 1 / DAY_MINUTES)
            of_day = levels(day, max(self._alerts_per_day, least), self._shares)
            found = tuple(max(pair) for pair in zip(found, of_day, strict=True))
        known = (life.peaks >= 0).sum(axis=0) >= LEAST_KNOWN
        return tuple(level if enough else None for level, enough in zip(found, known, strict=True))

    def _of_light(self, light: Light) -> npt.NDArray[np.bool_]:
        """(n,) which minutes of the diary: all, but of a long one only those of this light, if they are enough."""
        own: npt.NDArray[np.bool_] = self.diary.lights == light
        spans = int(self.diary.minutes[-1] - self.diary.minutes[0])
        return np.ones_like(own) if spans < SPAN or int(own.sum()) < OWN_LIGHT else own

    def _life(self, wanted: npt.NDArray[np.bool_], minute: int) -> Life:
        diary = self.diary
        age_days = np.maximum(minute - diary.minutes[wanted], 0) / DAY_MINUTES
        weights = np.exp2(-age_days / HALF_LIFE_DAYS)
        days = _days(weights, diary.seen_s[wanted])
        return Life(diary.minutes[wanted], diary.peaks[wanted], weights, days, self._join)


def _days(weights: Doubles, seen_s: Floats) -> float:
    return float((weights * seen_s).sum()) / (DAY_MINUTES * MINUTE_S)


def _told(seconds: float) -> str:
    """A time left, for people."""
    minutes = math.ceil(max(0.0, seconds) / MINUTE_S)
    return f"{minutes} min" if minutes < _HOURS_FROM else f"{minutes / 60:.0f} h"
