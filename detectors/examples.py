"""Ordinary pictures kept small, to show people what would have been normal. Judges nothing."""

from __future__ import annotations

import cv2
import numpy as np

from detectors.base import Box, Floats, Image, StateDict, StateView
from detectors.state import Wanted, fitted, refuse_unless

WIDTH_PX = 96
CAPACITY = 128
# One in so many seconds: neighbours look the same. The first come faster, so that there soon is something to show.
EVERY_S = 60.0
FIRST_EVERY_S = 2.0
FIRST = 32
# Like this are pictures that differ little in local contrast, so that a cloud makes no difference. Unit: pixels.
SURROUNDINGS_PX = 9
# A box is widened to this, or a few pixels would decide. Unit: share of the picture's side.
LEAST_SIDE = 0.15


class Examples:
    """Up to `CAPACITY` ordinary pictures of one camera; once full, each new one replaces one at random.

    Memory: `CAPACITY` · 96 · about 64 · 3 bytes, 2.4 MB, and 3.1 MB to find them.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._pictures: list[Image] = []
        self._contrasts: list[Floats] = []  # of the same, so that looking for one is quick
        self._offered = 0
        self._last_s = -np.inf

    def small(self, image: Image) -> Image:
        """(h, 96, 3), a copy as it is kept; never enlarged."""
        height, width = image.shape[:2]
        scale = min(1.0, WIDTH_PX / width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)

    def due(self, at_s: float) -> bool:
        """Whether the picture of this time is wanted, if it turns out ordinary; says so once."""
        every_s = FIRST_EVERY_S if len(self._pictures) < FIRST else EVERY_S
        if at_s - self._last_s < every_s:
            return False
        self._last_s = at_s
        return True

    def learn(self, small: Image) -> None:
        """Keep an ordinary picture, as `small` gave it."""
        if self._pictures and self._pictures[0].shape != small.shape:
            self._pictures.clear()
            self._contrasts.clear()
        if len(self._pictures) < CAPACITY:
            self._pictures.append(small)
            self._contrasts.append(_contrast(small))
        else:
            given_up = int(np.random.default_rng((self._seed, self._offered)).integers(CAPACITY))
            self._pictures[given_up], self._contrasts[given_up] = small, _contrast(small)
        self._offered += 1

    def nearest(self, image: Image, box: Box | None, most: int) -> tuple[Image, ...]:
        """The `most` kept pictures that are most like `image` within `box`, nearest first."""
        if not self._pictures:
            return ()
        small = self.small(image)
        if small.shape != self._pictures[0].shape:
            return ()
        part = _part(box, *small.shape[:2])
        now = _contrast(small)[part]
        distances = [float(np.abs(kept[part] - now).mean()) for kept in self._contrasts]
        return tuple(self._pictures[i] for i in np.argsort(distances, kind="stable")[:most])

    @property
    def count(self) -> int:
        """How many are kept."""
        return len(self._pictures)

    def varied(self, most: int) -> tuple[Image, ...]:
        """Up to `most` of them that are as unlike one another as can be, begun with the newest."""
        if not self._pictures:
            return ()
        chosen = [len(self._pictures) - 1]
        nearest = self._distances(chosen[0])
        while len(chosen) < min(most, len(self._pictures)):
            chosen.append(int(np.argmax(nearest)))
            nearest = np.minimum(nearest, self._distances(chosen[-1]))
            nearest[chosen] = -1.0
        return tuple(self._pictures[index] for index in chosen)

    def _distances(self, index: int) -> Floats:
        """(n,) of each kept picture to one of them."""
        there = self._contrasts[index]
        return np.array([np.abs(kept - there).mean() for kept in self._contrasts], np.float32)

    def restart_clock(self) -> None:
        """The next time has nothing to do with the last one."""
        self._last_s = -np.inf

    def state(self) -> StateDict:
        """`pictures` (n, h, w, 3) uint8 and `offered`, how many there were."""
        pictures = np.stack(self._pictures) if self._pictures else np.zeros((0, 0, 0, 3), np.uint8)
        return {"pictures": pictures, "offered": np.array(self._offered, np.int64)}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        new = fitted(state, {"pictures": Wanted(np.uint8, (None, None, None, 3)), "offered": Wanted(np.int64)})
        pictures, offered = new["pictures"], int(new["offered"])
        fits = len(pictures) <= CAPACITY and pictures.shape[2] <= WIDTH_PX and len(pictures) <= offered
        refuse_unless(fits and (pictures.size > 0) == (len(pictures) > 0), f"at most {CAPACITY} small pictures")
        self._pictures, self._offered = list(pictures), offered
        self._contrasts = [_contrast(picture) for picture in pictures]


def _part(box: Box | None, height: int, width: int) -> tuple[slice, slice]:
    """The box's pixels, widened to `LEAST_SIDE`; all of them for None."""
    if box is None:
        return slice(None), slice(None)
    left, top, right, bottom = box
    return _span(top, bottom, height), _span(left, right, width)


def _span(low: float, high: float, pixels: int) -> slice:
    more = max(0.0, LEAST_SIDE - (high - low)) / 2
    first = min(pixels - 1, max(0, int((low - more) * pixels)))
    return slice(first, max(first + 1, min(pixels, int(np.ceil((high + more) * pixels)))))


def _contrast(image: Image) -> Floats:
    """(h, w) differences of the grey picture from its surroundings."""
    pixels = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.float32)
    around = cv2.blur(pixels, (SURROUNDINGS_PX, SURROUNDINGS_PX), borderType=cv2.BORDER_REFLECT)
    return np.asarray(pixels - around.reshape(pixels.shape), np.float32)
