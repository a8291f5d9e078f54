"""What is a gap between pictures, by the rate that is wanted and by the one that there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import StateError
from detectors.gaps import Gaps


def gaps(*apart_s: float) -> Gaps:
    """After pictures so far apart, where two seconds and three periods are no gap."""
    made = Gaps(2.0, 3)
    for each in apart_s:
        made.follows(each)
    return made


@pytest.mark.parametrize("every_s", [2.2, 7.0, 19.0])
def test_a_slow_camera_s_pictures_follow_once_a_few_have_come(every_s: float) -> None:
    """Though each is farther from the last than a quick camera's would be; two lost in a row are no gap."""
    slow = gaps()
    assert [slow.follows(every_s) for _ in range(8)] == [False] * 5 + [True] * 3
    assert slow.follows(3 * every_s)
    assert not slow.follows(3.1 * every_s)


@given(st.lists(st.sampled_from([0.1, 30.0]), max_size=60))
def test_a_quick_camera_s_gaps_stay_gaps(apart_s: list[float]) -> None:
    """Whatever comes, while less than half of the latest times are gaps."""
    made = gaps(*[0.1] * 15)
    latest = [0.1] * 15
    for each in apart_s:
        if latest[-15:].count(30.0) <= 7:
            assert made.follows(each) == (each == 0.1)
        else:
            made.follows(each)
        latest.append(each)


def test_a_time_that_does_not_pass_is_no_period() -> None:
    """A clock that goes back is a gap, and says nothing of the rate; beyond a minute nothing follows."""
    made = gaps(*[5.0] * 6)
    assert not any(made.follows(each) for each in [0.0, -1.0, -1e6] * 10)
    assert made.longest_s == 15.0
    assert not any(gaps(*[100.0] * 20).follows(each) for each in [60.1, 100.0])


@given(st.lists(st.floats(0.01, 100), max_size=40), st.lists(st.floats(0.01, 100), max_size=40))
def test_restored_it_tells_the_same(before: list[float], after: list[float]) -> None:
    """A state of before periods were measured is one of none; a broken one changes nothing."""
    old, new = gaps(*before), gaps(3.0)
    new.restore(old.state())
    for wrong in ([0.0], [-1.0], [1.0] * 16, [np.nan]):
        with pytest.raises(StateError):
            new.restore({"apart_s": np.array(wrong)})
    assert [new.follows(each) for each in after] == [old.follows(each) for each in after]
    new.restore({})
    assert new.longest_s == 2.0
