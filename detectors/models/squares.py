"""From wrong cells to a frame's score over squares of cells. Knows no network."""

from __future__ import annotations

import cv2
import numpy as np

from detectors.base import Floats, Mask, Score

# A square is never more wrong than this, so that its strangeness stays finite.
MOST_WRONG = 0.999
# Stands for numbers that overflowed.
HUGE = 1e30


def wrongness(square: Floats, mask: Mask, tolerance: float) -> Floats:
    """(h, w) e² / (e² + tolerance²), 0..1 (Geman & McClure 1985), of squared errors e²; 0 where masked.

    So a low-contrast cart counts like a bright shirt. An error too large for its square is as wrong as can be.
    """
    square = np.nan_to_num(square, nan=HUGE, posinf=HUGE)
    return np.where(mask, square / (square + tolerance**2), 0).astype(np.float32)


def strangeness(wrong: Floats, side: int) -> Floats:
    """(h, w) -log(1 - w), in nepers, w the mean of the square of `side` cells round each cell.

    Unlike w it has no ceiling for busy scenes to stick at.
    """
    share = cv2.blur(wrong, (side, side), borderType=cv2.BORDER_CONSTANT).clip(0, MOST_WRONG)
    return np.asarray(-np.log1p(-share), np.float32)


def judged(heatmap: Floats, side: int, top: int) -> Score:
    """The mean over the `top` strangest squares, which overlap by half; the heatmap is handed on."""
    height, width = heatmap.shape
    half, stride = side // 2, max(1, side // 2)
    squares = heatmap[half : height - side + half + 1 : stride, half : width - side + half + 1 : stride]
    top = min(top, squares.size)
    strongest = np.partition(squares, squares.size - top, axis=None)[squares.size - top :]
    return Score(float(strongest.mean(dtype=np.float64)), heatmap)
