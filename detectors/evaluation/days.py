"""How a stream of days goes: does a score's level drift, does the memory grow? Needs no labels, and judges no score."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.events import DAY_S
from detectors.evaluation.levels import Stretch, stretches

HOUR_S = 3600.0
_MB = 1e6


@dataclass(frozen=True, slots=True)
class Day:
    """24 hours of the stream, or what there is of the last one.

    Attributes:
        day: From 1.
        scores: Each score's levels, without what is labelled anomalous.
        anomalous_hour: The largest share of one hour's judged frames that were anomalous; None if none was judged.
        alerts: Raised that day.
        resident_mb: Memory of the process after the last clip that ended that day (1 MB = 1e6 bytes); None if unknown.
        log_mb: What of that is this evaluation's own log.
    """

    day: int
    hours: float
    scores: Stretch
    anomalous_hour: float | None
    alerts: int
    resident_mb: float | None
    log_mb: float


def days(logs: Sequence[ClipLog]) -> tuple[Day, ...]:
    """Every day of a stream of more than one; nothing of a shorter one. Less than an hour at the end is left out."""
    length_s = logs[-1].began_s + logs[-1].end_s if logs else 0.0
    if length_s <= DAY_S:
        return ()
    count = math.ceil((length_s - HOUR_S) / DAY_S)
    edges_s = [*(DAY_S * day for day in range(count)), min(DAY_S * count, length_s)]
    hourly = _anomalous_hours(logs, length_s)
    return tuple(_day(logs, number, stretch, hourly) for number, stretch in enumerate(stretches(logs, edges_s)))


def log_bytes(log: ClipLog) -> int:
    """What one clip's log holds, heatmaps against masks not counted."""
    said = log.said
    columns = [said.scores, said.unknown, said.judged, said.anomalous, said.limits, log.times_s]
    columns += [*said.detectors.values(), *said.silent.values(), *said.baselines.values(), *said.stages_s.values()]
    if log.counted is not None:
        columns += [log.counted.at_s, log.counted.lights, *log.counted.values.values()]
    return sum(column.nbytes for column in columns) + 8 * len(said.states)  # a reference each, to one text per state


def _day(logs: Sequence[ClipLog], number: int, stretch: Stretch, hourly: Sequence[float | None]) -> Day:
    of_day = hourly[number * 24 : number * 24 + 24]
    ended = [log for log in logs if log.began_s + log.end_s <= stretch.to_s]
    resident = ended[-1].resident_bytes if ended else None
    return Day(
        day=number + 1,
        hours=(stretch.to_s - stretch.from_s) / HOUR_S,
        scores=stretch,
        anomalous_hour=max((share for share in of_day if share is not None), default=None),
        alerts=sum(stretch.from_s <= raised_s < stretch.to_s for raised_s in _raised_s(logs)),
        resident_mb=None if resident is None else resident / _MB,
        log_mb=sum(log_bytes(log) for log in ended) / _MB,
    )


def _anomalous_hours(logs: Sequence[ClipLog], length_s: float) -> list[float | None]:
    """The share of judged frames that were anomalous in each hour of the stream."""
    hours = math.ceil(length_s / HOUR_S)
    judged, anomalous = np.zeros(hours), np.zeros(hours)
    for log in logs:
        hour = np.minimum((log.began_s + log.times_s) // HOUR_S, hours - 1).astype(np.intp)
        judged += np.bincount(hour, log.said.judged, hours)
        anomalous += np.bincount(hour, log.said.anomalous, hours)
    return [float(a / j) if j else None for a, j in zip(anomalous, judged, strict=True)]


def _raised_s(logs: Sequence[ClipLog]) -> Iterator[float]:
    return (log.began_s + alert.raised_s for log in logs for alert in log.alerts)
