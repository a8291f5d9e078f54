"""Rare things to put into ordinary footage, several of each type: cut out of labelled clips, or drawn. Judges nothing.

A cut-out is a real cart or cyclist of the same camera, by the labels' pixel masks, a little shifted and brighter or
darker each time; a drawing is one of `detectors.evaluation.plants`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from detectors.base import Floats, Image, Mask
from detectors.evaluation.plants import Kind, Plant

FPS = 10.0
# Cut-outs of another frame belong to one thing if they overlap; shorter tracks are left out. Unit: frames.
LEAST_FRAMES = 40
EDGE_PX = 2
# What is larger than this is a cart; what is smaller a cyclist or a skater. Unit: share of the picture.
CART_SHARE = 0.035


class Happening(Protocol):
    """One thing that comes and goes."""

    @property
    def lasts_s(self) -> float:
        """From its first picture to its last."""

    def draw(self, image: Image, since_s: float) -> Image:
        """`image` with it, `since_s` seconds after it began."""


@dataclass(frozen=True, slots=True)
class Track:
    """One thing cut out of a clip: in each frame where it is, what of it, and how it looks."""

    clip: str
    places: tuple[tuple[int, int], ...]  # left and top
    covers: tuple[Floats, ...]  # (h, w) 0..1
    looks: tuple[Image, ...]  # (h, w, 3)

    @property
    def area(self) -> float:
        """The largest, in pixels."""
        return max(float(cover.sum()) for cover in self.covers)


@dataclass(frozen=True, slots=True)
class Pasted:
    """A track at some other time, shifted and brighter or darker."""

    track: Track
    shift: tuple[int, int]
    gain: float

    @property
    def lasts_s(self) -> float:
        """See `Happening`."""
        return len(self.track.places) / FPS

    def draw(self, image: Image, since_s: float) -> Image:
        """See `Happening`."""
        number = round(since_s * FPS)
        if not 0 <= number < len(self.track.places):
            return image
        cover, look = self.track.covers[number], self.track.looks[number]
        left, top = (at + by for at, by in zip(self.track.places[number], self.shift, strict=True))
        rows = slice(max(0, top), min(image.shape[0], top + cover.shape[0]))
        columns = slice(max(0, left), min(image.shape[1], left + cover.shape[1]))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return image
        inner = (slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
        alpha = cover[inner][..., None]
        drawn = image.copy()
        drawn[rows, columns] = np.clip(drawn[rows, columns] * (1 - alpha) + self.gain * look[inner] * alpha, 0, 255)
        return drawn


@dataclass(frozen=True, slots=True)
class Drawn:
    """A plant; `began_s` of it is 0."""

    plant: Plant

    @property
    def lasts_s(self) -> float:
        """See `Happening`."""
        return self.plant.ended_s

    def draw(self, image: Image, since_s: float) -> Image:
        """See `Happening`."""
        return self.plant.draw(image, since_s)


def pasted(tracks: Sequence[Track], random: np.random.Generator) -> Iterator[Pasted]:
    """Ever more of one type: its tracks in turn, each time otherwise."""
    while True:
        for index in random.permutation(len(tracks)):
            shift = (int(random.integers(-8, 9)), int(random.integers(-5, 6)))
            yield Pasted(tracks[index], shift, float(random.uniform(0.9, 1.1)))


def drawings(plant: Plant, random: np.random.Generator) -> Iterator[Drawn]:
    """Ever more of one type: the same looks and way, each time a little otherwise."""
    while True:
        by = (float(random.uniform(-0.02, 0.02)), float(random.uniform(-0.02, 0.02)))
        start, end = ((x + by[0], y + by[1]) for x, y in (plant.start, plant.end))
        yield Drawn(replace(plant, start=start, end=end, height=plant.height * float(random.uniform(0.95, 1.05))))


def plants(seed: int) -> dict[str, Plant]:
    """Types that are drawn, all on one way through the picture's middle, and one flash in it."""
    way = ((-0.05, 0.6), (1.05, 0.6))
    return {
        "runner": Plant(Kind.RUNNER, 0.0, 4.0, 0.35, *way, seed),
        "small": Plant(Kind.SMALL, 0.0, 3.0, 0.1, *way, seed + 7),
        "flash": Plant(Kind.FLASH, 0.0, 4.0, 0.5, (0.5, 0.6), (0.5, 0.6), seed + 11),
    }


def tracks(clip: Path, masks: Path) -> list[Track]:
    """What is labelled in a clip, one track each."""
    labelled = np.load(masks)["mask"]
    found: list[list[tuple[int, tuple[int, int, int, int], Mask]]] = []
    images = list(read(clip))
    for number, mask in enumerate(labelled):
        _, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
        for label in range(1, len(boxes)):
            box = tuple(int(n) for n in boxes[label][:4])
            own = next((each for each in found if each[-1][0] == number - 1 and _overlap(each[-1][1], box)), None)
            if own is None:
                found.append(own := [])
            own.append((number, box, labels == label))
    return [_track(clip.stem, each, images) for each in found if len(each) >= LEAST_FRAMES]


def read(path: Path) -> Iterator[Image]:
    """Every frame of a file."""
    capture = cv2.VideoCapture(str(path))
    try:
        while True:
            done, image = capture.read()
            if not done:
                return
            yield np.asarray(image, np.uint8)
    finally:
        capture.release()


def _overlap(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    wide = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    high = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return wide > 0 and high > 0


def _track(clip: str, parts: Sequence[tuple[int, tuple[int, int, int, int], Mask]], images: Sequence[Image]) -> Track:
    places, covers, looks = [], [], []
    for number, (left, top, wide, high), mask in parts:
        x0, y0 = max(0, left - EDGE_PX), max(0, top - EDGE_PX)
        part = (slice(y0, top + high + EDGE_PX), slice(x0, left + wide + EDGE_PX))
        places.append((x0, y0))
        covers.append(np.asarray(cv2.GaussianBlur(mask[part].astype(np.float32), (3, 3), 0), np.float32))
        looks.append(images[number][part].copy())
    return Track(clip, tuple(places), tuple(covers), tuple(looks))
