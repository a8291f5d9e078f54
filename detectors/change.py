"""What differs between two grey pictures, as several features need it. Pools nothing into cells."""

from __future__ import annotations

from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

# Settings of the flow; patches are 8 × 8. Narrower strides and more steps take longer and told no more.
FINEST_SCALE = 1  # half the size
PATCH_STRIDE_PX = 5
STEPS = 8
# A pixel counts as changed beyond this many grey levels: above sensor noise and compression of ordinary cameras.
CHANGED_LEVELS = 12
# Flow is computed round blocks of this side of which more than this share changed, a single noisy pixel not among them.
BLOCK_PX = 8
CHANGED_SHARE = 0.04
MARGIN_BLOCKS = 3
# Round less than this there is too little for coarse steps: what went far would seem to have gone nowhere.
LEAST_PX = 96
# Of smaller pictures, whose half holds no patch, OpenCV 5 refuses some and crashes over others: they have no flow.
SMALLEST_PX = 16


class Change:
    """From one grey picture to a later one of the same size; each part is computed when first asked for.

    The flow is DIS (Kroeger et al., ECCV 2016), down to half the pictures' size, where OpenCV's fast presets stop at a
    quarter, where a person 25 pixels high is six. Wide strides, few steps and no variational refinement make up for
    the time.
    """

    def __init__(self, before: npt.NDArray[np.uint8], now: npt.NDArray[np.uint8]) -> None:
        """Args: before, now: (H, W) uint8, neither written to."""
        self._before = before
        self._now = now

    @cached_property
    def difference(self) -> npt.NDArray[np.uint8]:
        """(H, W) uint8, absolute difference in grey levels."""
        return np.asarray(cv2.absdiff(self._before, self._now), np.uint8)

    @cached_property
    def flow(self) -> npt.NDArray[np.float32]:
        """(H, W, 2) float32, where each pixel of `before` went: to the right and down, in pixels.

        0 beyond the surroundings of what changed: nothing went anywhere there, and it is not computed.
        """
        flow = np.zeros((*self._now.shape, 2), np.float32)
        rows, columns = self._surroundings
        if min(self._now.shape) >= SMALLEST_PX and rows.stop and columns.stop:
            flow[rows, columns] = self._flowing(self._before[rows, columns], self._now[rows, columns])
        return flow

    @cached_property
    def _surroundings(self) -> tuple[slice, slice]:
        """The rows and columns of all blocks in which enough changed, and a margin; empty if there is none."""
        height, width = self._now.shape
        changed = cv2.threshold(self.difference, CHANGED_LEVELS, 255, cv2.THRESH_BINARY)[1]
        size = (-(-width // BLOCK_PX), -(-height // BLOCK_PX))
        shares = cv2.resize(changed, size, interpolation=cv2.INTER_AREA)
        blocks = np.asarray(shares > 255 * CHANGED_SHARE, np.bool_)
        rows, columns = np.asarray(blocks.any(axis=1)), np.asarray(blocks.any(axis=0))
        return _span(rows, height), _span(columns, width)

    def _flowing(self, before: npt.NDArray[np.uint8], now: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        method = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        method.setFinestScale(FINEST_SCALE)
        method.setPatchStride(PATCH_STRIDE_PX)
        method.setGradientDescentIterations(STEPS)
        flow = method.calc(
            np.ascontiguousarray(before), np.ascontiguousarray(now), np.zeros((*now.shape, 2), np.float32)
        )
        return np.asarray(flow, np.float32)

    @cached_property
    def speed(self) -> npt.NDArray[np.float32]:
        """(H, W) float32, length of the flow in pixels from the one picture to the other."""
        right, down = cv2.split(self.flow)  # faster than every second number of one array
        right *= right
        down *= down
        right += down
        return np.asarray(np.sqrt(right, out=right), np.float32)  # OpenCV's own rounds by where the arrays lie


def _span(changed: npt.NDArray[np.bool_], pixels: int) -> slice:
    """The pixels along one axis from the first to the last block that changed, and the margin."""
    found = np.flatnonzero(changed)
    if not found.size:
        return slice(0, 0)
    first = max(0, (int(found[0]) - MARGIN_BLOCKS) * BLOCK_PX)
    last = min(pixels, (int(found[-1]) + 1 + MARGIN_BLOCKS) * BLOCK_PX)
    if last - first < LEAST_PX:
        return slice(max(0, min(first, pixels - LEAST_PX)), min(pixels, first + LEAST_PX))
    return slice(first, last)
