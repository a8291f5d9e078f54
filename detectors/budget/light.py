"""In what light a camera sees: colour, infra-red, dark. Looks at one picture at a time and at no clock on the wall."""

from __future__ import annotations

import math

import numpy as np

from detectors.base import Image, Picture
from detectors.budget.diary import Light

# In infra-red light the channels of a pixel differ by less than this on average. Unit: levels.
INFRARED_LEVELS = 3.0
# A picture darker than this on average shows hardly anything. Unit: levels.
DARK_LEVELS = 16.0
# Another light counts once it lasted so long: a camera's exposure swings after a switch. Unit: seconds.
SETTLED_S = 5.0
# One pixel in so many, each way, tells enough.
_STRIDE = 8


class LightMeter:
    """The light of one camera. Its memory is the light it last settled on."""

    def __init__(self) -> None:
        self._light: Light | None = None
        self._other: Light | None = None
        self._other_since_s = -math.inf

    def step(self, picture: Picture) -> Light:
        """The light of the next picture, or still that of those before."""
        seen = light_of(picture.image)
        if self._light is None or seen is self._light:
            self._light, self._other = seen, None
        elif seen is not self._other:
            self._other, self._other_since_s = seen, picture.at_s
        elif not 0 <= picture.at_s - self._other_since_s < SETTLED_S:
            self._light, self._other = seen, None
        return self._light

    def cut(self) -> None:
        """The next picture does not follow the last one."""
        self._light = self._other = None


def light_of(image: Image) -> Light:
    """Of one picture, (H, W, 3) uint8 BGR."""
    some = image[::_STRIDE, ::_STRIDE].reshape(-1, 3)
    if float(some.mean()) < DARK_LEVELS:
        return Light.DARK
    spread = float((some.max(1) - some.min(1)).mean(dtype=np.float64))
    return Light.INFRARED if spread < INFRARED_LEVELS else Light.COLOUR
