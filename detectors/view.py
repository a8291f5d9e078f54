"""Whether a camera still shows what it used to show: knocked or turned, it looks at another scene. Judges no event.

What stands out from its surroundings in a small picture (see `Thumbnail`) is nearly the same in every light, and in
the median of half a minute nobody who passes is seen. That is compared with the views the camera is known to show, by
correlation. Over five days of an indoor camera it never fell below 0.62, lamps, blinds and people included; the same
pictures moved by 2 of 32 cells have at most 0.22 (docs/detection.md).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import cv2
import numpy as np

from detectors.base import Floats, Mask, Picture, StateDict, StateView
from detectors.budget.diary import Light
from detectors.features.thumbnail import FINE, contrast
from detectors.state import Wanted, fitted, refuse_unless

SIZE = (16, 32)  # (h, w) of a view, in cells
# It looks about every other second, and what it sees now is the median of so long, at least of `LEAST` looks.
LOOK_S = 1.75
WINDOW_S = 30.0
LEAST = 8
# With fewer cells that are not masked no two views can be told apart.
LEAST_CELLS = 64
# Agreement below the first is another view, where the camera's ordinary agreement is above the second.
LOW, HIGH = 0.5, 0.7
# Knocked a little, a view still agrees with itself somewhat. It is another one where, up to so many cells away, it
# agrees so much, and by so much better than in its place: no light does that.
REACH = (3, 4)
ELSEWHERE, BETTER = 0.75, 0.2
# So long another view is a moved camera; a lorry may stand before it for a while.
MOVED_S = 60.0
# A view is known once it was seen for so long; before one is, nothing is said. What is old fades over the other.
KNOWN_S = 600.0
MEMORY_S = 21_600.0
# Where light comes and goes slowly no view is left at once: the one of some minutes ago is compared with too.
RECENT_S = 120.0
# What agrees less than this with all known views is one of its own, such as a street by night; so many are kept.
OWN = 0.6
VIEWS = 4
# With less than this share of the known view's contrast there is fog, a hand or dirt, and no view at all.
FLAT = 0.5
_LIGHTS = (Light.COLOUR, Light.INFRARED)


@dataclass(slots=True)
class _Known:
    """The views in one light.

    Attributes:
        views: (VIEWS, h, w) float32.
        seen_s: (VIEWS,) float32, how long each was seen, at most `MEMORY_S`; 0 for none.
        agreement: Of late, in ordinary moments.
        lasted_s: Of that.
        recent: (h, w), of some minutes ago; None before the first.
    """

    views: Floats = field(default_factory=lambda: np.zeros((VIEWS, *SIZE), np.float32))
    seen_s: Floats = field(default_factory=lambda: np.zeros(VIEWS, np.float32))
    agreement: float = 0.0
    lasted_s: float = 0.0
    recent: Floats | None = None


class View:
    """What one camera is known to show, in each light. Not for several threads at once.

    A poor choice for a camera that is turned on purpose, and blind to one that is moved by less than a cell, turned
    slowly, or pointed at a wall without a mark.
    """

    def __init__(self, watched: Mask) -> None:
        """Args: watched: (16, 32) cells that are looked at; all others are masked."""
        self._watched = watched
        self._known = {light: _Known() for light in _LIGHTS}
        self._seen: deque[tuple[float, Floats]] = deque()
        self._light: Light | None = None
        self._low_since_s = math.inf

    def look(self, picture: Picture, light: Light) -> bool:
        """Take in the next picture, taken in this light.

        Returns:
            Whether the camera was moved, which holds until it is told to `begin` anew.
        """
        last_s = self._seen[-1][0] if self._seen else -math.inf
        if picture.at_s - last_s < LOOK_S or self._watched.sum() < LEAST_CELLS:
            return False
        if light is not self._light:
            self._light = light
            self._forget_recent()
        if light is Light.DARK:
            return False
        self._seen.append((picture.at_s, _shown(picture)))
        while picture.at_s - self._seen[0][0] > WINDOW_S:
            self._seen.popleft()
        if len(self._seen) < LEAST:
            return False
        now = np.median(np.stack([view for _, view in self._seen]), axis=0).astype(np.float32)
        return self._compare(now, light, picture.at_s, min(picture.at_s - last_s, WINDOW_S))

    def begin(self) -> None:
        """Forget all that was known: what comes is another view."""
        self._known = {light: _Known() for light in _LIGHTS}
        self._forget_recent()

    def restart_clock(self) -> None:
        """The next picture's time has nothing to do with the last one's. What is known stays."""
        self._light = None
        self._forget_recent()

    def state(self) -> StateDict:
        """`views` (2, 4, h, w), `seen_s` (2, 4), `agreement` and `lasted_s` (2,), float32, by light."""
        known = list(self._known.values())
        return {
            "views": np.stack([each.views for each in known]),
            "seen_s": np.stack([each.seen_s for each in known]),
            "agreement": np.array([each.agreement for each in known], np.float32),
            "lasted_s": np.array([each.lasted_s for each in known], np.float32),
        }

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        count = len(_LIGHTS)
        new = fitted(
            state,
            {
                "views": Wanted(np.float32, (count, VIEWS, *SIZE)),
                "seen_s": Wanted(np.float32, (count, VIEWS)),
                "agreement": Wanted(np.float32, (count,)),
                "lasted_s": Wanted(np.float32, (count,)),
            },
        )
        refuse_unless(bool((new["seen_s"] >= 0).all() and (new["lasted_s"] >= 0).all()), "times of at least 0")
        for index, light in enumerate(_LIGHTS):
            self._known[light] = _Known(
                new["views"][index],
                new["seen_s"][index],
                float(new["agreement"][index]),
                float(new["lasted_s"][index]),
            )
        self.restart_clock()

    def _compare(self, now: Floats, light: Light, at_s: float, passed_s: float) -> bool:
        known = self._known[light]
        sure = known.seen_s >= KNOWN_S
        with_known = max((self._agreement(now, view) for view in known.views[sure]), default=1.0)
        with_recent = -1.0 if known.recent is None else self._agreement(now, known.recent)
        agreement = max(with_known, with_recent)
        views = known.views[sure]
        if len(views) and known.agreement >= HIGH and (agreement < LOW or self._is_shifted(now, views, with_known)):
            if self._is_flat(now, views):
                self._low_since_s = math.inf
                return False
            self._low_since_s = min(self._low_since_s, at_s)
            return at_s - self._low_since_s >= MOVED_S
        self._low_since_s = math.inf
        _learn(known, now, self._agreements(now, known), with_known, passed_s)
        return False

    def _agreements(self, now: Floats, known: _Known) -> Floats:
        """With each known view; below all of them where there is none."""
        there = zip(known.views, known.seen_s, strict=True)
        return np.array([self._agreement(now, view) if seen_s > 0 else -2.0 for view, seen_s in there], np.float32)

    def _agreement(self, one: Floats, other: Floats) -> float:
        """Correlation over what is watched, -1..1; 0 where either is quite flat."""
        left, right = one[self._watched], other[self._watched]
        left, right = left - left.mean(), right - right.mean()
        size = math.sqrt(float(left @ left) * float(right @ right))
        return float(left @ right) / size if size > 0 else 0.0

    def _is_shifted(self, now: Floats, views: Floats, in_place: float) -> bool:
        """Whether what is seen in the middle of `now` was elsewhere in a known view, rather than in its place."""
        if in_place > 1 - BETTER:
            return False
        (down, right), watched = REACH, self._watched.astype(np.float32)
        middle = (now * watched)[down:-down, right:-right]
        for view in views:
            there = cv2.matchTemplate(view * watched, middle, cv2.TM_CCOEFF_NORMED)  # (7, 9), in place in the middle
            if there.max() >= max(ELSEWHERE, there[down, right] + BETTER):
                return True
        return False

    def _is_flat(self, now: Floats, views: Floats) -> bool:
        usual = min(float(view[self._watched].std()) for view in views)
        return float(now[self._watched].std()) < FLAT * usual

    def _forget_recent(self) -> None:
        self._seen.clear()
        self._low_since_s = math.inf


def _learn(known: _Known, now: Floats, agreements: Floats, with_known: float, passed_s: float) -> None:
    """Take `now` in: in the view it agrees with most, or as one of its own."""
    known.lasted_s = min(known.lasted_s + passed_s, KNOWN_S)
    known.agreement += (with_known - known.agreement) * passed_s / max(known.lasted_s, passed_s)
    gain = passed_s / (passed_s + RECENT_S)
    known.recent = now if known.recent is None else known.recent + np.float32(gain) * (now - known.recent)
    best = int(np.argmax(agreements))
    if agreements[best] < OWN:
        best = int(np.argmin(known.seen_s))
        known.seen_s[best] = 0
    known.seen_s[best] = min(known.seen_s[best] + passed_s, MEMORY_S)
    known.views[best] += np.float32(passed_s / known.seen_s[best]) * (now - known.views[best])


def _shown(picture: Picture) -> Floats:
    """(h, w) local contrast."""
    small = cv2.resize(picture.grey, FINE, interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    return np.asarray(cv2.resize(contrast(small), SIZE[::-1], interpolation=cv2.INTER_AREA), np.float32)
