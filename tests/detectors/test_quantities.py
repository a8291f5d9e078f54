"""What rules are told of a picture: measured where it should be, unknown where it cannot be, no more than asked."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import DetectorScore, Picture, Reading, State, Verdict
from detectors.quantities import PAUSE_S, Quantities
from detectors.rules.vocabulary import QUANTITIES
from detectors.zones import Polygon, Zones

LEFT: Polygon = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
RIGHT: Polygon = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
ZONES = Zones({"left": LEFT, "right": RIGHT}, [])
FPS = 10.0
EVERY = [known.name.replace("ZONE", "left").replace("DETECTOR", "a") for known in QUANTITIES]
SUNDAY_NOON = datetime(2024, 6, 2, 12, 34, 56, tzinfo=UTC)


def reading(**changes: Any) -> Reading:
    """Of a picture that was judged, with `changes`."""
    known: dict[str, Any] = {
        "at_s": 0.0,
        "state": State.ACTIVE,
        "state_reason": "",
        "verdict": Verdict.NORMAL,
        "value": 1.5,
        "p_value": 0.25,
        "limit": 3.0,
        "scores": (DetectorScore("a", 7.0, 1.0), DetectorScore("b", None, None)),
        "heatmap": np.tile(np.linspace(0, 1, 8, dtype=np.float32), (4, 1)),
        "reasons": (),
    }
    return Reading(**(known | changes))


def picture(at_s: float = 0.0, *, level: int = 100, box: tuple[int, int, int, int] | None = None) -> Picture:
    """Grey of one `level`, 120×160, white within `box` (top, bottom, left, right)."""
    image = np.full((120, 160, 3), level, np.uint8)
    if box is not None:
        top, bottom, left, right = box
        image[top:bottom, left:right] = 255
    return Picture(image, at_s)


def measured(name: str, recent: Sequence[Picture], zones: Zones = ZONES) -> float | str | None:
    """One quantity of the newest picture."""
    return Quantities([name], zones, FPS).step(recent, reading(), SUNDAY_NOON)[name]


def test_every_quantity_of_the_table_is_measured() -> None:
    """None is promised that nobody computes, and those of the reading and the clock are handed on as they are."""
    recent = [picture(0.0), picture(0.1, box=(0, 120, 0, 40))]
    told = Quantities(EVERY, ZONES, FPS).step(recent, reading(), SUNDAY_NOON)
    assert list(told) == EVERY
    assert None not in told.values()
    handed_on = {"score": 1.5, "score.a": 7.0, "p_value": 0.25, "limit": 3.0, "state": "active", "verdict": "normal"}
    assert told.items() >= (handed_on | {"time": 12 * 60 + 34, "weekday": "sunday"}).items()


def test_what_is_not_known_is_none() -> None:
    """A verdict that is unknown is no value; nor is a score that is not there, a clock unheard of, motion so early."""
    unknown = reading(value=None, p_value=None, limit=None, verdict=Verdict.UNKNOWN, heatmap=None, scores=())
    told = Quantities([*EVERY, "score.b"], ZONES, FPS).step([picture()], unknown, None)
    measurable = {"state", "brightness", "contrast", "light", "left.brightness"}
    assert {name for name, value in told.items() if value is not None} == measurable


def test_only_what_is_asked_for_is_looked_at() -> None:
    """Rules that speak of scores and times cost no look at the picture, and none at all without rules."""

    class Unseen(Picture):
        @property
        def grey(self) -> Any:
            raise AssertionError("looked at")

    unseen = [Unseen(picture().image, 0.0), Unseen(picture().image, 0.1)]
    names = ["score", "score.a", "limit", "state", "time", "weekday", "left.score"]
    assert list(Quantities(names, ZONES, FPS).step(unseen, reading(), SUNDAY_NOON)) == names
    assert Quantities([], ZONES, FPS).step(unseen, reading(), None) == {}
    assert Quantities(names, ZONES, FPS).reach == 0
    assert Quantities(["brightness"], ZONES, FPS).reach == 0
    assert [Quantities(["left.dwell"], ZONES, fps).reach for fps in (1, 10, 25)] == [1, 1, 2]


@settings(deadline=None)
@given(st.integers(0, 255))
def test_an_even_picture(level: int) -> None:
    """Its brightness is its level, it has no contrast, and no colour."""
    assert measured("brightness", [picture(level=level)]) == pytest.approx(level / 255)
    assert measured("left.brightness", [picture(level=level)]) == pytest.approx(level / 255)
    assert measured("contrast", [picture(level=level)]) == pytest.approx(0, abs=1e-6)
    assert measured("light", [picture(level=level)]) == "infrared"


def test_brightness_and_contrast_are_of_what_is_watched() -> None:
    """Half black, half white: 0.5 each; a mask over one half leaves one even level."""
    halves = picture(level=0, box=(0, 120, 0, 80))
    assert measured("brightness", [halves]) == pytest.approx(0.5)
    assert measured("contrast", [halves]) == pytest.approx(0.5)
    assert measured("left.brightness", [halves]) == 1
    assert measured("right.brightness", [halves]) == 0
    masked = Zones({"left": LEFT, "right": RIGHT}, [RIGHT])
    assert measured("brightness", [halves], masked) == 1
    assert measured("contrast", [halves], masked) == pytest.approx(0, abs=1e-6)
    assert measured("right.brightness", [halves], masked) is None


def test_light_is_told_from_the_channels() -> None:
    """A tinge that a white balance leaves, or one red thing, is infra-red still, colours are not; masks hide them."""
    tinged = picture()
    tinged.image[..., 0] += 2
    assert measured("light", [tinged]) == "infrared"
    thing = picture()
    thing.image[40:60, 40:60, 2] += 100
    assert measured("light", [thing]) == "infrared"
    assert thing.infrared
    red = picture()
    red.image[:, 80:, 2] += 20
    assert not red.infrared
    assert measured("light", [red]) == "colour"
    assert measured("light", [red], Zones({}, [RIGHT])) == "infrared"


def test_motion_is_the_share_of_cells_that_move() -> None:
    """Something that appears over a quarter of the picture moves in that quarter, give or take the cells round it."""
    recent = [picture(0.0), picture(0.1, box=(0, 60, 0, 80))]
    assert measured("motion", recent) == pytest.approx(0.25, abs=0.08)
    assert measured("left.motion", recent) == pytest.approx(0.5, abs=0.08)
    assert measured("right.motion", recent) == pytest.approx(0, abs=0.08)
    assert measured("motion", recent, Zones({}, [RIGHT])) == pytest.approx(0.5, abs=0.08)
    assert measured("motion", [picture(0.0), picture(0.1)]) == 0
    assert measured("motion", [picture(0.1)]) is None


def test_noise_is_no_motion() -> None:
    """Of an ordinary camera, 5 grey levels."""
    noise = np.random.default_rng(0)
    noisy = [np.clip(100 + 5 * noise.standard_normal((120, 160, 1)), 0, 255).astype(np.uint8) for _ in range(40)]
    recent = [Picture(np.repeat(image, 3, axis=2), turn / FPS) for turn, image in enumerate(noisy)]
    assert {measured("motion", pair) for pair in itertools.pairwise(recent)} == {0.0}


def test_a_zones_score_is_its_hottest_cell() -> None:
    """Of the heatmap that is given, in its units; a masked zone has none."""
    heatmap = np.zeros((4, 8), np.float32)
    heatmap[2, 1], heatmap[0, 7] = 3.0, 5.0
    quantities = Quantities(["left.score", "right.score"], ZONES, FPS)
    assert quantities.step([picture()], reading(heatmap=heatmap), None) == {"left.score": 3.0, "right.score": 5.0}
    assert measured("left.score", [picture()], Zones({"left": LEFT}, [LEFT])) is None


class Zone:
    """The left zone, told picture by picture whether something moves in it."""

    def __init__(self) -> None:
        self.quantities = Quantities(["left.dwell", "right.dwell"], ZONES, FPS)
        self.last = picture(0.0)

    def dwell(self, at_s: float, moves: bool) -> float | None:
        """In seconds, after a picture at `at_s`."""
        box = (0, 60, 0, 60) if moves == (int(self.last.image[0, 0, 0]) == 100) else None
        now = picture(at_s, box=box)
        told = self.quantities.step([self.last, now], reading(), None)
        self.last = now
        assert told["right.dwell"] == 0
        value = told["left.dwell"]
        assert not isinstance(value, str)
        return value


def test_dwell_counts_from_the_first_motion_through_pauses() -> None:
    """It goes on while something pauses, and begins anew when it was away for longer than that."""
    zone = Zone()
    assert [zone.dwell(1.0, False), zone.dwell(2.0, True), zone.dwell(3.0, True)] == [0, 0, 1]
    assert zone.dwell(3.0 + PAUSE_S, False) == 1 + PAUSE_S
    assert zone.dwell(3.5 + PAUSE_S, True) == 0
    assert zone.dwell(4.5 + PAUSE_S, True) == 1
    assert zone.dwell(4.6 + 2 * PAUSE_S, False) == 0


def test_dwell_is_forgotten_at_a_cut_and_unknown_without_a_picture_before() -> None:
    """The picture after a cut follows nothing."""
    zone = Zone()
    assert [zone.dwell(1.0, True), zone.dwell(2.0, True)] == [0, 1]
    zone.quantities.cut()
    unknown = zone.quantities.step([picture(2.1)], reading(), None)
    assert unknown == {"left.dwell": None, "right.dwell": None}
    assert zone.dwell(2.2, True) == 0
