"""In what light a camera sees: colour, infra-red, dark, or one that changes. Looks at no clock on the wall."""

from __future__ import annotations

import math

import numpy as np

from detectors.base import Picture, StateDict, StateView
from detectors.budget.diary import Light
from detectors.state import Wanted, fitted, refuse_unless

# A picture darker than this on average shows hardly anything. Unit: levels.
DARK_LEVELS = 16.0
# Another light counts once it lasted so long: a camera's exposure swings after a switch. Unit: seconds.
SETTLED_S = 5.0
# When a camera switches between colour and infra-red, its exposure and white balance swing: for so long its pictures
# are of neither light. An indoor camera had settled within it each of nine times. Unit: seconds.
SWINGS_S = 15.0
# Changes that follow one another are waited for no longer than this. Unit: seconds.
LONGEST_S = 30.0
# And none so soon after the last that was waited for: a scene that is nearly grey may seem now of one light, now of the
# other, and is to be watched all the same. Unit: seconds.
CALM_S = 600.0
# One pixel in so many, each way, tells enough.
_STRIDE = 8
_NONE = np.empty(0)  # in standings of before changes of light were waited for


class LightMeter:
    """The light of one camera. Its memory is the light it last settled on, and when it last changed."""

    def __init__(self) -> None:
        self._light: Light | None = None
        self._other: Light | None = None
        self._other_since_s = -math.inf
        self._seen: Light | None = None
        self._waited_s = self._changed_s = -math.inf  # the change that was waited for last began; the last change

    def step(self, picture: Picture) -> Light:
        """The light of the next picture, or still that of those before."""
        seen, before = light_of(picture), self._seen
        self._seen = seen
        if before is not None and seen is not before:
            self._change(before, seen, picture.at_s)
        if self._light is None or seen is self._light:
            self._light, self._other = seen, None
        elif seen is not self._other:
            self._other, self._other_since_s = seen, picture.at_s
        elif not 0 <= picture.at_s - self._other_since_s < SETTLED_S:
            self._light, self._other = seen, None
        return self._light

    def swings_for(self, at_s: float) -> float:
        """For how many more seconds a picture taken at `at_s` is of no light, as it has just changed; 0 if it is."""
        return max(0.0, min(self._changed_s + SWINGS_S, self._waited_s + LONGEST_S) - at_s)

    def cut(self) -> None:
        """The next picture does not follow the last one."""
        self._light = self._other = self._seen = None
        self._waited_s = self._changed_s = -math.inf

    def state(self) -> StateDict:
        """`swings` (n,) float64: when the change that was waited for last began, and the last one; empty before any."""
        known = (self._waited_s, self._changed_s) if math.isfinite(self._changed_s) else ()
        return {"swings": np.array(known, np.float64)}

    def restore(self, state: StateView) -> None:
        """Go on from `state`, after the pictures before; StateError if it does not fit, nothing changed."""
        swings = fitted({"swings": _NONE} | dict(state), {"swings": Wanted(np.float64, (None,))})["swings"].tolist()
        refuse_unless(len(swings) in {0, 2}, "no change of light, or when one began and when it changed last")
        self._waited_s, self._changed_s = swings or (-math.inf, -math.inf)

    def _change(self, before: Light, seen: Light, at_s: float) -> None:
        if seen is self._light:  # what was between was a flicker
            self._changed_s = -math.inf
            return
        if before is Light.DARK and not self.swings_for(at_s):
            return  # a lamp or a torch in a room that was dark: to be told of at once
        if at_s - self._waited_s >= CALM_S:
            self._waited_s = at_s
        self._changed_s = at_s


def light_of(picture: Picture) -> Light:
    """Of one picture."""
    if float(picture.image[::_STRIDE, ::_STRIDE].mean()) < DARK_LEVELS:
        return Light.DARK
    return Light.INFRARED if picture.infrared else Light.COLOUR
