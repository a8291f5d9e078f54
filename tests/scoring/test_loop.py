"""The worker's loop: judged, told, learned, in that order, and nothing of a recording lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.scoring.checkpoints import Checkpoints
from monitor.scoring.keeper import Keeper
from monitor.scoring.loop import ScoringLoop
from monitor.scoring.scorer import CameraScorer
from monitor.types import Frame, Heartbeat, Judgement, Message, ScoringReport

NS = 1_000_000_000
Make = Callable[..., CameraScorer]
Frames = Callable[..., Frame]


@dataclass(frozen=True)
class Sent:
    """A message that was delivered, and what to call once it was dealt with."""

    message: Message
    done: Callable[[], None]


@dataclass
class Inbox:
    """Hands out what was put in; remembers what was acknowledged."""

    waiting: deque[Message] = field(default_factory=deque)
    done: list[Message] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    def receive(self, timeout_s: float) -> Sent | None:
        self.timeouts.append(timeout_s)
        if not self.waiting:
            return None
        message = self.waiting.popleft()
        return Sent(message, lambda: self.done.append(message))


@dataclass
class Outbox:
    """Takes everything; `settle` says how many of the oldest were processed."""

    sent: list[Judgement | ScoringReport] = field(default_factory=list)
    settled: int = 0
    watch: Callable[[], None] = lambda: None

    def send(self, message: Judgement | ScoringReport) -> bool:
        self.sent.append(message)
        self.watch()
        return True

    @property
    def taken(self) -> int:
        return len(self.sent)

    @property
    def pending(self) -> int:
        return len(self.sent) - self.settled

    def of(self, kind: type) -> list[Judgement | ScoringReport]:
        """What was sent of one kind."""
        return [message for message in self.sent if isinstance(message, kind)]


@pytest.fixture
def inbox() -> Inbox:
    """An empty one."""
    return Inbox()


@pytest.fixture
def outbox() -> Outbox:
    """An empty one."""
    return Outbox()


@pytest.fixture
def keepers(tmp_path: Path, scorer: Make) -> dict[str, Keeper]:
    """Those of a live camera, gate, and a recording, film."""
    return {
        name: Keeper(name, scorer, Checkpoints(tmp_path, name, "print", 3), every_s=300) for name in ("gate", "film")
    }


@pytest.fixture
def loop(keepers: dict[str, Keeper], inbox: Inbox, outbox: Outbox) -> ScoringLoop:
    """The loop round both."""
    return ScoringLoop(keepers, frozenset({"film"}), inbox, outbox, "boot")


def turn(loop: ScoringLoop, count: int = 1, at_s: float = 1.0) -> None:
    """So many turns at one moment."""
    for _ in range(count):
        loop.run_once(10**18, round(at_s * NS))


def test_judged_told_then_learned(
    loop: ScoringLoop, keepers: dict[str, Keeper], inbox: Inbox, outbox: Outbox, frame: Frames
) -> None:
    """When a judgement is sent its frame has not been learned yet; afterwards it has."""
    learned: list[int] = []
    outbox.watch = lambda: learned.append(keepers["gate"].scorer.learned)
    inbox.waiting.extend(frame(seq) for seq in range(5))
    for _ in range(5):
        before = len(outbox.sent)
        turn(loop)
        [judgement] = [m for m in outbox.sent[before:] if isinstance(m, Judgement)]
        assert judgement.stamp.seq == keepers["gate"].scorer.received - 1
    assert learned[0] == 0
    assert keepers["gate"].scorer.learned == 5
    assert learned == sorted(learned)


def test_a_live_frame_is_done_once_it_was_judged(
    loop: ScoringLoop, inbox: Inbox, outbox: Outbox, frame: Frames
) -> None:
    """Even while nobody takes judgements: a live camera never waits."""
    inbox.waiting.extend(frame(seq) for seq in range(3))
    turn(loop, 3)
    assert len(inbox.done) == 3
    assert outbox.settled == 0


def test_a_recordings_frame_is_done_once_its_judgement_was_processed(
    loop: ScoringLoop, inbox: Inbox, outbox: Outbox, frame: Frames
) -> None:
    """Until then its acknowledgement is withheld, so that its sender waits and would send it again."""
    frames = [frame(seq, camera="film") for seq in range(2)]
    inbox.waiting.extend(frames)
    turn(loop, 5)
    assert len(outbox.of(Judgement)) == 2
    assert inbox.done == []
    first = next(place for place, message in enumerate(outbox.sent, 1) if isinstance(message, Judgement))
    outbox.settled = first
    turn(loop)
    assert inbox.done == frames[:1]
    outbox.settled = len(outbox.sent)
    turn(loop)
    assert inbox.done == frames


def test_the_wait_for_an_acknowledgement_is_short(
    loop: ScoringLoop, inbox: Inbox, outbox: Outbox, frame: Frames
) -> None:
    """A recording's next frame depends on it, and it does not wake the loop."""
    inbox.waiting.append(frame(0, camera="film"))
    turn(loop, 2)
    outbox.settled = len(outbox.sent)
    turn(loop)
    assert inbox.timeouts[1] < 0.02 < inbox.timeouts[2]


def test_a_recording_that_waits_holds_no_camera_up(
    loop: ScoringLoop, inbox: Inbox, outbox: Outbox, frame: Frames
) -> None:
    """Live frames are judged and done while a recording's wait for the alert process."""
    inbox.waiting.extend([frame(0, camera="film"), frame(0), frame(1)])
    turn(loop, 3)
    assert [message.stamp.camera for message in inbox.done if isinstance(message, Frame)] == ["gate", "gate"]


def test_a_frame_sent_twice_is_done_twice_and_told_once(
    loop: ScoringLoop, inbox: Inbox, outbox: Outbox, frame: Frames
) -> None:
    """Its sender must be able to go on, and nobody hears of it again."""
    inbox.waiting.extend([frame(0), frame(0), frame(0, camera="film"), frame(0, camera="film")])
    turn(loop, 4)
    outbox.settled = len(outbox.sent)
    turn(loop)
    assert len(inbox.done) == 4
    assert len(outbox.of(Judgement)) == 2


def test_what_is_not_expected_is_refused_and_said_once(
    loop: ScoringLoop, inbox: Inbox, outbox: Outbox, frame: Frames
) -> None:
    """An unknown camera's frame, or another kind of message, is acknowledged, so that it is not sent again."""
    inbox.waiting.extend([*(frame(seq, camera="stranger") for seq in range(5)), *[Heartbeat("x", "y", 1, 1)] * 3])
    with capture_logs() as logs:
        turn(loop, 8)
    assert len(inbox.done) == 8
    assert outbox.of(Judgement) == []
    assert [(log["event"], log["what"]) for log in logs] == [
        ("message_not_expected", "camera stranger"),
        ("message_not_expected", "Heartbeat"),
    ]


def test_strangers_without_number_fill_no_memory(loop: ScoringLoop, inbox: Inbox, frame: Frames) -> None:
    """Of a thousand names a hundred are said."""
    inbox.waiting.extend(frame(0, camera=f"stranger-{number}") for number in range(1000))
    with capture_logs() as logs:
        turn(loop, 1000)
    assert len(logs) == 100
    assert len(inbox.done) == 1000


def test_it_reports_of_every_camera_every_two_seconds(
    loop: ScoringLoop, inbox: Inbox, outbox: Outbox, frame: Frames
) -> None:
    """Also of one that sends nothing; the numbers are those of its scorer."""
    inbox.waiting.extend(frame(seq) for seq in (0, 1, 4))
    for tenth in range(100):
        turn(loop, at_s=100 + tenth / 10)
    reports = [message for message in outbox.sent if isinstance(message, ScoringReport)]
    assert [report.camera for report in reports] == ["gate", "film"] * 5
    last = next(report for report in reversed(reports) if report.camera == "gate")
    assert (last.boot, last.received, last.missed, last.learned) == ("boot", 3, 2, 3)


def test_it_saves_when_due_and_when_it_finishes(
    loop: ScoringLoop, inbox: Inbox, outbox: Outbox, frame: Frames, tmp_path: Path
) -> None:
    """What was learned up to the stop is on disk, and the last report says so."""
    inbox.waiting.append(frame(0))
    turn(loop, at_s=0)
    turn(loop, at_s=299)
    assert list(tmp_path.iterdir()) == []
    turn(loop, at_s=300)
    assert [path.name.split(".")[0] for path in tmp_path.iterdir()] == ["gate"]
    inbox.waiting.append(frame(0, camera="film"))
    turn(loop, at_s=301)
    loop.finish(10**18 + 7)
    assert {path.name.split(".")[0] for path in tmp_path.iterdir()} == {"gate", "film"}
    last = outbox.sent[-2:]
    assert [r.checkpoint_ns for r in last if isinstance(r, ScoringReport)] == [10**18 + 7] * 2
