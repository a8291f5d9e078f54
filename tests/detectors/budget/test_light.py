"""In what light a camera sees, and that a flicker is no other light."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.base import INFRARED_LEVELS, Image, Picture, StateError
from detectors.budget.diary import Light
from detectors.budget.light import CALM_S, DARK_LEVELS, LONGEST_S, SETTLED_S, SWINGS_S, LightMeter, light_of

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


def swung(meter: LightMeter, seen: Image, began_s: float, ended_s: float) -> list[float]:
    """For how long the light still swings at each of the pictures that look so, at two a second."""
    left = []
    for at_s in np.arange(began_s, ended_s, 0.5).tolist():
        meter.step(Picture(seen, at_s))
        left.append(meter.swings_for(at_s))
    return left


def test_a_change_of_light_is_waited_for() -> None:
    """A lamp goes off, seconds later the camera turns to infra-red: one change. The first picture is none."""
    meter = LightMeter()
    assert set(swung(meter, COLOUR, 0, 10)) == {0}
    assert swung(meter, DARK, 10, 16)[0] == SWINGS_S
    left = swung(meter, INFRARED, 16, 60)
    assert left[0] == SWINGS_S
    assert left.index(0) == SWINGS_S * 2
    assert set(left[left.index(0) :]) == {0}


def test_a_scene_between_two_lights_is_watched_all_the_same() -> None:
    """Of every ten minutes at most half a one is lost."""
    meter = LightMeter()
    left = [swung(meter, (COLOUR, INFRARED)[n % 2], 2 * n, 2 * n + 2) for n in range(int(2 * CALM_S / 2))]
    swings = sum(each > 0 for part in left for each in part) / 2
    assert LONGEST_S <= swings <= 2 * LONGEST_S


def test_a_flicker_is_no_change() -> None:
    """A grey picture or two amid colour are not worth a quarter of a minute."""
    meter = LightMeter()
    told(meter, COLOUR, 0, 10)
    assert swung(meter, INFRARED, 10, 11)[0] > 0
    assert set(swung(meter, COLOUR, 11, 20)) == {0}


@pytest.mark.parametrize("lit", [COLOUR, INFRARED])
def test_what_lights_up_a_dark_room_is_judged_at_once(lit: Image) -> None:
    """A lamp or a torch at night is what one wants to be told of."""
    meter = LightMeter()
    told(meter, DARK, 0, 60)
    assert set(swung(meter, lit, 60, 80)) == {0}


def test_what_is_known_of_a_change_is_kept() -> None:
    """So that a picture judged again is judged alike; what does not fit is refused."""
    meter, again, fresh = LightMeter(), LightMeter(), LightMeter()
    swung(meter, COLOUR, 0, 10)
    assert meter.state()["swings"].size == 0
    swung(meter, INFRARED, 10, 12)
    again.restore(meter.state())
    assert again.swings_for(12) == meter.swings_for(12) > 0
    fresh.restore({})
    assert fresh.swings_for(12) == 0
    with pytest.raises(StateError):
        fresh.restore({"swings": np.zeros(3)})
    meter.cut()
    assert meter.swings_for(12) == 0
