"""Frame metrics against scikit-learn's, ties included, and the bootstraps against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from detectors.evaluation.frames import (
    ScoredClip,
    auc,
    average_precision,
    bootstrap_micro,
    equal_error_rate,
    macro_auc,
    micro_auc,
    paired_bootstrap,
)

EXACT = 1e-12  # both sides are a few float64 sums

# Few distinct scores, so that most frames are tied.
TIED = st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=60).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def arrays(rows: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores of drawn rows."""
    return np.array([label for label, _ in rows]), np.array([score / 3 for _, score in rows])


def clips(seed: int, count: int = 5) -> list[ScoredClip]:
    """Random clips with ties, some of one class only."""
    random = np.random.default_rng(seed)
    sizes = random.integers(4, 30, count)
    return [
        ScoredClip(random.random(n) < random.choice([0.0, 0.5, 1.0]), random.integers(0, 9, n).astype(float))
        for n in sizes
    ]


@settings(max_examples=150, deadline=None)
@given(TIED)
def test_auc_and_average_precision_are_those_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    """However many frames are tied, AUC and AP equal the reference implementation's."""
    labels, scores = arrays(rows)
    assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=EXACT)
    assert average_precision(labels, scores) == pytest.approx(average_precision_score(labels, scores), abs=EXACT)


@settings(max_examples=150, deadline=None)
@given(TIED)
def test_the_equal_error_rate_lies_on_the_roc_curve_where_misses_equal_false_alarms(
    rows: list[tuple[bool, int]],
) -> None:
    """At the returned rate, the reference ROC curve has as many misses as false alarms."""
    labels, scores = arrays(rows)
    false, hits, _ = roc_curve(labels, scores, drop_intermediate=False)
    rate = equal_error_rate(labels, scores)
    assert rate is not None
    # On a vertical step of the curve several hit rates share one false rate; the crossing must be among them.
    reachable = [
        np.interp(rate, false, hits),
        *hits[np.isclose(false, rate)],
    ]
    assert min(reachable) - EXACT <= 1 - rate <= max(reachable) + EXACT


def test_the_equal_error_rate_of_known_rankings() -> None:
    """Perfect is 0, inverted is 1, all tied is one half."""
    labels = np.array([False, False, True, True])
    assert equal_error_rate(labels, np.array([0.0, 1.0, 2.0, 3.0])) == 0.0
    assert equal_error_rate(labels, np.array([3.0, 2.0, 1.0, 0.0])) == 1.0
    assert equal_error_rate(labels, np.ones(4)) == pytest.approx(0.5)


def test_a_missing_class_gives_no_number() -> None:
    """Where AUC is not defined the answer is None, never 0 or 0.5."""
    ones, scores = np.ones(3, dtype=bool), np.arange(3.0)
    assert auc(ones, scores) is None
    assert auc(~ones, scores) is None
    assert equal_error_rate(ones, scores) is None
    assert average_precision(~ones, scores) is None
    assert micro_auc([]) is None
    assert bootstrap_micro([ScoredClip(ones, scores)]) is None


def test_macro_is_the_mean_of_clips_with_both_classes() -> None:
    """Clips of one class count in micro, not in macro, and macro says over how many clips it is."""
    perfect = ScoredClip(np.array([False, True]), np.array([0.0, 1.0]))
    inverted = ScoredClip(np.array([False, True]), np.array([1.0, 0.0]))
    one_class = ScoredClip(np.array([True, True]), np.array([5.0, 5.0]))
    assert macro_auc([perfect, inverted, one_class]) == (0.5, 2)
    assert macro_auc([one_class]) == (None, 0)
    assert micro_auc([perfect, inverted, one_class]) == pytest.approx(
        roc_auc_score([0, 1, 0, 1, 1, 1], [0.0, 1.0, 1.0, 0.0, 5.0, 5.0])
    )


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


def test_unknown_scores_are_refused() -> None:
    """NaN has no rank; it never reaches a metric."""
    with pytest.raises(ValueError, match="finite"):
        ScoredClip(np.array([True]), np.array([np.nan]))
