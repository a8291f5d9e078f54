"""How each cell looks to a network trained on photographs. Looks at no motion but to see where it is worth while."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from detectors.base import Floats, Grid, Image, Picture
from detectors.features.lite0.runtimes import chosen_runtime, network
from detectors.features.lite0.weights import CHANNELS, STRIDE_PX
from detectors.features.moving import Cells, lag, moving
from detectors.options import CnnOptions

# What EfficientNet-Lite was trained with: (x - MEAN) / SCALE, RGB.
MEAN, SCALE = 127, 128


class Cnn:
    """Means over each cell of EfficientNet-Lite0's 40 channels after block 4: (h, w, 40), about -40..40.

    With `moving_only` a cell carries evidence where something moves, compared with the picture `lag` before as `Motion`
    does; where nothing moves at all the network is not run. Values of cells without evidence are 0. Running it on the
    bounding box of what moves would save little of its time on busy streets, not worth the second path.

    All cameras of a process share one network for each size of picture. A poor choice where things are under a dozen
    pixels high, or move too slowly to be seen moving; without `moving_only` for infra-red and thermal pictures, whose
    textures it was not trained on.
    """

    def __init__(self, options: CnnOptions, fps: float, *, device: str = "cpu", threads: int = 1) -> None:
        """Loads weights and runtime; the first picture of a size takes up to 0.2 s longer, for compiling.

        Args:
            options: See there.
            fps: Analysed frames per second, from which the lag follows.
            device: "cpu" or "cuda:N"; a GPU is used by torch only.
            threads: How many the network computes with.

        Raises:
            MissingError: The weights, or the runtime asked for, are not installed.
        """
        self._cells = Cells(options.cell_px, options.stride_px)
        self._lag = lag(fps) if options.moving_only else 0
        self._runtime = chosen_runtime(options.runtime, device)
        self._device = device
        self._threads = threads
        # Loads everything that is large, and finds out now rather than when something moves if it does not work.
        network(self._runtime, device, threads, STRIDE_PX, STRIDE_PX)

    @property
    def reach(self) -> int:
        """The lag, in pictures; 0 if it does not matter what moves."""
        return self._lag

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        """See `detectors.base.Feature.extract`."""
        if len(recent) <= self.reach:
            return None
        if self._lag == 0:
            values = self._values(recent[-1].image)
            return Grid(values, np.ones(values.shape[:2], np.bool_))
        mask = moving(recent[-1].change_from(recent[-1 - self._lag]), self._cells)
        values = np.zeros((*mask.shape, CHANNELS), np.float32)
        if mask.any():
            values[mask] = self._values(recent[-1].image)[mask]
        return Grid(values, mask)

    def _values(self, image: Image) -> Floats:
        """(h, w, 40) of the whole picture."""
        height, width = image.shape[:2]
        below, right = -height % STRIDE_PX, -width % STRIDE_PX
        whole = cv2.copyMakeBorder(image, 0, below, 0, right, cv2.BORDER_REPLICATE) if below or right else image
        blob = np.asarray(cv2.dnn.blobFromImage(whole, 1 / SCALE, mean=(MEAN,) * 3, swapRB=True), np.float32)
        run = network(self._runtime, self._device, self._threads, height + below, width + right)
        side = min(self._cells.side_px, height, width)
        rows = _covered(height, side, self._cells.stride_px)
        columns = _covered(width, side, self._cells.stride_px)
        values = rows @ run(blob) @ columns.T  # (40, h, w)
        return np.ascontiguousarray(np.moveaxis(values, 0, -1))


@lru_cache(maxsize=16)
def _covered(extent_px: int, side_px: int, stride_px: int) -> Floats:
    """Along one axis, how much of each cell lies in each position of the network: rows add up to 1."""
    cells = np.arange(0, extent_px - side_px + 1, stride_px)[:, None]
    positions = np.arange(0, extent_px, STRIDE_PX)[None]
    ends = np.minimum(cells + side_px, positions + STRIDE_PX)
    overlaps = np.maximum(ends - np.maximum(cells, positions), 0)  # (cells, positions) px
    return np.asarray(overlaps / side_px, np.float32)
