"""Several detectors' scores made one. Knows nothing of what is normal, only what is usual for each detector.

Scores of different detectors are never compared in their own units. Each is divided by what is high for it, fixed once
over its first scores of this camera: a unit that follows the scores would chase the anomalies. Then the strongest
speaks for all: a sum would let many detectors that see nothing drown one that does.

The fused score keeps the first detector's own scale, and the others are brought to it: so nothing at all is rescaled
for the first while units are being found, and what they do to the others is only their ratio, which hardly changes
where a lively first minute raises both.
"""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from detectors.base import Box, DetectorScore, Floats, Score, StateDict, StateView
from detectors.state import Wanted, fitted, refuse_unless

# Of its first so many scores, this quantile is a detector's unit.
SETTLING = 100
HIGH = 0.95
# A unit is at least this share of the usual one, and this without a usual one: a still scene has scores of 0.
LEAST_SHARE = 1 / 3
LEAST_UNIT = 1e-3
# In a state, the hottest cells of detector NAME are called NAME and this.
HOTTEST = ".hottest"
# Cells of a fused heatmap across the picture's width; it is as fine as people and boxes need.
HEATMAP_WIDTH = 45


@dataclass(frozen=True, slots=True)
class Part:
    """How one detector takes part.

    Attributes:
        weight: Of its score beside the others', > 0.
        usual: What is high for it on most cameras, in its own units; None where nobody knows. Its unit begins there,
            and is never less than `LEAST_SHARE` of it: where hardly anything happens at first, hardly anything is high.
    """

    weight: float
    usual: float | None = None


class Fusion:
    """The largest of the detectors' weighted scores, in units of what is usually high for the first: about 1 is high.

    A detector that does not know takes no part. Until a detector's unit is fixed, its scores so far move it.
    """

    def __init__(self, parts: Mapping[str, Part]) -> None:
        """Args: parts: by name, the one whose scale the fused score keeps first; at least one."""
        self._parts = dict(parts)
        self._leader = next(iter(parts))
        self._first: dict[str, list[float]] = {name: [] for name in parts}  # sorted
        self._hottest: dict[str, list[float]] = {name: [] for name in parts}  # sorted
        self._settle()

    @property
    def missing(self) -> int:
        """Scores still missing before the first detector has its unit; the others may come later."""
        return min(SETTLING - len(first) for first in self._first.values())

    def settle(self, scores: Mapping[str, Score]) -> None:
        """Take scores in until every detector has its unit; does nothing from then on."""
        for name, first in self._first.items():
            value = scores[name].value
            heatmap = scores[name].heatmap
            if value is None or heatmap is None or len(first) == SETTLING:
                continue
            bisect.insort(first, value)
            bisect.insort(self._hottest[name], float(heatmap.max()))
            self._settle()

    def fuse(self, scores: Mapping[str, Score], size: tuple[int, int]) -> Score:
        """The fused score, and a heatmap of `size`, (h, w) in cells; unknown while all detectors are."""
        value: float | None = None
        heatmap: Floats | None = None
        for name in self._parts:
            score = scores[name]
            if score.value is None or score.heatmap is None:
                continue
            value = max(value or 0.0, self._factor(name, score) * score.value)
            factor = self._scale * self._parts[name].weight / self._heat_units[name]
            heatmap = hotter(heatmap, score.heatmap, factor, size)
        return Score(value, heatmap)

    def shares(self, scores: Mapping[str, Score], fused: Score) -> tuple[DetectorScore, ...]:
        """Each detector's score, and how near to the fused one it comes."""
        return tuple(DetectorScore(n, scores[n].value, self._share(n, scores[n], fused)) for n in self._parts)

    def in_units(self, name: str, value: float) -> float:
        """A detector's `value` in its unit."""
        return value / self._units[name]

    def state(self) -> StateDict:
        """For each detector NAME what its units are made of, rising, `NAME` and `NAME.hottest` (n,) float64."""
        values = {name: np.array(first, np.float64) for name, first in self._first.items()}
        return values | {name + HOTTEST: np.array(first, np.float64) for name, first in self._hottest.items()}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        new = fitted(state, {name: Wanted(np.float64, (None,)) for name in self.state()})
        refuse_unless(all(len(first) <= SETTLING for first in new.values()), f"at most {SETTLING} scores a detector")
        pairs = all(len(new[name]) == len(new[name + HOTTEST]) for name in self._parts)
        refuse_unless(pairs, "as many hottest cells as scores")
        self._first = {name: sorted(new[name].tolist()) for name in self._parts}
        self._hottest = {name: sorted(new[name + HOTTEST].tolist()) for name in self._parts}
        self._settle()

    @property
    def _scale(self) -> float:
        """From units that were found on this camera to the first detector's usual one."""
        return self._units[self._leader] / (self._parts[self._leader].usual or 1.0)

    def _factor(self, name: str, score: Score) -> float:
        """From the detector's own units to those of the fused score; a first score of all is no more than high."""
        unit = self._units[name]
        if not self._first[name] and score.value is not None:
            unit = max(unit, score.value)
        return self._scale * self._parts[name].weight / unit

    def _share(self, name: str, score: Score, fused: Score) -> float | None:
        if score.value is None or not fused.value:
            return None
        return min(1.0, self._factor(name, score) * score.value / fused.value)  # but for rounding

    def _settle(self) -> None:
        """The units, of values and of heatmaps: a value is a mean of cells, of which the hottest is hotter."""
        self._units = {name: self._unit(name, first) for name, first in self._first.items()}
        self._heat_units = {name: self._unit(name, first) for name, first in self._hottest.items()}

    def _unit(self, name: str, first: Sequence[float]) -> float:
        """What is high among the first scores; the fewer they are, the more of what is usual."""
        usual = self._parts[name].usual
        high = first[min(len(first) - 1, int(HIGH * len(first)))] if first else 0.0
        if usual is None:
            return max(LEAST_UNIT, high)
        trust = len(first) / SETTLING
        return float(usual ** (1 - trust) * max(LEAST_SHARE * usual, high) ** trust)


def heatmap_size(height: int, width: int) -> tuple[int, int]:
    """(h, w) in cells for pictures of (height, width): `HEATMAP_WIDTH` wide, but no finer than pixels.

    Of the picture, not of a detector's grid: detectors come to know one after another, and all heatmaps of one camera
    are to be of one size.
    """
    wide = min(HEATMAP_WIDTH, width)
    return max(1, round(height * wide / width)), wide


def hotter(heatmap: Floats | None, other: Floats, factor: float, size: tuple[int, int]) -> Floats:
    """In each cell the hotter of `heatmap`, of `size` (h, w) if there is one, and `factor` · `other`."""
    part = cv2.resize(other, size[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) * np.float32(factor)
    return np.asarray(part if heatmap is None else np.maximum(heatmap, part), np.float32)


def strongest_box(heatmap: Floats) -> Box:
    """The patch round the hottest cell that is at least half as hot."""
    hot = (heatmap >= heatmap.max() / 2).astype(np.uint8)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(hot, connectivity=8)
    patch = labels.flat[int(np.argmax(heatmap))]
    left, top, width, height = (int(n) for n in boxes[patch][: cv2.CC_STAT_AREA])
    high, wide = heatmap.shape
    return left / wide, top / high, (left + width) / wide, (top + height) / high


def strongest_cells(heatmap: Floats, most: int) -> tuple[Box, ...]:
    """The `most` hottest cells, hottest first, without those that are cold."""
    high, wide = heatmap.shape
    hottest = np.argsort(-heatmap, axis=None, kind="stable")[:most]
    places = [divmod(int(cell), wide) for cell in hottest if heatmap.flat[cell] > 0]
    return tuple((x / wide, y / high, (x + 1) / wide, (y + 1) / high) for y, x in places)


def names(detectors: Sequence[DetectorScore]) -> tuple[str, ...]:
    """The detectors' names, strongest part first."""
    return tuple(d.name for d in sorted(detectors, key=lambda d: d.share or 0.0, reverse=True))
