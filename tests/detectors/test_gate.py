"""What may be learned, and when, for any sequence of verdicts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import Verdict
from detectors.gate import GROWN_S, HASTE, HASTY, KNOWN, PAUSE_S, Gate, guard_s
from detectors.options import LearningOptions

NORMAL, ANOMALOUS, UNKNOWN = Verdict.NORMAL, Verdict.ANOMALOUS, Verdict.UNKNOWN
OPTIONS = LearningOptions(every_s=0.4, delay_s=10.0, accept_after_s=1000.0)
Told = tuple[float, Verdict]

# Steps of 50 ms to 3 s; verdicts in stretches as well as alone.
stretches = st.lists(
    st.tuples(st.floats(0.05, 3.0), st.sampled_from(Verdict), st.integers(1, 30)), min_size=1, max_size=12
)


def new_gate(options: LearningOptions = OPTIONS) -> Gate[float]:
    """A gate whose lessons are the moments of their pictures."""
    return Gate(options)


def told(parts: Iterable[tuple[float, Verdict, int]]) -> list[Told]:
    """Moments and verdicts out of stretches of them."""
    now_s, result = 0.0, []
    for step_s, verdict, count in parts:
        for _ in range(count):
            now_s += step_s
            result.append((now_s, verdict))
    return result


def released(gate: Gate[float], sequence: Iterable[Told], *, at_once: bool = False) -> list[tuple[float, float]]:
    """(moment of a picture, moment of its release) of all that came through, in the order in which it came."""
    through = []
    for at_s, verdict in sequence:
        gate.offer(at_s, verdict, partial(float, at_s))
        through += [(picture_s, at_s) for picture_s in gate.ripe(at_s, at_once=at_once)]
    return through


@pytest.mark.parametrize("delay_s", [10.0, 60.0])
@given(parts=stretches)
def test_nothing_near_an_anomaly_is_let_through(delay_s: float, parts: list[tuple[float, Verdict, int]]) -> None:
    """Whatever the verdicts: no picture closer to an anomalous one than the guard, before or after, is learned."""
    sequence, options = told(parts), OPTIONS.model_copy(update={"delay_s": delay_s})
    strange = [at_s for at_s, verdict in sequence if verdict is ANOMALOUS]
    for picture_s, _ in released(new_gate(options), sequence):
        assert all(abs(picture_s - at_s) >= guard_s(delay_s) for at_s in strange if at_s <= picture_s + delay_s)


def test_what_looks_at_minutes_learns_nothing_in_an_anomalys_pauses() -> None:
    """Anomalous once every 50 s: a slow channel takes in nothing of it, a fast one what lies between."""
    sequence = [(float(n), ANOMALOUS if n % 50 == 0 else NORMAL) for n in range(1000)]
    slow = OPTIONS.model_copy(update={"delay_s": 600.0, "accept_after_s": 5000.0})
    assert not released(new_gate(slow), sequence)
    assert released(new_gate(), sequence)


@given(stretches)
def test_pictures_come_through_once_in_order_and_late(parts: list[tuple[float, Verdict, int]]) -> None:
    """Each picture at most once, oldest first, not before its delay, and on average no oftener than asked for."""
    sequence = told(parts)
    through = released(new_gate(), sequence)
    assert all(later > earlier for (earlier, _), (later, _) in pairwise(through))
    assert all(at_s - picture_s >= OPTIONS.delay_s for picture_s, at_s in through)
    hasty = any(verdict is UNKNOWN for _, verdict in sequence)
    turn_s = OPTIONS.every_s / (HASTE if hasty else 1)
    assert all(later - earlier >= 0.49 * turn_s for (earlier, _), (later, _) in pairwise(through))
    if through:
        assert len(through) <= (through[-1][0] - through[0][0]) / turn_s + 2


@given(stretches)
def test_what_is_learned_at_once_is_learned_at_once(parts: list[tuple[float, Verdict, int]]) -> None:
    """While nothing is known yet there is nothing to guard against, and no picture waits."""
    assert all(at_s == picture_s for picture_s, at_s in released(new_gate(), told(parts), at_once=True))


def test_ordinary_life_is_learned() -> None:
    """Without anomalies every picture whose turn it is comes through, one each 0.4 s of ten a second."""
    through = released(new_gate(), [(n / 10, NORMAL) for n in range(1000)])
    assert len(through) == pytest.approx((100 - OPTIONS.delay_s) / OPTIONS.every_s, abs=2)


def test_before_the_first_verdict_it_learns_four_times_as_often() -> None:
    """A camera that is not judged yet makes haste; pictures of which nothing is known yet may be learned."""
    sequence = [(n / 10, UNKNOWN) for n in range(1000)]
    assert len(released(new_gate(), sequence)) > 3 * len(released(new_gate(), [(at_s, NORMAL) for at_s, _ in sequence]))


def lasting(seconds: float, until_s: float) -> list[Told]:
    """One picture a second: ten ordinary, then `seconds` anomalous ones, then ordinary ones."""
    return [(float(n), ANOMALOUS if 10 <= n < 10 + seconds else NORMAL) for n in range(int(until_s))]


def test_a_long_anomaly_is_shut_out_and_a_new_normal_let_in() -> None:
    """Minutes of anomaly bring nothing in; what lasts `accept_after_s` is let in from then on."""
    assert not any(15 < picture_s < 900 for picture_s, _ in released(new_gate(), lasting(900, 950)))
    let_in = [picture_s for picture_s, _ in released(new_gate(), lasting(1500, 1600)) if 15 < picture_s < 1500]
    assert let_in
    assert min(let_in) >= 10 + OPTIONS.accept_after_s


@pytest.mark.parametrize(("seen_s", "share"), [(0.0, 1 / 6), (GROWN_S / 2, 0.5), (GROWN_S, 1.0), (math.inf, 1.0)])
def test_a_young_camera_takes_sooner_to_a_new_normal(seen_s: float, share: float) -> None:
    """How long an anomaly must last follows from how much is known of the camera's life."""
    gate = new_gate()
    gate.grow(seen_s)
    let_in = [picture_s for picture_s, _ in released(gate, lasting(1500, 1600)) if 15 < picture_s < 1500]
    assert min(let_in) == pytest.approx(10 + share * OPTIONS.accept_after_s, abs=2)


@pytest.mark.parametrize(("pause_s", "goes_on"), [(PAUSE_S - 1, True), (PAUSE_S + 1, False)])
def test_an_anomaly_goes_on_over_a_short_pause_only(pause_s: float, goes_on: bool) -> None:
    """Two halves of an anomaly are one if at most a minute lies between them."""
    gate, half_s = new_gate(), int(0.6 * OPTIONS.accept_after_s)
    first = [(float(n), ANOMALOUS) for n in range(half_s)]
    second = [(half_s - 1 + pause_s + n, ANOMALOUS) for n in range(half_s)]
    released(gate, first + second)
    assert gate.accepting is goes_on


def test_it_stops_accepting_when_the_anomaly_is_over() -> None:
    """Once the new normal has been normal for a minute, nobody is told any more that it is being learned."""
    gate = new_gate()
    released(gate, lasting(1500, 1510))
    assert gate.accepting
    released(gate, [(1511.0 + n, NORMAL) for n in range(int(PAUSE_S) + 1)])
    assert not gate.accepting
    gate.offer(2000.0, ANOMALOUS, lambda: 2000.0)  # and a thief on the next day is not taken for it
    assert not gate.accepting


def test_after_a_new_clock_nothing_old_is_let_in() -> None:
    """What waited is dropped, and a clock that begins at 0 again does not have to catch up."""
    gate = new_gate()
    released(gate, [(1000 + n / 10, NORMAL) for n in range(50)])
    gate.restart_clock()
    through = released(gate, [(n / 10, NORMAL) for n in range(300)])
    assert through[0][0] == 0.0
    assert all(picture_s < 30 for picture_s, _ in through)


@given(stretches)
def test_only_what_is_let_in_is_asked_for(parts: list[tuple[float, Verdict, int]]) -> None:
    """A lesson costs something to make: none is made that is turned away at once, and none is made twice."""
    gate, asked, through = new_gate(), [], []
    for at_s, verdict in told(parts):
        gate.offer(at_s, verdict, lambda at_s=at_s: asked.append(at_s) or at_s)
        through += gate.ripe(at_s, at_once=True)
    assert through == asked


def admitted(learned: int, verdict: Verdict) -> int:
    """How many of 100 s of pictures, ten a second, are let in after so many were learned."""
    gate = new_gate()
    for tick in range(1000):
        gate.offer(tick / 10, verdict, partial(float, tick), learned)
    return len(gate.ripe(1e6, at_once=True))


def test_a_well_known_camera_is_learned_from_less_often() -> None:
    """From one picture in 0.4 s to one in 4 s, and no less, however much was learned."""
    counts = [admitted(learned, NORMAL) for learned in (0, KNOWN, 2 * KNOWN, 10 * KNOWN, 1000 * KNOWN)]
    assert counts == pytest.approx([250, 250, 125, 25, 25], abs=1)


def test_haste_has_an_end() -> None:
    """An unknown camera is learned from four times as often, but not for half a day."""
    assert admitted(0, UNKNOWN) == pytest.approx(HASTE * admitted(0, NORMAL), abs=HASTE)
    assert admitted(HASTY, UNKNOWN) == admitted(HASTY, NORMAL)


def test_nothing_of_a_new_normal_is_let_in_before_it_is_said_to_be_accepted() -> None:
    """Whoever looks after each picture sees `accepting` before the first of them waits, even without a delay."""
    gate: Gate[float] = Gate(LearningOptions(every_s=0.0, settled_every_s=0.0, delay_s=0.0, accept_after_s=100.0))
    before: list[float] = []
    for at_s in range(200):
        said = gate.accepting
        gate.offer(float(at_s), Verdict.ANOMALOUS, lambda at_s=at_s: float(at_s))
        ripe = gate.ripe(float(at_s), at_once=False)
        before += [] if said else ripe
    assert gate.accepting
    assert ripe
    assert before == []
