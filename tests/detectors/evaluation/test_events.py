"""Event metrics on hand-made timelines."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from detectors.evaluation.events import (
    CLIPS,
    HOUR_LONG,
    Alert,
    AlertedClip,
    Run,
    alerts_per_day,
    event_metrics,
    own_delays_s,
    tolerance_for,
    truth_runs,
)

FPS = 10


def runs(text: str) -> tuple[Run, ...]:
    """Truth runs of a clip drawn as text, one character a frame at 10 fps, "#" anomalous."""
    labels = np.array([character == "#" for character in text])
    times = [index / FPS for index in range(len(text))]
    return truth_runs(labels, times, len(text) / FPS, CLIPS)


def test_gaps_under_a_second_are_one_run() -> None:
    """Nine normal frames between two runs merge them, ten do not; runs may touch both ends."""
    assert runs("##" + "." * 9 + "#.") == (Run(0.0, 1.2),)
    assert runs("##" + "." * 10 + "#") == (Run(0.0, 0.2), Run(1.2, 1.3))
    assert runs("....") == ()


def test_hour_long_footage_has_its_own_tolerances() -> None:
    """A clip of an hour merges gaps under 10 s and lets alerts start 5 s early or 10 s late."""
    assert tolerance_for(3600.0) is HOUR_LONG
    assert tolerance_for(18.0) is CLIPS
    early = AlertedClip((Run(100.0, 110.0),), (Alert(96.0, 97.0),))
    assert own_delays_s(early, HOUR_LONG) == [0.0]
    assert own_delays_s(early, CLIPS) == []


def test_own_covered_and_false_are_told_apart() -> None:
    """An own alert, a covering one that began before, and one that matches nothing."""
    clip = AlertedClip(
        truth=(Run(10.0, 12.0), Run(20.0, 22.0)),
        alerts=(Alert(11.0, 13.0), Alert(17.0, 21.0), Alert(30.0, 31.0)),
    )
    found = event_metrics([(clip, CLIPS)])
    assert (found.truth, found.alerts, found.false_alarms) == (2, 3, 1)
    assert found.recall == pytest.approx(0.5)
    assert found.covered == pytest.approx(1.0)
    assert found.precision == pytest.approx(2 / 3)
    assert found.median_delay_s == pytest.approx(1.0)


def test_an_alert_is_own_to_one_run_and_a_repetition_is_not_false() -> None:
    """Two alerts in one run: one is its own, the other matches it; recall counts the run once."""
    clip = AlertedClip((Run(0.0, 9.0),), (Alert(1.0, 2.0), Alert(5.0, 6.0)))
    found = event_metrics([(clip, CLIPS)])
    assert (found.recall, found.precision, found.false_alarms) == (1.0, 1.0, 0)
    assert found.median_delay_s == pytest.approx(1.0)


def test_an_alert_between_two_windows_goes_to_the_one_that_closes_first() -> None:
    """On hour-long footage windows overlap; the second alert then still has a run to own."""
    clip = AlertedClip((Run(100.0, 101.0), Run(112.0, 120.0)), (Alert(109.0, 110.0), Alert(118.0, 119.0)))
    assert own_delays_s(clip, HOUR_LONG) == [9.0, 6.0]


def test_nothing_to_share_gives_none() -> None:
    """Without truth there is no recall, without alerts no precision, and neither is zero."""
    quiet = event_metrics([(AlertedClip((), ()), CLIPS)])
    assert (quiet.recall, quiet.covered, quiet.precision, quiet.median_delay_s) == (None, None, None, None)
    assert quiet.false_alarms == 0


def test_alerts_per_day_need_footage() -> None:
    """36 s of normal frames (Ped2) tell nothing; half a day with one alert is two a day."""
    assert alerts_per_day(1, 36.0) is None
    assert alerts_per_day(1, 43_200.0) == pytest.approx(2.0)


@given(st.lists(st.booleans(), max_size=80), st.lists(st.tuples(st.floats(0, 9), st.floats(0, 3)), max_size=6))
def test_counts_are_consistent(labels: list[bool], drawn: list[tuple[float, float]]) -> None:
    """For any truth and alerts: own alerts match, shares lie in 0..1, delays are not negative."""
    times = [index / FPS for index in range(len(labels))]
    truth = truth_runs(np.array(labels, dtype=bool), times, len(labels) / FPS, CLIPS)
    assert all(a.end_s < b.start_s for a, b in itertools.pairwise(truth))
    clip = AlertedClip(truth, tuple(Alert(at, at + length) for at, length in drawn))
    found = event_metrics([(clip, CLIPS)])
    delays = own_delays_s(clip, CLIPS)
    assert len(delays) <= min(found.truth, found.alerts - found.false_alarms)
    assert all(delay >= 0 for delay in delays)
    assert all(share is None or 0 <= share <= 1 for share in (found.recall, found.covered, found.precision))


SPELL = st.tuples(st.integers(0, 60), st.integers(1, 15))


def last_first(clip: AlertedClip) -> int:
    """Broken matching: each alert takes the open window that closes last, and may leave a later alert without one."""
    waiting = sorted(clip.truth, key=lambda run: -run.end_s)
    found = 0
    for alert in sorted(clip.alerts, key=lambda alert: alert.raised_s):
        own = next((run for run in waiting if run.start_s - 5 <= alert.raised_s <= run.end_s + 10), None)
        if own is not None:
            waiting.remove(own)
            found += 1
    return found


def best_matching(clip: AlertedClip) -> int:
    """The most runs that can have an alert of their own, by SciPy's assignment."""
    fits = [[run.start_s - 5 <= alert.raised_s <= run.end_s + 10 for alert in clip.alerts] for run in clip.truth]
    if not fits or not fits[0]:
        return 0
    rows, columns = linear_sum_assignment(-np.array(fits, dtype=float))
    return int(sum(fits[row][column] for row, column in zip(rows, columns, strict=True)))


@given(st.lists(SPELL, max_size=5), st.lists(SPELL, max_size=6))
def test_as_many_runs_have_an_own_alert_as_possible(
    truth: list[tuple[int, int]], alerts: list[tuple[int, int]]
) -> None:
    """Runs are apart as labels are; no other matching of alerts and runs finds more, so recall is not understated."""
    runs_apart, free_s = [], 0.0
    for wait, length in truth:
        runs_apart.append(Run(free_s + wait + 10, free_s + wait + 10 + length))
        free_s = runs_apart[-1].end_s
    clip = AlertedClip(tuple(runs_apart), tuple(Alert(at * 2.0, at * 2.0 + length) for at, length in alerts))
    assert len(own_delays_s(clip, HOUR_LONG)) == best_matching(clip)


def test_the_comparison_catches_a_greedy_matching_in_the_wrong_order() -> None:
    """Two windows overlap; the first alert fits both, the second only the later one."""
    clip = AlertedClip((Run(100.0, 101.0), Run(112.0, 120.0)), (Alert(109.0, 110.0), Alert(118.0, 119.0)))
    assert best_matching(clip) == len(own_delays_s(clip, HOUR_LONG)) == 2
    assert last_first(clip) == 1
