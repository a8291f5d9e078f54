"""How fast a subject learns: when it first answers, how the level of ordinary scores settles, how AUC goes on.

The level says how familiar the scene has become, not how well anomalies are told from it. The AUC of a part of the test
split does, but the parts hold other scenes and are not equally hard: read it beside d12's, which learns nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.frames import Labels, Numbers, auc
from detectors.evaluation.levels import Stretch, stretches
from detectors.evaluation.quality import REFERENCE, labelled_tests

STRETCHES = 20
QUARTERS = 4


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter of the labelled test frames in the order they were streamed: micro AUCs, None where a class is missing.

    `frames` and `anomalous` are counts; `d12` is the reference that learns nothing.
    """

    frames: int
    anomalous: int
    fused: float | None
    d12: float | None
    detectors: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Learning:
    """The course of one run.

    Attributes:
        first_score_s: Seconds of stream before the first fused score; None if there never was one.
        first_verdict_s: The same before the first verdict.
        stretches: Levels of the ordinary frames in equal parts of the stream, train split and test split.
        trained_s: Where the train split ends on the stream's clock.
        quarters: Of the labelled test frames; empty without any.
    """

    first_score_s: float | None
    first_verdict_s: float | None
    stretches: tuple[Stretch, ...]
    trained_s: float
    quarters: tuple[Quarter, ...]


def course(logs: Sequence[ClipLog]) -> Learning:
    """Of one run's logs, in the order they were streamed."""
    end_s = logs[-1].began_s + logs[-1].end_s if logs else 0.0
    return Learning(
        first_score_s=_first_s(logs, lambda log: ~log.said.unknown),
        first_verdict_s=_first_s(logs, lambda log: log.said.judged),
        stretches=stretches(logs, np.linspace(0.0, end_s, STRETCHES + 1).tolist()),
        trained_s=max((log.began_s + log.end_s for log in logs if log.trained), default=0.0),
        quarters=_quarters(labelled_tests(logs)),
    )


def _first_s(logs: Sequence[ClipLog], known: Callable[[ClipLog], Labels]) -> float | None:
    for log in logs:
        if (frames := np.flatnonzero(known(log))).size:
            return float(log.began_s + log.times_s[frames[0]])
    return None


def _quarters(logs: Sequence[ClipLog]) -> tuple[Quarter, ...]:
    if not logs:
        return ()
    labels = np.concatenate([log.labels for log in logs if log.labels is not None])
    fused = _areas(labels, [log.said.scores for log in logs])
    d12 = _areas(labels, [log.said.baselines[REFERENCE] for log in logs])
    detectors = {name: _areas(labels, [log.said.detectors[name] for log in logs]) for name in logs[0].said.detectors}
    return tuple(
        Quarter(part.size, int(part.sum()), fused[n], d12[n], {name: each[n] for name, each in detectors.items()})
        for n, part in enumerate(np.array_split(labels, QUARTERS))
    )


def _areas(labels: Labels, scores: Sequence[Numbers]) -> list[float | None]:
    parts = zip(np.array_split(labels, QUARTERS), np.array_split(np.concatenate(scores), QUARTERS), strict=True)
    return [auc(part, values) for part, values in parts]
