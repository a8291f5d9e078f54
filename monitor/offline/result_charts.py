"""What the page of an evaluation draws, as plain numbers. Draws nothing itself, and holds no picture of the footage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.cost import spent_ms
from detectors.evaluation.events import DAY_S, Tolerance, truth_runs
from detectors.evaluation.frames import Labels, Numbers, ScoredClip, joined, roc_curve
from detectors.evaluation.learning import Learning
from detectors.evaluation.levels import Levels
from detectors.evaluation.quality import labelled_tests

MOST_POINTS = 1500  # of a line: more than a screen has columns
ROC_POINTS = 401
BINS = 60
LEAST_MS, MOST_MS = 0.01, 1000.0
_EVERY_RUN = Tolerance(gap_s=0.0, before_s=0.0, after_s=0.0)
Spans = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """One curve over its chart's x.

    `kind` is "fused", "limit", "detector", "baseline" or "other" and gives its look; the reader may show or hide it.
    """

    label: str
    kind: str
    values: list[float | None]
    shown: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart; `x_kind` is "clock" (seconds), "share" (0..1) or "ms" (logarithmic), spans are in units of `x`."""

    title: str
    note: str
    x_kind: str
    x_label: str
    x: list[float]
    lines: list[Line]
    truth: Spans
    unknown: Spans
    alerts: Spans


def roc_chart(logs: Sequence[ClipLog]) -> Chart | None:
    """ROC curves of the fused score, each detector and each trivial score; None without both classes."""
    labelled = labelled_tests(logs)
    x = np.linspace(0.0, 1.0, ROC_POINTS) ** 2  # closest where false alarms are few, which is where a monitor works
    lines = []
    for label, kind in _scores(labelled):
        clips = [ScoredClip(log.labels, _column(log, label, kind)) for log in labelled if log.labels is not None]
        curve = roc_curve(*joined(clips))
        if curve is not None:
            lines.append(Line(label, kind, _plain(_at(x, *curve)), kind != "baseline" or label == "d12"))
    note = "All labelled test frames in one curve each. Hits over false alarms, both as shares of frames."
    return _chart("ROC curves", note, ("share", "false alarms", x), lines) if lines else None


def learning_chart(learning: Learning) -> Chart | None:
    """How the level of ordinary scores went, relative to where it ended; None if nothing was ever known."""
    parts = learning.stretches
    fused = [part.fused for part in parts]
    lines = [
        Line("fused, median", "fused", _relative([level.median for level in fused]), shown=True),
        Line("fused, 99 %", "other", _relative([level.q99 for level in fused]), shown=True),
    ]
    for name in parts[0].detectors if parts else ():
        levels: list[Levels] = [part.detectors[name] for part in parts]
        lines.append(Line(f"{name}, median", "detector", _relative([level.median for level in levels]), shown=True))
    if all(value is None for line in lines for value in line.values):
        return None
    x = np.array([(part.from_s + part.to_s) / 2 for part in parts])
    note = (
        "Level of what is not labelled anomalous, in twentieths of the stream, as a multiple of its last. Falling: the "
        "scene grows familiar. It says nothing of how well anomalies are told apart. Shaded: the train split."
    )
    trained: Spans = [(0.0, learning.trained_s)] if learning.trained_s else []
    return _chart("Level of ordinary scores while learning", note, ("clock", "stream", x), lines, unknown=trained)


def cost_chart(logs: Sequence[ClipLog]) -> Chart | None:
    """How often a frame cost how much, by stage; None if nothing was timed."""
    edges = np.geomspace(LEAST_MS, MOST_MS, BINS + 1)
    lines = []
    for stage, spent in spent_ms(logs).items():
        counts, _ = np.histogram(spent, edges)
        lines.append(Line(stage, "detector", _plain(counts / max(1, spent.size)), shown=True))
    note = "Share of the analysed frames by milliseconds. Frames in which a stage did nothing are not drawn."
    return _chart("Cost by stage", note, ("ms", "cost", np.sqrt(edges[:-1] * edges[1:])), lines) if lines else None


def course_charts(logs: Sequence[ClipLog]) -> Iterator[Chart]:
    """The score over time: a chart for each labelled test clip, and one for each day of the rest of a split."""
    factors = _factors(logs)
    for group in _groups(logs):
        yield _course_chart(group, factors)


def _course_chart(group: Sequence[ClipLog], factors: Mapping[tuple[str, str], float]) -> Chart:
    alone = len(group) == 1 and group[0].labels is not None
    offsets = [0.0 if alone else log.began_s for log in group]
    times_s = np.concatenate([offset + log.times_s for offset, log in zip(offsets, group, strict=True)])
    fused = _known(np.concatenate([log.said.scores for log in group]), group)
    at = _peaks(fused)
    lines = [Line("fused", "fused", _plain(fused[at]), shown=True)]
    lines.append(Line("limit", "limit", _plain(np.concatenate([log.said.limits for log in group])[at]), shown=True))
    for (label, kind), factor in factors.items():
        values = np.concatenate([_column(log, label, kind) for log in group])[at] * factor
        lines.append(Line(label, kind, _plain(values), shown=False))
    spans: dict[str, Spans] = {"truth": [], "unknown": [], "alerts": []}
    for offset, log in zip(offsets, group, strict=True):
        if log.labels is not None:
            spans["truth"] += _runs(log, log.labels, offset)
        spans["unknown"] += _runs(log, ~log.said.judged, offset)
        spans["alerts"] += [(offset + alert.raised_s, offset + alert.ended_s) for alert in log.alerts]
    x = ("clock", "clip" if alone else "stream", times_s[at])
    return _chart(_title(group, alone=alone), "", x, lines, **spans)


def _groups(logs: Sequence[ClipLog]) -> Iterator[tuple[ClipLog, ...]]:
    def key(indexed: tuple[int, ClipLog]) -> tuple[bool, int, int]:
        index, log = indexed
        return log.trained, int(log.began_s // DAY_S), index if log.labels is not None else -1

    for _, group in groupby(enumerate(logs), key):
        yield tuple(log for _, log in group)


def _title(group: Sequence[ClipLog], *, alone: bool) -> str:
    split = "train" if group[0].trained else "test"
    if alone or len(group) == 1:
        return f"{split} {group[0].name}"
    return f"{split} {group[0].name} to {group[-1].name}, {len(group)} clips"


def _scores(logs: Sequence[ClipLog]) -> list[tuple[str, str]]:
    """Label and kind of every score."""
    if not logs:
        return []
    said = logs[0].said
    detectors = [(name, "detector") for name in said.detectors]
    return [("fused", "fused"), *detectors, *((name, "baseline") for name in said.baselines)]


def _column(log: ClipLog, label: str, kind: str) -> Numbers:
    if kind == "fused":
        return log.said.scores
    return (log.said.detectors if kind == "detector" else log.said.baselines)[label]


def _factors(logs: Sequence[ClipLog]) -> dict[tuple[str, str], float]:
    """What brings each score's 99 % quantile to that of the fused one: their units differ, for drawing only."""
    tails = {
        key: float(np.quantile(np.concatenate([_column(log, *key) for log in logs]), 0.99)) for key in _scores(logs)
    }
    fused = tails.pop(("fused", "fused"), 0.0)
    return {key: fused / tail if fused > 0 and tail > 0 else 1.0 for key, tail in tails.items()}


def _known(fused: Numbers, group: Sequence[ClipLog]) -> Numbers:
    return np.where(np.concatenate([log.said.unknown for log in group]), np.nan, fused)


def _peaks(values: Numbers) -> list[int]:
    """At most about `MOST_POINTS` indices: of each group of neighbours the one with the highest value."""
    size = max(1, -(-values.size // MOST_POINTS))
    low = np.where(np.isnan(values), -np.inf, values)
    return [start + int(np.argmax(low[start : start + size])) for start in range(0, values.size, size)]


def _runs(log: ClipLog, wanted: Labels, offset: float) -> Spans:
    runs = truth_runs(wanted, log.times_s.tolist(), log.end_s, _EVERY_RUN)
    return [(offset + run.start_s, offset + run.end_s) for run in runs]


def _at(x: Numbers, false: Numbers, hits: Numbers) -> Numbers:
    """The curve at `x`; where it rises straight up, the top."""
    top = np.append(np.flatnonzero(np.diff(false)), false.size - 1)
    return np.asarray(np.interp(x, false[top], hits[top]))


def _relative(values: Sequence[float | None]) -> list[float | None]:
    last = next((value for value in reversed(values) if value is not None), None)
    return [None if value is None or not last else _short(value / last) for value in values]


def _plain(values: Numbers) -> list[float | None]:
    return [None if np.isnan(value) else _short(value) for value in values.tolist()]


def _short(value: float) -> float:
    """Four digits: what a screen can show, in half the bytes."""
    return float(f"{value:.4g}")


def _chart(
    title: str,
    note: str,
    x: tuple[str, str, Numbers],
    lines: list[Line],
    *,
    truth: Spans | None = None,
    unknown: Spans | None = None,
    alerts: Spans | None = None,
) -> Chart:
    kind, label, values = x
    points = [round(value, 6) for value in values.tolist()]
    return Chart(title, note, kind, label, points, lines, truth or [], unknown or [], alerts or [])
