"""From a frame's scores to minutes of a diary. Keeps no more than the minute under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from detectors.budget.diary import MINUTE_S, NOT_KNOWN, Light, Minute

# A frame stands for the time since the one before, but not for more than this: what lies in a gap was not seen. How
# soon a gap begins depends on the rate of the frames, see `Pipeline`; after one, infinite time has passed.
LONGEST_S = 60.0


class Sustained:
    """The score that enough frames in a row reach: what opens an episode is not one frame, and so is no level's matter.

    It is the `most`-th largest of the last `among` scores.
    """

    def __init__(self, most: int, among: int) -> None:
        self._most = most
        self._recent: deque[float] = deque(maxlen=among)

    def step(self, value: float | None) -> float | None:
        """Take in the next frame's score, None if there is none; None until there are enough."""
        if value is None:
            return None
        self._recent.append(value)
        if len(self._recent) < self._most:
            return None
        return sorted(self._recent)[-self._most]

    def cut(self) -> None:
        """The next frame does not follow the last one."""
        self._recent.clear()


class Minutes:
    """Gathers frames into minutes on one rising clock."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._under_way: int | None = None
        self._peaks: list[float] = []
        self._seen_s = 0.0
        self._lights: dict[Light, float] = {}

    def step(self, clock_s: float, passed_s: float, values: Sequence[float | None], light: Light) -> Minute | None:
        """Take in a frame; the minute before, if this frame is the first of another.

        Args:
            clock_s: Of the frame, on the diary's clock.
            passed_s: Since the frame before; infinite after a cut.
            values: Each channel's sustained score; None where there is none.
            light: In which it was taken.
        """
        minute = int(clock_s // MINUTE_S)
        ended = None
        if minute != self._under_way:
            ended = self.end()
            self._under_way, self._peaks, self._seen_s, self._lights = minute, [NOT_KNOWN] * self._channels, 0.0, {}
        known = [value for value in values if value is not None]
        if known:
            self._peaks = [p if v is None else max(p, v) for p, v in zip(self._peaks, values, strict=True)]
            lasted_s = passed_s if passed_s <= LONGEST_S else 0.0
            self._seen_s += lasted_s
            self._lights[light] = self._lights.get(light, 0.0) + lasted_s
        return ended

    def end(self) -> Minute | None:
        """The minute under way, which is over; None if nothing was seen of it."""
        if self._under_way is None or not self._lights:
            return None
        light = max(self._lights, key=lambda each: self._lights[each])
        minute = Minute(self._under_way, tuple(self._peaks), light, min(self._seen_s, MINUTE_S))
        self._under_way, self._lights = None, {}
        return minute
