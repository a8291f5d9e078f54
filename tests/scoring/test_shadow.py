"""A shadow judges the same pictures, tells nobody, waits its turn, and cannot hurt the camera that it is of."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs

from monitor.scoring.checkpoints import Checkpoints
from monitor.scoring.keeper import Keeper
from monitor.scoring.loop import MOST_PENDING, ScoringLoop
from monitor.scoring.scorer import CameraScorer
from monitor.scoring.shadow import MOST_WAITING, Shadow
from monitor.types import Frame, Judgement, Message, ScoringReport, State, Verdict

NS = 1_000_000_000
READY = 450
Make = Callable[..., CameraScorer]
Frames = Callable[..., Frame]


@dataclass(frozen=True)
class Sent:
    """A message that was delivered."""

    message: Message
    done: Callable[[], None]


@dataclass
class Link:
    """Both ends of the worker: what is to come, and what went out."""

    waiting: deque[Message] = field(default_factory=deque)
    sent: list[Judgement] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)
    pending: int = 0

    def receive(self, timeout_s: float) -> Sent | None:
        self.timeouts.append(timeout_s)
        return Sent(self.waiting.popleft(), lambda: None) if self.waiting else None

    def send(self, message: Judgement | ScoringReport) -> bool:
        if isinstance(message, Judgement):
            self.sent.append(message)
        return True

    @property
    def taken(self) -> int:
        return len(self.sent)

    def of(self, *, shadow: bool) -> list[Judgement]:
        return [each for each in self.sent if each.shadow is shadow]


@dataclass
class Bench:
    """A loop round one camera, gate, with a shadow; and one round the same camera without."""

    link: Link
    loop: ScoringLoop
    own: Keeper
    shadow: Shadow

    def play(self, frames: list[Frame], at_s: float = 1.0) -> None:
        """One after the other, each with the quiet that follows it."""
        for each in frames:
            self.link.waiting.append(each)
            self.turn(2, at_s)

    def turn(self, count: int = 1, at_s: float = 1.0) -> None:
        for _ in range(count):
            self.loop.run_once(10**18, round(at_s * NS))


@pytest.fixture
def bench(tmp_path: Path, scorer: Make) -> Callable[..., Bench]:
    """Makes benches: `make` is what makes the shadow's keeper, `recordings` the cameras that are none live."""

    def keeper(detector: str, folder: Path) -> Keeper:
        return Keeper("gate", lambda: scorer(detector), Checkpoints(folder, "gate", detector, 3), every_s=300)

    def start(make: Callable[[], Keeper] | None = None, recordings: frozenset[str] = frozenset()) -> Bench:
        link, own = Link(), keeper("own", tmp_path)
        shadow = Shadow("gate", make or (lambda: keeper("other", tmp_path / "shadow")))
        return Bench(link, ScoringLoop({"gate": own}, recordings, link, link, "boot", {"gate": shadow}), own, shadow)

    return start


def told(judgement: Judgement) -> tuple[object, ...]:
    """All that was thought, bit by bit; not how long it took."""
    heatmap = None if judgement.heatmap is None else judgement.heatmap.tobytes()
    return (replace(judgement, heatmap=None, scored_s=0.0), heatmap)


def test_live_judgements_are_the_same_bit_by_bit_with_a_shadow_and_without(
    bench: Callable[..., Bench], scorer: Make, frame: Frames
) -> None:
    """Scores, limits, heatmaps and pictures of a camera that learns, with strange frames among them."""
    frames = [frame(seq, strange=seq in range(400, 410)) for seq in range(READY)]
    beside = bench()
    beside.play(frames)
    alone = scorer("own")
    expected = []
    for each in frames:
        judgement = alone.judge(each)
        assert judgement is not None
        expected.append(told(judgement))
        alone.learn()
    assert [told(each) for each in beside.link.of(shadow=False)] == expected
    assert any(each.verdict is Verdict.ANOMALOUS for each in beside.link.of(shadow=True))
    assert len(beside.link.of(shadow=True)) == READY


def test_a_shadow_s_judgement_follows_the_live_one_and_is_marked(bench: Callable[..., Bench], frame: Frames) -> None:
    """Of each frame the live one is sent first; the other has no picture unless it is strange."""
    beside = bench()
    beside.play([frame(seq) for seq in range(3)])
    assert [(each.stamp.seq, each.shadow) for each in beside.link.sent] == [
        (seq, shadow) for seq in range(3) for shadow in (False, True)
    ]
    assert not any(each.promoted for each in beside.link.sent)
    assert all(each.picture is None and each.heatmap is None for each in beside.link.of(shadow=True))
    assert [each.scores[0].name for each in beside.link.sent[:2]] == ["own", "other"]


def test_live_frames_come_first_and_the_shadow_skips(bench: Callable[..., Bench], frame: Frames) -> None:
    """While frames come without a pause the shadow waits; then it judges the newest few, and counts the others."""
    beside = bench()
    beside.link.waiting.extend(frame(seq) for seq in range(20))
    beside.turn(20)
    assert len(beside.link.sent) == 20
    assert not beside.link.of(shadow=True)
    beside.turn(10)
    assert [each.stamp.seq for each in beside.link.of(shadow=True)] == list(range(20 - MOST_WAITING, 20))
    assert beside.link.timeouts[-1] > 0, "with nothing left to judge it waits for frames again"
    beside.play([frame(20)])
    assert beside.shadow.keeper is not None
    assert beside.shadow.keeper.scorer.missed == 0, "what came before the first frame it saw is no gap"


def test_of_a_recording_the_shadow_skips_nothing(bench: Callable[..., Bench], frame: Frames) -> None:
    """A file waits for both."""
    beside = bench(recordings=frozenset({"gate"}))
    beside.link.waiting.extend(frame(seq) for seq in range(20))
    beside.turn(20)
    assert len(beside.link.of(shadow=True)) == 20


def test_what_is_left_of_a_full_outbox_is_for_live_judgements(bench: Callable[..., Bench], frame: Frames) -> None:
    """While the alert process is away the shadow learns on and sends nothing."""
    beside = bench()
    beside.link.pending = MOST_PENDING + 1
    beside.play([frame(seq) for seq in range(20)])
    assert len(beside.link.of(shadow=False)) == 20
    assert not beside.link.of(shadow=True)
    assert beside.shadow.keeper is not None
    assert beside.shadow.keeper.scorer.learned > 0


def test_a_fault_of_the_shadow_ends_it_and_nothing_else(
    bench: Callable[..., Bench], frame: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said once, with what to do; every live judgement is sent, and the shadow stays off."""
    beside = bench()
    beside.play([frame(seq) for seq in range(5)])

    def broken(_: Frame) -> Judgement:
        raise ValueError("a detector of the shadow broke")

    assert beside.shadow.keeper is not None
    monkeypatch.setattr(beside.shadow.keeper.scorer, "judge", broken)
    with capture_logs() as logs:
        beside.play([frame(seq) for seq in range(5, 50)])
        beside.loop.finish(10**18)
    assert [(log["event"], log["camera"], "restart" in log["do"]) for log in logs] == [("shadow_off", "gate", True)]
    assert [each.stamp.seq for each in beside.link.of(shadow=False)] == list(range(50))
    assert len(beside.link.of(shadow=True)) == 5
    assert beside.shadow.keeper is None


def test_a_shadow_that_cannot_be_made_leaves_the_camera_alone(bench: Callable[..., Bench], frame: Frames) -> None:
    """A network that is not installed, say: and what is not there is not promoted."""

    def missing() -> Keeper:
        raise RuntimeError("pip install no-such-model")

    with capture_logs() as logs:
        beside = bench(missing)
        beside.play([frame(0)])
        beside.loop.promote({"gate"})
        beside.play([frame(1)])
    assert [log["event"] for log in logs] == ["shadow_off", "not_promoted"]
    assert [(each.scores[0].name, each.shadow, each.promoted) for each in beside.link.sent] == [
        ("own", False, False)
    ] * 2


def test_promoted_it_is_live_with_all_that_it_learned(bench: Callable[..., Bench], scorer: Make, frame: Frames) -> None:
    """From the next frame on its judgements are those told, the same as if nothing had happened; and back again."""
    beside, alone = bench(), scorer("other")
    frames = [frame(seq, strange=seq in range(440, 445)) for seq in range(READY)]
    expected = []
    for each in frames:
        judgement = alone.judge(each)
        assert judgement is not None
        expected.append((judgement.score, judgement.limit, judgement.verdict))
        alone.learn()
    beside.play(frames[:400])
    beside.loop.promote({"gate"})
    beside.loop.promote({"gate"})
    beside.play(frames[400:])
    live = beside.link.of(shadow=False)
    assert [(e.score, e.limit, e.verdict) for e in live[400:]] == expected[400:]
    assert live[-1].state is State.ACTIVE
    assert [each.scores[0].name for each in beside.link.sent[-2:]] == ["other", "own"]
    assert all(each.promoted is (each.stamp.seq >= 400) for each in beside.link.sent)
    beside.loop.promote(())
    beside.play([frame(READY)])
    assert [(each.scores[0].name, each.promoted) for each in beside.link.sent[-2:]] == [
        ("own", False),
        ("other", False),
    ]


def test_each_configuration_has_its_own_checkpoints_whoever_is_live(
    bench: Callable[..., Bench], frame: Frames, tmp_path: Path
) -> None:
    """So a restart finds what each learned, before a promotion and after it."""
    beside = bench()
    beside.play([frame(seq) for seq in range(50)])
    beside.loop.promote({"gate"})
    beside.play([frame(seq) for seq in range(50, 60)])
    beside.loop.finish(10**18)
    for detector, folder in (("own", tmp_path), ("other", tmp_path / "shadow")):
        [path] = Checkpoints(folder, "gate", detector, 3).newest_first()
        with np.load(path) as file:
            assert any(f"model.{detector}/" in name for name in file.files)
    again = bench()
    assert again.own.scorer.learned > 0
    assert again.shadow.keeper is not None
    assert again.shadow.keeper.scorer.learned > 0


def test_what_fits_of_the_other_configuration_is_a_beginning(tmp_path: Path, scorer: Make, frame: Frames) -> None:
    """With the same detectors nothing is learned anew; with others it is, and its own always come first."""
    own = Keeper("gate", scorer, Checkpoints(tmp_path, "gate", "print", 3), 300)
    for seq in range(50):
        own.scorer.judge(frame(seq))
        own.scorer.learn()
    own.save(1 * NS)

    def beside(fingerprint: str) -> Keeper:
        places = (Checkpoints(folder, "gate", fingerprint, 3) for folder in (tmp_path / "shadow", tmp_path))
        return Keeper("gate", scorer, next(places), 300, inherited=next(places))

    heir = beside("print")
    assert heir.scorer.learned == own.scorer.learned > 0
    assert beside("another").scorer.learned == 0
    for seq in range(50, 90):
        heir.scorer.judge(frame(seq))
        heir.scorer.learn()
    heir.save(0)
    assert beside("print").scorer.learned == heir.scorer.learned > own.scorer.learned
