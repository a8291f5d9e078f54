"""Streams labelled clips through a subject as a live camera would be: judged, logged, then learned. Computes no metric.

p1: the train split, then the test split, as one stream with the model never reset; p1-frozen: the same without learning
during the test split; p2: the test split cold. A clip cut drops temporal state (previous picture, tracks, smoothing,
open episodes), never the model.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np

from detectors.base import Mask, Picture, Reading
from detectors.budget.light import LightMeter
from detectors.evaluation.baselines import Baselines, RunningMedian
from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.events import Alert
from detectors.evaluation.localisation import place
from detectors.evaluation.logbook import Logbook
from detectors.evaluation.plants import Plant, drawn
from detectors.evaluation.truth import TruthError, fitted, labels_of
from detectors.stages import Stages

EARLY_SHARE = 0.1  # of a period: containers round frame times, and a rounded one must not miss its turn
READING, JUDGING, LEARNING = "reading", "judging", "learning"  # the whole stages; the subject may tell their parts


class Scheme(StrEnum):
    """How the clips are streamed; see the module's text."""

    P1 = "p1"
    P1_FROZEN = "p1-frozen"
    P2 = "p2"


class Subject(Protocol):
    """What is evaluated. `step` learns nothing; `learn` is only called where the scheme allows it."""

    def step(self, picture: Picture) -> Reading:
        """Judge the next picture; `at_s` rises over the whole stream, cuts included."""

    def learn(self) -> object:
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


def no_pictures(clip: Clip) -> TruthError:
    """The error of a clip that has none."""
    return TruthError(f"clip {clip.name}: expected pictures, got none; take it out of the set or record it anew")


@dataclass(slots=True)
class Stream:
    """One subject's way through many clips: the clock and the medians go on, what belongs to a clip does not.

    Attributes:
        analysis_fps: At most so many pictures a second are judged; those between hold the last one's scores.
        stages: Times each frame. The subject may time its own parts with it.
        resident_bytes: The memory of the process; None if not known.
        progress: Told the clip's name and its frames so far, after each frame.
        plants: Drawn into the pictures before anything looks at them, on the clock of the stream.
    """

    subject: Subject
    alerter: Alerter
    analysis_fps: float
    stages: Stages
    resident_bytes: Callable[[], int | None]
    progress: Callable[[str, int], None]
    plants: Sequence[Plant] = ()
    _baselines: Baselines = field(default_factory=Baselines)
    _meter: LightMeter = field(default_factory=LightMeter)
    _medians: dict[str, RunningMedian] = field(default_factory=dict)
    _began_s: float = 0.0

    def play(self, clip: Clip, trained: bool, learning: bool) -> ClipLog:
        """Stream one clip from cut to cut.

        Raises:
            TruthError: It has no pictures, or labels or masks are not its own.
        """
        self.subject.cut()
        self._baselines.cut()
        self._meter.cut()
        self.stages.take()
        book = Logbook(self._medians)
        times: list[float] = []
        tick = -1
        with closing(clip.open()) as pictures:
            while (picture := self._next(pictures)) is not None:
                turn = int(picture.at_s * self.analysis_fps + EARLY_SHARE)
                if turn > tick:
                    tick = turn
                    self._analyse(picture, learning, book, mapped=clip.masks is not None)
                times.append(picture.at_s)
                self.progress(clip.name, book.hold())
        if not times:
            raise no_pictures(clip)
        log = self._log(clip, trained, book, times)
        self._began_s += log.end_s
        return log

    def _next(self, pictures: Iterator[Picture]) -> Picture | None:
        with self.stages(READING):
            return next(pictures, None)

    def _analyse(self, picture: Picture, learning: bool, book: Logbook, *, mapped: bool) -> None:
        at_s = self._began_s + picture.at_s
        seen = Picture(drawn(self.plants, picture.image, at_s), at_s)
        with self.stages(JUDGING):
            reading = self.subject.step(seen)
        if learning:
            with self.stages(LEARNING):
                self.subject.learn()
        spent_s = self.stages.take()
        self.alerter.step(picture.at_s, reading)
        trivial = self._baselines.step(seen.grey, at_s)
        book.note(reading, self._meter.step(seen), trivial, spent_s, mapped=mapped)

    def _log(self, clip: Clip, trained: bool, book: Logbook, times: Sequence[float]) -> ClipLog:
        caveats: list[str] = []
        end_s = _end_s(times)
        return ClipLog(
            name=clip.name,
            trained=trained,
            began_s=self._began_s,
            times_s=np.array(times),
            end_s=end_s,
            labels=None if clip.ranges is None else labels_of(clip.name, clip.ranges, len(times), caveats),
            said=book.said(),
            placed=None if clip.masks is None else place(*fitted(clip.name, book.heatmaps(), clip.masks(), caveats)),
            alerts=tuple(self.alerter.end(end_s)),
            resident_bytes=self.resident_bytes(),
            caveats=tuple(caveats),
            counted=book.counted(),
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


def _end_s(times: Sequence[float]) -> float:
    if len(times) < 2:  # noqa: PLR2004 - one frame has no duration of its own
        return times[-1] + 1.0 if times else 0.0
    return times[-1] + float(np.median(np.diff(times)))
