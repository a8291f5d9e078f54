"""Frame metrics against scikit-learn's, ties included, and variants of them that are wrong in one way each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.metrics import roc_curve as reference_curve

from detectors.evaluation.bootstrap import bootstrap_micro
from detectors.evaluation.frames import (
    ScoredClip,
    auc,
    average_precision,
    equal_error_rate,
    macro_auc,
    micro_auc,
    roc_curve,
)

EXACT = 1e-12  # both sides are a few float64 sums

# Few distinct scores, so that most frames are tied.
TIED = st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=2, max_size=60).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


def arrays(rows: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores of drawn rows."""
    return np.array([label for label, _ in rows]), np.array([score / 3 for _, score in rows])


@settings(max_examples=150, deadline=None)
@given(TIED)
def test_auc_and_average_precision_are_those_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    """However many frames are tied, AUC and AP equal the reference implementation's."""
    labels, scores = arrays(rows)
    assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=EXACT)
    assert average_precision(labels, scores) == pytest.approx(average_precision_score(labels, scores), abs=EXACT)


@settings(max_examples=100, deadline=None)
@given(TIED)
def test_the_roc_curve_is_that_of_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    """Point by point, and nothing without both classes."""
    labels, scores = arrays(rows)
    curve = roc_curve(labels, scores)
    false, hits, _ = reference_curve(labels, scores, drop_intermediate=False)
    assert curve is not None
    np.testing.assert_allclose(curve[0], false, atol=EXACT)
    np.testing.assert_allclose(curve[1], hits, atol=EXACT)
    assert roc_curve(np.ones_like(labels), scores) is None


@settings(max_examples=150, deadline=None)
@given(TIED)
def test_the_equal_error_rate_lies_on_the_roc_curve_where_misses_equal_false_alarms(
    rows: list[tuple[bool, int]],
) -> None:
    """At the returned rate, the reference ROC curve has as many misses as false alarms."""
    labels, scores = arrays(rows)
    false, hits, _ = reference_curve(labels, scores, drop_intermediate=False)
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


def test_unknown_scores_are_refused() -> None:
    """NaN has no rank; it never reaches a metric."""
    with pytest.raises(ValueError, match="finite"):
        ScoredClip(np.array([True]), np.array([np.nan]))


def ties_lost(labels: np.ndarray, scores: np.ndarray) -> float:
    """Broken AUC: a tie counts nothing."""
    return float((scores[labels][:, None] > scores[~labels]).mean())


def ranked_in_place(labels: np.ndarray, scores: np.ndarray) -> float:
    """Broken AP: each frame enters alone, so that the order of the file decides among ties."""
    ordered = labels[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(ordered) / np.arange(1, ordered.size + 1)
    return float(precision[ordered].mean())


@pytest.mark.parametrize(
    ("broken", "reference"), [(ties_lost, roc_auc_score), (ranked_in_place, average_precision_score)]
)
def test_the_comparison_catches_metrics_that_mistreat_ties(broken: object, reference: object) -> None:
    """A metric that differs in ties only does not pass beside the reference."""
    labels, scores = arrays([(True, 1), (False, 1), (False, 0), (True, 1), (False, 1)])
    assert broken(labels, scores) != pytest.approx(reference(labels, scores), abs=EXACT)  # type: ignore[operator]


def test_equal_error_rate_is_not_read_off_the_nearest_point() -> None:
    """Between two far points of a curve the rate lies on the line: the nearest point's (0 or 1) would be wrong."""
    labels = np.array([True, False, True, False])
    scores = np.array([1.0, 1.0, 0.0, 0.0])
    assert equal_error_rate(labels, scores) == pytest.approx(0.5)
    uneven = np.array([True] * 3 + [False] * 2)
    assert equal_error_rate(uneven, np.array([2.0, 1.0, 1.0, 1.0, 0.0])) == pytest.approx(2 / 7)
