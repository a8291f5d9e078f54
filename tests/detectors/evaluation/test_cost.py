"""What frames cost, by stage, on hand-made logs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from detectors.evaluation.cliplog import ClipLog
from detectors.evaluation.cost import Milliseconds, frame_cost, stage_costs

MakeLog = Callable[..., ClipLog]


def test_a_frame_costs_judging_and_learning_together(make_log: MakeLog) -> None:
    """Frame by frame, not quantile by quantile; neither reading nor the parts are added to it."""
    spent = {"reading": [9.0, 9.0], "judging": [0.001, 0.003], "score a": [0.001, 0.002], "learning": [0.003, 0.001]}
    found = frame_cost([make_log([0.0] * 2, stages_s=spent)])
    assert (found.p50, found.p95, found.mean) == (pytest.approx(4.0), pytest.approx(4.0), pytest.approx(4.0))


def test_a_stage_that_some_clips_did_without_cost_nothing_there(make_log: MakeLog) -> None:
    """Frozen clips do not learn: their frames count as 0 in the mean of learning."""
    taught = make_log([0.0] * 2, stages_s={"judging": [0.001] * 2, "learning": [0.004, 0.004]})
    frozen = make_log([0.0] * 2, stages_s={"judging": [0.001] * 2})
    found = stage_costs([taught, frozen])
    assert found["learning"].mean == pytest.approx(2.0)
    assert found["learning"].mean != pytest.approx(4.0)  # as it were, had only the clips that learn been counted
    assert frame_cost([taught, frozen]).mean == pytest.approx(3.0)


def test_what_was_not_timed_is_left_out(make_log: MakeLog) -> None:
    """No row, and no zero that looks like a measurement."""
    assert stage_costs([make_log([0.0])]) == {}
    assert frame_cost([make_log([0.0])]) == Milliseconds(None, None, None)
    assert frame_cost([]) == Milliseconds(None, None, None)
