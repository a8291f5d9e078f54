"""Streams labelled clips through a subject as a live camera would be: judged, logged, then learned. Computes no metric.

p1: the train split, then the test split, as one stream with the model never reset; p1-frozen: the same without learning
during the test split; p2: the test split cold. A clip cut drops temporal state (previous picture, tracks, smoothing,
open episodes), never the model.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np

from detectors.base import Floats, Mask, Picture, Reading, State, Verdict
from detectors.evaluation.baselines import Baselines, RunningMedian
from detectors.evaluation.events import Alert
from detectors.evaluation.frames import Labels, Numbers
from detectors.evaluation.localisation import PlacedClip, place

SLACK_FRAMES = 5  # decoders disagree on a clip's last frames by a few; more than that is truth of another clip
EARLY_SHARE = 0.1  # of a period: containers round frame times, and a rounded one must not miss its turn


class TruthError(ValueError):
    """The truth does not fit the clip it is for."""


class Scheme(StrEnum):
    """How the clips are streamed; see the module's text."""

    P1 = "p1"
    P1_FROZEN = "p1-frozen"
    P2 = "p2"


class Subject(Protocol):
    """What is evaluated. `step` learns nothing; `learn` is only called where the scheme allows it."""

    def step(self, picture: Picture) -> Reading:
        """Judge the next picture; `at_s` rises over the whole stream, cuts included."""

    def learn(self) -> None:
        """Learn the picture that was judged last, if the subject's own gate lets it."""

    def cut(self) -> None:
        """A clip ended: drop what belongs to the previous pictures, keep the model."""


class Alerter(Protocol):
    """The shipped episode rules, fed with readings; begins afresh in each clip."""

    def step(self, at_s: float, reading: Reading) -> None:
        """Take in the next analysed picture, `at_s` in seconds of its clip."""

    def end(self, at_s: float) -> Sequence[Alert]:
        """The clip is over: its alerts, in seconds of the clip."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording and what is known of it.

    Attributes:
        open: Gives all its pictures from the start, at analysis size, `at_s` in seconds of the clip; the caller closes
            it.
        ranges: 0-based frame ranges [start, end) that are anomalous; None if nobody has labelled it.
        masks: Loads (T, H, W) bool pixel truth; None if there is none.
    """

    name: str
    open: Callable[[], Generator[Picture, None, None]]
    ranges: tuple[tuple[int, int], ...] | None
    masks: Callable[[], Mask] | None


@dataclass(frozen=True, slots=True)
class ClipLog:
    """All that was said about one clip, per frame (T,). Frames between analysed ones hold the last analysed one's.

    Attributes:
        trained: Whether the clip is of the train split.
        end_s: The last frame's time and one frame more.
        labels: True where anomalous; None for an unlabelled clip.
        scores: Where a reading was unknown, the running median of the known scores before it (0.0 at first).
        unknown: Where the fused score was unknown, so that `scores` is filled in.
        judged: Where the verdict was not "unknown".
        detectors: Like `scores`, per detector; baselines: per trivial score.
        placed: Heatmaps against masks; None without masks or heatmaps.
        cost_s: Seconds of judging and learning per analysed frame.
        caveats: What is wrong with the truth, for people.
    """

    name: str
    trained: bool
    times_s: Numbers
    end_s: float
    labels: Labels | None
    scores: Numbers
    unknown: Labels
    judged: Labels
    states: tuple[str, ...]
    detectors: Mapping[str, Numbers]
    baselines: Mapping[str, Numbers]
    placed: PlacedClip | None
    alerts: tuple[Alert, ...]
    cost_s: tuple[float, ...]
    caveats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """What is held for one analysed frame."""

    heatmap: Floats | None  # only of clips with masks: an hour's heatmaps would fill the memory
    unknown: bool
    verdict: Verdict
    state: State
    scores: dict[str, float]  # fused ("") and per detector, filled in where unknown
    trivial: dict[str, float]


@dataclass(slots=True)
class Stream:
    """One subject's way through many clips: the clock and the medians go on, what belongs to a clip does not.

    Attributes:
        analysis_fps: At most so many pictures a second are judged; those between hold the last one's scores.
        clock: Monotonic seconds, for the cost of each frame.
        progress: Told the clip's name and its frames so far, after each frame.
    """

    subject: Subject
    alerter: Alerter
    analysis_fps: float
    clock: Callable[[], float]
    progress: Callable[[str, int], None]
    _baselines: Baselines = field(default_factory=Baselines)
    _medians: dict[str, RunningMedian] = field(default_factory=dict)
    _began_s: float = 0.0

    def play(self, clip: Clip, trained: bool, learning: bool) -> ClipLog:
        """Stream one clip from cut to cut.

        Raises:
            TruthError: Labels or masks are not those of this clip.
        """
        self.subject.cut()
        self._baselines.cut()
        rows: list[_Row] = []
        times: list[float] = []
        costs: list[float] = []
        tick = -1
        with closing(clip.open()) as pictures:
            for picture in pictures:
                turn = int(picture.at_s * self.analysis_fps + EARLY_SHARE)
                if turn > tick:
                    tick = turn
                    row, cost = self._analyse(picture, learning, mapped=clip.masks is not None)
                    costs.append(cost)
                rows.append(row)
                times.append(picture.at_s)
                self.progress(clip.name, len(rows))
        end_s = _end_s(times)
        self._began_s += end_s
        return self._log(clip, trained, rows, times, end_s, costs)

    def _analyse(self, picture: Picture, learning: bool, *, mapped: bool) -> tuple[_Row, float]:
        seen = Picture(picture.image, self._began_s + picture.at_s)
        started = self.clock()
        reading = self.subject.step(seen)
        if learning:
            self.subject.learn()
        cost_s = self.clock() - started
        self.alerter.step(picture.at_s, reading)
        trivial = self._baselines.step(seen.grey, seen.at_s)
        values = [("", reading.value), *((score.name, score.value) for score in reading.scores)]
        scores = {name: self._known(name, value) for name, value in values}
        named = {name: getattr(trivial, name) for name in trivial.__slots__}
        heatmap = reading.heatmap if mapped else None
        return _Row(heatmap, reading.value is None, reading.verdict, reading.state, scores, named), cost_s

    def _known(self, name: str, value: float | None) -> float:
        median = self._medians.setdefault(name, RunningMedian())
        if value is None:
            return median.value()
        median.add(value)
        return value

    def _log(  # one place where a clip's rows become arrays
        self, clip: Clip, trained: bool, rows: Sequence[_Row], times: Sequence[float], end_s: float, costs: list[float]
    ) -> ClipLog:
        caveats: list[str] = []
        labels = None if clip.ranges is None else labels_of(clip.name, clip.ranges, len(rows), caveats)
        placed = None if clip.masks is None else place(*_fitted(clip.name, rows, clip.masks(), caveats))
        columns = {name: np.array([row.scores[name] for row in rows]) for name in (rows[0].scores if rows else {"": 0})}
        trivial = {name: np.array([row.trivial[name] for row in rows]) for name in (rows[0].trivial if rows else ())}
        return ClipLog(
            name=clip.name,
            trained=trained,
            times_s=np.array(times),
            end_s=end_s,
            labels=labels,
            scores=columns.pop(""),
            unknown=np.array([row.unknown for row in rows], dtype=bool),
            judged=np.array([row.verdict is not Verdict.UNKNOWN for row in rows], dtype=bool),
            states=tuple(row.state.value for row in rows),
            detectors=columns,
            baselines=trivial,
            placed=placed,
            alerts=tuple(self.alerter.end(end_s)),
            cost_s=tuple(costs),
            caveats=tuple(caveats),
        )


def play(stream: Stream, train: Sequence[Clip], test: Sequence[Clip], scheme: Scheme) -> Iterator[ClipLog]:
    """Stream a set as `scheme` says, clip by clip.

    Raises:
        TruthError: Labels or masks are not those of their clip.
    """
    if scheme is not Scheme.P2:
        for clip in train:
            yield stream.play(clip, trained=True, learning=True)
    for clip in test:
        yield stream.play(clip, trained=False, learning=scheme is not Scheme.P1_FROZEN)


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


def _fitted(name: str, rows: Sequence[_Row], masks: Mask, caveats: list[str]) -> tuple[list[Floats | None], Mask]:
    """One heatmap per mask."""
    _check_length(name, "masks", len(masks), len(rows), len(masks) != len(rows), caveats)
    frames = min(len(masks), len(rows))
    return [row.heatmap for row in rows[:frames]], masks[:frames]


def _check_length(name: str, what: str, got: int, frames: int, wrong: bool, caveats: list[str]) -> None:
    if not wrong:
        return
    problem = f"{what} of clip {name}: expected them to fit its {frames} decoded frames, got {got}"
    if abs(got - frames) > SLACK_FRAMES:
        raise TruthError(f"{problem}; check that they are this clip's and count its frames from 0")
    caveats.append(f"{problem}; the overhang was left out")


def _end_s(times: Sequence[float]) -> float:
    if len(times) < 2:  # noqa: PLR2004 - one frame has no duration of its own
        return times[-1] + 1.0 if times else 0.0
    return times[-1] + float(np.median(np.diff(times)))
