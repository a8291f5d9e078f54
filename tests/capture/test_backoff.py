"""Delays between attempts."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from monitor.capture.backoff import JITTER_SHARE, Backoff, Delays


class Lot(Random):
    """A random generator that always draws the same."""

    def __init__(self, drawn: float) -> None:
        super().__init__(0)
        self.drawn = drawn

    def random(self) -> float:
        """The chosen lot."""
        return self.drawn


def test_delays_double_up_to_the_cap() -> None:
    """Without jitter: 1, 2, 4 … 60 seconds; for hopeless causes from 60 to 900."""
    backoff = Backoff(Delays(), Lot(0.0))
    assert [backoff.next_s(False) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.reset()
    assert [backoff.next_s(True) for _ in range(6)] == [60, 120, 240, 480, 900, 900]


@given(seed=st.integers(), patient=st.booleans(), first_s=st.floats(0.01, 10), factor=st.floats(1, 100))
def test_jitter_stays_within_its_share(seed: int, patient: bool, first_s: float, factor: float) -> None:
    """Every delay lies between half of the longest one and the longest one, and never above the cap."""
    delays = Delays(first_s, first_s * factor, first_s * 2, first_s * 2 * factor)
    drawn, longest = Backoff(delays, Random(seed)), Backoff(delays, Lot(0.0))
    for _ in range(80):
        top_s = longest.next_s(patient)
        assert (1 - JITTER_SHARE) * top_s <= drawn.next_s(patient) <= top_s
        assert top_s <= (delays.patient_cap_s if patient else delays.cap_s)


def test_cameras_that_fail_together_come_back_apart() -> None:
    """Two generators give different delays, at every attempt."""
    one, other = Backoff(Delays(), Random(1)), Backoff(Delays(), Random(2))
    assert all(one.next_s(False) != other.next_s(False) for _ in range(10))


def test_a_reset_starts_small_again() -> None:
    """After a healthy spell the next delay is the first one."""
    backoff = Backoff(Delays(), Lot(0.0))
    grown = [backoff.next_s(False) for _ in range(5)]
    assert all(a < b for a, b in pairwise(grown))
    backoff.reset()
    assert backoff.next_s(False) == grown[0]
