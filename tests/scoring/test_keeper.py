"""What a camera learned outlives restarts, and nothing about a checkpoint stops the camera."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from structlog.testing import capture_logs

from detectors.budget.allowance import Allowance, Opening
from detectors.budget.budget import Budget
from detectors.budget.diary import Diary
from monitor import learned
from monitor.learned import MOST_PICTURES, LearnedChannel
from monitor.scoring.checkpoints import Checkpoints
from monitor.scoring.journal import Journal
from monitor.scoring.keeper import Keeper
from monitor.scoring.scorer import CameraScorer
from monitor.types import Frame, State

NS = 1_000_000_000
READY = 450
Make = Callable[..., CameraScorer]
Frames = Callable[..., Frame]
Kept = Callable[..., Keeper]


@pytest.fixture
def keeper(tmp_path: Path, scorer: Make) -> Kept:
    """Makes the keeper of camera gate, as a start of the worker does."""

    def make(fingerprint: str = "print", folder: Path = tmp_path, detector: str = "pixels") -> Keeper:
        return Keeper("gate", lambda: scorer(detector), Checkpoints(folder, "gate", fingerprint, 3), every_s=300)

    return make


def teach(keeper: Keeper, frame: Frames, frames: range) -> None:
    """Judge and learn these."""
    for seq in frames:
        keeper.scorer.judge(frame(seq))
        keeper.scorer.learn()


def failures(keeper: Keeper) -> int:
    """Those it reports."""
    return keeper.report("boot", 0).checkpoint_failures


def saved(keeper: Kept, frame: Frames) -> list[Path]:
    """Two checkpoints of a camera that knows its scene, the newest first."""
    first = keeper()
    teach(first, frame, range(READY))
    first.save(1 * NS)
    teach(first, frame, range(READY, READY + 10))
    first.save(2 * NS)
    return list(first._checkpoints.newest_first())


def test_a_restart_goes_on_with_the_same_next_score(keeper: Kept, frame: Frames) -> None:
    """Through the file every number of the next frames is that of the camera that was never stopped."""
    before = keeper()
    teach(before, frame, range(READY))
    # As a new connection: a restart forgets the pictures and what waited to be learned, so the other does too.
    before.scorer._pipeline.restart_clock()
    before.save(1 * NS)
    after = keeper()
    assert after.scorer.learned == before.scorer.learned > 0
    for seq in range(100):
        seen = frame(seq, run="next", strange=seq > 80, begin_s=2000)
        old, new = before.scorer.judge(seen), after.scorer.judge(seen)
        assert old is not None
        assert new is not None
        assert (old.score, old.p_value, old.limit, old.scores) == (new.score, new.p_value, new.limit, new.scores)
        assert (old.state, old.verdict, old.reasons) == (new.state, new.verdict, new.reasons)
        before.scorer.learn()
        after.scorer.learn()
    assert old.state is State.ACTIVE


def test_the_newest_good_one_is_taken(keeper: Kept, frame: Frames) -> None:
    """And the report says from when it is."""
    saved(keeper, frame)
    again = keeper()
    assert again.report("boot", 0).checkpoint_ns == 2 * NS
    assert failures(again) == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: b"",
        lambda whole: whole[:300] + bytes([whole[300] ^ 4]) + whole[301:],
        lambda whole: b"\x80\x04]\x94.",
        lambda whole: b"not a checkpoint at all",
    ],
    ids=["truncated", "empty", "bit flipped", "pickle", "foreign"],
)
def test_a_broken_one_falls_back_to_the_one_before(
    keeper: Kept, frame: Frames, damage: Callable[[bytes], bytes]
) -> None:
    """It is counted and logged, and the camera knows its scene all the same."""
    newest, _ = saved(keeper, frame)
    newest.write_bytes(damage(newest.read_bytes()))
    with capture_logs() as logs:
        again = keeper()
    assert again.report("boot", 0).checkpoint_ns == 1 * NS
    assert again.scorer.learned > 0
    assert failures(again) == 1
    assert [log["event"] for log in logs] == ["checkpoint_refused", "checkpoint_restored"]


def test_a_sound_file_with_a_state_that_does_not_fit_falls_back(keeper: Kept, frame: Frames) -> None:
    """An array too few, or one that is no number any more, is found out when it is put in."""
    newest, _ = saved(keeper, frame)
    with np.load(newest) as file:
        arrays = {name: file[name] for name in file.files}
    for spoiled in (
        {name: array for name, array in arrays.items() if name != "channel.moving/model.pixels/mean"},
        arrays | {"channel.moving/model.pixels/mean": np.full_like(arrays["channel.moving/model.pixels/mean"], np.nan)},
        arrays | {"channel.moving/learned": np.array([1, 2, 3])},
    ):
        np.savez(newest, **spoiled)
        again = keeper()
        assert again.report("boot", 0).checkpoint_ns == 1 * NS
        assert failures(again) == 1


def test_with_all_broken_it_starts_afresh(keeper: Kept, frame: Frames) -> None:
    """A camera that must learn anew is better than none."""
    for path in saved(keeper, frame):
        path.write_bytes(b"?")
    again = keeper()
    assert again.scorer.learned == 0
    assert failures(again) == 2
    judgement = again.scorer.judge(frame(0))
    assert judgement is not None
    assert judgement.state is State.WARMING


def test_of_another_configuration_it_starts_afresh_and_nothing_failed(keeper: Kept, frame: Frames) -> None:
    """Whoever changed the configuration knows why, and no alarm is raised about it."""
    saved(keeper, frame)
    again = keeper(fingerprint="changed", detector="other")
    assert again.scorer.learned == 0
    assert failures(again) == 0
    teach(again, frame, range(20))
    again.save(3 * NS)
    assert keeper(fingerprint="changed", detector="other").scorer.learned == again.scorer.learned


def test_a_folder_that_cannot_be_written_to_is_counted_and_said_once(
    keeper: Kept, frame: Frames, tmp_path: Path
) -> None:
    """The camera goes on; the log tells when it began and when it ended, not each time."""
    folder = tmp_path / "later"
    folder.write_text("a file in the way")
    kept = keeper(folder=folder)
    teach(kept, frame, range(20))
    with capture_logs() as logs:
        for wall_ns in range(3):
            kept.save(wall_ns)
        assert failures(kept) == 3
        assert kept.report("boot", 0).checkpoint_ns is None
        teach(kept, frame, range(20, 40))
        folder.unlink()
        kept.save(9)
        kept.save(10)
    assert [log["event"] for log in logs] == ["checkpoint_failed", "checkpoint_works_again"]
    assert failures(kept) == 3
    assert kept.report("boot", 0).checkpoint_ns == 10


def test_it_saves_when_due(keeper: Kept, frame: Frames) -> None:
    """Once in 300 s of the monotonic clock, the first time 300 s after the first call."""
    kept = keeper()
    teach(kept, frame, range(20))
    moments = [100 * n for n in range(13)]
    told = []
    for at_s in moments:
        kept.save_if_due(10**18 + at_s, at_s * NS)
        told.append(kept.report("boot", 0).checkpoint_ns)
    assert [None if t is None else t - 10**18 for t in told] == [None] * 3 + [300] * 3 + [600] * 3 + [900] * 3 + [1200]


def test_what_knows_nothing_is_not_saved(keeper: Kept, tmp_path: Path) -> None:
    """An empty checkpoint would push out a good one."""
    keeper().save(1)
    assert list(tmp_path.iterdir()) == []


def test_a_crash_between_checkpoints_forgets_no_minute(tmp_path: Path, frame: Frames, scorer: Make) -> None:
    """What levels are made of is the same after SIGKILL as before it; without the journal it is not."""

    def keeper(journal: Journal | None) -> tuple[Keeper, Diary]:
        allowance = Allowance(Budget({"moving": 1}, 3.0, 300.0), Opening())
        fresh = partial(scorer, allowance=allowance)
        kept = Keeper("gate", fresh, Checkpoints(tmp_path, "gate", "print", 3), 300, journal)
        return kept, allowance.budget.diary

    def journal() -> Journal:
        return Journal(tmp_path / "gate.minutes.jsonl", "print", 1)

    killed, before = keeper(journal())
    for seq in range(READY + 2000):
        killed.scorer.judge(frame(seq))
        killed.scorer.learn()
        killed.note()
        if seq == READY:
            killed.save(1 * NS)
    _, after = keeper(journal())
    assert len(after) == len(before) >= 3
    assert np.array_equal(after.peaks, before.peaks)
    assert np.array_equal(after.minutes, before.minutes)
    _, forgetful = keeper(None)
    assert len(forgetful) < len(before)


def test_a_camera_shows_what_it_learned_with_each_checkpoint(
    tmp_path: Path, taught: Callable[[int], CameraScorer]
) -> None:
    """Pictures that can be looked at, as many as it keeps but no more than twelve, and counts that are its own."""
    keeper = Keeper("gate", lambda: taught(0), Checkpoints(tmp_path / "c", "gate", "p", 3), 300, shown=tmp_path)
    keeper.save(1)
    assert learned.read(tmp_path, "gate") is None
    keeper.scorer = taught(450)
    keeper.save(2)
    found = learned.read(tmp_path, "gate")
    assert found is not None
    assert (found.at_ns, found.learned) == (2, keeper.scorer.learned)
    assert found.channels == (LearnedChannel("moving", keeper.scorer.learned),)
    assert len(found.pictures) == min(found.kept, MOST_PICTURES) > 1
    shapes = [cv2.imread(str(tmp_path / name)).shape for name in found.pictures]  # type: ignore[union-attr]
    assert set(shapes) == {(24, 32, 3)}
    assert all(np.ptp(cv2.imread(str(tmp_path / name))) > 0 for name in found.pictures)  # type: ignore[call-overload]
