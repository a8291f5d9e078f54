"""The tables of an evaluation as text."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from detectors.evaluation.cliplog import ClipLog, Said
from detectors.evaluation.protocol import Scheme
from detectors.evaluation.result import Result, summarise
from monitor.offline.result_text import print_result
from monitor.offline.sheets import sheets

HOURS = 30


def hour(number: int) -> ClipLog:
    """An unlabelled hour at 0.1 fps."""
    scores = np.linspace(0, 1, 360)
    yes = np.ones(360, dtype=bool)
    said = Said(
        scores, ~yes, yes, scores > 0.9, np.full(360, 0.9), ("active",) * 360, {"motion": scores}, {"motion": ~yes},
        {"d12": scores}, {},
    )  # fmt: skip
    times_s = np.arange(360) * 10.0
    return ClipLog(f"{number:02}", True, number * 3600.0, times_s, 3600.0, None, said, None, (), 50_000_000, ())


@pytest.fixture(name="result", scope="module")
def _result() -> Result:
    return summarise("days", Scheme.P1, [hour(number) for number in range(HOURS)], 1.0)


def test_a_stream_of_days_has_a_row_for_each_score_and_day(result: Result) -> None:
    """Quantiles, the worst hour, alerts and memory; no table that nothing is known for."""
    (sheet,) = sheets(result)
    assert sheet.title == "Day by day"
    assert [row.name for row in sheet.rows] == ["1", "1 motion", "2", "2 motion"]
    assert sheet.rows[0].cells == ("0.500", "0.992", "1.000", "10.00%", "0", "50", sheet.rows[0].cells[-1])
    assert all(len(row.cells) == len(sheet.columns) - 1 for row in sheet.rows)


def test_the_terminal_shows_the_days(result: Result) -> None:
    """In the width that a pipe is given."""
    page = io.StringIO()
    print_result(result, Console(file=page, width=110))
    assert "99.9 %" in page.getvalue()
    assert "10.00%" in page.getvalue()
    assert "recall" not in page.getvalue()  # nothing is labelled: a line of dashes and zeros would mislead


def test_a_figure_that_cannot_be_told_is_a_dash(result: Result) -> None:
    """Never a zero."""
    unknown = replace(result, days=tuple(replace(day, anomalous_hour=None, resident_mb=None) for day in result.days))
    cells = sheets(unknown)[0].rows[0].cells
    assert (cells[3], cells[5]) == ("-", "-")
