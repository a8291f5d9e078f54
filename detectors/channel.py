"""Detectors that look at the same span of time: their scores, one limit, one gate. Sees grids, never pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from detectors import words
from detectors.base import (
    Box,
    ChannelReading,
    DetectorScore,
    Grid,
    Image,
    Mask,
    Model,
    Reason,
    Score,
    State,
    StateDict,
    StateView,
    Threshold,
    Verdict,
)
from detectors.budget.allowance import Given
from detectors.calibration import Calibration
from detectors.context import Context
from detectors.fusion import Fusion, Part, names, strongest_box, strongest_cells
from detectors.gate import HASTE, Gate
from detectors.options import ConformalOptions, LearningOptions
from detectors.stages import Stages
from detectors.state import Wanted, fitted, part, refuse_unless, with_prefix
from detectors.thresholds.conformal import ConformalThreshold
from detectors.words import PLAIN

# A cell is taken out if more than this share of it is.
TOUCHED = 0.1
# Time constant of the smoothing of scores, causal: one frame of noise is no event.
SMOOTHING_S = 0.28
# Cells that a reason names.
MOST_CELLS = 5
# A detector's own p-values are ranks among the moments of so long, and at least so many: enough to tell people, too few
# to set a limit.
RANKED_S = 6 * 3600
LEAST_RANKED = 2000
# A fitted tail is believed for so many times as long as the life that is known, no longer.
FARTHEST = 10
# Beside the strongest detector, one whose score is as common as this has nothing to say. Unit: p-value.
COMMON = 0.05
_NOTHING = Score(None, None)


@dataclass(frozen=True, slots=True)
class Detector:
    """A feature and a model. Detectors that name the same feature share its grids.

    Attributes:
        name: What people see.
        feature: Key of its feature in the pipeline.
        model: Its model, used by it alone.
        part: In its channel's fused score.
        meaning: What a high score of it means, in words for people.
    """

    name: str
    feature: str
    model: Model
    part: Part
    meaning: str = PLAIN


@dataclass(frozen=True, slots=True)
class Lesson:
    """What there is to learn of one picture: each feature's grid, and the picture small if it is wanted."""

    grids: Mapping[str, Grid]
    small: Image | None


class Channel:
    """The detectors of one span of time. Not for several threads at once."""

    def __init__(
        self,
        name: str,
        detectors: Sequence[Detector],
        threshold: Threshold,
        learning: LearningOptions,
        moment_s: float,
        stages: Stages,
        context: float = 0.0,
    ) -> None:
        """Begin knowing nothing.

        Args:
            detectors: At least one.
            threshold: Of the fused score, asked about moments of `moment_s` seconds.
            context: Standard deviations of lately ordinary scores that are taken off the fused score, at least 0.
        """
        self.name = name
        self.features = frozenset(detector.feature for detector in detectors)  # keys of what its detectors look at
        self._detectors = detectors
        self._learning = learning
        self._stages = stages
        self._meanings = {d.name: d.meaning for d in detectors}
        self._fusion = Fusion({d.name: d.part for d in detectors})
        self._calibration = Calibration(threshold, moment_s)
        ranks = ConformalOptions(window=max(LEAST_RANKED, int(RANKED_S / moment_s)))
        self._ranks = {d.name: Calibration(ConformalThreshold(ranks), moment_s) for d in detectors}
        self._moment_s = moment_s
        self._gate: Gate[Lesson] = Gate(learning)
        self._context = Context(context)
        self._passed_s = math.inf  # from the picture before to the one scored last
        self._fused = self._smooth = _NOTHING
        self._scores = {d.name: _NOTHING for d in detectors}
        self._grids: dict[str, Grid] = {}  # that the scores are of, by detector
        self._rest = _Rest()
        self._away = ""  # why it looked away from the newest picture; "" if it did not
        self._settled_s = -math.inf
        self._learned = 0

    @property
    def learned(self) -> int:
        """Pictures learned so far."""
        return self._learned

    @property
    def accepting(self) -> bool:
        """Whether an anomaly has lasted so long that it is now learned as a new normal."""
        return self._gate.accepting

    def look(self, grids: Mapping[str, Grid], passed_s: float, size: tuple[int, int]) -> None:
        """Score the newest picture.

        Args:
            grids: Of the features that looked at it; a detector whose feature did not keeps its last score.
            passed_s: Since the picture before; infinite after a cut.
            size: (h, w) of the heatmap, in cells.
        """
        self._away = ""
        for detector in self._detectors:
            grid = grids.get(detector.feature)
            if grid is not None:
                with self._stages(f"score {detector.name}"):
                    self._scores[detector.name] = self._scored(detector, grid)
                self._grids[detector.name] = grid
        with self._stages("fuse"):
            self._passed_s = passed_s
            self._fused = self._fusion.fuse(self._scores, size)
            counted = self._context.beyond(self._fused)
            self._smooth = _smoothed(self._smooth, counted, passed_s)
            self._rest.look(self._fused, counted, passed_s)

    def look_away(self, why: str) -> None:
        """Instead of `look`: nothing can be known of the newest picture, and `why`, for people."""
        self.cut()
        self._away = why

    def judge(self, given: Given | None = None) -> ChannelReading:
        """Judge the picture scored last, by the limit that the budget gave, or by its own threshold's without one."""
        fused = self._smooth
        if given is not None:
            self._gate.grow(given.seen_s)
        own = given is None or (given.limit is None and given.judging)
        limit = None if self._warming else (self._calibration.limit() if own or given is None else given.limit)
        state, why = self._standing(limit, given)
        verdict, p_value = Verdict.UNKNOWN, None
        if fused.value is not None and limit is not None:
            verdict = Verdict.ANOMALOUS if fused.value > limit else Verdict.NORMAL
            p_value = self._p_value(fused.value)
        return ChannelReading(self.name, state, why, verdict, fused.value, p_value, limit, fused.heatmap)

    def without(self, cells: Mask) -> Score:
        """What counts of what is left of the picture scored last without these cells, for `heard`.

        Args:
            cells: (h, w) of the heatmap.
        """
        scores = {d.name: self._scored_without(d, cells) for d in self._detectors}
        score = self._fusion.fuse(scores, (cells.shape[0], cells.shape[1]))
        if score.value is None or self._fused.value is None:
            return self._context.beyond(self._fused)
        left = Score(min(score.value, self._fused.value), score.heatmap)
        counted = self._context.beyond(left)
        self._rest.take(scores, left, counted)
        return counted

    def exceeds(self, limit: float) -> bool:
        """Whether the picture scored last is above `limit` if it is looked at alone."""
        value = self._context.beyond(self._fused).value
        return value is not None and value > limit

    def heard(self, reading: ChannelReading) -> ChannelReading:
        """The picture judged last as it is without what was taken out of it and of those before; `reading` else."""
        value = self._rest.smooth.value
        if reading.limit is None or reading.value is None or value is None or value >= reading.value:
            return reading
        verdict = Verdict.ANOMALOUS if value > reading.limit else Verdict.NORMAL
        p_value, heatmap = self._p_value(value), self._rest.smooth.heatmap
        return replace(reading, verdict=verdict, value=value, p_value=p_value, heatmap=heatmap)

    @property
    def countable(self) -> float | None:
        """What is left of the score of the picture judged last, if such scores say anything of a limit."""
        return None if self._warming else self._rest.smooth.value

    @property
    def scores(self) -> tuple[DetectorScore, ...]:
        """Each detector's say on the picture judged last."""
        return self._fusion.shares(self._scores, self._fused)

    def reasons(self, place: Callable[[Box], str] = words.place) -> tuple[Reason, ...]:
        """Why what is left of the picture judged last scores as it does, strongest detector first.

        Args:
            place: Names a box.
        """
        scores, fused = self._rest.scores or self._scores, self._rest.fused
        shares = self._fusion.shares(scores, fused)
        known = [name for name in names(shares) if scores[name].value is not None]
        return tuple(self._reason(name, scores[name], place, first=name == known[0]) for name in known)

    def learn(self, at_s: float, reading: ChannelReading, lesson: Callable[[], Lesson] | None) -> list[Lesson]:
        """Offer the picture judged last, as `reading`, and let the models learn what is ripe, which is given back.

        Args:
            at_s: The picture's.
            reading: Of it.
            lesson: Asked for if it is this picture's turn; None if it has nothing to teach.
        """
        self._settle(at_s)
        self._note_context(reading)
        if reading.value is not None and not self._warming:
            self._calibrate(at_s, reading.value, reading.verdict)
        if lesson is not None:
            self._gate.offer(at_s, reading.verdict, lesson, self._learned)
        ripe = self._gate.ripe(at_s, at_once=reading.limit is None)
        self._take_in([each.grids for each in ripe])
        return ripe

    def learn_again(self, at_s: float, reading: ChannelReading, lessons: Sequence[Mapping[str, Grid]]) -> None:
        """Instead of `learn`: what was learned after this picture when it was judged first; the gate is passed by."""
        self._settle(at_s)
        self._note_context(reading)
        self._take_in(lessons)

    def cut(self) -> None:
        """Forget the pictures before: the next one does not follow them. What was learned stays."""
        self._fused = self._smooth = _NOTHING
        self._scores = {d.name: _NOTHING for d in self._detectors}
        self._grids, self._rest = {}, _Rest()
        self._calibration.cut()
        for rank in self._ranks.values():
            rank.cut()

    def restart_clock(self) -> None:
        """As `cut`, and the next time has nothing to do with the last one."""
        self.cut()
        self._gate.restart_clock()
        self._settled_s = -math.inf

    def state(self) -> StateDict:
        """Everything learned as flat named arrays, `PART/ARRAY`; what waits at the gate is not kept."""
        parts = {f"model.{d.name}": d.model.state() for d in self._detectors}
        parts |= {f"rank.{name}": rank.state() for name, rank in self._ranks.items()}
        parts |= {"fusion": self._fusion.state(), "calibration": self._calibration.state()}
        parts["context"] = self._context.state()
        return with_prefix(parts) | {"learned": np.array(self._learned, np.int64)}

    def restore(self, state: StateView) -> None:
        """Go on from `state`, after a cut; StateError if it does not fit, then this one may be half restored."""
        own = {"learned": state["learned"]} if "learned" in state else {}
        learned = int(fitted(own, {"learned": Wanted(np.int64)})["learned"])
        refuse_unless(learned >= 0, "a count of learned pictures")
        for detector in self._detectors:
            detector.model.restore(part(state, f"model.{detector.name}"))
            self._ranks[detector.name].restore(part(state, f"rank.{detector.name}"))
        self._fusion.restore(part(state, "fusion"))
        self._calibration.restore(part(state, "calibration"))
        self._context.restore(part(state, "context"))
        self._learned = learned
        self.restart_clock()

    def standing(self) -> StateDict:
        """What the next score depends on beside what was learned: the scores of the picture before, by detector."""
        known = {name: s for name, s in self._scores.items() if s.value is not None and s.heatmap is not None}
        values = {f"value.{name}": np.array(score.value, np.float64) for name, score in known.items()}
        heatmaps = {f"heatmap.{name}": np.asarray(score.heatmap) for name, score in known.items()}
        smooth = {} if self._smooth.value is None else {"smooth": np.array(self._smooth.value, np.float64)}
        settled = {"settled_s": np.array(self._settled_s)} if math.isfinite(self._settled_s) else {}
        return values | heatmaps | smooth | settled

    def stand(self, standing: StateView) -> None:
        """Go on as if what `standing` tells was the picture before; StateError if it does not fit, nothing changed."""
        names = [d.name for d in self._detectors if f"value.{d.name}" in standing]
        single = [each for each in ("smooth", "settled_s") if each in standing] + [f"value.{name}" for name in names]
        maps = {f"heatmap.{name}": Wanted(np.float32, (None, None)) for name in names}
        new = fitted(standing, {name: Wanted(np.float64) for name in single} | maps)
        known = {name: Score(float(new[f"value.{name}"]), new[f"heatmap.{name}"]) for name in names}
        self._scores = {d.name: known.get(d.name, _NOTHING) for d in self._detectors}
        self._smooth = Score(float(new["smooth"]), None) if "smooth" in new else _NOTHING
        self._rest = _Rest(smooth=self._smooth)
        self._settled_s = float(new.get("settled_s", -math.inf))

    @property
    def _warming(self) -> bool:
        """Whether scores so far make no limit: too high, or in units that are not fixed yet."""
        return self._fusion.missing > 0 or self._learned < self._learning.warmup

    def _settle(self, at_s: float) -> None:
        if at_s - self._settled_s >= 0.5 * self._learning.every_s / HASTE:  # half a turn early, as at the gate
            self._settled_s = at_s
            self._fusion.settle(self._scores)

    def _note_context(self, reading: ChannelReading) -> None:
        """What is strange is not ordinary, however long it lasts, until the models have learned it."""
        if self._fused.value is not None and reading.verdict is not Verdict.ANOMALOUS:
            self._context.learn(self._fused.value, self._passed_s)

    def _take_in(self, lessons: Sequence[Mapping[str, Grid]]) -> None:
        for grids in lessons:
            for detector in self._detectors:
                with self._stages(f"learn {detector.name}"):
                    detector.model.learn(grids[detector.feature])
            self._learned += 1

    def _scored(self, detector: Detector, grid: Grid) -> Score:
        """The model's score; where nothing carries evidence there is nothing strange, if the model knows at all."""
        score = detector.model.score(grid)
        if score.value is None and not grid.mask.any() and self._ranks[detector.name].seen:
            return Score(0.0, np.zeros(grid.mask.shape, np.float32))
        return score

    def _scored_without(self, detector: Detector, cells: Mask) -> Score:
        """The detector's last score if nothing of these cells carried evidence."""
        before, grid = self._scores[detector.name], self._grids.get(detector.name)
        if before.value is None or grid is None:
            return before
        height, width = grid.mask.shape
        out = cv2.resize(cells.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA) > TOUCHED
        with self._stages("feedback"):
            score = self._scored(detector, replace(grid, mask=grid.mask & ~out))
        # A model that knows, of a picture in which nothing is left that it could judge: nothing is strange there.
        return Score(0.0, np.zeros_like(before.heatmap)) if score.value is None else score

    def _calibrate(self, at_s: float, value: float, verdict: Verdict) -> None:
        with self._stages("calibrate"):
            self._calibration.learn(at_s, value, verdict, accepted=self.accepting)
            for name, rank in self._ranks.items():
                own = self._scores[name].value
                if own is not None:
                    rank.learn(at_s, own, verdict, accepted=self.accepting)

    def _p_value(self, value: float) -> float | None:
        found = self._calibration.p_value(value)
        least = [rank.p_value(math.inf) or 0.0 for rank in self._ranks.values()]  # 1 / (moments + 1) of each
        return None if found is None else max(found, min(least) / FARTHEST)

    def _standing(self, limit: float | None, given: Given | None) -> tuple[State, str]:
        if self._warming:
            why = f"learning the scene: {self._learned} of at least {self._learning.warmup} pictures"
            return State.WARMING, why if given is None or given.judging else f"{given.why}; {why}"
        if given is not None and not (given.judging and given.proven):
            return State.CALIBRATING, given.why
        if self._away:
            return State.CALIBRATING, self._away
        if limit is None:
            left_s = self._calibration.missing() * self._moment_s
            return State.CALIBRATING, f"learning how much its score varies: {left_s:.0f} s left"
        if self.accepting:
            return State.ACTIVE, "strange for so long that it is being learned as a new normal"
        return State.ACTIVE, ""

    def _reason(self, name: str, score: Score, place: Callable[[Box], str], *, first: bool) -> Reason:
        value, heatmap = score.value or 0.0, score.heatmap
        p_value, least = self._ranks[name].p_value(value), self._ranks[name].p_value(math.inf)
        often = "" if p_value is None or least is None else words.how_often(p_value, least, self._moment_s)
        common = not first and p_value is not None and p_value > COMMON
        what = "nothing unusual by itself" if common else self._meanings[name]
        box: Box | None = None
        cells: tuple[Box, ...] = ()
        if heatmap is not None and heatmap.any():
            box, cells = strongest_box(heatmap), strongest_cells(heatmap, MOST_CELLS)
        where = "" if box is None else place(box)
        text = "; ".join(each for each in (f"{where}: {what}" if where else what, often) if each)
        ratio = self._fusion.in_units(name, value)
        return Reason(name, text, p_value, box, self.name, cells, ratio, where, often)


@dataclass(slots=True)
class _Rest:
    """What is left of the pictures without what was taken out of them; the very same while nothing is.

    Attributes:
        scores: By detector, of the picture scored last; None if nothing was taken out of it.
        fused: Of that picture; `smooth` what of it counts, over those before too.
    """

    scores: Mapping[str, Score] | None = None
    fused: Score = _NOTHING
    smooth: Score = _NOTHING
    before: Score = _NOTHING
    passed_s: float = math.inf

    def look(self, fused: Score, counted: Score, passed_s: float) -> None:
        """The next picture, of which nothing was taken out yet, and what of its score counts."""
        self.before, self.passed_s = self.smooth, passed_s
        self.scores, self.fused, self.smooth = None, fused, _smoothed(self.smooth, counted, passed_s)

    def take(self, scores: Mapping[str, Score], fused: Score, counted: Score) -> None:
        """Something was taken out of it; what it did before it was known for what it is does not linger."""
        self.scores, self.fused = scores, fused
        smooth = _smoothed(self.before, counted, self.passed_s)
        self.smooth = counted if (counted.value or 0.0) < (smooth.value or 0.0) else smooth


def _smoothed(before: Score, now: Score, passed_s: float) -> Score:
    """Exponential smoothing of the value with `SMOOTHING_S`; starts with the first that is known.

    Not of the heatmap: it would trail behind what moves fast.
    """
    if now.value is None or before.value is None:
        return now
    gain = 1 - math.exp(-passed_s / SMOOTHING_S)
    return Score(before.value + gain * (now.value - before.value), now.heatmap)
