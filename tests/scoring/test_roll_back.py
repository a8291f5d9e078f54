"""A camera goes back to a dated snapshot while it runs, once for each wish, and what happened is not undone."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from detectors.budget.allowance import Allowance, Opening
from detectors.budget.budget import Budget
from detectors.options import LearningOptions
from detectors.view import SIZE, View
from monitor.scoring.checkpoints import Checkpoints, read_about
from monitor.scoring.dated import Dated, Why
from monitor.scoring.keeper import Keeper
from monitor.scoring.scorer import CameraScorer
from monitor.types import Frame, Judgement, State, Verdict

NS = 1_000_000_000
DAY_NS = 86_400 * NS
READY = 450
Make = Callable[..., CameraScorer]
Frames = Callable[..., Frame]
Kept = Callable[..., Keeper]


@pytest.fixture
def keeper(tmp_path: Path, scorer: Make) -> Kept:
    """Makes the keeper of camera gate, as a start of the worker does; it has a budget of three alerts a day."""

    def make(fingerprint: str = "print", daily: int = 2, **options: float) -> Keeper:
        def fresh() -> CameraScorer:
            return scorer(
                allowance=Allowance(Budget({"moving": 1}, 3.0, 300.0), Opening()), learning=LearningOptions(**options)
            )

        checkpoints = Checkpoints(tmp_path, "gate", fingerprint, 3)
        return Keeper(
            "gate", fresh, checkpoints, 300, dated=Dated(tmp_path / "dated", "gate", fingerprint, daily, before=3)
        )

    return make


def teach(keeper: Keeper, frame: Frames, frames: range, **of: object) -> None:
    """As the worker's loop does with each frame."""
    for seq in frames:
        keeper.scorer.judge(frame(seq, **of))
        keeper.scorer.learn()
        keeper.note()
        keeper.save_if_due(seq * NS // 10, seq * NS // 10)


def snapshots(tmp_path: Path) -> list[tuple[str, Why]]:
    """Names and reasons, newest first."""
    return [(each.path.name, each.why) for each in Dated(tmp_path / "dated", "gate", "print", 2, 3).newest_first()]


def arrays(keeper: Keeper) -> dict[str, np.ndarray]:
    """What its models and limits know; not what of its life is on record."""
    return {name: array for name, array in keeper.scorer.state().items() if not name.startswith("budget/")}


def same(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> bool:
    """Whether all numbers are equal."""
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def test_one_is_kept_each_day_restarts_included(keeper: Kept, frame: Frames, tmp_path: Path) -> None:
    """At the first checkpoint there is, then 24 hours after the one before; with `keep_daily: 0` none at all."""
    began_ns = 10**18
    kept = keeper()
    teach(kept, frame, range(READY))
    for hour in range(50):
        kept.save_if_due(began_ns + hour * 3600 * NS, (1000 + hour * 3600) * NS)
    dates = [name.split(".")[1] for name, _ in snapshots(tmp_path)]
    assert dates == ["20010911T014640Z", "20010910T014640Z"]
    again = keeper()
    for hour in range(50, 72):
        again.save_if_due(began_ns + hour * 3600 * NS, hour * 3600 * NS)
    assert [name.split(".")[1] for name, _ in snapshots(tmp_path)] == dates
    again.save_if_due(began_ns + 72 * 3600 * NS, 72 * 3600 * NS)
    assert len(snapshots(tmp_path)) == 2
    assert snapshots(tmp_path)[0][0].split(".")[1] == "20010912T014640Z"
    never = keeper(daily=0)
    for hour in range(200, 300):
        never.save_if_due(began_ns + hour * 3600 * NS, hour * 3600 * NS)
    assert len(snapshots(tmp_path)) == 2


def test_what_was_known_before_a_new_normal_is_kept_without_anything_of_it(
    keeper: Kept, frame: Frames, tmp_path: Path
) -> None:
    """Whoever goes back to it finds the intruder strange again, who had become ordinary."""
    kept = keeper(every_s=0.0, settled_every_s=0.0, delay_s=0.0, accept_after_s=20.0)
    teach(kept, frame, range(READY))
    with capture_logs() as logs:
        teach(kept, frame, range(READY, READY + 1500), strange=True)
    assert [log["why"] for log in logs if log["event"] == "snapshot_kept"].count("before-new-normal") == 1
    now = kept.scorer.judge(frame(READY + 1500, strange=True))
    assert now is not None
    assert now.verdict is Verdict.NORMAL
    [before] = [name for name, why in snapshots(tmp_path) if why is Why.NEW_NORMAL]
    kept.roll_back(before, 1, 10 * DAY_NS)
    for seq in range(READY + 1501, READY + 1530):
        judgement = kept.scorer.judge(frame(seq, strange=True))
    assert judgement is not None
    assert judgement.verdict is Verdict.ANOMALOUS


def test_what_was_known_before_a_camera_was_moved_is_kept(scorer: Make, frame: Frames, tmp_path: Path) -> None:
    """Models begin anew by themselves; once the camera hangs as before, what it knew of that is gone back to."""
    dated = Dated(tmp_path / "dated", "gate", "print", 0, 3)
    kept = Keeper(
        "gate", lambda: scorer(view=View(np.ones(SIZE, np.bool_))), Checkpoints(tmp_path, "gate", "print", 3), 300,
        dated=dated,
    )  # fmt: skip
    began = 0

    def shows(image: np.ndarray, seconds: int) -> list[Judgement | None]:
        nonlocal began
        judgements = []
        for seq in range(began, began + seconds):
            grain = np.random.default_rng(seq).integers(-6, 7, (*image.shape[:2], 1))
            seen = frame(10 * seq)
            judgements.append(kept.scorer.judge(replace(seen, image=np.clip(image + grain, 0, 255).astype(np.uint8))))
            kept.scorer.learn()
            kept.save_if_due(seq * NS, seq * NS)
        began += seconds
        return judgements

    here, there = (np.random.default_rng(seed).integers(40, 215, (24, 32, 3)) for seed in (1, 2))
    shows(here, 900)
    known = kept.scorer.learned
    told = shows(there, 200)
    moved = [j for j in told if j is not None and any(reason.channel == "tamper" for reason in j.reasons)]
    assert len(moved) >= 3
    assert moved[0].verdict is Verdict.ANOMALOUS
    assert moved[0].state is State.WARMING
    assert 0 < kept.scorer.learned < known / 2
    [before] = dated.newest_first()
    assert before.why is Why.NEW_VIEW
    assert read_about(before.path, "gate").learned >= known
    kept.roll_back(before.path.name, 1, 10**18)
    told = shows(here, 200)
    assert all(j is not None and j.verdict is Verdict.NORMAL for j in told[-60:])


def test_a_roll_back_brings_models_back_and_leaves_the_diary(keeper: Kept, frame: Frames, tmp_path: Path) -> None:
    """What was known is kept as a snapshot too; minutes, the wanted number and counts of frames go on."""
    kept = keeper()
    teach(kept, frame, range(READY))
    then = arrays(kept)
    kept._keep(Why.DAILY, 1 * DAY_NS)
    teach(kept, frame, range(READY, READY + 1500))
    kept.scorer.set_budget(7.0)
    later, received = arrays(kept), kept.scorer.received
    diary = kept.scorer.state()["budget/minutes"]
    assert len(diary) >= 2
    with capture_logs() as logs:
        kept.roll_back(snapshots(tmp_path)[0][0], 1, 2 * DAY_NS)
    assert [log["event"] for log in logs] == ["snapshot_kept", "rolled_back"]
    assert same(arrays(kept), then)
    assert np.array_equal(kept.scorer.state()["budget/minutes"], diary)
    assert kept.scorer._pipeline.allowance is not None
    assert kept.scorer._pipeline.allowance.budget.alerts_per_day == 7.0
    assert kept.scorer.received == received
    teach(kept, frame, range(READY + 1500, READY + 2200))
    assert len(kept.scorer.state()["budget/minutes"]) > len(diary), "its life goes on"
    undo = next(name for name, why in snapshots(tmp_path) if why is Why.ROLL_BACK)
    kept.roll_back(undo, 2, 3 * DAY_NS)
    assert same(arrays(kept), later)


def test_a_wish_is_obeyed_once_over_restarts_too(keeper: Kept, frame: Frames, tmp_path: Path) -> None:
    """What is learned after a roll-back is not lost because its wish is still there; another wish is another."""
    kept = keeper()
    teach(kept, frame, range(READY))
    kept._keep(Why.DAILY, 1 * DAY_NS)
    [(daily, _)] = snapshots(tmp_path)
    teach(kept, frame, range(READY, READY + 300))
    kept.roll_back(daily, 5, 2 * DAY_NS)
    teach(kept, frame, range(READY + 300, READY + 600))
    later = arrays(kept)
    kept.roll_back(daily, 5, 3 * DAY_NS)
    assert same(arrays(kept), later)
    kept.save(4 * DAY_NS)
    again = keeper()
    again.roll_back(daily, 5, 5 * DAY_NS)
    assert same(arrays(again), later)
    again.roll_back(daily, 6, 6 * DAY_NS)
    assert not same(arrays(again), later)


def test_a_roll_back_outlives_a_crash_right_after_it(keeper: Kept, frame: Frames, tmp_path: Path) -> None:
    """What is gone on with is what was gone back to, without another checkpoint's time."""
    kept = keeper()
    teach(kept, frame, range(READY))
    kept._keep(Why.DAILY, 1 * DAY_NS)
    then = arrays(kept)
    teach(kept, frame, range(READY, READY + 300))
    kept.save(2 * DAY_NS)
    kept.roll_back(snapshots(tmp_path)[0][0], 5, 3 * DAY_NS)
    assert same(arrays(keeper()), then)


def test_what_cannot_be_gone_back_to_is_refused_and_the_camera_goes_on(
    keeper: Kept, frame: Frames, tmp_path: Path
) -> None:
    """Broken, of another configuration, of arrays that do not fit, or not there: the log says which."""
    kept = keeper()
    teach(kept, frame, range(READY))
    now = arrays(kept)
    for day, spoil in enumerate(("broken", "foreign", "misfit")):
        kept._keep(Why.NEW_VIEW, day * DAY_NS)
        path = tmp_path / "dated" / snapshots(tmp_path)[0][0]
        with np.load(path) as file:
            parts = {name: file[name] for name in file.files}
        match spoil:
            case "broken":
                path.write_bytes(path.read_bytes()[:500])
            case "foreign":
                text = parts["about.json"].tobytes().replace(b'"print"', b'"other"')
                np.savez(path, **parts | {"about.json": np.frombuffer(text, np.uint8)})
            case "misfit":
                np.savez(path, **parts | {"channel.moving/learned": np.array([1, 2])})
    names = [name for name, _ in reversed(snapshots(tmp_path))]
    said = ["is broken", "another configuration", "learned: expected", "expected the name of a dated snapshot"]
    for wish, (name, why) in enumerate(zip([*names, "none.npz"], said, strict=True), start=1):
        with capture_logs() as logs:
            kept.roll_back(name, wish, 9 * DAY_NS)
        refused = [log["error"] for log in logs if log["event"] == "roll_back_refused"]
        assert len(refused) == 1
        assert why in refused[0]
        assert same(arrays(kept), now)
    judgement = kept.scorer.judge(frame(READY, strange=True))
    assert judgement is not None
    assert judgement.state is not State.WARMING


def test_with_no_room_for_what_is_known_it_does_not_go_back(
    keeper: Kept, frame: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be undone is not done; it is counted as a checkpoint that could not be written."""
    kept = keeper()
    teach(kept, frame, range(READY))
    kept._keep(Why.DAILY, 1 * DAY_NS)
    teach(kept, frame, range(READY, READY + 300))
    now = arrays(kept)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with capture_logs() as logs:
        kept.roll_back(snapshots(tmp_path)[0][0], 1, 2 * DAY_NS)
    assert [log["event"] for log in logs] == ["checkpoint_failed", "roll_back_refused"]
    assert kept.report("boot", 0).checkpoint_failures == 1
    assert same(arrays(kept), now)
