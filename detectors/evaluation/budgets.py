"""How an alert budget is kept on days that were logged: levels as they would have been found, alerts as raised.

Everything is replayed from the log: the limits that hold in a minute are made of the minutes before it alone. The
log's scores are those of one run, so a budget that begins later than the stream finds models that are ripe already.
Before a budget has limits a channel's own threshold holds; what that raises is not counted here.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detectors.base import Floats
from detectors.budget.budget import PROVING_S, Budget
from detectors.budget.diary import MINUTE_S, NOT_KNOWN, Light
from detectors.evaluation.days import HOUR_S
from detectors.evaluation.events import DAY_S
from detectors.evaluation.frames import Labels, Numbers
from detectors.evaluation.sustained import Course

BUDGETS = (1.0, 3.0, 10.0)  # alerts a day
STARTS_H = (0, 8, 16, 24, 36, 48)
# A last part of a day that is shorter is none. Unit: seconds.
LEAST_DAY_S = 43_200.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What held in each frame of a course, from `first` on.

    Attributes:
        levels: (N, channels) float32; infinite where there was none.
        proven: (N,) whether they were made of long enough a time.
        seeing: (N,) whether a level lay below the highest score that its channel had shown before.
    """

    first: int
    levels: Floats
    proven: Labels
    seeing: Labels


@dataclass(frozen=True, slots=True)
class Raised:
    """One alert, on the clock of the stream; `channels` raised it, `proven` tells of the levels when it began."""

    began_s: float
    ended_s: float
    proven: bool
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptDay:
    """One day since levels were proven; `seeing` as in `Limits`, at any time of it."""

    hours: float
    alerts: int
    seeing: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """How one budget was kept.

    Attributes:
        budget: Alerts wanted a day.
        start_h: When the budget began to look, in hours of the stream.
        days: Since levels were proven.
        per_day: Mean of those days.
        worst: Alerts of the worst of them.
        early: Alerts before levels were proven.
        raised_by: Proven alerts by the channels that raised them, joined by " + ".
    """

    budget: float
    start_h: float
    days: tuple[KeptDay, ...]
    per_day: float
    worst: int
    early: int
    raised_by: Mapping[str, int]


def replayed(course: Course, per_day: float, start_h: float) -> Limits:
    """The limits of a budget that begins at `start_h`."""
    first = int(np.searchsorted(course.at_s, start_h * HOUR_S))
    levels = np.full(course.values.shape, np.inf, np.float32)
    proven, seeing = np.zeros(len(levels), np.bool_), np.zeros(len(levels), np.bool_)
    budget = Budget(course.shares, per_day, course.join_s)
    highest = np.full(len(course.channels), NOT_KNOWN)
    coming = deque(each for each in course.minutes if each.minute * MINUTE_S >= start_h * HOUR_S)
    for start, end in _alike(course, first):
        minute, light = int(course.at_s[start] // MINUTE_S), Light(course.lights[start])
        # A minute is over once a frame of the next was judged, by the levels without it: as while it runs.
        for frames in (slice(start, start + 1), slice(start + 1, end)):
            now = budget.standing(minute, light)
            if now.levels is not None and now.judging:
                found = np.array([np.inf if level is None else level for level in now.levels])
                levels[frames], proven[frames] = found, now.proven
                seeing[frames] = bool((found < highest).any())
            while coming and coming[0].minute < minute:
                highest = np.maximum(highest, coming[0].peaks)
                budget.take(coming.popleft())
    return Limits(first, levels, proven, seeing)


def raised(course: Course, limits: Limits) -> tuple[Raised, ...]:
    """Frames above a limit; those at most the course's `join_s` apart are one alert."""
    above: npt.NDArray[np.bool_] = course.values > limits.levels  # NaN is not
    hits = np.flatnonzero(above.any(1))
    if not len(hits):
        return ()
    parts = np.split(hits, np.flatnonzero(np.diff(course.at_s[hits]) > course.join_s) + 1)
    return tuple(_alert(course, limits, above, part) for part in parts)


def kept(course: Course, limits: Limits, per_day: float, start_h: float) -> Kept:
    """How the budget was kept."""
    alerts = raised(course, limits)
    proven = [alert for alert in alerts if alert.proven]
    days = _days(course, limits, proven)
    hours = sum(day.hours for day in days)
    return Kept(
        budget=per_day,
        start_h=start_h,
        days=days,
        per_day=24 * sum(day.alerts for day in days) / hours if hours else 0.0,
        worst=max((day.alerts for day in days), default=0),
        early=len(alerts) - len(proven),
        raised_by=dict(sorted(Counter(" + ".join(alert.channels) for alert in proven).items())),
    )


def starts_h(course: Course) -> tuple[int, ...]:
    """Those after which a day or more of proven time follows."""
    seen = [(each.minute * MINUTE_S, each.seen_s) for each in course.minutes]
    return tuple(start for start in STARTS_H if sum(s for at, s in seen if at >= start * HOUR_S) >= PROVING_S + DAY_S)


def _alike(course: Course, first: int) -> Iterator[tuple[int, int]]:
    """[start, end) of frames in one minute and one light."""
    keys = course.at_s[first:] // MINUTE_S * len(Light) + course.lights[first:]
    edges = (np.flatnonzero(np.diff(keys)) + 1 + first).tolist()
    if len(keys):
        yield from zip([first, *edges], [*edges, len(course.at_s)], strict=True)


def _alert(course: Course, limits: Limits, above: Labels, hits: npt.NDArray[np.intp]) -> Raised:
    by = np.any(above[hits], axis=0)
    return Raised(
        began_s=float(course.at_s[hits[0]]),
        ended_s=float(course.at_s[hits[-1]]),
        proven=bool(limits.proven[hits[0]]),
        channels=tuple(name for name, each in zip(course.channels, by.tolist(), strict=True) if each),
    )


def _days(course: Course, limits: Limits, proven: Sequence[Raised]) -> tuple[KeptDay, ...]:
    """24 hours each, from when levels are proven."""
    if not limits.proven.any():
        return ()
    from_s, to_s = float(course.at_s[np.argmax(limits.proven)]), float(course.at_s[-1])
    edges_s: Numbers = np.append(np.arange(from_s, to_s, DAY_S), to_s)
    days = []
    for start_s, end_s in zip(edges_s[:-1].tolist(), edges_s[1:].tolist(), strict=True):
        if end_s - start_s >= LEAST_DAY_S:
            frames = slice(*np.searchsorted(course.at_s, (start_s, end_s)).tolist())
            alerts = sum(start_s <= alert.began_s < end_s for alert in proven)
            days.append(KeptDay((end_s - start_s) / HOUR_S, alerts, bool(limits.seeing[frames].any())))
    return tuple(days)
