"""Frame metrics: ROC AUC over all frames and per clip, AP, EER, and bootstraps over clips. Knows nothing of events.

All take scores where larger is stranger. Ties are exact: a tie between an anomalous and a normal frame counts one half
in the AUC, and frames with one score enter the other curves together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]
DRAWS = 1000  # detection.md §1


@dataclass(frozen=True, slots=True)
class ScoredClip:
    """One labelled clip: `labels` (T,) True where anomalous, `scores` (T,) finite, larger is stranger."""

    labels: Labels
    scores: Numbers

    def __post_init__(self) -> None:
        """Refuse what no metric is defined for."""
        if self.labels.shape != self.scores.shape or self.labels.ndim != 1:
            raise ValueError(f"expected labels and scores of one length, got {self.labels.shape}, {self.scores.shape}")
        if not np.isfinite(self.scores).all():
            raise ValueError("expected finite scores, got NaN or infinity; fill unknown frames first")


@dataclass(frozen=True, slots=True)
class Interval:
    """A percentile bootstrap interval, `low` ≤ `high`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """Two scores' AUC on the same clips: `mean` is first minus second, `first_better` a share of draws, 0..1."""

    mean: float
    interval: Interval
    first_better: float


def micro_auc(clips: Sequence[ScoredClip]) -> float | None:
    """Area under one ROC curve over all frames of all clips; None if a class is missing."""
    return auc(*_joined(clips))


def macro_auc(clips: Sequence[ScoredClip]) -> tuple[float | None, int]:
    """Mean AUC of the clips that hold both classes, and how many they are; None if there are none."""
    each = [value for clip in clips if (value := auc(clip.labels, clip.scores)) is not None]
    return (float(np.mean(each)) if each else None), len(each)


def auc(labels: Labels, scores: Numbers) -> float | None:
    """Chance that an anomalous frame scores above a normal one, ties one half (Mann-Whitney U / PN)."""
    anomalous, normal = scores[labels], scores[~labels]
    if not anomalous.size or not normal.size:
        return None
    return _wins(anomalous, np.sort(normal)) / (anomalous.size * normal.size)


def average_precision(labels: Labels, scores: Numbers) -> float | None:
    """Σ (Rₙ - Rₙ₋₁) Pₙ over the distinct scores, highest first, without interpolation; None without anomalies."""
    if not labels.any():
        return None
    hits, alarms = _counts(labels, scores)
    gained = np.diff(hits, prepend=0.0)
    return float(np.sum(gained * hits / (hits + alarms)) / hits[-1])


def equal_error_rate(labels: Labels, scores: Numbers) -> float | None:
    """Where the ROC curve, straight between its points, has as many misses as false alarms (as shares)."""
    if labels.all() or not labels.any():
        return None
    hits, alarms = _counts(labels, scores)
    false = np.concatenate([[0.0], alarms / alarms[-1]])
    gap = np.concatenate([[1.0], 1 - hits / hits[-1]]) - false  # misses - false alarms: falls from 1 to -1
    after = int(np.argmax(gap <= 0))
    share = gap[after - 1] / (gap[after - 1] - gap[after])
    return float(false[after - 1] + share * (false[after] - false[after - 1]))


def bootstrap_micro(clips: Sequence[ScoredClip], draws: int = DRAWS, seed: int = 0) -> Interval | None:
    """95 % interval of the micro AUC when clips are drawn with replacement.

    Draws without both classes are left out; None if all are. Few clips give an interval that is too narrow.
    """
    values = _micro_draws(clips, draws, seed)
    known = values[~np.isnan(values)]
    return _interval(known) if known.size else None


def paired_bootstrap(
    first: Sequence[ScoredClip], second: Sequence[ScoredClip], draws: int = DRAWS, seed: int = 0
) -> Difference | None:
    """Micro AUC of `first` minus `second`, the same clips drawn for both; None as `bootstrap_micro`.

    Raises:
        ValueError: The two are not about the same labelled frames.
    """
    same = len(first) == len(second)
    same = same and all(np.array_equal(a.labels, b.labels) for a, b in zip(first, second, strict=True))
    if not same:
        raise ValueError("expected the same clips with the same labels for both scores; got different ones")
    gap = _micro_draws(first, draws, seed) - _micro_draws(second, draws, seed)
    known = gap[~np.isnan(gap)]
    if not known.size:
        return None
    better = float(np.mean(known > 0) + np.mean(known == 0) / 2)
    return Difference(mean=float(known.mean()), interval=_interval(known), first_better=better)


def _micro_draws(clips: Sequence[ScoredClip], draws: int, seed: int) -> Numbers:
    """(draws,) micro AUCs, NaN where a class is missing.

    The U statistic of a resampled set is cᵀ W c with W[i, j] the wins of clip i's anomalies over clip j's normals and
    c how often each clip was drawn: exact, and the frames are sorted once only.
    """
    wins, anomalies, normals = _pairwise_wins(clips)
    generator = np.random.default_rng(seed)
    count = len(clips)
    drawn = generator.multinomial(count, np.full(count, 1 / count), size=draws).astype(np.float64) if count else wins
    pairs = (drawn @ anomalies) * (drawn @ normals)
    total = np.einsum("di,ij,dj->d", drawn, wins, drawn, optimize=True)
    values = np.full(len(drawn), np.nan)
    np.divide(total, pairs, out=values, where=pairs > 0)
    return values


def _pairwise_wins(clips: Sequence[ScoredClip]) -> tuple[Numbers, Numbers, Numbers]:
    """Wins (K, K), ties one half, and the number of anomalous and normal frames of each clip (K,)."""
    anomalous = [clip.scores[clip.labels] for clip in clips]
    normal = [np.sort(clip.scores[~clip.labels]) for clip in clips]
    wins = np.array([[_wins(high, low) for low in normal] for high in anomalous]).reshape(len(clips), len(clips))
    return wins, np.array([float(a.size) for a in anomalous]), np.array([float(n.size) for n in normal])


def _wins(anomalous: Numbers, normal_sorted: Numbers) -> float:
    """How many (anomalous, normal) pairs are in the right order; a tie counts one half."""
    below = np.searchsorted(normal_sorted, anomalous, side="left")
    not_above = np.searchsorted(normal_sorted, anomalous, side="right")
    return float((below.sum() + not_above.sum()) / 2)


def _counts(labels: Labels, scores: Numbers) -> tuple[Numbers, Numbers]:
    """Anomalous and normal frames at or above each distinct score, highest score first."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), scores.size - 1)
    hits = np.cumsum(labels[order])[ends].astype(np.float64)
    return hits, ends + 1 - hits


def _joined(clips: Sequence[ScoredClip]) -> tuple[Labels, Numbers]:
    if not clips:
        return np.zeros(0, bool), np.zeros(0)
    return np.concatenate([c.labels for c in clips]), np.concatenate([c.scores for c in clips])


def _interval(values: Numbers) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(low=float(low), high=float(high))
