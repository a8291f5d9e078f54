"""Bootstraps over clips: against brute force, and how often their intervals hold the truth."""

from __future__ import annotations

from collections.abc import Callable
from math import erf, sqrt

import numpy as np
import pytest

from detectors.evaluation.bootstrap import bootstrap_micro, micro_draws, paired_bootstrap, paired_difference
from detectors.evaluation.frames import ScoredClip, micro_auc

TRIALS = 200
MANY, FEW = 120, 12
# A share of 0.95 scatters by 0.015 in 200 trials; percentile intervals are a little short for 120 clips, and clearly
# for 12, as the module says.
LEAST_COVERAGE, MOST_COVERAGE, LEAST_OF_FEW = 0.90, 0.99, 0.80


def clips(seed: int, count: int = 5) -> list[ScoredClip]:
    """Random clips with ties, some of one class only."""
    random = np.random.default_rng(seed)
    sizes = random.integers(4, 30, count)
    return [
        ScoredClip(random.random(n) < random.choice([0.0, 0.5, 1.0]), random.integers(0, 9, n).astype(float))
        for n in sizes
    ]


def test_the_clip_bootstrap_is_that_of_joining_the_drawn_clips() -> None:
    """The interval from pairwise wins equals the one from really repeating the drawn clips."""
    drawn_from = clips(3)
    count, draws = len(drawn_from), 200
    drawn = np.random.default_rng(7).multinomial(count, np.full(count, 1 / count), size=draws)
    values = []
    for times in drawn:
        repeated = [clip for clip, n in zip(drawn_from, times, strict=True) for _ in range(n)]
        if (value := micro_auc(repeated)) is not None:
            values.append(value)
    interval = bootstrap_micro(drawn_from, draws=draws, seed=7)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])))


def test_the_paired_bootstrap_sees_what_the_unpaired_one_cannot() -> None:
    """A score that is a little better in every clip is told apart though the two intervals overlap widely."""
    random = np.random.default_rng(0)
    worse, better = [], []
    for ease in np.linspace(0.2, 2.0, 12):
        labels = random.random(60) < 0.5
        scores = labels * ease + random.normal(size=60)
        worse.append(ScoredClip(labels, scores))
        better.append(ScoredClip(labels, scores + 0.3 * labels))
    low, high = bootstrap_micro(better), bootstrap_micro(worse)
    paired = paired_bootstrap(better, worse)
    assert low is not None
    assert high is not None
    assert paired is not None
    assert low.low < high.high  # unpaired: they overlap
    assert paired.interval.low > 0
    assert paired.first_better == 1.0
    assert paired_bootstrap(worse, worse).first_better == 0.5  # type: ignore[union-attr]


def test_scores_of_other_frames_cannot_be_paired() -> None:
    """Pairing two scores with different labels is refused."""
    with pytest.raises(ValueError, match="the same clips"):
        paired_bootstrap(clips(1), clips(2))


def moody(random: np.random.Generator, count: int) -> list[ScoredClip]:
    """Clips whose scores have a mood in common: frames of one clip are no independent witnesses."""
    made = []
    for _ in range(count):
        labels = np.arange(40) < random.integers(5, 35)
        scores = random.normal(size=40) + random.normal() + labels
        made.append(ScoredClip(labels, scores))
    return made


TRUTH = 0.6915


def test_the_truth_of_the_simulation_is_known() -> None:
    """Two normals one apart, each of variance 2 (own and mood): Φ(1 / √4) among very many clips."""
    assert pytest.approx(0.5 * (1 + erf(0.5 / sqrt(2))), abs=1e-4) == TRUTH
    assert micro_auc(moody(np.random.default_rng(1), 4000)) == pytest.approx(TRUTH, abs=0.01)


def ours(given: list[ScoredClip], seed: int) -> tuple[float, float]:
    """The interval under test."""
    found = bootstrap_micro(given, draws=300, seed=seed)
    assert found is not None
    return found.low, found.high


def frames_drawn(given: list[ScoredClip], seed: int) -> tuple[float, float]:
    """Broken bootstrap: frames are drawn, as if each were a witness of its own."""
    frames = [ScoredClip(c.labels[i : i + 1], c.scores[i : i + 1]) for c in given for i in range(40)]
    return tuple(np.percentile(micro_draws(frames, 100, seed), [2.5, 97.5]))  # type: ignore[return-value]


def coverage(interval: Callable[[list[ScoredClip], int], tuple[float, float]], count: int, trials: int) -> float:
    """Share of trials with `count` clips whose interval holds the truth."""
    held = 0
    for trial in range(trials):
        low, high = interval(moody(np.random.default_rng(trial), count), trial)
        held += low <= TRUTH <= high
    return held / trials


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    """Over many sets of clips drawn from one population; a little fewer where the clips are few."""
    assert LEAST_COVERAGE <= coverage(ours, MANY, TRIALS) <= MOST_COVERAGE
    assert LEAST_OF_FEW <= coverage(ours, FEW, TRIALS) <= MOST_COVERAGE


def test_drawing_frames_instead_of_clips_is_caught() -> None:
    """Broken subject: its intervals are so narrow that many miss, even where the clips are few."""
    assert coverage(frames_drawn, FEW, 60) < LEAST_OF_FEW


def test_one_seed_draws_the_same_clips_for_every_score() -> None:
    """That is what makes a difference paired: scores that rank alike differ by nothing in any draw."""
    given = clips(5)
    doubled = [ScoredClip(clip.labels, clip.scores * 2 + 1) for clip in given]
    np.testing.assert_array_equal(micro_draws(given), micro_draws(doubled))
    nothing = paired_difference(micro_draws(given), micro_draws(doubled))
    assert nothing is not None
    assert (nothing.mean, nothing.interval.low, nothing.interval.high) == (0.0, 0.0, 0.0)
    assert not np.array_equal(micro_draws(given, seed=0), micro_draws(given, seed=1), equal_nan=True)
    assert micro_draws([]).size == 0
