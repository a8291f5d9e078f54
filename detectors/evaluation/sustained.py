"""From the logs of a stream to what its budget would have seen: sustained scores and minutes. Sets no level."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detectors.base import Floats
from detectors.budget.allowance import Opening
from detectors.budget.diary import Light, Minute
from detectors.budget.minutes import Minutes, Sustained
from detectors.evaluation.cliplog import ClipLog, Counted
from detectors.evaluation.frames import Numbers


@dataclass(frozen=True, slots=True)
class Terms:
    """By what rules a camera's alerts are counted.

    Attributes:
        join_s: What lies at most so far apart is one alert.
        opening: Among how many frames how many must be above a limit.
        gap_s: Frames farther apart do not follow one another.
        shares: How often each channel may alert beside the others.
    """

    join_s: float
    opening: Opening
    gap_s: float
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Course:
    """All analysed frames (N,) of a stream, in order.

    Attributes:
        shares: The channels, and how often each may alert beside the others.
        at_s: On the clock of the stream.
        scores: (N, channels) float32, as they were logged; NaN where one does not count.
        values: The same, sustained: what a limit is compared with, see `budget.minutes.Sustained`.
        lights: `Light` of each.
        minutes: Of the same, as a diary takes them.
        join_s: As of `Terms`.
    """

    shares: Mapping[str, float]
    at_s: Numbers
    scores: Floats
    values: Floats
    lights: npt.NDArray[np.uint8]
    minutes: tuple[Minute, ...]
    join_s: float

    @property
    def channels(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.shares)


def course_of(logs: Sequence[ClipLog], terms: Terms) -> Course | None:
    """The logs, in the order they were streamed, as one; None if no channel was counted in them."""
    clips = [log.counted for log in logs if log.counted is not None and len(log.counted.at_s)]
    if not clips or not clips[0].values:
        return None
    channels = tuple(clips[0].values)
    at_s = np.concatenate([clip.at_s for clip in clips])
    lights = np.concatenate([clip.lights for clip in clips])
    passed_s = np.concatenate([np.diff(clip.at_s, prepend=-math.inf) for clip in clips])
    passed_s[passed_s > terms.gap_s] = math.inf
    scores = np.concatenate([_columns(clip, channels) for clip in clips])
    values = np.stack([_sustained(column, passed_s, terms.opening) for column in scores.T], axis=1)
    minutes = tuple(_minutes(at_s, passed_s, values, lights))
    shares = {name: terms.shares[name] for name in channels}
    return Course(shares, at_s, scores, values, lights, minutes, terms.join_s)


def _columns(clip: Counted, channels: Sequence[str]) -> Floats:
    return np.stack([clip.values[name] for name in channels], axis=1)


def _sustained(column: Floats, passed_s: Numbers, opening: Opening) -> Floats:
    """One channel's, begun anew after each cut."""
    score = Sustained(opening.frames, opening.among)
    told = np.full(len(column), np.nan, np.float32)
    for index, (value, cut) in enumerate(zip(column.tolist(), np.isinf(passed_s).tolist(), strict=True)):
        if cut:
            score.cut()
        now = score.step(None if math.isnan(value) else value)
        if now is not None:
            told[index] = now
    return told


def _minutes(at_s: Numbers, passed_s: Numbers, values: Floats, lights: npt.NDArray[np.uint8]) -> Iterator[Minute]:
    gathering = Minutes(values.shape[1])
    names = list(Light)
    columns = (at_s.tolist(), passed_s.tolist(), values.tolist(), lights.tolist())
    for clock_s, since_s, row, light in zip(*columns, strict=True):
        known = [None if math.isnan(value) else value for value in row]
        ended = gathering.step(clock_s, since_s, known, names[light])
        if ended is not None:
            yield ended
    last = gathering.end()
    if last is not None:
        yield last
