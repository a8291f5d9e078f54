"""What a frame costs, in all and by stage, as milliseconds. Times nothing itself and compares no machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.frames import Numbers
from detectors.evaluation.protocol import JUDGING, LEARNING

_MS = 1000.0


@dataclass(frozen=True, slots=True)
class Milliseconds:
    """Of one analysed frame; None if there was none. What few frames need has a p50 of 0 and shows in the mean."""

    p50: float | None
    p95: float | None
    mean: float | None


def frame_cost(logs: Sequence[ClipLog]) -> Milliseconds:
    """Of judging and learning; reading the recording and the trivial baselines are left out."""
    spent = spent_ms(logs)
    parts = [spent[stage] for stage in (JUDGING, LEARNING) if stage in spent]
    return milliseconds(np.sum(parts, axis=0) if parts else np.zeros(0))


def stage_costs(logs: Sequence[ClipLog]) -> dict[str, Milliseconds]:
    """Of every stage that was timed."""
    return {stage: milliseconds(spent) for stage, spent in spent_ms(logs).items()}


def spent_ms(logs: Sequence[ClipLog]) -> Mapping[str, Numbers]:
    """Each stage's milliseconds in every analysed frame of all the logs; 0 in frames that did without."""
    names = dict.fromkeys(name for log in logs for name in log.said.stages_s)
    return {name: _MS * np.concatenate([_column(log, name) for log in logs]) for name in names}


def milliseconds(spent: Numbers) -> Milliseconds:
    """Of these frames."""
    if not spent.size:
        return Milliseconds(None, None, None)
    p50, p95 = np.percentile(spent, [50, 95]).tolist()
    return Milliseconds(p50, p95, float(spent.mean()))


def _column(log: ClipLog, name: str) -> Numbers:
    if name in log.said.stages_s:
        return log.said.stages_s[name].astype(np.float64)
    return np.zeros(max((len(column) for column in log.said.stages_s.values()), default=0))
