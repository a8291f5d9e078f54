"""Timing a frame's stages: added up within a frame, begun anew with the next, and free where nobody asks."""

from __future__ import annotations

import pytest

from detectors.stages import NoStages, Stages


class Ticks:
    """A clock that goes on by as much as it is told."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.looks = 0

    def __call__(self) -> float:
        self.looks += 1
        return self.now_s


def test_a_stage_entered_twice_in_a_frame_is_added_up_and_the_next_frame_begins_anew() -> None:
    """What was seen before and not entered since took nothing."""
    clock = Ticks()
    stages = Stages(clock)
    for seconds in (1.0, 2.0):
        with stages("feature motion"):
            clock.now_s += seconds
        clock.now_s += 100  # between stages: nobody's
    with stages("fusion"):
        clock.now_s += 4
    assert stages.take() == {"feature motion": 3.0, "fusion": 4.0}
    with stages("fusion"):
        clock.now_s += 5
    assert stages.take() == {"feature motion": 0.0, "fusion": 5.0}


def test_a_part_counts_in_its_whole_too() -> None:
    """Stages may stand within each other."""
    clock = Ticks()
    stages = Stages(clock)
    with stages("judging"):
        clock.now_s += 1
        with stages("score a"):
            clock.now_s += 2
    assert stages.take() == {"judging": 3.0, "score a": 2.0}


def test_a_stage_that_raises_is_counted_and_the_error_goes_on() -> None:
    """Timing hides nothing."""
    clock = Ticks()
    stages = Stages(clock)

    def work() -> None:
        with stages("score a"):
            clock.now_s += 1
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        work()
    assert stages.take() == {"score a": 1.0}


def test_a_frame_costs_two_looks_at_the_clock_per_stage() -> None:
    """Nothing else is looked at or kept."""
    clock = Ticks()
    stages = Stages(clock)
    for _ in range(100):
        with stages("score a"):
            pass
        stages.take()
    assert clock.looks == 200


def test_where_nobody_asks_nothing_is_kept() -> None:
    """The null version stands in everywhere, errors included."""
    stages: Stages = NoStages()
    with stages("judging"), stages("score a"):
        pass
    with pytest.raises(ValueError, match="broken"), stages("score a"):
        raise ValueError("broken")
    assert stages.take() == {}
