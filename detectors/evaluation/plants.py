"""Rare things drawn into ordinary footage at random times, so that days nobody labelled can tell what is found.

Drawn into the picture before anything else sees it: a plant is judged, held back and learned as a real happening would
be. Drawings are no people and no bags; they say which sizes, durations and kinds of change are noticed, not which
stories. Judges nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import cv2
import numpy as np

from detectors.base import INFRARED_LEVELS, Floats, Image

# Plants keep so far from one another, so that an alert belongs to one of them. Unit: seconds.
APART_S = 1200.0
STEP_HZ = 1.8  # of a walker
_HALF = 0.5
_PATCH = 48  # pixels along the side of a texture before it is scaled


class Kind(StrEnum):
    """What is planted."""

    LEFT = "left"  # an object put down, taken away minutes later
    STAYS = "stays"  # the same for 20 minutes
    WALKER = "walker"  # a figure walks through, at a height and in a place of its own
    RUNNER = "runner"  # the same, several times as fast
    FLASH = "flash"  # the picture, or a part of it, brightens
    SMALL = "small"  # something small and brief


_ORDER = (Kind.LEFT, Kind.WALKER, Kind.FLASH, Kind.SMALL, Kind.STAYS, Kind.RUNNER)
# Shortest and longest. Unit: seconds.
_LASTS_S = {
    Kind.LEFT: (60.0, 600.0),
    Kind.STAYS: (1200.0, 1200.0),
    Kind.WALKER: (8.0, 30.0),
    Kind.RUNNER: (3.0, 8.0),
    Kind.FLASH: (2.0, 8.0),
    Kind.SMALL: (3.0, 8.0),
}
# Smallest and largest height. Unit: share of the picture's.
_HEIGHTS = {
    Kind.LEFT: (0.1, 0.35),
    Kind.STAYS: (0.1, 0.35),
    Kind.WALKER: (0.25, 0.6),
    Kind.RUNNER: (0.25, 0.6),
    Kind.FLASH: (0.4, 1.0),
    Kind.SMALL: (0.06, 0.12),
}


@dataclass(frozen=True)
class Plant:
    """One planted happening.

    Attributes:
        began_s, ended_s: On the clock of the stream.
        height: Share of the picture's.
        start, end: (x, y) of its middle when it begins and ends, as shares of the picture, may lie outside.
        seed: Of its looks.
    """

    kind: Kind
    began_s: float
    ended_s: float
    height: float
    start: tuple[float, float]
    end: tuple[float, float]
    seed: int

    def draw(self, image: Image, at_s: float) -> Image:
        """(H, W, 3) uint8 BGR with it, where it shows at `at_s`; the same array where it does not."""
        if not self.began_s <= at_s < self.ended_s:
            return image
        share = (at_s - self.began_s) / (self.ended_s - self.began_s)
        height, width = image.shape[:2]
        middle = [
            (a + share * (b - a)) * size for a, b, size in zip(self.start, self.end, (width, height), strict=True)
        ]
        alpha = self._alpha(at_s, middle, height, width)
        if self.kind is Kind.FLASH:
            gain = 1 + self._gain * alpha[..., None]
            return np.clip(image * gain + 30 * alpha[..., None], 0, 255).astype(np.uint8)
        looks = self._looks(image, middle)
        return np.clip(image * (1 - alpha[..., None]) + looks * alpha[..., None], 0, 255).astype(np.uint8)

    def _alpha(self, at_s: float, middle: Sequence[float], height: int, width: int) -> Floats:
        """(H, W) float32, 0..1: how much of each pixel it covers."""
        rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
        tall = self.height * height
        x, y = (columns - middle[0]) / tall, (rows - middle[1]) / tall  # in its own heights
        soft = tall / 1.5
        if self.kind in {Kind.WALKER, Kind.RUNNER}:
            swing = 0.12 * math.sin(2 * math.pi * STEP_HZ * (at_s - self.began_s))
            head = np.hypot(x, (y + 0.4)) - 0.1
            body = np.hypot(x / 0.16, (y + 0.08) / 0.26) - 1
            legs = np.minimum(_limb(x, y, swing), _limb(x, y, -swing))
            return np.asarray(_cover(np.minimum(np.minimum(head, 0.16 * body), legs), soft), np.float32)
        if self.kind is Kind.FLASH:
            return np.asarray(np.exp(-(np.hypot(x, y) ** 2) * 2), np.float32)
        wide = 0.3 + 0.5 * self._random[0]
        return np.asarray(_cover(np.maximum(abs(x) - wide / 2, abs(y) - 0.5), soft), np.float32)

    def _looks(self, image: Image, middle: Sequence[float]) -> Floats:
        """(H, W, 3) float32: its texture everywhere, as bright as the place is lit, grey in a grey picture."""
        height, width = image.shape[:2]
        side = max(2, round(self.height * height * 1.2))
        patch = cv2.resize(
            self._texture, (side, side), interpolation=cv2.INTER_AREA if side < _PATCH else cv2.INTER_LINEAR
        )
        left, top = round(middle[0] - side / 2), round(middle[1] - side / 2)
        looks = np.broadcast_to(self._texture.mean((0, 1)), image.shape).astype(np.float32)
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
        if x0 < x1 and y0 < y1:
            looks[y0:y1, x0:x1] = patch[y0 - top : y1 - top, x0 - left : x1 - left]
        around = image[max(0, y0 - 4) : y1 + 4, max(0, x0 - 4) : x1 + 4] if x0 < x1 and y0 < y1 else image
        if (around.max(-1).astype(int) - around.min(-1)).mean() < INFRARED_LEVELS:
            looks[:] = looks.mean(-1, keepdims=True)
        return looks * (float(np.clip(image.mean(), 12, 160)) / 90)

    @property
    def _gain(self) -> float:
        return float(0.4 + 1.1 * self._random[1])

    @cached_property
    def _random(self) -> Floats:
        return np.random.default_rng(self.seed).random(8, np.float32)

    @cached_property
    def _texture(self) -> Floats:
        """(_PATCH, _PATCH, 3) float32 BGR levels: one colour, another in places, a little noise."""
        random = np.random.default_rng(self.seed + 1)
        cells = cv2.resize(random.random((4, 4), np.float32), (_PATCH, _PATCH), interpolation=cv2.INTER_CUBIC)
        colours = random.uniform(15, 215, (2, 3)).astype(np.float32)
        mixed = np.where(cells[..., None] > _HALF, colours[0], colours[1])
        return np.asarray(mixed + random.normal(0, 6, mixed.shape), np.float32)


def planted(seed: int, count: int, from_s: float, to_s: float) -> tuple[Plant, ...]:
    """`count` plants of all kinds in turn, at random times and places, in the order of time.

    Args:
        seed: Of everything about them.
        count: At most; fewer where they would come closer than `APART_S`.
        from_s: None begins before; on the clock of the stream.
        to_s: None ends after.
    """
    random = np.random.default_rng(seed)
    slot_s = (to_s - from_s) / max(1, count)
    slots = count if slot_s >= 2 * APART_S else max(0, int((to_s - from_s) / (2 * APART_S)))
    slot_s = (to_s - from_s) / max(1, slots)
    kinds = random.permutation([_ORDER[index % len(_ORDER)] for index in range(slots)])
    return tuple(_plant(Kind(kind), from_s + index * slot_s, slot_s, random) for index, kind in enumerate(kinds))


def drawn(plants: Sequence[Plant], image: Image, at_s: float) -> Image:
    """`image` with the plants that show at `at_s`; the same array where there is none."""
    for plant in plants:
        image = plant.draw(image, at_s)
    return image


def _plant(kind: Kind, from_s: float, slot_s: float, random: np.random.Generator) -> Plant:
    least_s, most_s = _LASTS_S[kind]
    lasts_s = float(random.uniform(least_s, most_s))
    began_s = from_s + float(random.uniform(0, max(0.0, slot_s - APART_S - lasts_s)))
    height = float(random.uniform(*_HEIGHTS[kind]))
    seed = int(random.integers(2**31))
    start = (float(random.uniform(0.1, 0.9)), float(random.uniform(0.2, 0.85)))
    if kind in {Kind.WALKER, Kind.RUNNER}:
        sides = (-0.05, 1.05) if random.random() < _HALF else (1.05, -0.05)
        level = float(random.uniform(0.35, 0.75))
        return Plant(kind, began_s, began_s + lasts_s, height, (sides[0], level), (sides[1], level), seed)
    if kind is Kind.SMALL:
        angle = float(random.uniform(0, 2 * math.pi))
        away = (start[0] + 0.25 * math.cos(angle), start[1] + 0.25 * math.sin(angle))
        return Plant(kind, began_s, began_s + lasts_s, height, start, away, seed)
    return Plant(kind, began_s, began_s + lasts_s, height, start, start, seed)


def _limb(x: Floats, y: Floats, swing: float) -> Floats:
    """Distance, in heights, to a leg that swings from the hip."""
    along = np.clip((y - 0.12) / 0.38, 0, 1)
    return np.asarray(np.hypot(x - swing * along, y - 0.12 - 0.38 * along) - 0.06, np.float32)


def _cover(distance: Floats, soft: float) -> Floats:
    """Soft edges of about a pixel."""
    return np.asarray(np.clip(0.5 - distance * soft, 0, 1), np.float32)
