"""What the worker promises of frames: a recording's is done when its judgement is safe, a live one at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from monitor.build.detecting import fingerprint, pipeline
from monitor.config import Config, load_text
from monitor.scoring.checkpoints import Checkpoints
from monitor.scoring.keeper import Keeper
from monitor.scoring.loop import ScoringLoop
from monitor.scoring.scorer import CameraScorer
from monitor.types import Frame, Judgement, Message, ScoringReport, Stamp

CONFIG = """
cameras:
  tape: {source: a.mp4}
  door: {source: "rtsp://h/a"}
detectors: [{name: still, feature: {kind: pixels, width: 32}, model: {kind: zscore}}]
"""


@dataclass
class Sent:
    """A delivery that remembers whether it was done."""

    message: Message
    done: Callable[[], None]


@dataclass
class Inbox:
    waiting: list[Sent] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)

    def receive(self, timeout_s: float) -> Sent | None:
        self.timeouts.append(timeout_s)
        return self.waiting.pop(0) if self.waiting else None


@dataclass
class Outbox:
    taken: int = 0
    pending: int = 0
    judged: list[Stamp] = field(default_factory=list)

    def send(self, message: Judgement | ScoringReport) -> bool:
        self.taken += 1
        self.pending += 1
        if isinstance(message, Judgement):
            self.judged.append(message.stamp)
        return True


class Desk:
    """A loop over two cameras whose frames are put in by hand; `done` says which were acknowledged."""

    def __init__(self, folder: Path) -> None:
        config = load_text(CONFIG, "test.yaml")
        keepers = {name: _keeper(config, name, folder) for name in config.cameras}
        self.inbox, self.outbox = Inbox(), Outbox()
        self.loop = ScoringLoop(keepers, frozenset({"tape"}), self.inbox, self.outbox, "boot")
        self.keepers = keepers
        self.done: list[tuple[str, int]] = []

    def put(self, camera: str, seq: int, run: str = "r") -> None:
        stamp = Stamp(camera, run, seq, seq, seq + 1, None)
        frame = Frame(stamp, np.zeros((48, 64, 3), np.uint8))
        self.inbox.waiting.append(Sent(frame, lambda: self.done.append((camera, seq))))
        self.turn()

    def turn(self) -> None:
        self.loop.run_once(0, 0)  # no report or checkpoint is ever due


def _keeper(config: Config, name: str, folder: Path) -> Keeper:
    camera = config.cameras[name]
    checkpoints = Checkpoints(folder, name, fingerprint(camera), 2)
    return Keeper(name, lambda: CameraScorer(pipeline(camera, 0, "cpu")), checkpoints, 60.0)


def test_a_frame_of_a_recording_is_done_when_its_judgement_was_processed(tmp_path: Path) -> None:
    """Until then it would be lost with this process; and only as many are done as were processed."""
    desk = Desk(tmp_path)
    desk.put("tape", 0)
    desk.put("tape", 1)
    assert desk.done == []
    desk.outbox.pending = 1
    desk.turn()
    assert desk.done == [("tape", 0)]
    desk.outbox.pending = 0
    desk.turn()
    assert desk.done == [("tape", 0), ("tape", 1)]


def test_a_live_frame_is_done_at_once(tmp_path: Path) -> None:
    """Whatever becomes of its judgement, the next picture is wanted now."""
    desk = Desk(tmp_path)
    desk.put("door", 0)
    assert desk.done == [("door", 0)]


def test_the_wait_for_an_acknowledgement_is_short(tmp_path: Path) -> None:
    """A recording's next frame depends on it, and it does not wake the loop."""
    desk = Desk(tmp_path)
    desk.put("tape", 0)
    desk.turn()
    desk.outbox.pending = 0
    desk.turn()
    assert desk.inbox.timeouts[1] < 0.02 < desk.inbox.timeouts[2]


def test_a_frame_sent_twice_is_judged_once_and_done_twice(tmp_path: Path) -> None:
    """Its sender may not have heard of the first time."""
    desk = Desk(tmp_path)
    desk.put("tape", 0)
    desk.put("tape", 0)
    desk.outbox.pending = 0
    desk.turn()
    assert [stamp.seq for stamp in desk.outbox.judged] == [0]
    assert desk.done == [("tape", 0)] * 2


def test_every_gap_is_counted_also_at_the_beginning_of_a_run(tmp_path: Path) -> None:
    """Frames 3 and 4 of the first run and 0 and 1 of the second were dropped on the way."""
    desk = Desk(tmp_path)
    for seq in (2, 5):
        desk.put("door", seq)
    desk.put("door", 2, run="later")
    desk.inbox.waiting.clear()
    assert desk.keepers["door"].report("b", 0).missed == 2, "the second run's clock does not go on: nothing is known"
    stamp = Stamp("door", "last", 2, 100, 100, None)
    desk.inbox.waiting.append(Sent(Frame(stamp, np.zeros((48, 64, 3), np.uint8)), lambda: None))
    desk.turn()
    assert desk.keepers["door"].report("b", 0).missed == 4
