"""All detectors of one camera, from picture to reading, and their learning. Knows no camera, file or process.

`step` judges and changes nothing that was learned; `learn` then offers what was judged. Whoever calls decides whether
and so the logged number is always from before.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from detectors.base import (
    DetectorScore,
    Feature,
    Grid,
    Model,
    Picture,
    Reading,
    Reason,
    Score,
    State,
    StateDict,
    StateView,
    Threshold,
    Verdict,
)
from detectors.calibration import Calibration
from detectors.fusion import Fusion, names, strongest_box
from detectors.gate import Gate
from detectors.options import LearningOptions
from detectors.state import Wanted, fitted, refuse_unless

# Time constant of the smoothing of scores, causal: one frame of noise is no event.
SMOOTHING_S = 0.28
# Pictures farther apart than this, or than three periods, do not belong together.
GAP_S = 2.0
GAP_PERIODS = 3
_NOTHING = Score(None, None)


@dataclass(frozen=True, slots=True)
class Detector:
    """A feature and a model. Detectors that name the same feature share its grids.

    Attributes:
        name: What people see.
        feature: Key of its feature in the pipeline.
        model: Its model, used by it alone.
        weight: Its part in the fused score, > 0.
    """

    name: str
    feature: str
    model: Model
    weight: float


class Pipeline:
    """The detectors of one camera. Not for several threads at once."""

    def __init__(
        self,
        features: Mapping[str, Feature],
        detectors: Sequence[Detector],
        threshold: Threshold,
        learning: LearningOptions,
        fps: float,
    ) -> None:
        """Args: features: by key; detectors: at least one; threshold: of the fused score; fps: pictures per second."""
        self._features = features
        self._detectors = detectors
        self._fusion = Fusion({d.name: d.weight for d in detectors})
        self._calibration = Calibration(threshold)
        self._gate = Gate(learning)
        self._warmup = learning.warmup
        self._gap_s = max(GAP_S, GAP_PERIODS / fps)
        self._recent: deque[Picture] = deque(maxlen=max(f.reach for f in features.values()) + 1)
        self._smooth = _NOTHING
        self._judged: tuple[Reading, dict[str, Grid], dict[str, Score]] | None = None
        self._given: tuple[int, ...] | None = None  # shape of the last picture, as it came
        self._size = (0, 0)  # height and width that the models know; follows the pictures until something is learned
        self._learned = 0

    @property
    def learned(self) -> int:
        """Pictures learned so far."""
        return self._learned

    @property
    def accepting(self) -> bool:
        """Whether an anomaly has lasted so long that it is now learned as a new normal."""
        return self._gate.accepting

    def step(self, picture: Picture) -> Reading:
        """Judge the next picture. Pictures after a gap, or of another size, begin anew as after `cut`.

        What was learned is of one size; a picture of another is scaled to it, and so looks as strange as a scene that
        was changed.
        """
        if self._recent and not self._follows(picture, self._recent[-1]):
            self.cut()
        self._given = picture.image.shape
        passed_s = picture.at_s - self._recent[-1].at_s if self._recent else math.inf
        self._recent.append(self._sized(picture))
        grids = self._grids()
        scores = {d.name: d.model.score(grids[d.feature]) if d.feature in grids else _NOTHING for d in self._detectors}
        fused = self._fusion.fuse(scores)
        self._smooth = _smoothed(self._smooth, fused, passed_s)
        reading = self._read(picture.at_s, scores, self._fusion.shares(scores, fused), self._smooth)
        self._judged = (reading, grids, scores)
        return reading

    def learn(self) -> None:
        """Offer the picture judged last to calibration and gate, and let the models learn what is ripe."""
        if self._judged is None:
            return
        reading, grids, scores = self._judged
        self._judged = None
        self._fusion.settle(scores)
        if reading.value is not None and self._learned >= self._warmup:
            self._calibration.learn(reading.at_s, reading.value, reading.verdict, accepted=self.accepting)
        if len(grids) == len(self._features):
            self._gate.offer(reading.at_s, reading.verdict, grids)
        for ripe in self._gate.ripe(reading.at_s, at_once=reading.limit is None):
            for detector in self._detectors:
                detector.model.learn(ripe[detector.feature])
            self._learned += 1

    def cut(self) -> None:
        """Forget the pictures before: the next one does not follow them. What was learned stays."""
        self._recent.clear()
        self._smooth = _NOTHING
        self._judged = None
        self._calibration.cut()

    def restart_clock(self) -> None:
        """As `cut`, and the next picture's `at_s` has nothing to do with the last one's."""
        self.cut()
        self._gate.restart_clock()

    def state(self) -> StateDict:
        """Everything learned as flat named arrays, `PART/ARRAY`; what waits at the gate is not kept."""
        parts = {f"model.{d.name}": d.model.state() for d in self._detectors}
        parts |= {"fusion": self._fusion.state(), "calibration": self._calibration.state()}
        flat = {f"{part}/{name}": array for part, arrays in parts.items() for name, array in arrays.items()}
        size = self._size if self._learned else (0, 0)
        return {**flat, "learned": np.array(self._learned, np.int64), "size": np.array(size, np.int64)}

    def restore(self, state: StateView) -> None:
        """Go on from `state`, after a cut.

        Raises:
            StateError: It is another configuration's or broken; build a new pipeline, this one may be half restored.
        """
        own = {"learned": Wanted(np.int64), "size": Wanted(np.int64, (2,))}
        new = fitted({name: state[name] for name in own if name in state}, own)
        learned, (height, width) = int(new["learned"]), new["size"].tolist()
        refuse_unless(learned == 0 or min(learned, height, width) > 0, "a count, and the size that was learned")
        for detector in self._detectors:
            detector.model.restore(_part(state, f"model.{detector.name}"))
        self._fusion.restore(_part(state, "fusion"))
        self._calibration.restore(_part(state, "calibration"))
        self._learned = learned
        self._size = (height, width)
        self.restart_clock()

    def _follows(self, picture: Picture, before: Picture) -> bool:
        passed_s = picture.at_s - before.at_s
        return 0 < passed_s <= self._gap_s and picture.image.shape == self._given

    def _sized(self, picture: Picture) -> Picture:
        height, width = picture.image.shape[:2]
        if self._learned == 0:
            self._size = (height, width)
        if self._size == (height, width):
            return picture
        image = cv2.resize(picture.image, self._size[::-1], interpolation=cv2.INTER_AREA)
        return Picture(np.asarray(image, np.uint8), picture.at_s)

    def _grids(self) -> dict[str, Grid]:
        """The grids of the features that have enough pictures."""
        recent = list(self._recent)
        grids = {key: feature.extract(recent) for key, feature in self._features.items()}
        return {key: grid for key, grid in grids.items() if grid is not None}

    def _read(
        self, at_s: float, scores: Mapping[str, Score], shares: tuple[DetectorScore, ...], fused: Score
    ) -> Reading:
        limit = self._calibration.limit()
        state, why = self._standing(limit)
        verdict = Verdict.UNKNOWN
        p_value = None
        if fused.value is not None and limit is not None:
            verdict = Verdict.ANOMALOUS if fused.value > limit else Verdict.NORMAL
            p_value = self._calibration.p_value(fused.value)
        reasons: tuple[Reason, ...] = ()
        if verdict is Verdict.ANOMALOUS and fused.heatmap is not None:
            box = strongest_box(fused.heatmap)
            reasons = tuple(self._reason(name, scores[name], p_value, box) for name in names(shares))
        return Reading(at_s, state, why, verdict, fused.value, p_value, limit, shares, fused.heatmap, reasons)

    def _standing(self, limit: float | None) -> tuple[State, str]:
        if self._fusion.missing or self._learned < self._warmup:
            return State.WARMING, f"learning the scene: {self._learned} of at least {self._warmup} pictures"
        if limit is None:
            return State.CALIBRATING, f"learning how much its score varies: {self._calibration.missing()} s left"
        if self.accepting:
            return State.ACTIVE, "strange for so long that it is being learned as a new normal"
        return State.ACTIVE, ""

    def _reason(self, name: str, score: Score, p_value: float | None, box: tuple[float, float, float, float]) -> Reason:
        times = self._fusion.in_units(name, score.value or 0.0)
        return Reason(name, f"{name} scores {times:.1f} × its usual high", p_value, box)


def _part(state: StateView, part: str) -> dict[str, np.ndarray]:
    prefix = f"{part}/"
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}


def _smoothed(before: Score, now: Score, passed_s: float) -> Score:
    """Exponential smoothing of the value with `SMOOTHING_S`; starts with the first that is known.

    Not of the heatmap: it would trail behind what moves fast.
    """
    if now.value is None or before.value is None:
        return now
    gain = 1 - math.exp(-passed_s / SMOOTHING_S)
    return Score(before.value + gain * (now.value - before.value), now.heatmap)
