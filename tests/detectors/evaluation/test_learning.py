"""The course of a run: first answers, levels, and AUC by quarters, on hand-made logs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.learning import QUARTERS, STRETCHES, course

MakeLog = Callable[..., ClipLog]


def test_the_first_answers_are_told_in_seconds_of_the_stream(make_log: MakeLog) -> None:
    """Over clip cuts, and None where there never was one."""
    mute = make_log([0.0] * 10, trained=True, known_from=10, judged_from=10)
    later = make_log([1.0] * 10, began_s=1.0, known_from=2, judged_from=5)
    found = course([mute, later])
    assert found.first_score_s == pytest.approx(1.2)
    assert found.first_verdict_s == pytest.approx(1.5)
    assert found.trained_s == pytest.approx(1.0)
    never = course([mute])
    assert (never.first_score_s, never.first_verdict_s, never.quarters) == (None, None, ())
    assert course([]).stretches == ()


def test_a_score_that_settles_shows_falling_levels(make_log: MakeLog) -> None:
    """In equal parts of the stream that cover all of it."""
    found = course([make_log(np.linspace(2.0, 1.0, 200).tolist(), trained=True)])
    medians = [part.fused.median for part in found.stretches]
    assert len(medians) == STRETCHES
    assert medians == sorted(medians, reverse=True)
    assert found.stretches[0].from_s == 0.0
    assert found.stretches[-1].to_s == pytest.approx(20.0)


def test_quarters_are_of_frames_in_the_order_streamed(make_log: MakeLog) -> None:
    """Each has the reference's AUC of its own frames; one of a single class has none; unlabelled clips take no part."""
    random = np.random.default_rng(0)
    labels = random.random(400) < 0.5
    labels[300:] = True
    scores = random.random(400) + labels * np.linspace(0, 1, 400)
    clips = [
        make_log(scores[start : start + 80], labels=labels[start : start + 80], began_s=start / 10)
        for start in range(0, 400, 80)
    ]
    strange = make_log([5.0] * 50, began_s=40.0)
    found = course([*clips, strange]).quarters
    assert [(quarter.frames, quarter.anomalous) for quarter in found] == [
        (100, int(labels[start : start + 100].sum())) for start in range(0, 400, 100)
    ]
    for number, quarter in enumerate(found[: QUARTERS - 1]):
        part = slice(number * 100, number * 100 + 100)
        assert quarter.fused == pytest.approx(roc_auc_score(labels[part], scores[part]))
        assert quarter.d12 == pytest.approx(1 - quarter.fused)
        assert quarter.detectors["twice"] == pytest.approx(quarter.fused)
    assert (found[-1].fused, found[-1].d12) == (None, None)
