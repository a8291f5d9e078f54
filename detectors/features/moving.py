"""The cells that features share, and where something moves in them. Says nothing of how it looks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from detectors.base import Floats, Mask
from detectors.change import CHANGED_LEVELS, Change

# A pixel counts as moving beyond this displacement, in pixels between the two pictures compared.
MOVING_PX = 0.5
# A cell moves if more than one of these shares of its pixels does (chosen looking at UCSD Ped2).
CHANGED_SHARE = 0.15
MOVING_SHARE = 0.2
# Motion is looked for over this time: long enough for a walker to move a pixel in a picture 360 pixels wide.
LAG_S = 0.09


def lag(fps: float) -> int:
    """How many pictures lie between the two that are compared: `LAG_S`, and at least one."""
    return max(1, round(LAG_S * fps))


@dataclass(frozen=True, slots=True)
class Cells:
    """Squares over a picture, overlapping where the stride is less than the side; whole ones only.

    Attributes:
        side_px: Of a square, > 0; a picture smaller than that is one cell.
        stride_px: From one to the next, > 0.
    """

    side_px: int
    stride_px: int

    def means(self, pixels: Floats) -> Floats:
        """Of (H, W) or (H, W, d) float32 ≥ 0 over each cell: (h, w) or (h, w, d)."""
        height, width = pixels.shape[:2]
        side = min(self.side_px, height, width)
        stride = self.stride_px if side % self.stride_px == 0 else 1
        # Means of blocks that are a stride wide, then of blocks: much less than means at every pixel.
        blocks = ((width - side) // stride + side // stride, (height - side) // stride + side // stride)
        part = pixels[: blocks[1] * stride, : blocks[0] * stride]
        small = cv2.resize(part, blocks, interpolation=cv2.INTER_AREA)
        many = (side // stride, side // stride)
        means = cv2.blur(small, many, anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
        means = means.reshape(*blocks[::-1], *pixels.shape[2:])  # OpenCV drops a last axis of 1
        rows, columns = blocks[1] - many[1] + 1, blocks[0] - many[0] + 1
        step = self.stride_px // stride
        return np.maximum(means[:rows:step, :columns:step], 0)

    def share(self, pixels: npt.NDArray[np.bool_]) -> Floats:
        """Of (H, W) bool, how much of each cell is True: (h, w), 0..1."""
        return self.means(pixels.astype(np.float32))


def moving(change: Change, cells: Cells, *, flow: bool = True) -> Mask:
    """(h, w): the cells of which enough pixels changed or, with `flow`, moved."""
    mask = cells.share(change.difference > CHANGED_LEVELS) > CHANGED_SHARE
    return mask | (cells.share(change.speed > MOVING_PX) > MOVING_SHARE) if flow else mask
