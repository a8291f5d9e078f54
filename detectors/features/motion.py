"""What moves in each cell, and how fast. Looks at no appearance."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from detectors.base import Floats, Grid, Picture
from detectors.change import CHANGED_LEVELS, Change
from detectors.features.moving import MOVING_PX, Cells, lag, moving
from detectors.options import MotionOptions


class Motion:
    """Cells of the change between the newest picture and one `lag` before it: (h, w, 2) or, with flow, (h, w, 4 + n).

    Channels: √(mean absolute difference / 255), share of changed pixels, √(mean flow magnitude in pixels), share of
    moving pixels. Square roots, because both magnitudes have long tails. Then a histogram of velocity if there is one:
    n = `directions` · `speeds` channels, each √(mean flow magnitude of the pixels that move this way this fast, others
    counting 0), all speeds of one direction side by side. Direction 0 is to the right, the next ones follow clockwise.
    With one speed this is the velocity feature of Reiss & Hoshen 2022 (AI-VAD, section 3.3) but for its boxes.

    A poor choice below about 3 frames/s, where things leap farther than the flow can follow.
    """

    def __init__(self, options: MotionOptions, fps: float) -> None:
        """Args: options: see there; fps: Analysed frames per second, from which the lag follows (0.09 s, ≥ 1)."""
        self._options = options
        self._cells = Cells(options.cell_px, options.stride_px)
        self._lag = lag(fps)

    @property
    def reach(self) -> int:
        """The lag, in pictures."""
        return self._lag

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        """See `detectors.base.Feature.extract`; cells without evidence only with `moving_only`."""
        if len(recent) <= self.reach:
            return None
        change = recent[-1].change_from(recent[-1 - self._lag])
        channels = [
            np.sqrt(self._cells.means(change.difference.astype(np.float32)) / 255),
            self._cells.share(change.difference > CHANGED_LEVELS),
        ]
        if self._options.flow:
            channels += [np.sqrt(self._cells.means(change.speed)), self._cells.share(change.speed > MOVING_PX)]
        values = np.stack(channels, axis=-1).astype(np.float32)  # (h, w, d)
        if self._options.flow and self._options.directions:
            values = np.concatenate([values, self._histogram(change)], axis=-1)  # (h, w, 4 + n)
        mask = np.ones(values.shape[:2], np.bool_)
        if self._options.moving_only:
            mask = moving(change, self._cells, flow=self._options.flow)
        return Grid(values, mask)

    def _histogram(self, change: Change) -> Floats:
        """(h, w, directions · speeds); the slowest speed begins at `MOVING_PX`, each further one at twice the last."""
        directions, speeds = self._options.directions, self._options.speeds
        turns = cv2.phase(change.flow[..., 0], change.flow[..., 1]) / (2 * np.pi)  # clockwise: rows point down
        way = np.round(turns * directions).astype(np.int32) % directions
        pace = np.clip(np.floor(np.log2(np.maximum(change.speed, MOVING_PX) / MOVING_PX)), 0, speeds - 1)
        bins = way * speeds + pace.astype(np.int32)
        moves = np.where(change.speed > MOVING_PX, change.speed, np.float32(0))
        each = [self._cells.means(np.where(bins == number, moves, 0)) for number in range(directions * speeds)]
        return np.sqrt(np.stack(each, axis=-1)).astype(np.float32)
