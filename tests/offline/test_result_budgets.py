"""Alert budgets on the terminal and on the page, and where plants are refused."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from detectors.base import Picture
from detectors.evaluation.allowed import Allowed
from detectors.evaluation.budgets import Kept, KeptDay
from detectors.evaluation.cliplog import ClipLog, Said
from detectors.evaluation.hours import Hours
from detectors.evaluation.protocol import Scheme
from detectors.evaluation.recall import Found, Share
from detectors.evaluation.result import Result, as_json, summarise
from monitor.offline.dataset import DatasetError, planting_ground, read_dataset
from monitor.offline.evaluate import Evaluation
from monitor.offline.result_budgets import budget_facts, budget_sheets
from monitor.offline.result_page import render
from monitor.offline.result_pictures import budget_drawings
from monitor.offline.result_text import print_result

KEPT = Kept(
    budget=3.0,
    start_h=8,
    days=(KeptDay(24.0, 4, seeing=True), KeptDay(24.0, 2, seeing=False), KeptDay(12.0, 9, seeing=True)),
    per_day=6.0,
    worst=9,
    early=5,
    raised_by={"moving": 8, "moving + scene": 4, "scene": 3},
)
FOUND = Found(3.0, Share(5, 2, 3), {"left": Share(2, 1, 1), "walker": Share(3, 1, 2)}, 4.0, 22.5, None)
HOURS = Hours(
    {"calibrating": 12.0, "active": 14.0}, {"colour": 26.0}, ("calibrating",) * 12 + ("active",) * 14, ("colour",) * 26
)
ALLOWED = Allowed(
    (KEPT, replace(KEPT, budget=10.0, days=())), (FOUND,), (FOUND,), planted=True, lasting=0.84, hours=HOURS
)


def log() -> ClipLog:
    """A short unlabelled clip."""
    scores, yes = np.linspace(0, 1, 50), np.ones(50, np.bool_)
    said = Said(
        scores, ~yes, yes, scores > 0.9, np.full(50, 0.9), ("active",) * 50, {"speed": scores}, {"speed": ~yes},
        {"d12": scores}, {},
    )  # fmt: skip
    return ClipLog("a", True, 0.0, np.arange(50.0), 50.0, None, said, None, (), None, ())


@pytest.fixture(name="result")
def _result() -> Result:
    return replace(summarise("days", Scheme.P1, [log()], 1.0), allowed=ALLOWED)


def test_each_budget_and_start_has_a_row_and_each_kind_has_one() -> None:
    """As many cells as columns; what cannot be told is a dash."""
    budgets, happenings, alone = budget_sheets(ALLOWED)
    assert budgets.rows[0].name == "3 a day, from 8 h"
    assert budgets.rows[0].cells == ("4 2 9", "6.0", "2.00", "9", "5", "2 of 3", "8", "3", "4")
    assert budgets.columns[-3:] == ("moving", "scene", "several")
    assert budgets.rows[1].cells[:4] == ("-", "-", "-", "-")
    assert happenings.title.startswith("Planted")
    assert alone.rows == happenings.rows
    assert [row.name for row in happenings.rows] == ["3 a day", "3 a day, left", "3 a day, walker"]
    assert happenings.rows[0].cells == ("5", "2", "3", "4.0", "22.5", "-")
    assert all(len(row.cells) == len(sheet.columns) - 1 for sheet in (budgets, happenings) for row in sheet.rows)


def test_without_days_nothing_new_is_told() -> None:
    """No table, no line, no drawing."""
    assert budget_sheets(None) == ()
    assert list(budget_facts(None)) == []
    assert list(budget_drawings(None)) == []
    labelled = replace(ALLOWED, kept=(), found_alone=(), hours=None, lasting=None, planted=False)
    assert [sheet.title.split()[0] for sheet in budget_sheets(labelled)] == ["Labelled"]
    assert list(budget_drawings(labelled)) == []


def test_the_terminal_shows_budgets_in_the_width_of_a_pipe(result: Result) -> None:
    """Nothing is cut off."""
    page = io.StringIO()
    print_result(result, Console(file=page, width=110))
    told = page.getvalue()
    assert "3 a day, from 8 h" in told
    assert "several" in told
    assert "calibrating 12.0, active 14.0" in told
    assert "0.84" in told
    assert "…" not in told


def test_the_json_has_them_too(result: Result) -> None:
    """By the names of the types."""
    told = json.loads(as_json(result))["allowed"]
    assert told["kept"][0]["days"][0] == {"hours": 24.0, "alerts": 4, "seeing": True}
    assert told["found"][0]["kinds"]["left"] == {"truth": 2, "own": 1, "covered": 1}


def test_the_page_draws_a_bar_for_each_day_and_a_block_for_each_hour(result: Result) -> None:
    """Days over the budget look different; the line is where the budget is."""
    three, ten, strips = budget_drawings(ALLOWED)
    assert [block.look for block in three.blocks] == ["over", "within", "over"]
    assert three.line_y is not None
    assert three.blocks[0].y < three.line_y < three.blocks[1].y
    assert all(block.x + block.width <= three.width and block.height <= three.height for block in three.blocks)
    assert ten.blocks == []
    assert [block.look for block in strips.blocks].count("state-active") == 14
    page = render(Evaluation(result, (log(),)))
    assert page.count("<rect") == 3 + 2 * 26
    assert "style=" not in page


def test_only_a_day_or_more_without_labels_can_be_planted_in(
    tmp_path: Path, make_clip: Callable[[Path, Iterable[int]], None], opener: Callable[[Path], Iterable[Picture]]
) -> None:
    """The refusal says what was expected and what was found."""
    make_clip(tmp_path / "train" / "a.mkv", [1, 2])
    make_clip(tmp_path / "test" / "b.mkv", [1, 2])
    labels = tmp_path / "labels.json"
    labels.write_text("{}")

    def ground(length_s: float | None) -> float:
        return planting_ground(tmp_path, read_dataset(tmp_path, opener), lambda _: length_s)

    assert ground(43_200.0) == 86_400.0
    with pytest.raises(DatasetError, match=r"expected 24 h .* got 20\.0 h; leave --plants out"):
        ground(36_000.0)
    with pytest.raises(DatasetError, match="2 that do not say how long they are"):
        ground(None)
    labels.write_text('{"b": [[0, 1]]}')
    with pytest.raises(DatasetError, match="without labels to plant in, got labels of b; leave --plants out"):
        ground(43_200.0)
