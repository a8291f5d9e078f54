"""How the strange patch of a picture looks, where and when, as a few numbers. Compares none: see `gallery`."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from detectors.base import Box, Floats, Grid, Image, Picture
from detectors.budget.light import light_of
from detectors.change import CHANGED_LEVELS

VERSION = 1
# The channel of reasons for what was called unusual: like a rule's, no score need speak for it.
FEEDBACK = "feedback"
# Cells along each side of a patch's thumbnail.
SIDE = 8
# A patch is widened to this before it is looked at, or a few pixels would decide. Unit: share of the picture's side.
LEAST_SIDE = 0.06
# And by this much of itself on each side, so that its outline is in it.
MARGIN = 0.15
# Contrast of a patch below which its shape is noise. Unit: levels.
FAINT_LEVELS = 6.0
# A number that stands for an hour, or for the network's cells, where there are none.
NONE = -1.0
CELLS = 40  # channels of the feature `cnn`
_HEAD = 9
_MOTION = 4
_COLOUR = 3
_SHAPE = SIDE * SIDE
SIZE = _HEAD + _MOTION + _COLOUR + _SHAPE + CELLS
# As many looks of one event are kept.
MOST = 8
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Seen:
    """What a patch is looked at in.

    Attributes:
        recent: The picture, last, and the one before if there is one.
        cells: The newest grid of the feature `cnn`, if the camera has it.
        hour: On the clock on the wall, 0..24; None if it is not known.
    """

    recent: Sequence[Picture]
    cells: Grid | None
    hour: float | None


@dataclass(frozen=True, slots=True)
class Look:
    """How one patch looked.

    Attributes:
        channel: Of which channel's heatmap it was the strongest, as `code` has it.
        light: As `detectors.budget.diary.Light`.
        hour: 0..24; None if not known.
        box: Where, as shares of the picture.
        strength: The channel's score at that picture.
        parts: By name, (n,) float32 each: `size`, `motion`, `colour`, `shape`, and `cells` where a network looks.
    """

    channel: int
    light: int
    hour: float | None
    box: Box
    strength: float
    parts: dict[str, Floats]


def code(channel: str) -> int:
    """A number for a channel's name, exact as a float."""
    return zlib.crc32(channel.encode()) & 0xFFFF


def look_of(seen: Seen, box: Box, channel: str, strength: float) -> Look:
    """How the patch `box` of the newest picture looks."""
    picture = seen.recent[-1]
    rows, columns = _span(box, picture.grey.shape)
    parts = {
        "size": np.log(np.array([box[2] - box[0], box[3] - box[1]], np.float32).clip(1e-3)),
        "motion": _motion(seen.recent, rows, columns),
        "colour": _colour(picture.image, rows, columns),
        "shape": _shape(picture.grey[rows, columns]),
    }
    cells = None if seen.cells is None else _cells(seen.cells, box)
    if cells is not None:
        parts["cells"] = cells
    return Look(code(channel), int(light_of(picture)), seen.hour, box, strength, parts)


def packed(look: Look) -> tuple[float, ...]:
    """`SIZE` plain numbers, rounded: what travels and is stored."""
    hour = NONE if look.hour is None else look.hour
    head = [float(VERSION), float(look.channel), float(look.light), hour, *look.box, look.strength]
    cells = look.parts.get("cells", np.full(CELLS, NONE, np.float32))
    rest = np.concatenate([look.parts["motion"], look.parts["colour"], look.parts["shape"], cells])
    return tuple(round(float(number), _DIGITS) for number in (*head, *rest))


def unpacked(numbers: Sequence[float]) -> tuple[Look, ...]:
    """The looks in `numbers`, at most `MOST`; without those of another version or beyond all bounds."""
    whole = [numbers[i : i + SIZE] for i in range(0, min(len(numbers), MOST * SIZE), SIZE)]
    return tuple(_unpacked(np.array(each, np.float32)) for each in whole if len(each) == SIZE and _sound(each))


def gathered(before: Sequence[float], new: Sequence[float]) -> tuple[float, ...]:
    """An event's looks with one more: those that differ most are kept, the first and the newest among them.

    Args:
        before: Looks as `packed` gives them, one after another.
        new: The same; may be empty.
    """
    if len(new) > SIZE:
        for start in range(0, len(new), SIZE):
            before = gathered(before, new[start : start + SIZE])
        return tuple(before)
    if not new:
        return tuple(before)
    looks = [tuple(before[i : i + SIZE]) for i in range(0, len(before), SIZE)] + [tuple(new)]
    if len(looks) > MOST:
        del looks[_nearest_pair(np.array(looks, np.float32))]
    return tuple(number for look in looks for number in look)


def _nearest_pair(looks: Floats) -> int:
    """Which of the looks between the first and the last one can be spared: it has the nearest neighbour."""
    values = looks[:, 4:]
    apart = np.abs(values[:, None] - values[None]).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    return 1 + int(np.argmin(apart.min(axis=1)[1:-1]))


def _sound(numbers: Sequence[float]) -> bool:
    left, top, right, bottom = numbers[4:8]
    boxed = 0 <= left < right <= 1 and 0 <= top < bottom <= 1
    return numbers[0] == VERSION and boxed and numbers[8] >= 0 and bool(np.isfinite(numbers).all())


def _unpacked(numbers: Floats) -> Look:
    box = (float(numbers[4]), float(numbers[5]), float(numbers[6]), float(numbers[7]))
    edges = np.cumsum([_HEAD, _MOTION, _COLOUR, _SHAPE])
    _, motion, colour, shape, cells = np.split(numbers, edges)
    size = np.log(np.array([box[2] - box[0], box[3] - box[1]], np.float32).clip(1e-3))
    parts = {"size": size, "motion": motion, "colour": colour, "shape": shape}
    if cells[0] != NONE:
        parts["cells"] = cells
    hour = None if numbers[3] == NONE else float(numbers[3])
    return Look(int(numbers[1]), int(numbers[2]), hour, box, float(numbers[8]), parts)


def _span(box: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
    left, top, right, bottom = box
    return _pixels(top, bottom, shape[0]), _pixels(left, right, shape[1])


def _pixels(low: float, high: float, pixels: int) -> slice:
    more = max((LEAST_SIDE - (high - low)) / 2, MARGIN * (high - low))
    first = min(pixels - 1, max(0, int((low - more) * pixels)))
    return slice(first, max(first + 1, min(pixels, int(np.ceil((high + more) * pixels)))))


def _motion(recent: Sequence[Picture], rows: slice, columns: slice) -> Floats:
    """(4,): how much of it changes, how fast that goes, to the right, down; in picture widths a second, roots."""
    if len(recent) < 2:  # noqa: PLR2004 - two pictures make a motion
        return np.zeros(_MOTION, np.float32)
    now, before = recent[-1], recent[-2]
    change = now.change_from(before)
    moving = change.difference[rows, columns] > CHANGED_LEVELS
    if not moving.any():
        return np.zeros(_MOTION, np.float32)
    a_second = max(now.at_s - before.at_s, 0.02) * now.grey.shape[1]
    right, down = change.flow[rows, columns][moving].mean(axis=0) / a_second
    speed = float(np.hypot(right, down)) + 1e-6
    share = np.sqrt(moving.mean())
    return np.array([share, np.sqrt(speed), right / np.sqrt(speed), down / np.sqrt(speed)], np.float32)


def _colour(image: Image, rows: slice, columns: slice) -> Floats:
    """(3,): mean brightness beside the whole picture's, and the two chromas, as shares of white."""
    patch = cv2.mean(cv2.cvtColor(np.ascontiguousarray(image[rows, columns]), cv2.COLOR_BGR2YCrCb))
    whole = float(image[::8, ::8].mean())
    return np.array([(patch[0] - whole) / 255, (patch[1] - 128) / 255, (patch[2] - 128) / 255], np.float32)


def _shape(grey: Image) -> Floats:
    """(64,): the patch small, without its mean, of length 1; shorter where it has hardly any contrast."""
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return np.asarray(small / max(float(np.linalg.norm(small)), FAINT_LEVELS * SIDE), np.float32)


def _cells(grid: Grid, box: Box) -> Floats | None:
    """(40,): mean of the network's cells there that carry evidence, of length 1; None without any."""
    height, width, depth = grid.values.shape
    left, top, right, bottom = box
    rows = slice(int(top * height), max(int(top * height) + 1, int(np.ceil(bottom * height))))
    columns = slice(int(left * width), max(int(left * width) + 1, int(np.ceil(right * width))))
    some = grid.values[rows, columns][grid.mask[rows, columns]]
    if depth != CELLS or not len(some):
        return None
    mean = some.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-3), np.float32)
