"""Event metrics: were the anomalous happenings alerted, how late, and how many alerts match nothing. No frames here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detectors.evaluation.frames import Labels

DAY_S = 86_400.0
HOUR_LONG_S = 1_800.0  # clips at least this long are judged by the tolerances for hour-long footage
SHORTEST_WATCH_S = 3_600.0  # a daily rate from less ordinary footage would be a guess


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How alerts may lie to a truth run.

    Attributes:
        gap_s: Runs closer than this are one.
        before_s: A run's own alert starts in [start - before_s, end + after_s].
        after_s: See `before_s`.
    """

    gap_s: float
    before_s: float
    after_s: float


CLIPS = Tolerance(gap_s=1.0, before_s=0.0, after_s=1.0)
HOUR_LONG = Tolerance(gap_s=10.0, before_s=5.0, after_s=10.0)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert, in seconds of its clip: people were told at `raised_s`; it was open until `ended_s`."""

    raised_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class Run:
    """One anomalous happening, [start_s, end_s) in seconds of its clip."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class AlertedClip:
    """What happened in one labelled clip, and what was alerted."""

    truth: tuple[Run, ...]
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class EventMetrics:
    """Shares are None where nothing is there to take a share of.

    Attributes:
        truth: Truth runs.
        alerts: Alerts raised.
        recall: Share of the runs with an alert of their own.
        covered: Share of the runs during which an alert was open.
        precision: Share of the alerts that match a run in either way.
        false_alarms: Alerts that match none.
        median_delay_s: From a run's start to its own alert, at least 0; over the runs that have one.
        p90_delay_s: The 90th percentile of the same.
    """

    truth: int
    alerts: int
    recall: float | None
    covered: float | None
    precision: float | None
    false_alarms: int
    median_delay_s: float | None
    p90_delay_s: float | None


def tolerance_for(clip_s: float) -> Tolerance:
    """The tolerances for a clip of this length."""
    return HOUR_LONG if clip_s >= HOUR_LONG_S else CLIPS


def truth_runs(labels: Labels, times_s: Sequence[float], end_s: float, tolerance: Tolerance) -> tuple[Run, ...]:
    """Anomalous runs, those closer than the tolerance's gap merged.

    Args:
        labels: (T,) True where anomalous.
        times_s: When each frame was, rising.
        end_s: When the clip ends (the last frame's time and its duration).
        tolerance: Which runs are one.
    """
    padded = np.concatenate([[False], labels, [False]])
    starts, ends = np.flatnonzero(padded[1:] & ~padded[:-1]), np.flatnonzero(padded[:-1] & ~padded[1:])
    times = [*times_s, end_s]
    merged: list[Run] = []
    for start, end in zip(starts, ends, strict=True):
        run = Run(times[start], times[end])
        if merged and run.start_s - merged[-1].end_s < tolerance.gap_s:
            run = Run(merged.pop().start_s, run.end_s)
        merged.append(run)
    return tuple(merged)


def event_metrics(clips: Sequence[tuple[AlertedClip, Tolerance]]) -> EventMetrics:
    """All clips together. An alert is the own alert of at most one run."""
    delays: list[float] = []
    covered = truth = alerts = matching = 0
    for clip, tolerance in clips:
        truth += len(clip.truth)
        alerts += len(clip.alerts)
        delays += own_delays_s(clip, tolerance)
        covered += sum(any(_covers(alert, run) for alert in clip.alerts) for run in clip.truth)
        matching += sum(_matches(alert, clip.truth, tolerance) for alert in clip.alerts)
    return EventMetrics(
        truth=truth,
        alerts=alerts,
        recall=_share(len(delays), truth),
        covered=_share(covered, truth),
        precision=_share(matching, alerts),
        false_alarms=alerts - matching,
        median_delay_s=float(np.median(delays)) if delays else None,
        p90_delay_s=float(np.percentile(delays, 90)) if delays else None,
    )


def own_delays_s(clip: AlertedClip, tolerance: Tolerance) -> list[float]:
    """Delay of each run that has an own alert: alerts in order of time, each to the open window that closes first."""
    waiting = sorted(clip.truth, key=lambda run: run.end_s)
    delays = []
    for alert in sorted(clip.alerts, key=lambda alert: alert.raised_s):
        own = next((run for run in waiting if _starts_in(alert, run, tolerance)), None)
        if own is not None:
            waiting.remove(own)
            delays.append(max(0.0, alert.raised_s - own.start_s))
    return delays


def alerts_per_day(alerts: int, watched_s: float) -> float | None:
    """Rate over `watched_s` seconds of ordinary footage; None where that is under an hour and can tell nothing."""
    return alerts * DAY_S / watched_s if watched_s >= SHORTEST_WATCH_S else None


def _matches(alert: Alert, truth: Sequence[Run], tolerance: Tolerance) -> bool:
    return any(_starts_in(alert, run, tolerance) or _covers(alert, run) for run in truth)


def _starts_in(alert: Alert, run: Run, tolerance: Tolerance) -> bool:
    return run.start_s - tolerance.before_s <= alert.raised_s <= run.end_s + tolerance.after_s


def _covers(alert: Alert, run: Run) -> bool:
    return alert.raised_s < run.end_s and alert.ended_s >= run.start_s


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
