"""What people said, applied to a picture's scores: patches like what was called normal are taken out of them.

The patch is taken out, not the picture: what is left of the picture is scored again and speaks for itself. Models,
thresholds and the gate never hear of it and learn as without feedback, so that an undone mark leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

import cv2
import numpy as np

from detectors.base import Box, ChannelReading, Floats, Mask, Reason, Verdict
from detectors.channel import Channel
from detectors.feedback.gallery import Gallery
from detectors.feedback.ledger import Ledger
from detectors.feedback.look import FEEDBACK, Look, Seen, look_of, packed
from detectors.feedback.marks import Likeness, Mark, Marks
from detectors.feedback.things import Things
from detectors.fusion import strongest_box

# Patches of one picture and channel that are looked at, the hottest first.
MOST_PATCHES = 4
# What is taken out is hotter than this share of its hottest cell, and lies near the patch.
TAIL = 0.2
# Never more than this share of the picture is taken out.
MOST_SHARE = 0.5
# Something called unusual that scores less than this share of what it did then is not looked for.
FAINT = 0.25


@dataclass(frozen=True, slots=True)
class Heard:
    """What is left of a picture's readings.

    Attributes:
        channels: The readings; the very same where feedback changed none.
        why: Which marks quieted something, for people; "" if none did.
        reasons: What was called unusual and is there.
    """

    channels: tuple[ChannelReading, ...]
    why: str = ""
    reasons: tuple[Reason, ...] = ()


class Heed:
    """The feedback on one camera. Not for several threads at once.

    Attributes:
        cells: Key of the grid of the feature `cnn` in the pipeline; "" without one.
        ledger: What the marks did.
        gallery: What the camera ordinarily shows.
    """

    def __init__(self, seed: int, cells: str = "") -> None:
        self.cells = cells
        self.ledger = Ledger()
        self.gallery = Gallery(seed)
        self._seed = seed
        self._marks = Marks()
        self._things = Things()

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Those that hold."""
        return self._marks.marks

    @marks.setter
    def marks(self, marks: Sequence[Mark]) -> None:
        self._marks = Marks(tuple(marks))
        self._things = Things()

    def hear(
        self, seen: Seen, channels: Sequence[Channel], readings: tuple[ChannelReading, ...], clock_s: float | None
    ) -> Heard:
        """What is left of the readings of the newest picture."""
        if not self._marks:
            return Heard(readings)
        at_s = seen.recent[-1].at_s
        left, why, reasons = list[ChannelReading](), list[str](), list[Reason]()
        for channel, reading in zip(channels, readings, strict=True):
            reason = self._unusual(seen, reading, at_s, clock_s)
            told, likeness = (reading, None) if reason else self._quieted(seen, channel, reading, at_s, clock_s)
            left.append(told)
            if reason is not None:
                reasons.append(reason)
            if likeness is not None:
                why.append(_why(likeness))
        same = not reasons and all(told is reading for told, reading in zip(left, readings, strict=True))
        return Heard(readings if same else tuple(left), "; ".join(dict.fromkeys(why)), tuple(reasons))

    def looks(self, seen: Seen, heard: Heard) -> tuple[float, ...]:
        """The looks of what is strange in the newest picture, one of each channel that is above its limit."""
        raised = any(reason.channel == FEEDBACK for reason in heard.reasons)
        numbers: list[float] = []
        for reading in heard.channels:
            if (raised or reading.verdict is Verdict.ANOMALOUS) and _warm(reading.heatmap):
                numbers += packed(_look(seen, reading))
        return tuple(numbers)

    def learn(self, seen: Seen, readings: Sequence[ChannelReading], at_s: float) -> None:
        """Take in how the strongest patches of an ordinary picture look, now and then."""
        for reading in readings:
            if _warm(reading.heatmap) and self.gallery.due(reading.name, at_s):
                self.gallery.learn(_look(seen, reading))

    def begin(self) -> None:
        """The camera shows another view: what was ordinary before says nothing of it."""
        self.gallery = Gallery(self._seed)

    def restart_clock(self) -> None:
        """The next time has nothing to do with the last one."""
        self._things = Things()
        self.gallery.restart_clock()
        self.ledger.restart_clock()

    def _quieted(
        self, seen: Seen, channel: Channel, reading: ChannelReading, at_s: float, clock_s: float | None
    ) -> tuple[ChannelReading, Likeness | None]:
        limit, heatmap = reading.limit, reading.heatmap
        if limit is None or reading.value is None or not _warm(heatmap):
            return reading, None
        if reading.value <= limit and not channel.exceeds(limit):
            return channel.heard(reading), None
        if not self.ledger.room(at_s):
            return reading, None
        out = np.zeros(heatmap.shape, np.bool_)
        by: Likeness | None = None
        for _ in range(MOST_PATCHES):
            box = strongest_box(heatmap)
            likeness = self._normal(look_of(seen, box, reading.name, reading.value), at_s, clock_s)
            if likeness is None or reading.value > likeness.needed(limit):
                break
            more = out | _region(heatmap, box)
            if more.mean() > MOST_SHARE:
                break
            out, by = more, by or likeness
            rest = channel.without(out)
            if rest.value is None or rest.value <= limit or not _warm(rest.heatmap):
                break
            heatmap = rest.heatmap
        told = channel.heard(reading)
        if by is None or reading.verdict is not Verdict.ANOMALOUS or told.verdict is Verdict.ANOMALOUS:
            return told, None
        self.ledger.quieted([mark.id for mark in by.marks], at_s, clock_s)
        return told, by

    def _normal(self, look: Look, at_s: float, clock_s: float | None) -> Likeness | None:
        """What was called normal that the thing of this patch is like."""
        likeness = self._marks.like(look, self.gallery, clock_s)
        unusual = likeness is not None and likeness.marks[0].unusual
        normal = self._things.like(look, at_s, None if unusual else likeness)
        return None if unusual else normal

    def _unusual(self, seen: Seen, reading: ChannelReading, at_s: float, clock_s: float | None) -> Reason | None:
        """That something is there which was called unusual."""
        heatmap = reading.heatmap
        if not self._marks.unusual or reading.value is None or not _warm(heatmap):
            return None
        rest = heatmap.copy()
        for _ in range(MOST_PATCHES):
            box = strongest_box(rest)
            likeness = self._marks.like(look_of(seen, box, reading.name, reading.value), self.gallery, clock_s)
            if likeness is not None and likeness.marks[0].unusual and reading.value >= FAINT * likeness.strongest:
                self.ledger.raised([mark.id for mark in likeness.marks], at_s, clock_s)
                nearest = likeness.marks[0]
                text = f"like event {nearest.event} that {nearest.who} called really unusual"
                return Reason(FEEDBACK, text, None, box, FEEDBACK)
            rest[_region(rest, box)] = 0
            if not _warm(rest) or float(rest.max()) < TAIL * float(heatmap.max()):
                break
        return None


def _look(seen: Seen, reading: ChannelReading) -> Look:
    """Of the strongest patch."""
    if reading.heatmap is None:
        raise ValueError("expected a heatmap, got none")
    return look_of(seen, strongest_box(reading.heatmap), reading.name, reading.value or 0.0)


def _warm(heatmap: Floats | None) -> TypeGuard[Floats]:
    return heatmap is not None and bool(heatmap.any())


def _region(heatmap: Floats, box: Box) -> Mask:
    """(h, w): the cells of the patch `box`: what hangs together with its hottest cell, near it, and a margin."""
    high, wide = heatmap.shape
    warm = (heatmap > TAIL * heatmap.max()).astype(np.uint8)
    _, labels = cv2.connectedComponents(warm, connectivity=8)
    region = (labels == labels.flat[int(np.argmax(heatmap))]).astype(np.uint8)
    near = np.zeros_like(region)
    left, top, right, bottom = box
    across, down = max(2 / wide, (right - left) / 2), max(2 / high, (bottom - top) / 2)
    rows = slice(max(0, int((top - down) * high)), int(np.ceil((bottom + down) * high)))
    columns = slice(max(0, int((left - across) * wide)), int(np.ceil((right + across) * wide)))
    near[rows, columns] = 1
    return np.asarray(cv2.dilate(region, np.ones((3, 3), np.uint8)) * near > 0, np.bool_)


def _why(likeness: Likeness) -> str:
    first = likeness.marks[0]
    return f"quieted: like event {first.event} that {first.who} called normal"
