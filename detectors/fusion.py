"""Several detectors' scores made one. Knows nothing of what is normal, only what is usual for each detector.

Scores of different detectors are never compared in their own units. Each is divided by what is high for it, fixed once
over its first scores of this camera: a unit that follows the scores would chase the anomalies (-0.02 to -0.26 AUC on
UCSD Ped2). Then the strongest speaks for all: a sum would let many detectors that see nothing drown one that does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from detectors.base import DetectorScore, Floats, Score, StateDict, StateView
from detectors.state import Wanted, fitted, refuse_unless

# Of its first so many scores, this quantile is a detector's unit.
SETTLING = 100
HIGH = 0.95
# A scene in which nothing ever moves has scores of 0; no unit is smaller.
LEAST_UNIT = 1e-3
# Cells of the fused heatmap across the picture's width; it is as fine as people and boxes need.
HEATMAP_WIDTH = 45


class Fusion:
    """The largest of the detectors' weighted scores in their units: 1 is high, but ordinary, for a weight of 1."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = dict(weights)
        self._first: dict[str, list[float]] = {name: [] for name in weights}
        self._units: dict[str, float] = {}

    @property
    def missing(self) -> int:
        """Scores still missing before the slowest detector has its unit."""
        return max(0 if name in self._units else SETTLING - len(first) for name, first in self._first.items())

    def settle(self, scores: Mapping[str, Score]) -> None:
        """Take scores in until every detector has its unit; does nothing from then on."""
        for name, first in self._first.items():
            value = scores[name].value
            if name in self._units or value is None:
                continue
            first.append(value)
            if len(first) == SETTLING:
                self._units[name] = _unit(first)

    def fuse(self, scores: Mapping[str, Score]) -> Score:
        """The fused score and heatmap; unknown while one detector or its unit is."""
        size: tuple[int, int] | None = None
        value = 0.0
        heatmap: Floats | None = None
        for name, weight in self._weights.items():
            score = scores[name]
            if score.value is None or score.heatmap is None or name not in self._units:
                return Score(None, None)
            factor = weight / self._units[name]
            value = max(value, factor * score.value)
            size = size or _size(score.heatmap)
            part = cv2.resize(score.heatmap, size, interpolation=cv2.INTER_AREA).astype(np.float32) * np.float32(factor)
            heatmap = part if heatmap is None else np.maximum(heatmap, part)
        return Score(value, heatmap)

    def shares(self, scores: Mapping[str, Score], fused: Score) -> tuple[DetectorScore, ...]:
        """Each detector's score, and how near to the fused one it comes."""
        return tuple(DetectorScore(n, scores[n].value, self._share(n, scores[n], fused)) for n in self._weights)

    def in_units(self, name: str, value: float) -> float:
        """A detector's `value` in its unit; only once it has one."""
        return value / self._units[name]

    def state(self) -> StateDict:
        """For each detector NAME the scores its unit is made of, `NAME` (n,) float64."""
        return {name: np.array(first, np.float64) for name, first in self._first.items()}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        new = fitted(state, {name: Wanted(np.float64, (None,)) for name in self._first})
        refuse_unless(all(len(first) <= SETTLING for first in new.values()), f"at most {SETTLING} scores a detector")
        self._first = {name: first.tolist() for name, first in new.items()}
        full = {name: first for name, first in self._first.items() if len(first) == SETTLING}
        self._units = {name: _unit(first) for name, first in full.items()}

    def _share(self, name: str, score: Score, fused: Score) -> float | None:
        if score.value is None or not fused.value:
            return None
        return min(1.0, self._weights[name] * score.value / self._units[name] / fused.value)  # but for rounding


def _unit(first: Sequence[float]) -> float:
    return max(LEAST_UNIT, float(np.quantile(first, HIGH)))


def _size(heatmap: Floats) -> tuple[int, int]:
    """(width, height) for cv2."""
    height, width = heatmap.shape
    wide = min(HEATMAP_WIDTH, width)
    return wide, max(1, round(height * wide / width))


def strongest_box(heatmap: Floats) -> tuple[float, float, float, float]:
    """The patch round the hottest cell that is at least half as hot, as (left, top, right, bottom) shares, 0..1."""
    hot = (heatmap >= heatmap.max() / 2).astype(np.uint8)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(hot, connectivity=8)
    patch = labels.flat[int(np.argmax(heatmap))]
    left, top, width, height = (int(n) for n in boxes[patch][: cv2.CC_STAT_AREA])
    high, wide = heatmap.shape
    return left / wide, top / high, (left + width) / wide, (top + height) / high


def names(detectors: Sequence[DetectorScore]) -> tuple[str, ...]:
    """The detectors' names, strongest part first."""
    return tuple(d.name for d in sorted(detectors, key=lambda d: d.share or 0.0, reverse=True))
