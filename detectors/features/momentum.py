"""How much moves how fast in each cell, as one number. Looks at no appearance and at no direction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.base import Grid, Picture
from detectors.change import CHANGED_LEVELS
from detectors.features.moving import Cells, lag
from detectors.options import MomentumOptions

# Speeds are told per this time, so that they mean the same at every frame rate. Unit: seconds.
BEAT_S = 0.1
# Pictures closer than this are of one moment: a camera that sends in bursts must not look fast. Unit: seconds.
CLOSEST_S = 0.02


class Momentum:
    """Cells of √(mean speed · share of changed pixels) between the newest picture and one `lag` before: (h, w, 1).

    Speed is optical flow's, in analysis pixels per 0.1 s. Flow alone also speaks where there is nothing to follow, and
    change alone cannot tell a runner from a bright shirt; their product is large only where both agree, and its root is
    again like a speed. Nothing changes, nothing is computed: a still scene costs next to nothing.

    A poor choice below about 3 frames/s, where things leap farther than the flow can follow, and for what is strange by
    its looks or by standing still.
    """

    def __init__(self, options: MomentumOptions, fps: float) -> None:
        """Args: options: see there; fps: Analysed frames per second, from which the lag follows (0.09 s, ≥ 1)."""
        self._cells = Cells(options.cell_px, options.stride_px)
        self._lag = lag(fps)

    @property
    def reach(self) -> int:
        """The lag, in pictures."""
        return self._lag

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        """See `detectors.base.Feature.extract`; every cell of the grid carries evidence."""
        if len(recent) <= self.reach:
            return None
        now, before = recent[-1], recent[-1 - self._lag]
        change = now.change_from(before)
        changed = self._cells.share(change.difference > CHANGED_LEVELS)
        values = np.zeros((*changed.shape, 1), np.float32)  # (h, w, 1)
        if changed.any():
            beats = max(now.at_s - before.at_s, CLOSEST_S) / BEAT_S
            values[..., 0] = np.sqrt(self._cells.means(change.speed) / np.float32(beats) * changed)
        return Grid(values, np.ones(changed.shape, np.bool_))
