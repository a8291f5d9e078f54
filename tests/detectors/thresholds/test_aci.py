"""What adaptive conformal inference promises of any sequence of scores, also through the calibration that feeds it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.base import StateError, Verdict
from detectors.calibration import Calibration
from detectors.checks.promises import same_state
from detectors.options import AciOptions
from detectors.thresholds.aci import UNHEARD_OF, AciThreshold

RATE, GAIN, WINDOW = 0.1, 0.02, 30
OPTIONS = AciOptions(rate=RATE, gain=GAIN, window=WINDOW)
NEEDED = 11  # scores before it answers: 1 / RATE + 1
# Spans six powers of ten, so that at most so many scores can top everything before them tenfold.
TENFOLDS = 6
positive = st.floats(1e-3, 1e3)
# Long stretches at different levels, rises without end among them: what drifts and what is hostile.
stretch = st.tuples(positive, st.integers(1, 60), st.sampled_from([1.0, 1.05, 0.9]))
sequences = st.lists(st.one_of(stretch, st.tuples(positive, st.just(1), st.just(1.0))), max_size=20)


def scores_of(parts: list[tuple[float, int, float]]) -> list[float]:
    """Each stretch begins at its level and grows or falls by its factor, within what `positive` spans."""
    return [min(max(level * factor**n, 1e-3), 1e3) for level, count, factor in parts for n in range(count)]


def exceeded(threshold: AciThreshold, scores: list[float]) -> list[bool]:
    """Whether each score since there is a limit was above it."""
    above = []
    for score in scores:
        limit = threshold.limit()
        if limit is not None:
            above.append(score > limit)
        threshold.update(score)
    return above


@given(sequences)
def test_never_more_than_the_rate_and_a_few_are_above_the_limit(parts: list[tuple[float, int, float]]) -> None:
    """At every time, for any sequence: rate · T + rate / gain + 1, and one for each that tops all before tenfold."""
    above = np.cumsum(exceeded(AciThreshold(OPTIONS), scores_of(parts)))
    times = np.arange(1, len(above) + 1)
    assert (above <= RATE * times + RATE / GAIN + 1 + TENFOLDS + 1e-9).all()


@given(sequences)
def test_the_share_is_the_rate_both_ways_in_the_long_run(parts: list[tuple[float, int, float]]) -> None:
    """Proposition 4.1 of the paper, at every time, for any sequence of scores above 0."""
    above = np.cumsum(exceeded(AciThreshold(OPTIONS), scores_of(parts)))
    times = np.arange(1, len(above) + 1)
    bound = (max(RATE, 1 - RATE) + GAIN) / (GAIN * times)
    assert (np.abs(above / times - RATE) <= bound + 1e-9).all()


def test_who_steps_just_over_every_limit_cannot_flood() -> None:
    """An opponent who knows the limit, and can do all but grow for ever, gets no more through than is promised."""
    threshold, above = AciThreshold(OPTIONS), 0
    for n in range(1, 3001):
        limit = threshold.limit()
        score = 1.0 if limit is None else min(max(1.01 * limit, 1e-3), 1e6)
        above += limit is not None and score > limit
        threshold.update(score)
        assert above <= RATE * n + RATE / GAIN + 1 + TENFOLDS
    assert above > RATE * n - 1 / GAIN


def test_after_a_shift_the_share_comes_back_to_the_rate() -> None:
    """Scores that are three times as large from one moment on: at first a few above, then the rate again."""
    random = np.random.default_rng(0)
    scores = np.concatenate([random.gamma(9, size=3000), 3 * random.gamma(9, size=9000)])
    above = np.array(exceeded(AciThreshold(AciOptions(rate=0.02, gain=0.002, window=1000)), scores.tolist()))
    assert above[2900:3100].sum() <= 0.02 * 200 + 11 + TENFOLDS
    assert above[-6000:].mean() == pytest.approx(0.02, abs=0.004)


def test_a_quiet_life_is_owed() -> None:
    """The poor choice that its description names: a limit that sinks while nothing is above it."""
    threshold = AciThreshold(OPTIONS)
    exceeded(threshold, [1.0 - n / 1e5 for n in range(2000)])
    limit = threshold.limit()
    assert limit is not None
    assert limit < 1.0 - 1999 / 1e5 + WINDOW / 1e5 / 2


def test_at_the_ends_the_limit_is_nought_and_above_everything_seen() -> None:
    """Where the working rate has left 0 to 1."""
    threshold = AciThreshold(OPTIONS)
    exceeded(threshold, [5.0] * NEEDED)
    state = threshold.state()
    for working, limit in ((-GAIN, UNHEARD_OF * 5), (0.0, UNHEARD_OF * 5), (1.0, 0.0), (1 + GAIN, 0.0)):
        threshold.restore({**state, "working": np.array(working)})
        assert threshold.limit() == limit


def test_zeros_for_ever_do_not_wind_it_up() -> None:
    """Nothing is above a limit of 0 then; the working rate stops at its end, so what comes later is bounded too."""
    threshold = AciThreshold(OPTIONS)
    above = exceeded(threshold, [0.0] * 2000)
    assert not any(above)
    assert float(threshold.state()["working"]) == 1 + GAIN


def test_it_answers_once_the_limit_is_not_the_largest_score() -> None:
    """After 1 / rate + 1 scores."""
    threshold = AciThreshold(OPTIONS)
    exceeded(threshold, [1.0] * (NEEDED - 1))
    assert threshold.limit() is None
    threshold.update(9.0)
    assert threshold.limit() == 1.0


def test_p_value_is_the_corrected_rank() -> None:
    """Among all the last scores, never 0."""
    threshold = AciThreshold(OPTIONS)
    exceeded(threshold, [float(n) for n in range(NEEDED)])
    assert threshold.p_value(8.0) == 4 / 12
    assert threshold.p_value(1e9) == 1 / 12


@pytest.mark.parametrize("wrong", [{"working": -2 * GAIN}, {"working": 1.1}, {"highest": 4.0}], ids=str)
def test_a_state_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    """A working rate that no sequence leads to, or a highest score below those held."""
    threshold = AciThreshold(OPTIONS)
    exceeded(threshold, [5.0] * NEEDED)
    before = threshold.state()
    with pytest.raises(StateError):
        threshold.restore(before | {name: np.array(value) for name, value in wrong.items()})
    assert same_state(threshold.state(), before)


frames = st.tuples(st.integers(1, 12), positive)  # quarters of a second since the last one, and the score
bursts = st.tuples(positive, st.integers(5, 80)).map(lambda burst: [(4, burst[0])] * burst[1])
lives = st.lists(st.one_of(st.lists(frames, max_size=8), bursts), max_size=12)


def verdicts(calibration: Calibration, life: list[tuple[float, float]]) -> tuple[list[float], int]:
    """Times of the frames judged anomalous, each judged before it is learned; how many were judged at all."""
    strange, judged = [], 0
    for at_s, value in life:
        limit = calibration.limit()
        judged += limit is not None
        verdict = Verdict.UNKNOWN if limit is None else Verdict.ANOMALOUS if value > limit else Verdict.NORMAL
        if verdict is Verdict.ANOMALOUS:
            strange.append(at_s)
        calibration.learn(at_s, value, verdict)
    return strange, judged


@given(lives)
def test_the_verdicts_of_a_camera_are_bounded_by_what_is_promised(life: list[list[tuple[int, float]]]) -> None:
    """Whatever the rate of its frames, no more moments than that have an anomalous frame."""
    calibration = Calibration(AciThreshold(OPTIONS), 1.0)
    at_s, told = 0.0, []
    for quarters, value in (frame for part in life for frame in part):
        at_s += quarters / 4
        told.append((at_s, value))
    strange, judged = verdicts(calibration, told)
    # A moment ends with the frame that is a second or more after the one that ended the moment before.
    ends: list[float] = []
    for at_s, _ in told[1:]:
        if at_s - (ends[-1] if ends else told[0][0]) >= 1:
            ends.append(at_s)
    moments = len(set(np.searchsorted(ends, strange)))
    assert moments <= RATE * judged + RATE / GAIN + 1 + TENFOLDS


def test_a_level_shift_alerts_a_few_times_and_not_for_ever() -> None:
    """Through the calibration, at ten frames a second, the share of anomalous seconds keeps to the rate."""
    random = np.random.default_rng(0)
    levels = np.repeat([1.0, 3.0], [1000, 3000])
    life = [(n / 10, levels[n // 10] * random.gamma(9)) for n in range(10 * len(levels))]
    rate, gain = 0.02, 0.002
    calibration = Calibration(AciThreshold(AciOptions(rate=rate, gain=gain, window=1000)), 1.0)
    seconds = np.unique(np.floor(verdicts(calibration, life)[0]))
    after = seconds[seconds >= 1000]
    assert len(after) <= rate * 3000 + (rate + gain) / gain + TENFOLDS + 5
    assert ((after >= 2000).sum() / 2000) == pytest.approx(rate, abs=0.01)


def test_without_what_was_strange_the_promise_would_not_hold() -> None:
    """The same shift where only ordinary seconds are offered: nearly all of what follows is above the limit."""

    class Sheltered(AciThreshold):
        wants_all = False

    random = np.random.default_rng(0)
    life = [(float(n), (1.0 if n < 1000 else 10.0) * random.gamma(9)) for n in range(3000)]
    calibration = Calibration(Sheltered(AciOptions(rate=0.02, gain=0.002, window=1000)), 1.0)
    strange, _ = verdicts(calibration, life)
    assert sum(at_s >= 1000 for at_s in strange) > 1800
