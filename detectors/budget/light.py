"""In what light a camera sees: colour, infra-red, dark. Looks at one picture at a time and at no clock on the wall."""

from __future__ import annotations

import math

from detectors.base import Picture
from detectors.budget.diary import Light

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
        seen = light_of(picture)
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


def light_of(picture: Picture) -> Light:
    """Of one picture."""
    if float(picture.image[::_STRIDE, ::_STRIDE].mean()) < DARK_LEVELS:
        return Light.DARK
    return Light.INFRARED if picture.infrared else Light.COLOUR
