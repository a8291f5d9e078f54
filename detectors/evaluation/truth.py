"""Truth fitted to the frames that were decoded. Judges no detector; what does not fit at all is an error."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.base import Floats, Mask
from detectors.evaluation.frames import Labels

SLACK_FRAMES = 5  # decoders disagree on a clip's last frames by a few; more than that is truth of another clip


class TruthError(ValueError):
    """The truth does not fit the clip it is for."""


def labels_of(name: str, ranges: Sequence[tuple[int, int]], frames: int, caveats: list[str]) -> Labels:
    """(frames,) True inside a range; up to five frames beyond the end are cut off with a caveat.

    Raises:
        TruthError: A range ends later than that.
    """
    last = max((end for _, end in ranges), default=0)
    _check_length(name, "labels", last, frames, last > frames, caveats)
    labels = np.zeros(frames, dtype=bool)
    for start, end in ranges:
        labels[start:end] = True
    return labels


def fitted(
    name: str, heatmaps: Sequence[Floats | None], masks: Mask, caveats: list[str]
) -> tuple[Sequence[Floats | None], Mask]:
    """One heatmap per mask; up to five of either too many are left out with a caveat.

    Raises:
        TruthError: Their numbers differ by more.
    """
    _check_length(name, "masks", len(masks), len(heatmaps), len(masks) != len(heatmaps), caveats)
    frames = min(len(masks), len(heatmaps))
    return heatmaps[:frames], masks[:frames]


def _check_length(name: str, what: str, got: int, frames: int, wrong: bool, caveats: list[str]) -> None:
    if not wrong:
        return
    problem = f"{what} of clip {name}: expected them to fit its {frames} decoded frames, got {got}"
    if abs(got - frames) > SLACK_FRAMES:
        raise TruthError(f"{problem}; check that they are this clip's and count its frames from 0")
    caveats.append(f"{problem}; the overhang was left out")
