"""Frame metrics: ROC curve, AUC over all frames and per clip, AP, EER. Knows neither events nor intervals.

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


def micro_auc(clips: Sequence[ScoredClip]) -> float | None:
    """Area under one ROC curve over all frames of all clips; None if a class is missing."""
    return auc(*joined(clips))


def macro_auc(clips: Sequence[ScoredClip]) -> tuple[float | None, int]:
    """Mean AUC of the clips that hold both classes, and how many they are; None if there are none."""
    each = [value for clip in clips if (value := auc(clip.labels, clip.scores)) is not None]
    return (float(np.mean(each)) if each else None), len(each)


def auc(labels: Labels, scores: Numbers) -> float | None:
    """Chance that an anomalous frame scores above a normal one, ties one half (Mann-Whitney U / PN)."""
    anomalous, normal = scores[labels], scores[~labels]
    if not anomalous.size or not normal.size:
        return None
    return float(wins(anomalous, np.sort(normal)).sum() / (anomalous.size * normal.size))


def average_precision(labels: Labels, scores: Numbers) -> float | None:
    """Σ (Rₙ - Rₙ₋₁) Pₙ over the distinct scores, highest first, without interpolation; None without anomalies."""
    if not labels.any():
        return None
    hits, alarms = _counts(labels, scores)
    gained = np.diff(hits, prepend=0.0)
    return float(np.sum(gained * hits / (hits + alarms)) / hits[-1])


def roc_curve(labels: Labels, scores: Numbers) -> tuple[Numbers, Numbers] | None:
    """False alarms and hits as shares, both rising from 0 to 1, a point for each distinct score; None as `auc`."""
    if labels.all() or not labels.any():
        return None
    hits, alarms = _counts(labels, scores)
    return np.concatenate([[0.0], alarms / alarms[-1]]), np.concatenate([[0.0], hits / hits[-1]])


def equal_error_rate(labels: Labels, scores: Numbers) -> float | None:
    """Where the ROC curve, straight between its points, has as many misses as false alarms (as shares)."""
    curve = roc_curve(labels, scores)
    if curve is None:
        return None
    false, hits = curve
    gap = (1 - hits) - false  # misses - false alarms: falls from 1 to -1
    after = int(np.argmax(gap <= 0))
    share = gap[after - 1] / (gap[after - 1] - gap[after])
    return float(false[after - 1] + share * (false[after] - false[after - 1]))


def wins(anomalous: Numbers, normal_sorted: Numbers) -> Numbers:
    """Over how many of the normal scores each anomalous one is; a tie counts one half."""
    below = np.searchsorted(normal_sorted, anomalous, side="left")
    not_above = np.searchsorted(normal_sorted, anomalous, side="right")
    return np.asarray((below + not_above) / 2)


def joined(clips: Sequence[ScoredClip]) -> tuple[Labels, Numbers]:
    """Labels and scores of all clips in one row."""
    if not clips:
        return np.zeros(0, bool), np.zeros(0)
    return np.concatenate([c.labels for c in clips]), np.concatenate([c.scores for c in clips])


def _counts(labels: Labels, scores: Numbers) -> tuple[Numbers, Numbers]:
    """Anomalous and normal frames at or above each distinct score, highest score first."""
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), scores.size - 1)
    hits = np.cumsum(labels[order])[ends].astype(np.float64)
    return hits, ends + 1 - hits
