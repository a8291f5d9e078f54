"""The whole scene, very small, and what stands out from its surroundings in it. Looks at no motion."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from detectors.base import Floats, Grid, Picture
from detectors.options import ThumbnailOptions

# Local contrast is taken at this size or finer, so that it sees more than a thumbnail of a few cells would.
FINE = (64, 32)
# Side of the surroundings, in pixels of the fine picture: a seventh of its width, a person near an indoor camera.
SURROUNDINGS = 9
# Contrast of a surface that is plain but for noise, 0..1: it keeps noise from being enlarged to structure.
PLAIN = 0.03


class Thumbnail:
    """The picture's grey, its local contrast, both, or its colours, as one grid over the whole of it: (h, w, 1 to 3).

    Grey is 0..1. Local contrast is d / (√mean(d²) + 0.03), d = grey - mean(grey), means over the surroundings: about
    -3..3, and nearly the same in light that is brighter, dimmer or offset everywhere (divisive normalisation, Carandini
    & Heeger 2012). Colours are luma, red difference and blue difference (ITU-R BT.601), 0..1; the differences are
    spread to twice their range, since few surfaces are of a pure colour, and what lies beyond is cut off. A poor choice
    for things much smaller than a cell.
    """

    def __init__(self, options: ThumbnailOptions) -> None:
        self._options = options

    @property
    def reach(self) -> int:
        """It looks at the newest picture only."""
        return 0

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        """See `detectors.base.Feature.extract`; every cell of the grid carries evidence."""
        if not recent:
            return None
        options = self._options
        if options.content == "colour":
            return self._coloured(recent[-1])
        size = (max(FINE[0], options.width), max(FINE[1], options.height))
        small = cv2.resize(recent[-1].grey.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        grey = np.asarray(small, np.float32) / np.float32(255)
        channels = []
        if options.content != "contrast":
            channels.append(self._shrunk(grey))
        if options.content != "grey":
            channels.append(self._shrunk(contrast(grey)))
        values = np.stack(channels, axis=-1)  # (h, w, d)
        return Grid(values, np.ones(values.shape[:2], np.bool_))

    def _coloured(self, picture: Picture) -> Grid:
        small = cv2.resize(picture.image, (self._options.width, self._options.height), interpolation=cv2.INTER_AREA)
        values: Floats = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2YCrCb), np.float32) / np.float32(255)
        values[..., 1:] = np.clip(2 * values[..., 1:] - 0.5, 0, 1)
        return Grid(values, np.ones(values.shape[:2], np.bool_), picture.infrared)

    def _shrunk(self, fine: Floats) -> Floats:
        size = (self._options.width, self._options.height)
        return np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), np.float32)


def contrast(grey: Floats) -> Floats:
    """What stands out from its surroundings, see `Thumbnail`: (h, w) of grey 0..1."""
    box = (SURROUNDINGS, SURROUNDINGS)
    deviation = grey - cv2.blur(grey, box)
    spread = np.sqrt(np.maximum(cv2.blur(deviation * deviation, box), 0))
    return np.asarray(deviation / (spread + np.float32(PLAIN)), np.float32)
