"""The picture itself, small and grey, with the moments before it. Looks at no motion and no colour."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from detectors.base import Floats, Grid, Picture
from detectors.options import PixelsOptions


class Pixels:
    """Grey pictures stacked along the channels, oldest first, the newest last: (h, w, history + 1), 0..1.

    Half of the analysis size is enough for what moves and averages away much sensor noise; a picture that is smaller
    than `width` is never enlarged.
    """

    def __init__(self, options: PixelsOptions) -> None:
        self._options = options

    @property
    def reach(self) -> int:
        """The `history` of the options."""
        return self._options.history

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        """See `detectors.base.Feature.extract`; every cell of the grid carries evidence."""
        if len(recent) <= self.reach:
            return None
        stack = [self._small(picture) for picture in recent[len(recent) - self.reach - 1 :]]
        values = np.stack(stack, axis=-1)  # (h, w, history + 1)
        return Grid(values, np.ones(values.shape[:2], np.bool_))

    def _small(self, picture: Picture) -> Floats:
        height, width = picture.grey.shape
        scale = min(1.0, self._options.width / width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(picture.grey, size, interpolation=cv2.INTER_AREA)
        return np.asarray(small, dtype=np.float32) / np.float32(255)
