"""The trivial scores every result is printed beside. They learn nothing and are no detectors.

All are causal and start afresh at a clip cut: frame 0 of a clip has no difference and gets the running median.
"""

from __future__ import annotations

import math
from bisect import insort
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from detectors.base import Image

CELL_PX = 16
STRIDE_PX = 8
CHANGED = 12  # grey levels of 255
TOP_CELLS = 5
MOST_KEPT = 20_001  # numbers of a running median; odd, so that thinning keeps the middle one
SMOOTHING_S = 0.28  # time constant of the causal average of d12, as of our own scores


class RunningMedian:
    """Median of the numbers so far; 0.0 before the first. Exact up to `MOST_KEPT` numbers, close to it after.

    Beyond that many, every second of the ordered numbers is dropped and only every second new one is taken, and so on:
    days of frames need no more memory than the first hour's. A poor choice for a stream that changes in step with that.
    """

    def __init__(self) -> None:
        self._ordered: list[float] = []
        self._every = 1
        self._seen = 0

    def add(self, value: float) -> None:
        """Take one number in."""
        self._seen += 1
        if self._seen % self._every:
            return
        insort(self._ordered, value)
        if len(self._ordered) > MOST_KEPT:
            self._ordered = self._ordered[::2]
            self._every *= 2

    def value(self) -> float:
        """The median of what was added so far."""
        count = len(self._ordered)
        if not count:
            return 0.0
        return (self._ordered[(count - 1) // 2] + self._ordered[count // 2]) / 2


@dataclass(frozen=True, slots=True)
class Trivial:
    """The baselines' scores of one frame, all ≥ 0; larger is stranger.

    Attributes:
        frame_index: Pictures since the clip began.
        frame_difference_mean: Mean |I_t - I_t-1| in grey levels.
        frame_difference_max: The same in the 16x16 cell (stride 8) where it is largest.
        d12: `d12_unsmoothed` after a causal exponential average over 0.28 s, begun anew in each clip. This is what
            scores .952 micro on Ped2; without the average it is .942, so the stronger one is the one to beat.
        d12_unsmoothed: Mean of the five largest shares of pixels with |I_t - I_t-1| > 12 in a 16x16 cell, stride 8.
    """

    frame_index: float
    frame_difference_mean: float
    frame_difference_max: float
    d12: float
    d12_unsmoothed: float


class Baselines:
    """Steps over one stream of grey pictures and gives the trivial scores of each."""

    def __init__(self) -> None:
        self._medians = (RunningMedian(), RunningMedian(), RunningMedian(), RunningMedian())
        self.cut()

    def cut(self) -> None:
        """A clip begins: forget the previous picture and the average, count pictures from 0 again."""
        self._before: tuple[Image, float] | None = None
        self._average: float | None = None
        self._index = 0

    def step(self, grey: Image, at_s: float) -> Trivial:
        """The scores of the next picture.

        Args:
            grey: (H, W) uint8; one of another size than the one before it cannot be compared with it.
            at_s: When, on any clock that rises within the clip.
        """
        if self._before is None or self._before[0].shape != grey.shape:
            values = tuple(median.value() for median in self._medians)
        else:
            mean, largest, changed = differences(self._before[0], grey)
            self._average = self._smoothed(changed, at_s - self._before[1])
            values = (mean, largest, self._average, changed)
            for median, value in zip(self._medians, values, strict=True):
                median.add(value)
        trivial = Trivial(float(self._index), *values)
        self._before, self._index = (grey, at_s), self._index + 1
        return trivial

    def _smoothed(self, value: float, elapsed_s: float) -> float:
        if self._average is None:
            return value
        return self._average + (1 - math.exp(-elapsed_s / SMOOTHING_S)) * (value - self._average)


def differences(before: Image, now: Image) -> tuple[float, float, float]:
    """Mean difference, largest cell's mean difference, and unsmoothed d12, of two (H, W) uint8 pictures."""
    difference = np.asarray(cv2.absdiff(before, now), dtype=np.uint8)
    shares = cell_means(np.asarray(difference > CHANGED, dtype=np.uint8)).ravel()
    top = np.partition(shares, -TOP_CELLS)[-TOP_CELLS:] if shares.size > TOP_CELLS else shares
    return float(difference.mean()), float(cell_means(difference).max()), float(top.mean())


def cell_means(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Means of the whole 16x16 cells at stride 8 of (H, W); a picture smaller than a cell is one cell."""
    height, width = values.shape
    cell_h, cell_w = min(CELL_PX, height), min(CELL_PX, width)
    table = cv2.integral(values, sdepth=cv2.CV_64F)  # (H + 1, W + 1); float64 holds any frame's sum exactly
    sums = table[cell_h:, cell_w:] - table[:-cell_h, cell_w:] - table[cell_h:, :-cell_w] + table[:-cell_h, :-cell_w]
    return np.asarray(sums[::STRIDE_PX, ::STRIDE_PX] / (cell_h * cell_w))
