"""In what light a camera sees, and that a flicker is no other light."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.base import INFRARED_LEVELS, Image, Picture
from detectors.budget.diary import Light
from detectors.budget.light import DARK_LEVELS, SETTLED_S, LightMeter, light_of

SHAPE = (120, 160)


def image(blue: float, green: float, red: float) -> Image:
    """A noisy picture around this colour."""
    noise = np.random.default_rng(0).normal(0, 2, (*SHAPE, 1))
    return np.clip(np.array([blue, green, red]) + noise, 0, 255).astype(np.uint8)


COLOUR, INFRARED, DARK = image(90, 120, 140), image(120, 120, 120), image(5, 5, 5)


@pytest.mark.parametrize(
    ("seen", "light"),
    [
        (COLOUR, Light.COLOUR),
        (INFRARED, Light.INFRARED),
        (DARK, Light.DARK),
        (image(2, 8, 12), Light.DARK),
        (image(120, 120, 120 + INFRARED_LEVELS + 2), Light.COLOUR),
        (image(DARK_LEVELS + 3, DARK_LEVELS + 3, DARK_LEVELS + 3), Light.INFRARED),
        (image(60, 60, 60), Light.INFRARED),
    ],
)
def test_light_is_told_by_brightness_and_colour(seen: Image, light: Light) -> None:
    """Hardly anything to see is dark; grey is infra-red; the rest is colour."""
    assert light_of(Picture(seen, 0.0)) is light


def told(meter: LightMeter, seen: Image, began_s: float, ended_s: float) -> list[Light]:
    """The lights of pictures that look so, at two a second."""
    return [meter.step(Picture(seen, at_s)) for at_s in np.arange(began_s, ended_s, 0.5).tolist()]


def test_the_first_picture_decides_at_once() -> None:
    """There is no light before it to go on with; nor after a cut."""
    meter = LightMeter()
    assert meter.step(Picture(INFRARED, 7.0)) is Light.INFRARED
    meter.cut()
    assert meter.step(Picture(COLOUR, 7.1)) is Light.COLOUR


def test_another_light_counts_once_it_has_lasted() -> None:
    """Until then it is still the one before."""
    meter = LightMeter()
    told(meter, COLOUR, 0, 10)
    lights = told(meter, INFRARED, 10, 20)
    switched = lights.index(Light.INFRARED)
    assert switched == SETTLED_S * 2
    assert set(lights[:switched]) == {Light.COLOUR}
    assert set(lights[switched:]) == {Light.INFRARED}


def test_lights_that_do_not_last_are_not_counted_together() -> None:
    """A passing lamp, again and again, or one light after another that stays for a moment."""
    meter = LightMeter()
    told(meter, INFRARED, 0, 10)
    for began_s in range(10, 40, 6):
        assert set(told(meter, COLOUR, began_s, began_s + 3)) == {Light.INFRARED}
        assert set(told(meter, DARK, began_s + 3, began_s + 5)) == {Light.INFRARED}
        assert set(told(meter, INFRARED, began_s + 5, began_s + 6)) == {Light.INFRARED}
