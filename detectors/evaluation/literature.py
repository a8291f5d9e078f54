"""Scores as much of the literature treats them before it computes an AUC, to be compared with its figures only.

Each clip's scores are scaled to its own lowest and highest, then smoothed over past *and* future. Both look ahead, and
a clip without an anomaly is blown up like one with: no live monitor could do either. Our own figures never use this.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from detectors.evaluation.frames import Numbers, ScoredClip

SIGMA_FRAMES = 3.0
_REACH = 4.0  # standard deviations after which the kernel is cut off, as SciPy's gaussian_filter1d does


def literature_style(clips: Sequence[ScoredClip]) -> list[ScoredClip]:
    """The clips with scores scaled to 0..1 in each, then smoothed."""
    return [ScoredClip(clip.labels, smoothed(scaled(clip.scores))) for clip in clips]


def scaled(scores: Numbers) -> Numbers:
    """Min-max to 0..1; all equal scores become 0."""
    if not scores.size:
        return scores
    low, span = scores.min(), np.ptp(scores)
    return np.asarray((scores - low) / span if span > 0 else np.zeros_like(scores))


def smoothed(scores: Numbers, sigma: float = SIGMA_FRAMES) -> Numbers:
    """Gaussian mean over the frames before and after; beyond the ends the clip is mirrored (d c b a | a b c d)."""
    if not scores.size:
        return scores
    reach = math.ceil(_REACH * sigma)
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (offsets / sigma) ** 2)
    mirrored = np.pad(scores, reach, mode="symmetric")
    return np.convolve(mirrored, kernel / kernel.sum(), mode="valid")
