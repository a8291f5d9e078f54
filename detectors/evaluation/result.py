"""What an evaluation says, as one frozen value that becomes JSON, from the logs of its clips. Draws no tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

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
from detectors.evaluation.frames import (
    Difference,
    Interval,
    Labels,
    Numbers,
    ScoredClip,
    average_precision,
    bootstrap_micro,
    equal_error_rate,
    macro_auc,
    micro_auc,
    paired_bootstrap,
)
from detectors.evaluation.localisation import localisation
from detectors.evaluation.protocol import ClipLog, Scheme

MOSTLY = 0.5  # above this share of anomalous frames even a clock scores well


@dataclass(frozen=True, slots=True)
class Areas:
    """One score's frame AUC; None where a class is missing."""

    auc_micro: float | None
    auc_macro: float | None


@dataclass(frozen=True, slots=True)
class Milliseconds:
    """Judging and learning one analysed frame; None if there was none."""

    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class RandomOrders:
    """Mean over random orders of the test clips: file order flatters scores that drift."""

    seeds: tuple[int, ...]
    auc_micro: float | None
    auc_macro: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """One evaluation. None stands for "cannot be told from this set", never for zero.

    Attributes:
        frames: Frames of the test split; `labelled_frames` of them are labelled, `anomalous_frames` anomalous.
        macro_clips: Clips that hold both classes, over which `auc_macro` is the mean.
        auc_micro_interval: 95 %, clips drawn 1,000 times.
        over_d12: The fused score's micro AUC minus that of d12, paired bootstrap.
        unknown_frames: Labelled frames without a score, ranked at the running median of the scores before them.
        alerts_per_day: Alerts on ordinary footage (both splits; all alerts that match no truth) per day of it; None
            under an hour. `watched_s` is that footage, without the frames whose verdict was unknown.
        states: Frames of the test split per state.
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
    unknown_frames: int
    events: EventMetrics
    alerts_per_day: float | None
    watched_s: float
    states: Mapping[str, int]
    baselines: Mapping[str, Areas]
    detectors: Mapping[str, Areas]
    random_orders: RandomOrders | None
    ms_per_frame: Milliseconds
    seconds: float
    caveats: tuple[str, ...]


def summarise(
    dataset: str, scheme: Scheme, logs: Sequence[ClipLog], seconds: float, random_orders: RandomOrders | None = None
) -> Result:
    """All metrics of detection.md §1 from the logs of one run."""
    test = [log for log in logs if not log.trained]
    labelled = [log for log in test if log.labels is not None]
    clips = _scored(labelled, [log.scores for log in labelled])
    labels, scores = _joined(clips)
    macro, macro_clips = macro_auc(clips)
    places = localisation([log.placed for log in test if log.placed is not None])
    false_alarms = event_metrics([_alerted(log) for log in logs]).false_alarms
    watched_s = _watched_s(logs)
    return Result(
        dataset=dataset,
        protocol=scheme.value,
        frames=sum(len(log.times_s) for log in test),
        labelled_frames=int(labels.size),
        anomalous_frames=int(labels.sum()),
        auc_micro=micro_auc(clips),
        auc_micro_interval=bootstrap_micro(clips),
        auc_macro=macro,
        macro_clips=macro_clips,
        ap=average_precision(labels, scores),
        eer=equal_error_rate(labels, scores),
        rbdc=places.rbdc if places else None,
        tbdc=places.tbdc if places else None,
        over_d12=paired_bootstrap(clips, _scored(labelled, [log.baselines["d12"] for log in labelled])),
        unknown_frames=sum(int(log.unknown.sum()) for log in labelled),
        events=event_metrics([_alerted(log) for log in labelled]),
        alerts_per_day=alerts_per_day(false_alarms, watched_s),
        watched_s=watched_s,
        states=dict(sorted(Counter(state for log in test for state in log.states).items())),
        baselines=_areas(labelled, [log.baselines for log in labelled]),
        detectors=_areas(labelled, [log.detectors for log in labelled]),
        random_orders=random_orders,
        ms_per_frame=_milliseconds([cost_s for log in logs for cost_s in log.cost_s]),
        seconds=seconds,
        caveats=_caveats(logs, labels, watched_s),
    )


def frame_areas(logs: Sequence[ClipLog]) -> Areas:
    """Frame AUC of the fused score over the labelled clips of the test split."""
    labelled = [log for log in logs if not log.trained and log.labels is not None]
    clips = _scored(labelled, [log.scores for log in labelled])
    return Areas(micro_auc(clips), macro_auc(clips)[0])


def as_json(result: Result) -> str:
    """The result as JSON, keys in the order of the types; numbers that do not exist are null."""
    return json.dumps(asdict(result), indent=2, allow_nan=False) + "\n"


def _scored(logs: Sequence[ClipLog], scores: Sequence[Numbers]) -> list[ScoredClip]:
    pairs = zip(logs, scores, strict=True)
    return [ScoredClip(log.labels, each) for log, each in pairs if log.labels is not None]


def _joined(clips: Sequence[ScoredClip]) -> tuple[Labels, Numbers]:
    if not clips:
        return np.zeros(0, dtype=bool), np.zeros(0)
    return np.concatenate([clip.labels for clip in clips]), np.concatenate([clip.scores for clip in clips])


def _areas(logs: Sequence[ClipLog], named: Sequence[Mapping[str, Numbers]]) -> dict[str, Areas]:
    """Frame AUC of each score that every log has, in the first log's order."""
    table = {}
    for name in named[0] if named else ():
        clips = _scored(logs, [scores[name] for scores in named])
        table[name] = Areas(micro_auc(clips), macro_auc(clips)[0])
    return table


def _alerted(log: ClipLog) -> tuple[AlertedClip, Tolerance]:
    """An unlabelled clip has no truth: every alert in it is presumed false."""
    tolerance = tolerance_for(log.end_s)
    truth = () if log.labels is None else truth_runs(log.labels, log.times_s.tolist(), log.end_s, tolerance)
    return AlertedClip(truth, log.alerts), tolerance


def _watched_s(logs: Sequence[ClipLog]) -> float:
    """Seconds of ordinary (not labelled anomalous) footage with a verdict."""
    total_s = 0.0
    for log in logs:
        ordinary = log.judged if log.labels is None else log.judged & ~log.labels
        total_s += float(np.diff(log.times_s, append=log.end_s)[ordinary].sum())
    return total_s


def _milliseconds(costs_s: Sequence[float]) -> Milliseconds:
    if not costs_s:
        return Milliseconds(None, None)
    p50, p95 = np.percentile(costs_s, [50, 95]) * 1000
    return Milliseconds(float(p50), float(p95))


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
