"""The literature's treatment of scores, against SciPy, and that it may flatter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d

from detectors.evaluation.frames import ScoredClip, micro_auc
from detectors.evaluation.literature import literature_style, scaled, smoothed

SAME = 1e-9  # two orders of summing the same kernel
ROW = st.lists(st.floats(-100, 100), min_size=1, max_size=80)


@settings(max_examples=100, deadline=None)
@given(ROW)
def test_smoothing_is_scipys_with_mirrored_ends(row: list[float]) -> None:
    """Also where the clip is shorter than the kernel."""
    values = np.array(row)
    np.testing.assert_allclose(smoothed(values), gaussian_filter1d(values, 3.0, mode="reflect"), atol=SAME * 100)


@pytest.mark.parametrize("mode", ["nearest", "constant", "mirror"])
def test_another_treatment_of_the_ends_is_caught(mode: str) -> None:
    """Broken variants: SciPy's other modes differ from ours."""
    values = np.random.default_rng(0).random(30)
    assert np.abs(smoothed(values) - gaussian_filter1d(values, 3.0, mode=mode)).max() > 1e-3


@given(ROW)
def test_scaling_spans_zero_to_one(row: list[float]) -> None:
    """Unless all scores are one: then all are 0, not NaN."""
    found = scaled(np.array(row))
    assert found.min() == 0.0
    assert found.max() == (1.0 if max(row) > min(row) else 0.0)
    assert np.isfinite(found).all()


def test_it_hides_that_levels_differ_between_clips() -> None:
    """Why the column is labelled: a score that no limit fits, perfect within clips, looks perfect in all."""
    labels = np.arange(60) >= 30
    clips = [ScoredClip(labels, labels + 10.0 * level) for level in range(4)]
    honest, flattered = micro_auc(clips), micro_auc(literature_style(clips))
    assert honest is not None
    assert flattered is not None
    assert honest < 0.7
    assert flattered > 0.99
    assert literature_style([ScoredClip(np.zeros(0, bool), np.zeros(0))])[0].scores.size == 0
