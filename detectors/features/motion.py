"""What moves in each cell, and how fast. Looks at no appearance."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from detectors.base import Floats, Grid, Image, Picture
from detectors.options import MotionOptions

# A pixel counts as changed beyond this many grey levels: above sensor noise and compression of ordinary cameras.
CHANGED_LEVELS = 12
# A pixel counts as moving beyond this displacement, in pixels between the two pictures compared.
MOVING_PX = 0.5


class Motion:
    """Cells of the change between the newest picture and one `lag` before it: (h, w, 2) or, with flow, (h, w, 4).

    Channels: √(mean absolute difference / 255), share of changed pixels, √(mean flow magnitude in pixels), share of
    moving pixels. Square roots, because both magnitudes have long tails. The flow is DIS (Kroeger et al., ECCV 2016) in
    OpenCV's fast preset. A poor choice below about 3 frames/s, where things leap farther than the flow can follow.
    """

    def __init__(self, options: MotionOptions, fps: float) -> None:
        """Args: options: Cell geometry; fps: Analysed frames per second, from which the lag follows (0.09 s, ≥ 1)."""
        self._options = options
        self._lag = max(1, round(0.09 * fps))
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST) if options.flow else None

    @property
    def reach(self) -> int:
        """The lag, in pictures."""
        return self._lag

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        """See `detectors.base.Feature.extract`; every cell of the grid carries evidence."""
        if len(recent) <= self.reach:
            return None
        before, now = recent[-1 - self._lag].grey, recent[-1].grey
        difference = cv2.absdiff(before, now)
        changed = (difference > CHANGED_LEVELS).astype(np.float32)
        channels = [
            np.sqrt(self._pooled(difference.astype(np.float32)) / 255),
            self._pooled(changed),
        ]
        if self._flow is not None:
            channels += self._flowing(self._flow, before, now)
        values = np.stack(channels, axis=-1).astype(np.float32)  # (h, w, d)
        return Grid(values, np.ones(values.shape[:2], np.bool_))

    def _flowing(self, method: cv2.DISOpticalFlow, before: Image, now: Image) -> list[Floats]:
        flow = method.calc(before, now, np.zeros((*now.shape, 2), np.float32))  # (H, W, 2) pixels
        magnitude = np.asarray(cv2.magnitude(flow[..., 0], flow[..., 1]), np.float32)
        moving = (magnitude > MOVING_PX).astype(np.float32)
        return [np.sqrt(self._pooled(magnitude)), self._pooled(moving)]

    def _pooled(self, pixels: Floats) -> Floats:
        """Means over whole cells, (h, w); a picture smaller than a cell is one cell."""
        height, width = pixels.shape
        cell = min(self._options.cell_px, height, width)
        means = cv2.blur(pixels, (cell, cell), anchor=(0, 0), borderType=cv2.BORDER_REPLICATE)
        stride = self._options.stride_px
        return np.maximum(means[: height - cell + 1 : stride, : width - cell + 1 : stride], 0)
