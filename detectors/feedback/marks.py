"""What was said of events, and what that asks of a look: to be quiet up to a score, to be told of, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from detectors.base import Box
from detectors.feedback.gallery import Gallery, Measure, Stack
from detectors.feedback.look import Look

# So many events called normal quiet their like as far as anything does; fewer, in steps of one ratio.
ENOUGH = 3
# What is more than so many times as strange as the strangest of them is told of whatever was said.
BEYOND = 2.0
# Same place: the middle of the patch lies in the marked one, widened to this and by half of itself on each side. Unit:
# share of the picture's side.
LEAST_PLACE = 0.2
# Same time of day: so far from it at most. Unit: hours.
HOURS = 3.0
# A mark holds so long; marking its like again renews it. Unit: seconds.
HOLDS_S = 90 * 86_400.0
# What was called unusual is alike if it is nearer than this share of the way to the nearest ordinary look.
CLOSE = 0.7


@dataclass(frozen=True, slots=True)
class Mark:
    """One event and what somebody said of it.

    Attributes:
        id: Under which it is undone.
        unusual: Its like is to be told of; else it is normal here.
        event: The event's name, for people; `who` said so.
        clock_s: When, on the clock of the pictures' local time; None if it never expires.
        looks: In some of its pictures; at least one.
    """

    id: int
    unusual: bool
    event: str
    who: str
    clock_s: float | None
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class Likeness:
    """The marks that a look is like.

    Attributes:
        marks: The nearest first, and others of which some look is like one of its; an unusual one is alone.
        strongest: The highest score that one of them had in that channel.
    """

    marks: tuple[Mark, ...]
    strongest: float

    def needed(self, limit: float) -> float:
        """The score that it needs to be told of, where others need `limit`.

        From `limit` without a mark to `BEYOND` times the strongest of them with `ENOUGH`, each mark raising it by the
        same ratio.
        """
        share = min(1.0, len(self.marks) / ENOUGH)
        most = max(limit, BEYOND * self.strongest)
        return float(limit ** (1 - share) * most**share) if limit > 0 else most * share


@dataclass(frozen=True, slots=True)
class Marks:
    """Those of one camera that hold."""

    marks: tuple[Mark, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.marks)

    @property
    def unusual(self) -> bool:
        """Whether any is of something unusual."""
        return any(mark.unusual for mark in self.marks)

    def like(self, look: Look, gallery: Gallery, clock_s: float | None) -> Likeness | None:
        """The marks of events that looked like this; None if it is like none.

        An event called normal is like it in the same place, light and time of day only; an unusual one anywhere, if
        ordinary looks are farther. Where both are, the nearer decides.
        """
        measure = gallery.measure(look.channel)
        holding = [mark for mark in self.marks if _holds(mark, clock_s)]
        least = _least(look, holding, measure)
        ordinary = gallery.nearest(look) if self.unusual else np.inf
        radii = {mark.id: min(measure.radius, CLOSE * ordinary) if mark.unusual else measure.radius for mark in holding}
        found = [mark for mark in holding if least.get(mark.id, np.inf) < radii[mark.id]]
        if not found:
            return None
        nearest = min(found, key=lambda mark: least[mark.id])
        if nearest.unusual:
            return Likeness((nearest,), _strongest((nearest,), look.channel))
        # Other events of the same kind of thing, though none of their few looks is of just this moment of it.
        kin = {mark.id for each in nearest.looks for mark in _like(each, holding, measure)} | {
            mark.id for mark in found
        }
        same = tuple(mark for mark in holding if mark.id in kin and not mark.unusual and mark is not nearest)
        return Likeness((nearest, *same), _strongest((nearest, *same), look.channel))


def _holds(mark: Mark, clock_s: float | None) -> bool:
    return clock_s is None or mark.clock_s is None or clock_s - mark.clock_s <= HOLDS_S


def _strongest(marks: Sequence[Mark], channel: int) -> float:
    return max(look.strength for mark in marks for look in mark.looks if look.channel == channel)


def _like(look: Look, marks: Sequence[Mark], measure: Measure) -> list[Mark]:
    least = _least(look, marks, measure)
    return [mark for mark in marks if least.get(mark.id, np.inf) < measure.radius]


def _least(look: Look, marks: Sequence[Mark], measure: Measure) -> dict[int, float]:
    """By mark, how far the nearest of its looks is that may be compared; without marks that have none."""
    some = [(mark.id, each) for mark in marks for each in mark.looks if _comparable(look, each, anywhere=mark.unusual)]
    least: dict[int, float] = {}
    if some:
        for (number, _), far in zip(some, Stack([each for _, each in some]).apart(look, measure), strict=True):
            least[number] = min(least.get(number, np.inf), float(far))
    return least


def _comparable(look: Look, other: Look, *, anywhere: bool) -> bool:
    if look.channel != other.channel or look.light != other.light:
        return False
    return anywhere or (_same_place(look.box, other.box) and _same_hour(look.hour, other.hour))


def _same_place(box: Box, marked: Box) -> bool:
    return all(_near((box[i] + box[i + 2]) / 2, marked[i], marked[i + 2]) for i in (0, 1))


def _near(middle: float, low: float, high: float) -> bool:
    return abs(middle - (low + high) / 2) <= max(LEAST_PLACE / 2, high - low)


def _same_hour(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return True
    away = abs(one - other) % 24
    return min(away, 24 - away) <= HOURS
