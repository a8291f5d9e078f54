"""A bundle's frames judged and learned again: are the scores the same? Builds no detector and opens no file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from detectors.base import ChannelReading, Grid, Picture, Reading, Verdict
from detectors.budget.allowance import Given
from detectors.budget.diary import Light
from detectors.examples import Examples
from detectors.pipeline import Pipeline
from detectors.state import part, with_prefix
from monitor.bundles.archive import Bundle
from monitor.bundles.manifest import BundleError, Shot, Told
from monitor.types import DetectorScore

_NS = 1_000_000_000
# Scores as small are all the same: none that a limit could lie between.
LEAST = 1e-9
# On the machine that wrote it, with the same versions, scores come to the last bit. Other processors add in another
# order, which this allows for. Relative.
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Difference:
    """One number that came out otherwise.

    Attributes:
        seq: Of the frame.
        what: "score", a detector's or a channel's name, or that name and " verdict".
        then: As it was logged; `now`: as it is; None: not known.
        relative: Their distance, relative to the larger; infinite where only one is known, or verdicts differ.
    """

    seq: int
    what: str
    then: float | str | None
    now: float | str | None
    relative: float


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it.

    Attributes:
        frames: Judged again; `numbers`: compared.
        largest: The largest relative difference; 0 if all came to the last bit.
        differences: Those beyond the tolerance.
        changed: Files of the bundle that are not as they were written.
        heard: Frames in whose verdict feedback had a say then, which it has not here.
    """

    frames: int
    numbers: int
    largest: float
    differences: tuple[Difference, ...]
    changed: tuple[str, ...]
    heard: int = 0

    @property
    def same(self) -> bool:
        """Whether the bundle is whole and everything came out as logged."""
        return not self.differences and not self.changed


class _Logged:
    """The limits that held then, in the place of a budget (`detectors.budget.allowance`)."""

    def __init__(self) -> None:
        self._limits: dict[str, float | None] = {}

    def expect(self, told: Told) -> None:
        self._limits = {channel.name: channel.limit for channel in told.channels}

    def step(self, light: Light, clock_s: float, passed_s: float) -> dict[str, Given]:
        limits = self._limits.items()
        return {name: Given(limit, judging=limit is not None, proven=True, why="") for name, limit in limits}

    def cut(self) -> None:
        """Nothing is kept."""


def replay(bundle: Bundle, pipeline: Pipeline, tolerance: float = TOLERANCE) -> Replayed:
    """Judge the frames from the first strange one on again, each by the limits that held then.

    Args:
        bundle: As read.
        pipeline: Of its configuration and without rules, knowing nothing yet; used up.
        tolerance: Relative.

    Raises:
        BundleError: What it names is not in it.
        StateError: Its models do not fit its configuration.
    """
    manifest, limits = bundle.manifest, _Logged()
    no_examples = with_prefix({"examples": Examples(0).state()})
    pipeline.restore(part(bundle.state, "state") | no_examples)
    pictures = [Picture(image, s.stamp.mono_ns / _NS) for s, image in zip(manifest.shots, bundle.images, strict=True)]
    pipeline.stand(part(bundle.state, "standing"), pictures[: manifest.before])
    pipeline.allowance = limits  # type: ignore[assignment]  # of it only what is there is asked for
    found: list[Difference] = []
    again = manifest.shots[manifest.before :]
    for shot, picture in zip(again, pictures[manifest.before :], strict=True):
        limits.expect(shot.told)
        found += compared(shot.stamp.seq, shot.told, pipeline.step(picture))
        pipeline.learn_again(list(_lessons(bundle, shot)))
    largest = max((each.relative for each in found), default=0.0)
    beyond = tuple(each for each in found if not each.relative <= tolerance)
    heard = sum(shot.told.heard for shot in again)
    return Replayed(len(again), len(found), largest, beyond, bundle.changed, heard)


def compared(seq: int, then: Told, now: Reading) -> Iterator[Difference]:
    """Everything that was logged of a frame beside what it is now, alike or not."""
    yield _number(seq, "score", then.score, now.value)
    yield from _named(seq, then.scores, now.scores)
    channels: Mapping[str, ChannelReading] = {channel.name: channel for channel in now.channels}
    for channel in then.channels:
        again = channels.get(channel.name)
        yield _number(seq, channel.name, channel.score, None if again is None else again.value)
        verdict = Verdict.UNKNOWN if again is None else again.verdict
        far = 0.0 if verdict is channel.verdict else math.inf
        yield Difference(seq, f"{channel.name} verdict", channel.verdict.value, verdict.value, far)


def _named(seq: int, then: Sequence[DetectorScore], now: Sequence[DetectorScore]) -> Iterator[Difference]:
    again = {score.name: score.value for score in now}
    for score in then:
        yield _number(seq, score.name, score.value, again.get(score.name))


def _number(seq: int, what: str, then: float | None, now: float | None) -> Difference:
    now = None if now is None else float(now)
    if then is None or now is None:
        return Difference(seq, what, then, now, 0.0 if then is now else math.inf)
    far = abs(then - now) / max(abs(then), abs(now), LEAST)
    return Difference(seq, what, then, now, far if math.isfinite(far) else math.inf)


def _lessons(bundle: Bundle, shot: Shot) -> Iterator[tuple[str, Mapping[str, Grid]]]:
    for lesson in shot.lessons:
        grids = {}
        for told in lesson.grids:
            try:
                values, mask = (bundle.lessons[f"{told.number}.{name}"] for name in ("values", "mask"))
            except KeyError as error:
                raise BundleError(f"lessons: expected the array {error}, got none; export the bundle anew") from error
            grids[told.feature] = Grid(values, mask, told.infrared)
        yield lesson.channel, grids
