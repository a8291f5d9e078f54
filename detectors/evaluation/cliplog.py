"""What was said about one clip, frame by frame, as plain columns: the only input of every metric. Computes none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detectors.base import Floats
from detectors.evaluation.events import Alert
from detectors.evaluation.frames import Labels, Numbers
from detectors.evaluation.localisation import PlacedClip


@dataclass(frozen=True, slots=True)
class Said:
    """What was said about each picture (T,). Pictures between analysed ones hold the last analysed one's.

    Attributes:
        scores: Fused. Where a reading was unknown, the running median of the known scores before it (0.0 at first).
        unknown: Where the fused score was unknown, so that `scores` is filled in.
        judged: Where the verdict was not "unknown".
        anomalous: Where it was "anomalous".
        limits: The limit, NaN while there is none.
        states: One a picture.
        detectors: Like `scores`, per detector; baselines: per trivial score.
        silent: Like `unknown`, per detector.
        stages_s: Seconds per stage and *analysed* frame.
    """

    scores: Numbers
    unknown: Labels
    judged: Labels
    anomalous: Labels
    limits: Numbers
    states: tuple[str, ...]
    detectors: Mapping[str, Numbers]
    silent: Mapping[str, Labels]
    baselines: Mapping[str, Numbers]
    stages_s: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Counted:
    """What a budget is kept by: of each *analysed* frame (A,).

    Attributes:
        at_s: On the clock of the whole stream.
        values: Each channel's score, float32; NaN where it does not count, as while its models are warming.
        lights: `budget.diary.Light` of each.
    """

    at_s: Numbers
    values: Mapping[str, Floats]
    lights: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class ClipLog:
    """All that is known of one clip and was said about it.

    Attributes:
        trained: Whether the clip is of the train split.
        began_s: When it began on the clock of the whole stream.
        times_s: (T,) of its pictures, from its beginning.
        end_s: The last frame's time and one frame more.
        labels: (T,) True where anomalous; None for an unlabelled clip.
        placed: Heatmaps against masks; None without masks or heatmaps.
        resident_bytes: Memory of the process when the clip had ended; None if not known.
        caveats: What is wrong with the truth, for people.
        counted: None where nobody counted.
    """

    name: str
    trained: bool
    began_s: float
    times_s: Numbers
    end_s: float
    labels: Labels | None
    said: Said
    placed: PlacedClip | None
    alerts: tuple[Alert, ...]
    resident_bytes: int | None
    caveats: tuple[str, ...]
    counted: Counted | None = None
