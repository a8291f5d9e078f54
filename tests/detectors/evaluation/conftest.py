"""Logs of clips made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from detectors.evaluation.cliplog import ClipLog, Said
from detectors.evaluation.events import Alert

MakeLog = Callable[..., ClipLog]


def log_of(
    scores: Sequence[float],
    *,
    labels: Sequence[bool] | None = None,
    name: str = "a",
    trained: bool = False,
    began_s: float = 0.0,
    period_s: float = 0.1,
    known_from: int = 0,
    judged_from: int = 0,
    limit: float = 1.0,
    stages_s: Mapping[str, Sequence[float]] | None = None,
    alerts: tuple[Alert, ...] = (),
    resident_bytes: int | None = None,
) -> ClipLog:
    """A clip of these fused scores; its one detector says twice as much, d12 says ten minus it."""
    values = np.array(scores, dtype=np.float64)
    index = np.arange(values.size)
    judged = index >= judged_from
    said = Said(
        scores=values,
        unknown=index < known_from,
        judged=judged,
        anomalous=judged & (values > limit),
        limits=np.where(judged, limit, np.nan),
        states=("active",) * values.size,
        detectors={"twice": 2 * values},
        silent={"twice": index < known_from},
        baselines={"frame_index": index.astype(np.float64), "d12": 10 - values},
        stages_s={n: np.array(s, dtype=np.float32) for n, s in (stages_s or {}).items()},
    )
    return ClipLog(
        name=name,
        trained=trained,
        began_s=began_s,
        times_s=index * period_s,
        end_s=values.size * period_s,
        labels=None if labels is None else np.array(labels, dtype=bool),
        said=said,
        placed=None,
        alerts=alerts,
        resident_bytes=resident_bytes,
        caveats=(),
    )


@pytest.fixture
def make_log() -> MakeLog:
    """Makes a log."""
    return log_of
