"""What an alert budget finds of known happenings: labelled ones, or planted ones. Makes no levels.

A happening has an alert of its own if one starts in [start - 5 s, end + 10 s] (the tolerance of hour-long footage, see
`events`), and is covered if one is open during it. Alerts before levels are proven count for what they find.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.base import Floats
from detectors.budget.minutes import LONGEST_S
from detectors.evaluation.budgets import Limits, Raised
from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.events import (
    HOUR_LONG,
    Alert,
    AlertedClip,
    Run,
    alerts_per_day,
    event_metrics,
    truth_runs,
)
from detectors.evaluation.frames import Labels, Numbers
from detectors.evaluation.plants import Kind, Plant
from detectors.evaluation.sustained import Course

SCENE = "scene"


@dataclass(frozen=True, slots=True)
class Happening:
    """One that is known, on the clock of the stream; `kind` for people."""

    kind: str
    run: Run


@dataclass(frozen=True, slots=True)
class Share:
    """How many of `truth` happenings have an alert of their own, and how many are covered."""

    truth: int
    own: int
    covered: int


@dataclass(frozen=True, slots=True)
class Found:
    """What one budget found.

    Attributes:
        budget: Alerts wanted a day.
        kinds: By kind of happening.
        median_delay_s, p90_delay_s: From a happening's start to its own alert; None if none has one.
        unmatched_per_day: Proven alerts that match nothing, a day of proven time; None where that is under an hour.
    """

    budget: float
    every: Share
    kinds: Mapping[str, Share]
    median_delay_s: float | None
    p90_delay_s: float | None
    unmatched_per_day: float | None


def planted_happenings(plants: Sequence[Plant]) -> tuple[Happening, ...]:
    """The plants."""
    return tuple(Happening(plant.kind.value, Run(plant.began_s, plant.ended_s)) for plant in plants)


def labelled_happenings(logs: Sequence[ClipLog]) -> tuple[Happening, ...]:
    """The labelled ranges of the test split, those less than 10 s apart as one."""
    return tuple(
        Happening("labelled", Run(log.began_s + run.start_s, log.began_s + run.end_s))
        for log in logs
        if not log.trained and log.labels is not None
        for run in truth_runs(log.labels, log.times_s.tolist(), log.end_s, HOUR_LONG)
    )


def found(
    course: Course,
    limits: Limits,
    alerts: Sequence[Raised],
    happenings: Sequence[Happening],
    from_s: float,
    per_day: float,
) -> Found:
    """What the alerts since `from_s` found.

    Args:
        course: All frames.
        limits: What held in them.
        alerts: Of those limits.
        happenings: All that there were since `from_s`.
        from_s: On the clock of the stream.
        per_day: The budget of the limits.
    """
    since = [alert for alert in alerts if alert.ended_s >= from_s]
    metrics = event_metrics([(_clip(happenings, since), HOUR_LONG)])
    unmatched = event_metrics([(_clip(happenings, [a for a in since if a.proven]), HOUR_LONG)]).false_alarms
    proven_s = _seconds(course.at_s, limits.proven & (course.at_s >= from_s))
    kinds = dict.fromkeys(happening.kind for happening in happenings)
    return Found(
        budget=per_day,
        every=_share(happenings, since),
        kinds={kind: _share([each for each in happenings if each.kind == kind], since) for kind in sorted(kinds)},
        median_delay_s=metrics.median_delay_s,
        p90_delay_s=metrics.p90_delay_s,
        unmatched_per_day=alerts_per_day(unmatched, proven_s),
    )


def lasting(course: Course, plants: Sequence[Plant]) -> float | None:
    """How much of the scene channel's score is left at the end of a plant that stays: last third over first, medians.

    None without such a plant, or without that channel.
    """
    if SCENE not in course.channels:
        return None
    scores = course.scores[:, course.channels.index(SCENE)]
    ratios = []
    for plant in plants:
        third_s = (plant.ended_s - plant.began_s) / 3
        first = _median(scores, course.at_s, plant.began_s, plant.began_s + third_s)
        last = _median(scores, course.at_s, plant.ended_s - third_s, plant.ended_s)
        if plant.kind is Kind.STAYS and first > 0 and not np.isnan(last):
            ratios.append(last / first)
    return float(np.median(ratios)) if ratios else None


def _share(happenings: Sequence[Happening], alerts: Sequence[Raised]) -> Share:
    metrics = event_metrics([(_clip(happenings, alerts), HOUR_LONG)])
    own, covered = (round((share or 0.0) * metrics.truth) for share in (metrics.recall, metrics.covered))
    return Share(metrics.truth, own, covered)


def _clip(happenings: Sequence[Happening], alerts: Sequence[Raised]) -> AlertedClip:
    return AlertedClip(
        tuple(happening.run for happening in happenings), tuple(Alert(a.began_s, a.ended_s) for a in alerts)
    )


def _seconds(at_s: Numbers, wanted: Labels) -> float:
    passed_s = np.diff(at_s, prepend=at_s[:1])
    return float(passed_s[wanted & (passed_s <= LONGEST_S)].sum())


def _median(scores: Floats, at_s: Numbers, from_s: float, to_s: float) -> float:
    some = scores[slice(*np.searchsorted(at_s, (from_s, to_s)).tolist())]
    known = some[~np.isnan(some)]
    return float(np.median(known)) if known.size else float("nan")
