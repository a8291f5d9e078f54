"""Dated snapshots: names that tell when and why, so many of each kind, and files as sound as checkpoints."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from monitor.scoring.checkpoints import CheckpointError, ForeignError, read_about
from monitor.scoring.dated import Dated, Why

NS = 1_000_000_000
DAY_NS = 86_400 * NS
BEGAN_NS = int(datetime(2026, 11, 5, 14, 5, 32, tzinfo=UTC).timestamp()) * NS
STATE = {"channel.moving/learned": np.array(7), "examples/pictures": np.zeros((0, 3), np.uint8)}


@pytest.fixture
def dated(tmp_path: Path) -> Dated:
    """Those of camera gate: three of days, two from before changes."""
    return Dated(tmp_path, "gate", "print", daily=3, before=2)


def kept(dated: Dated) -> list[tuple[int, Why]]:
    """Days since the first, and why, newest first."""
    return [(int(each.at.timestamp() * NS - BEGAN_NS) // DAY_NS, each.why) for each in dated.newest_first()]


def test_the_name_says_when_and_why_and_what_is_in_it_comes_back(dated: Dated) -> None:
    """UTC to the second, as people sort files; the arrays are those that were written, with how much was learned."""
    path = dated.write(STATE, Why.NEW_NORMAL, BEGAN_NS + 5, learned=7)
    assert path.name == "gate.20261105T140532Z.before-new-normal.npz"
    [only] = dated.newest_first()
    assert (only.path, only.at.isoformat(), only.why) == (path, "2026-11-05T14:05:32+00:00", Why.NEW_NORMAL)
    state = dated.read(path.name)
    assert state.keys() == STATE.keys()
    assert all(np.array_equal(state[name], STATE[name]) for name in STATE)
    assert (read_about(path, "gate").learned, read_about(path, "gate").wall_ns) == (7, BEGAN_NS + 5)


def test_days_do_not_push_out_what_was_before_a_change(dated: Dated) -> None:
    """So many of each kind are kept, the oldest goes first; other files and other cameras' are left alone."""
    neighbour = Dated(dated._folder, "gate.2", "print", daily=1, before=1)
    neighbour.write(STATE, Why.DAILY, BEGAN_NS, 1)
    (dated._folder / "gate.notes.npz").write_text("mine")
    (dated._folder / "gate.20269999T999999Z.daily.npz").write_text("no such day")
    for day, why in enumerate([Why.NEW_NORMAL, Why.ROLL_BACK, Why.NEW_VIEW, *[Why.DAILY] * 5]):
        dated.write(STATE, why, BEGAN_NS + day * DAY_NS, 1)
    days = [(7, Why.DAILY), (6, Why.DAILY), (5, Why.DAILY)]
    assert kept(dated) == [*days, (2, Why.NEW_VIEW), (1, Why.ROLL_BACK)]
    assert len(neighbour.newest_first()) == 1
    assert len(list(dated._folder.iterdir())) == 8


def test_two_of_one_second_are_two(dated: Dated) -> None:
    """Neither takes the other's place."""
    for _ in range(2):
        dated.write(STATE, Why.ROLL_BACK, BEGAN_NS, 1)
    assert len(dated.newest_first()) == 2


def test_a_clock_put_back_does_not_remove_what_was_just_written(dated: Dated) -> None:
    """Whatever the clock says, the newest written is kept."""
    for day in (9, 8, 7):
        dated.write(STATE, Why.DAILY, BEGAN_NS + day * DAY_NS, 1)
    path = dated.write(STATE, Why.DAILY, BEGAN_NS, 1)
    assert path.exists()
    assert kept(dated) == [(9, Why.DAILY), (8, Why.DAILY), (0, Why.DAILY)]


def test_none_are_kept_of_a_kind_that_is_not_wanted(tmp_path: Path) -> None:
    """`keep_daily: 0` says so."""
    dated = Dated(tmp_path, "gate", "print", daily=0, before=1)
    assert not dated.keeps(Why.DAILY)
    assert dated.keeps(Why.ROLL_BACK)


def test_a_full_disk_leaves_the_old_and_no_rubbish(dated: Dated, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what cannot be written."""
    for day in range(3):
        dated.write(STATE, Why.DAILY, BEGAN_NS + day * DAY_NS, 1)
    before = sorted(dated._folder.iterdir())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CheckpointError, match=r"camera gate: .*daily\.npz: No space left on device; make room"):
        dated.write(STATE, Why.DAILY, BEGAN_NS + 3 * DAY_NS, 1)
    assert sorted(dated._folder.iterdir()) == before


def test_only_sound_files_of_this_camera_and_configuration_are_read(dated: Dated, tmp_path: Path) -> None:
    """No path leads out of the folder; damage and another configuration are told apart."""
    path = dated.write(STATE, Why.DAILY, BEGAN_NS, 1)
    for name in ("../gate.20261105T140532Z.daily.npz", str(path), "gate", ""):
        with pytest.raises(
            CheckpointError, match=rf"gate: expected the name of a dated snapshot .* got {re.escape(name)}"
        ):
            dated.read(name)
    with pytest.raises(ForeignError, match="another configuration"):
        Dated(tmp_path, "gate", "other", 3, 2).read(path.name)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckpointError, match="is broken"):
        dated.read(path.name)
