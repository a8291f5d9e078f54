"""In which light and state a stream of days was, hour by hour. Judges neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.budget.diary import Light
from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.days import HOUR_S
from detectors.evaluation.frames import Numbers


@dataclass(frozen=True, slots=True)
class Hours:
    """Of a whole stream.

    Attributes:
        states: Hours in each state, as it was told while streaming.
        lights: Hours in each light.
        state_by_hour, light_by_hour: What each hour was for the most part.
    """

    states: Mapping[str, float]
    lights: Mapping[str, float]
    state_by_hour: tuple[str, ...]
    light_by_hour: tuple[str, ...]


def hours(logs: Sequence[ClipLog]) -> Hours:
    """Of logs in the order they were streamed; a clip whose light nobody noted has none."""
    states, lights = _Tally(), _Tally()
    for log in logs:
        states.add(log.began_s + log.times_s, log.began_s + log.end_s, log.said.states)
        if log.counted is not None:
            names = [Light(light).name.lower() for light in log.counted.lights]
            lights.add(log.counted.at_s, log.began_s + log.end_s, names)
    return Hours(states.total(), lights.total(), states.by_hour(), lights.by_hour())


class _Tally:
    """Seconds of each name in each hour."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[int, str], float] = {}

    def add(self, at_s: Numbers, end_s: float, names: Sequence[str]) -> None:
        """One clip's frames; each lasts until the next one."""
        lasted_s = np.diff(at_s, append=end_s).tolist()
        for hour, name, seconds in zip((at_s // HOUR_S).astype(int).tolist(), names, lasted_s, strict=True):
            self._seconds[hour, name] = self._seconds.get((hour, name), 0.0) + seconds

    def total(self) -> dict[str, float]:
        """Hours of each name, most first."""
        told: dict[str, float] = {}
        for (_, name), seconds in self._seconds.items():
            told[name] = told.get(name, 0.0) + seconds / HOUR_S
        return dict(sorted(told.items(), key=lambda each: -each[1]))

    def by_hour(self) -> tuple[str, ...]:
        """The name that lasted longest in each hour; "" where there is none."""
        last = max((hour for hour, _ in self._seconds), default=-1)
        most: list[tuple[float, str]] = [(0.0, "")] * (last + 1)
        for (hour, name), seconds in self._seconds.items():
            most[hour] = max(most[hour], (seconds, name))
        return tuple(name for _, name in most)
