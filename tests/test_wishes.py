"""What people change at run time is obeyed, outlives restarts, and never stops a process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.wishes import (
    FILE,
    LOOK_S,
    BudgetWish,
    PromotionWish,
    RollBackWish,
    WishError,
    Wishes,
    WishWatch,
    read,
    write,
)

SEVEN = Wishes(budgets={"gate": BudgetWish(7.0, 3.0)})


def test_what_was_wished_comes_back(tmp_path: Path) -> None:
    """Written and read again it is the same; without a file there are no wishes."""
    assert read(tmp_path / "none") == Wishes()
    both = replace(SEVEN, roll_backs={"gate": RollBackWish("gate.20261105T140532Z.daily.npz", 5)})
    for wishes in (SEVEN, both):
        write(tmp_path / "data", wishes)
        assert read(tmp_path / "data") == wishes


def test_whoever_edits_the_configuration_has_the_last_word() -> None:
    """A wish holds while the configuration says what it said then."""
    assert SEVEN.alerts_per_day("gate", 3.0) == 7.0
    assert SEVEN.alerts_per_day("gate", 2.0) == 2.0
    assert SEVEN.alerts_per_day("yard", 3.0) == 3.0


def test_a_promotion_lasts_as_long_as_the_configuration_that_it_was_made_for(tmp_path: Path) -> None:
    """It comes back from the file beside the budgets, and an edit of either of the two ends it."""
    write(tmp_path, Wishes(SEVEN.version, SEVEN.budgets, {"gate": PromotionWish("as it was")}))
    found = read(tmp_path)
    assert found.promoted("gate", "as it was")
    assert not found.promoted("gate", "edited")
    assert not found.promoted("yard", "as it was")
    assert found.alerts_per_day("gate", 3.0) == 7.0


def test_wishes_of_before_there_were_promotions_are_read(tmp_path: Path) -> None:
    """The file keeps its version: what is not in it was not wished."""
    (tmp_path / FILE).write_text('{"version": 1, "budgets": {}}')
    assert read(tmp_path) == Wishes()


@pytest.mark.parametrize("number", ["0", "-1", "-1e300"])
def test_a_number_that_is_no_rate_is_not_obeyed(tmp_path: Path, number: str) -> None:
    """The configuration's holds then."""
    text = f'{{"version": 1, "budgets": {{"gate": {{"alerts_per_day": {number}, "configured": 3}}}}}}'
    (tmp_path / FILE).write_text(text)
    assert read(tmp_path).alerts_per_day("gate", 3.0) == 3.0


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b"\xff\x00", b'{"version": 2}', b'{"budgets": {"gate": 1}}'])
def test_garbage_is_refused_with_the_file_and_what_to_do(tmp_path: Path, garbage: bytes) -> None:
    """The message names the file and the way out."""
    (tmp_path / FILE).write_bytes(garbage)
    with pytest.raises(WishError, match=rf"{FILE}.*remove"):
        read(tmp_path)


def test_a_watch_tells_of_changes_alone(tmp_path: Path) -> None:
    """At the first look and after each change, not every time; what is garbage is told once and changes nothing."""
    told: list[Wishes] = []
    watch = WishWatch(tmp_path, told.append)
    times = iter(range(0, 100_000, int(LOOK_S)))
    watch.look_if_due(next(times))
    watch.look_if_due(next(times))
    write(tmp_path, SEVEN)
    watch.look_if_due(next(times))
    with capture_logs() as logs:
        (tmp_path / FILE).write_text("garbage")
        watch.look_if_due(next(times))
        watch.look_if_due(next(times))
    write(tmp_path, Wishes())
    watch.look_if_due(next(times))
    assert told == [Wishes(), SEVEN, Wishes()]
    assert [entry["event"] for entry in logs] == ["wishes_refused"]


def test_it_does_not_look_more_often_than_it_should(tmp_path: Path) -> None:
    """A file read at every frame would cost more than it is worth."""
    told: list[Wishes] = []
    watch = WishWatch(tmp_path, told.append)
    watch.look_if_due(0.0)
    write(tmp_path, SEVEN)
    watch.look_if_due(LOOK_S - 0.1)
    assert told == [Wishes()]
