"""What people are told of a detector's find: what it means, where, and how rare as far as it was seen."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from detectors import words
from detectors.options import (
    AutoencoderOptions,
    CnnOptions,
    DeviationOptions,
    ExemplarOptions,
    MemoryOptions,
    MomentumOptions,
    MotionOptions,
    PixelsOptions,
    RarityOptions,
    ThumbnailOptions,
)

HOUR = 3600


def test_detectors_that_see_other_things_say_other_things() -> None:
    """Each a clause that goes on after "upper left:", none with the words of those who built it."""
    told = [
        words.meaning(MomentumOptions(), DeviationOptions()),
        words.meaning(MotionOptions(), DeviationOptions()),
        words.meaning(PixelsOptions(), AutoencoderOptions()),
        words.meaning(CnnOptions(), ExemplarOptions()),
        words.meaning(ThumbnailOptions(), MemoryOptions()),
        words.meaning(ThumbnailOptions(), RarityOptions()),
    ]
    assert len(set(told)) == len(told)
    for text in told:
        assert text[0].islower()
        assert not text.endswith(".")
        assert not {"score", "detector", "feature", "model", "momentum", "cnn"} & set(text.split())


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((0.0, 0.0, 0.2, 0.2), "upper left"),
        ((0.4, 0.0, 0.6, 0.1), "top"),
        ((0.9, 0.1, 1.0, 0.2), "upper right"),
        ((0.1, 0.4, 0.2, 0.6), "left"),
        ((0.4, 0.4, 0.6, 0.6), "middle"),
        ((0.8, 0.9, 1.0, 1.0), "lower right"),
        ((0.0, 0.0, 1.0, 1.0), "most of the picture"),
        ((0.05, 0.1, 0.95, 0.9), "most of the picture"),
    ],
)
def test_a_box_is_named_by_its_middle(box: tuple[float, float, float, float], expected: str) -> None:
    """One of nine places, unless it is nearly everywhere."""
    assert words.place(box) == expected


@pytest.mark.parametrize(
    ("held", "at_least", "moment_s", "expected"),
    [
        (21_600, 1, 1.0, "about once in 3 hours"),
        (2000, 9, 1.0, ""),
        (6000, 9, 1.0, "about once in 10 minutes"),
        (2000, 1, 60.0, "about once in 17 hours"),
        (21_600, 0, 1.0, "rarer than anything in the last 6 hours of ordinary life"),
        (5, 0, 1.0, "rarer than anything in the last 5 seconds of ordinary life"),
        (3000, 0, 60.0, "rarer than anything in the last 2 days of ordinary life"),
        (9, 9, 1.0, ""),
    ],
)
def test_how_often_is_counted_and_never_beyond_what_was_seen(
    held: int, at_least: int, moment_s: float, expected: str
) -> None:
    """Of moments that are remembered some were as strange: so often; none was: only how far back that reaches.

    Of what comes every few minutes nothing is said: it would read as a contradiction of the alert.
    """
    p_value, least = (1 + at_least) / (held + 1), 1 / (held + 1)
    assert words.how_often(p_value, least, moment_s) == expected


@given(st.integers(1, 100_000), st.integers(0, 100_000), st.sampled_from([1.0, 60.0]))
def test_no_time_is_told_that_is_longer_than_what_was_seen(held: int, at_least: int, moment_s: float) -> None:
    """Whatever is remembered: a rarity beyond it would be made up."""
    told = words.how_often((1 + min(at_least, held)) / (held + 1), 1 / (held + 1), moment_s)
    assume(told)
    number, unit = next(pair for pair in itertools.pairwise(told.split()) if pair[0].replace(".", "").isdigit())
    seconds = float(number) * {"second": 1, "seconds": 1, "minutes": 60, "hours": HOUR, "days": 24 * HOUR}[unit]
    assert seconds <= 1.3 * (held + 1) * moment_s  # rounded to whole units, of which there are at least two
