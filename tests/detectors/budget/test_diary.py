"""What a diary keeps, what it forgets and what it refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import StateDict, StateError
from detectors.budget.diary import AHEAD, BELIEVED, KEPT, NOT_KNOWN, Diary, Light, Minute

NAMES = ("moving", "scene")
score = st.one_of(st.just(NOT_KNOWN), st.floats(0, 1000))
written = st.builds(
    Minute, st.integers(0, 40), st.tuples(score, score), st.sampled_from(list(Light)), st.floats(0, 60, width=32)
)


def diary(*minutes: int) -> Diary:
    """With these minutes, all alike."""
    made = Diary(NAMES)
    for minute in minutes:
        made.add(Minute(minute, (1.0, 2.0), Light.COLOUR, 60.0))
    return made


def same(left: StateDict, right: StateDict) -> bool:
    """Whether two states are alike to the last bit."""
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


@settings(deadline=None)
@given(st.lists(written, max_size=60))
def test_minutes_rise_and_what_comes_out_of_order_changes_nothing(minutes: list[Minute]) -> None:
    """Only a minute later than all before is taken in; each keeps its own peaks, light and seconds."""
    made, expected = Diary(NAMES), list[Minute]()
    for minute in minutes:
        made.add(minute)
        if not expected or minute.minute > expected[-1].minute:
            expected.append(minute)
    assert len(made) == len(expected)
    assert made.last == (expected[-1].minute if expected else None)
    assert made.minutes.tolist() == [each.minute for each in expected]
    assert made.lights.tolist() == [each.light for each in expected]
    assert made.seen_s.tolist() == [each.seen_s for each in expected]
    assert np.allclose(made.peaks, np.array([each.peaks for each in expected]).reshape(-1, 2), rtol=1e-6)


@settings(deadline=None)
@given(st.floats(0, 1e6))
def test_a_peak_is_never_less_than_the_score_that_it_was(value: float) -> None:
    """A scene that stays just the same would else be above the level made of it, for rounding alone."""
    made = Diary(["moving"])
    made.add(Minute(7, (value,), Light.COLOUR, 60.0))
    kept = float(made.peaks[0, 0])
    assert value <= kept <= math.nextafter(value * (1 + 2**-22), math.inf) + 1e-44


def test_what_is_older_than_two_weeks_is_forgotten() -> None:
    """Memory does not grow with the years, and what remains is the newest, in order."""
    made = Diary(["moving"])
    for minute in range(KEPT + 5000):
        made.add(Minute(minute, (float(minute),), Light(minute % 3), 30.0))
    assert made.minutes.tolist() == list(range(5000, KEPT + 5000))
    assert np.array_equal(made.peaks[:, 0], np.arange(5000, KEPT + 5000, dtype=np.float32))
    assert np.array_equal(made.lights, made.minutes % 3)
    made.add(Minute(2 * KEPT + 4990, (1.0,), Light.COLOUR, 30.0))
    assert made.minutes.tolist() == [*range(KEPT + 4991, KEPT + 5000), 2 * KEPT + 4990]


def test_cleared_it_begins_anew() -> None:
    """Also with earlier minutes than those forgotten."""
    made = diary(100, 101)
    made.clear()
    assert (len(made), made.last) == (0, None)
    made.add(Minute(5, (1.0, 2.0), Light.DARK, 60.0))
    assert made.minutes.tolist() == [5]


def rewound(made: Diary, *minutes: int) -> list[int]:
    """What it holds after these minutes ended one after the other."""
    for minute in minutes:
        made.rewind(minute)
        made.add(Minute(minute, (1.0, 2.0), Light.COLOUR, 60.0))
    return made.minutes.tolist()


def test_a_clock_that_was_ahead_for_a_while_leaves_nothing() -> None:
    """As soon as more minutes ended by the right one; up to an hour is waited for."""
    assert rewound(diary(100, 101, 9000), 102, 103) == [100, 101, 102, 103]
    assert rewound(diary(100, 101, 9000, 9001, 9002), 102, 103) == [100, 101, 9000, 9001, 9002]
    assert rewound(diary(100, 101, 9000, 9001, 9002), 102, 103, 104, 105) == [100, 101, 104, 105]
    assert rewound(diary(100, 101, 101 + AHEAD), 101, 102 + AHEAD) == [100, 101, 101 + AHEAD, 102 + AHEAD]


def test_a_clock_that_is_behind_for_a_while_takes_nothing() -> None:
    """A machine without a clock of its own starts in 1970, or where it was built; after a day it is believed."""
    known = range(10_000, 13_000)
    assert rewound(diary(*known), *range(BELIEVED - 1), 13_000) == [*known, 13_000]
    assert rewound(diary(*known), *range(BELIEVED)) == [BELIEVED - 1]


def test_a_diary_is_its_minutes() -> None:
    """As they were added."""
    minutes = [Minute(5, (0.5, NOT_KNOWN), Light.DARK, 12.5), Minute(7, (3.0, 1.5), Light.COLOUR, 60.0)]
    made = Diary(NAMES)
    for minute in minutes:
        made.add(minute)
    assert list(made) == minutes


def test_a_state_does_not_follow_what_comes_later() -> None:
    """What was saved stays what it was."""
    made = diary(1, 2)
    state = made.state()
    made.add(Minute(3, (9.0, 9.0), Light.DARK, 60.0))
    made.peaks[:] = 7.0
    assert state["minutes"].tolist() == [1, 2]
    assert state["peaks"].tolist() == [[1, 2], [1, 2]]


@pytest.mark.parametrize("minutes", [(), (4,), tuple(range(3000))])
def test_restored_it_goes_on_the_same(minutes: tuple[int, ...]) -> None:
    """Empty or full: the same minutes now, and the same after the next ones."""
    old, new = diary(*minutes), diary(77)
    new.restore(old.state())
    assert same(old.state(), new.state())
    for made in (old, new):
        for minute in range(5000, 8000, 3):
            made.add(Minute(minute, (3.0, NOT_KNOWN), Light.INFRARED, 12.5))
    assert same(old.state(), new.state())


def test_a_broken_state_is_refused_and_changes_nothing() -> None:
    """Columns missing, of other lengths, types or channels; minutes that do not rise; what no minute can be."""
    sound, made = diary(1, 2, 3).state(), diary(8, 9)
    before = made.state()
    wrong: list[StateDict] = [
        {},
        {name: array for name, array in sound.items() if name != "lights"},
        sound | {"more": np.zeros(3)},
        sound | {"minutes": np.array([1, 3, 2])},
        sound | {"minutes": np.array([1, 1, 2])},
        sound | {"minutes": np.array([1, 2])},
        sound | {"minutes": np.array([1.0, 2.0, 3.0])},
        sound | {"peaks": np.ones((3, 1), np.float32)},
        sound | {"peaks": np.ones((2, 2), np.float32)},
        sound | {"peaks": np.full((3, 2), -0.5, np.float32)},
        sound | {"peaks": np.full((3, 2), np.nan, np.float32)},
        sound | {"lights": np.full(3, len(Light), np.uint8)},
        sound | {"seen_s": np.full(3, 60.5, np.float32)},
        sound | {"seen_s": np.full(3, -1, np.float32)},
        {
            "minutes": np.arange(KEPT + 1),
            "peaks": np.zeros((KEPT + 1, 2), np.float32),
            "lights": np.zeros(KEPT + 1, np.uint8),
            "seen_s": np.zeros(KEPT + 1, np.float32),
        },
    ]
    for state in wrong:
        with pytest.raises(StateError):
            made.restore(state)
        assert same(made.state(), before)
