"""What a camera's ordinary life has brought, minute by minute: the strongest score of each channel. Sets no level.

A diary is all that levels are made of. So a budget can be changed, a level explained and a restart survived without
anything else being kept: the same diary gives the same levels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from detectors.base import Floats, StateDict, StateView
from detectors.state import Wanted, fitted, refuse_unless

MINUTE_S = 60
# Older minutes are forgotten; the weight of one so old is less than 1 in 100 of a new one's. Unit: minutes.
KEPT = 20_160
NOT_KNOWN = -1.0  # a peak; below every score
# What is written down of so much later than now was written by a clock that was wrong. Unit: minutes.
AHEAD = 60
# A clock by which so many minutes ended is right, whatever it contradicts. Unit: minutes.
BELIEVED = 1440
_GROWTH = 2048


class Light(IntEnum):
    """In what light a camera sees. Scores of one are not those of another."""

    COLOUR = 0
    INFRARED = 1
    DARK = 2


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of a camera's life.

    Attributes:
        minute: Which one: whole minutes on the clock of the diary, rising.
        peaks: By channel, in the diary's order: the highest score that would have opened an alert; `NOT_KNOWN` where
            there is none, as while its models are warming.
        light: In which it was for the most part.
        seen_s: Seconds of it that were judged, 0..60.
    """

    minute: int
    peaks: tuple[float, ...]
    light: Light
    seen_s: float


class Diary:
    """The last `KEPT` minutes, oldest first, as arrays. Not for several threads at once."""

    def __init__(self, channels: Sequence[str]) -> None:
        """Args: channels: names, in the order of `Minute.peaks`; at least one."""
        self.channels = tuple(channels)
        self._minutes = np.zeros(_GROWTH, np.int64)
        self._peaks = np.zeros((_GROWTH, len(self.channels)), np.float32)
        self._lights = np.zeros(_GROWTH, np.uint8)
        self._seen_s = np.zeros(_GROWTH, np.float32)
        self._first = self._end = 0
        self._behind = 0  # minutes in a row that ended `AHEAD` before the newest that is known

    def __len__(self) -> int:
        return self._end - self._first

    def __iter__(self) -> Iterator[Minute]:
        for minute, peaks, light, seen_s in zip(self.minutes, self.peaks, self.lights, self.seen_s, strict=True):
            yield Minute(int(minute), tuple(peaks.tolist()), Light(light), float(seen_s))

    @property
    def last(self) -> int | None:
        """The newest minute; None before the first."""
        return int(self._minutes[self._end - 1]) if len(self) else None

    @property
    def minutes(self) -> npt.NDArray[np.int64]:
        """(n,): which minutes."""
        return self._minutes[self._first : self._end]

    @property
    def peaks(self) -> Floats:
        """(n, channels): see `Minute.peaks`."""
        return self._peaks[self._first : self._end]

    @property
    def lights(self) -> npt.NDArray[np.uint8]:
        """(n,): `Light` of each."""
        return self._lights[self._first : self._end]

    @property
    def seen_s(self) -> Floats:
        """(n,): seconds judged."""
        return self._seen_s[self._first : self._end]

    def add(self, minute: Minute) -> None:
        """Take in one minute; nothing if it, or a later one, is known already."""
        if self.last is not None and minute.minute <= self.last:
            return
        if self._end == len(self._minutes):
            self._make_room()
        at = self._end
        self._minutes[at], self._lights[at], self._seen_s[at] = minute.minute, minute.light, minute.seen_s
        self._peaks[at] = [_at_least(peak) for peak in minute.peaks]
        self._end += 1
        while self._minutes[self._first] <= minute.minute - KEPT:
            self._first += 1

    def rewind(self, minute: int) -> bool:
        """If the clock was set back, forget what was written down of later than `minute`, which has just ended.

        Of two clocks the one is believed by which more minutes ended, so that a machine that starts in 1970 and soon
        knows better loses nothing.

        Returns:
            Whether anything was forgotten.
        """
        if self.last is None or self.last - minute <= AHEAD:
            self._behind = 0
            return False
        self._behind += 1
        later = int((self.minutes > minute).sum())
        if self._behind < min(later, BELIEVED):
            return False
        self._end -= later
        self._behind = 0
        return True

    def clear(self) -> None:
        """Forget everything: what was seen says nothing of what comes."""
        self._first = self._end = 0

    def state(self) -> StateDict:
        """`minutes` (n,) int64, `peaks` (n, channels) float32, `lights` (n,) uint8, `seen_s` (n,) float32."""
        return {name: getattr(self, name).copy() for name in ("minutes", "peaks", "lights", "seen_s")}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        wanted = {
            "minutes": Wanted(np.int64, (None,)),
            "peaks": Wanted(np.float32, (None, len(self.channels))),
            "lights": Wanted(np.uint8, (None,)),
            "seen_s": Wanted(np.float32, (None,)),
        }
        new = fitted(state, wanted)
        count = len(new["minutes"])
        refuse_unless(all(len(array) == count for array in new.values()), "columns of one length")
        refuse_unless(count <= KEPT and bool((np.diff(new["minutes"]) > 0).all()), f"at most {KEPT} rising minutes")
        peaks = new["peaks"]
        refuse_unless(bool(((peaks >= 0) | (peaks == NOT_KNOWN)).all()), f"peaks of at least 0 or {NOT_KNOWN}")
        refuse_unless(bool((new["lights"] < len(Light)).all()), "lights that there are")
        seen_s = new["seen_s"]
        refuse_unless(bool(((seen_s >= 0) & (seen_s <= MINUTE_S)).all()), "0 to 60 seconds of each minute")
        self._minutes, self._peaks, self._lights, self._seen_s = (new[name].copy() for name in wanted)
        self._first, self._end = 0, count

    def _make_room(self) -> None:
        """Move to the front, into arrays a little longer than what is held."""
        held = len(self)
        for name in ("_minutes", "_peaks", "_lights", "_seen_s"):
            old = getattr(self, name)
            new = np.zeros((held + _GROWTH, *old.shape[1:]), old.dtype)
            new[:held] = old[self._first : self._end]
            setattr(self, name, new)
        self._first, self._end = 0, held


def _at_least(peak: float) -> np.float32:
    """Rounded up: a score that stays just the same must not lie above the level that is made of it."""
    near = np.float32(peak)
    return near if float(near) >= peak else np.nextafter(near, np.float32(np.inf))
