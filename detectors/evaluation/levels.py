"""Where scores lie in stretches of the stream: the middle and the tail. Says nothing of right or wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.frames import Labels, Numbers


@dataclass(frozen=True, slots=True)
class Levels:
    """Quantiles of one score over the frames for which it was known; None if there were none."""

    median: float | None
    q99: float | None
    q999: float | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Every score's levels in [from_s, to_s) of the stream's clock."""

    from_s: float
    to_s: float
    fused: Levels
    detectors: Mapping[str, Levels]


def stretches(logs: Sequence[ClipLog], edges_s: Sequence[float]) -> tuple[Stretch, ...]:
    """The levels between each edge and the next, of what is not labelled anomalous.

    Args:
        logs: In the order they were streamed.
        edges_s: Rising, on the stream's clock.
    """
    if not logs:
        return ()
    cuts = np.searchsorted(np.concatenate([log.began_s + log.times_s for log in logs]), edges_s)
    ordinary = [~log.labels if log.labels is not None else np.ones(len(log.times_s), dtype=bool) for log in logs]

    def of(scores: Sequence[Numbers], unknown: Sequence[Labels]) -> list[Levels]:
        values, told = np.concatenate(scores), np.concatenate(ordinary) & ~np.concatenate(unknown)
        return [levels(values[start:end][told[start:end]]) for start, end in pairwise(cuts)]

    fused = of([log.said.scores for log in logs], [log.said.unknown for log in logs])
    detectors = {
        name: of([log.said.detectors[name] for log in logs], [log.said.silent[name] for log in logs])
        for name in logs[0].said.detectors
    }
    return tuple(
        Stretch(from_s, to_s, fused[index], {name: each[index] for name, each in detectors.items()})
        for index, (from_s, to_s) in enumerate(pairwise(edges_s))
    )


def levels(values: Numbers) -> Levels:
    """Of these scores."""
    if not values.size:
        return Levels(None, None, None)
    median, q99, q999 = np.quantile(values, [0.5, 0.99, 0.999]).tolist()
    return Levels(median, q99, q999)
