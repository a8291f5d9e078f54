"""How long to wait before trying a camera again. Does not wait itself."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

# Half of a delay is drawn by lot ("equal jitter", Brooker, "Exponential backoff and jitter", AWS 2015), so that cameras
# behind one switch do not come back in step, and no camera is tried at once.
JITTER_SHARE = 0.5
_GROWTH = 2.0


@dataclass(frozen=True, slots=True)
class Delays:
    """The longest delay of the first attempt and of any attempt, in seconds; `patient` ones for hopeless causes.

    Half a minute of wrong logins is what cameras commonly forgive, hence a patient minute.
    """

    first_s: float = 1.0
    cap_s: float = 60.0
    patient_first_s: float = 60.0
    patient_cap_s: float = 900.0


class Backoff:
    """Delays that double with every failure in a row, capped and jittered."""

    def __init__(self, delays: Delays, random: Random) -> None:
        self._delays = delays
        self._random = random
        self._failures = 0

    def next_s(self, patient: bool) -> float:
        """Seconds to wait after one more failure."""
        delays = self._delays
        first_s, cap_s = (delays.patient_first_s, delays.patient_cap_s) if patient else (delays.first_s, delays.cap_s)
        longest_s = min(cap_s, first_s * _GROWTH ** min(self._failures, 64))  # beyond 64 only the float would overflow
        self._failures += 1
        return longest_s * (1.0 - JITTER_SHARE * self._random.random())

    def reset(self) -> None:
        """The camera was well for a while: start small again."""
        self._failures = 0
