"""What an evaluation says, as one frozen value that becomes JSON, from the logs of its clips. Draws no tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from detectors.evaluation.allowed import Allowed, allowed
from detectors.evaluation.bootstrap import Difference, Interval, bootstrap_micro
from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.cost import Milliseconds, frame_cost, stage_costs
from detectors.evaluation.days import Day, days, log_bytes
from detectors.evaluation.events import (
    DAY_S,
    SHORTEST_WATCH_S,
    AlertedClip,
    EventMetrics,
    Tolerance,
    alerts_per_day,
    event_metrics,
    tolerance_for,
    truth_runs,
)
from detectors.evaluation.frames import Labels, joined, macro_auc
from detectors.evaluation.learning import Learning, course
from detectors.evaluation.localisation import localisation
from detectors.evaluation.plants import Plant
from detectors.evaluation.protocol import Scheme
from detectors.evaluation.quality import Quality, labelled_tests, qualities, scored
from detectors.evaluation.sustained import Terms

MOSTLY = 0.5  # above this share of anomalous frames even a clock scores well


@dataclass(frozen=True, slots=True)
class RandomOrders:
    """Mean over random orders of the test clips: file order flatters scores that drift."""

    seeds: tuple[int, ...]
    auc_micro: float | None
    auc_macro: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """One evaluation. None stands for "cannot be told from this set", never for zero.

    The fused score's figures stand at the top; `detectors` and `baselines` have the same of each score alone.

    Attributes:
        frames: Frames of the test split; `labelled_frames` of them are labelled, `anomalous_frames` anomalous.
        macro_clips: Clips that hold both classes, over which `auc_macro` is the mean.
        auc_micro_interval: 95 %, clips drawn 1,000 times.
        rbdc, tbdc: Of the fused heatmap.
        over_d12: The fused score's micro AUC minus that of d12, paired bootstrap.
        literature_micro: As `Quality` has it: for comparison with published figures only.
        unknown_frames: Labelled frames without a score, ranked at the running median of the scores before them.
        alerts_per_day: Alerts on ordinary footage (both splits; all alerts that match no truth) per day of it; None
            under an hour. `watched_s` is that footage, without the frames whose verdict was unknown.
        states: Frames of the test split per state.
        ms_per_frame: Judging and learning one analysed frame.
        ms_by_stage: The same by what it was spent on; "judging" and "learning" are wholes of which others are parts.
        learning: How the run went on.
        days: Day by day, of a stream longer than one.
        allowed: Of alert budgets; None where nothing can be said of them.
        log_mb: Memory the evaluation's own log took (1 MB = 1e6 bytes).
        seconds: The whole run, decoding included.
        caveats: What a reader must know, one sentence each.
    """

    dataset: str
    protocol: str
    frames: int
    labelled_frames: int
    anomalous_frames: int
    auc_micro: float | None
    auc_micro_interval: Interval | None
    auc_macro: float | None
    macro_clips: int
    ap: float | None
    eer: float | None
    rbdc: float | None
    tbdc: float | None
    over_d12: Difference | None
    literature_micro: float | None
    unknown_frames: int
    events: EventMetrics
    alerts_per_day: float | None
    watched_s: float
    states: Mapping[str, int]
    baselines: Mapping[str, Quality]
    detectors: Mapping[str, Quality]
    random_orders: RandomOrders | None
    ms_per_frame: Milliseconds
    ms_by_stage: Mapping[str, Milliseconds]
    learning: Learning
    days: tuple[Day, ...]
    allowed: Allowed | None
    log_mb: float
    seconds: float
    caveats: tuple[str, ...]


def summarise(
    dataset: str,
    scheme: Scheme,
    logs: Sequence[ClipLog],
    seconds: float,
    random_orders: RandomOrders | None = None,
    terms: Terms | None = None,
    plants: Sequence[Plant] = (),
) -> Result:
    """All metrics from the logs of one run; without `terms` nothing of alert budgets."""
    test = [log for log in logs if not log.trained]
    labelled = labelled_tests(logs)
    clips = scored(labelled, lambda log: log.said.scores)
    labels, _ = joined(clips)
    quality = qualities(logs)
    places = localisation([log.placed for log in test if log.placed is not None])
    false_alarms = event_metrics([_alerted(log) for log in logs]).false_alarms
    watched_s = _watched_s(logs)
    return Result(
        dataset=dataset,
        protocol=scheme.value,
        frames=sum(len(log.times_s) for log in test),
        labelled_frames=int(labels.size),
        anomalous_frames=int(labels.sum()),
        auc_micro=quality.fused.auc_micro,
        auc_micro_interval=bootstrap_micro(clips),
        auc_macro=quality.fused.auc_macro,
        macro_clips=macro_auc(clips)[1],
        ap=quality.fused.ap,
        eer=quality.fused.eer,
        rbdc=places.rbdc if places else None,
        tbdc=places.tbdc if places else None,
        over_d12=quality.fused.over_d12,
        literature_micro=quality.fused.literature_micro,
        unknown_frames=sum(int(log.said.unknown.sum()) for log in labelled),
        events=event_metrics([_alerted(log) for log in labelled]),
        alerts_per_day=alerts_per_day(false_alarms, watched_s),
        watched_s=watched_s,
        states=dict(sorted(Counter(state for log in test for state in log.said.states).items())),
        baselines=quality.baselines,
        detectors=quality.detectors,
        random_orders=random_orders,
        ms_per_frame=frame_cost(logs),
        ms_by_stage=stage_costs(logs),
        learning=course(logs),
        days=days(logs),
        allowed=allowed(logs, terms, plants),
        log_mb=sum(log_bytes(log) for log in logs) / 1e6,
        seconds=seconds,
        caveats=_caveats(logs, labels, watched_s),
    )


def as_json(result: Result) -> str:
    """The result as JSON, keys in the order of the types; numbers that do not exist are null."""
    return json.dumps(asdict(result), indent=2, allow_nan=False) + "\n"


def _alerted(log: ClipLog) -> tuple[AlertedClip, Tolerance]:
    """An unlabelled clip has no truth: every alert in it is presumed false."""
    tolerance = tolerance_for(log.end_s)
    truth = () if log.labels is None else truth_runs(log.labels, log.times_s.tolist(), log.end_s, tolerance)
    return AlertedClip(truth, log.alerts), tolerance


def _watched_s(logs: Sequence[ClipLog]) -> float:
    """Seconds of ordinary (not labelled anomalous) footage with a verdict."""
    total_s = 0.0
    for log in logs:
        ordinary = log.said.judged if log.labels is None else log.said.judged & ~log.labels
        total_s += float(np.diff(log.times_s, append=log.end_s)[ordinary].sum())
    return total_s


def _caveats(logs: Sequence[ClipLog], labels: Labels, watched_s: float) -> tuple[str, ...]:
    told = [caveat for log in logs for caveat in log.caveats]
    if not labels.size:
        told.append("no labelled test frames: frame and event metrics cannot be told")
    elif labels.mean() > MOSTLY:
        told.append(f"{labels.mean():.0%} of the labelled frames are anomalous: compare with the baselines")
    if watched_s < SHORTEST_WATCH_S:
        told.append(f"only {watched_s:.0f} s of ordinary footage with a verdict: alerts per day cannot be told")
    elif watched_s < DAY_S:
        told.append(f"alerts per day are projected from {watched_s / 3600:.1f} h of ordinary footage")
    return tuple(told)
