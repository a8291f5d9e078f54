"""A tape: nothing is copied before something is strange, and what it keeps is bounded and can be judged again."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from detectors.base import StateDict
from monitor.bundles.manifest import MANIFEST, Machine, decode, told
from monitor.scoring.scorer import CameraScorer
from monitor.scoring.takes import MOST_KEPT, Origin, TakeWriter
from monitor.scoring.tape import Take, Tape, TapeRules
from monitor.types import Frame, Judgement, State, Verdict

RULES = TapeRules(before=5, most=20, most_bytes=1 << 30, least=3, quiet_s=1.0, again_s=10.0)
ORIGIN = Origin("gate", "print", b"{}", Machine({}, "none", "cpu", 1, 0))
Frames = Callable[..., Frame]


@dataclass
class Play:
    """Frames of a camera whose verdicts are told; counts the copies of the models."""

    frame: Frames
    takes: list[Take] = field(default_factory=list)
    copies: int = 0
    seq: int = 0

    def __post_init__(self) -> None:
        self.tape = Tape(RULES, self.takes.append)

    def show(self, verdicts: str) -> None:
        """One frame for each letter: A for anomalous, N for normal."""
        for letter in verdicts:
            frame = self.frame(self.seq)
            verdict = Verdict.ANOMALOUS if letter == "A" else Verdict.NORMAL
            judgement = Judgement(frame.stamp, State.ACTIVE, "", verdict, 1.0, 0.5, 2.0, (), (), None, None, 0.01)
            self.tape.judged(frame, told(judgement), {"taken": np.array(self.seq)}, self._copy)
            self.tape.learned([("moving", {})] if self.seq % 2 else [])
            self.seq += 1

    def _copy(self) -> StateDict:
        self.copies += 1
        return {"copy": np.array(self.copies)}


@pytest.fixture
def play(frame: Frames) -> Play:
    """Nothing was shown yet."""
    return Play(frame)


def test_nothing_is_copied_while_nothing_is_strange(play: Play) -> None:
    """The cost of ordinary life is a few references."""
    play.show("N" * 50)
    assert (play.copies, play.takes) == (0, [])


def test_a_take_begins_with_the_first_strange_frame_and_ends_when_it_is_quiet(play: Play) -> None:
    """With the frames before, what was learned after each, and where the pipeline stood before the first."""
    play.show("N" * 8 + "ANAA" + "N" * 12)
    (take,) = play.takes
    assert play.copies == 1
    assert [seen.frame.stamp.seq for seen in take.before] == [3, 4, 5, 6, 7]
    assert [seen.frame.stamp.seq for seen in take.seen] == list(range(8, 22))
    assert int(take.standing["taken"]) == 8
    assert [len(seen.lessons) for seen in take.seen[:4]] == [0, 1, 0, 1]
    assert take.ended == "quiet"


def test_a_long_anomaly_is_one_take_and_no_more_than_may_be_kept(play: Play) -> None:
    """What goes on is the same event; another begins after it was quiet for long enough."""
    play.show("A" * 60 + "N" * 50 + "A" * 5)
    (take,) = play.takes
    assert (len(take.seen), take.ended, play.copies) == (20, "long enough", 1)
    play.show("N" * 101 + "AAA" + "N" * 11)
    assert len(play.takes) == play.copies == 2


def test_large_pictures_are_fewer(play: Play) -> None:
    """Half of the memory at most for those before, all of it for a take, and never fewer than the pipeline needs."""
    size = play.frame(0).image.nbytes
    for most, needed, before, seen in ((9, 0, 4, 5), (7, 4, 4, 3)):
        play.takes.clear()
        play.tape = Tape(replace(RULES, most_bytes=most * size), play.takes.append)
        play.tape.look_back(needed)
        play.show("N" * 20 + "A" * 20)
        (take,) = play.takes
        assert (len(take.before), len(take.seen), take.ended) == (before, seen, "long enough")


def test_what_opened_no_event_is_forgotten(play: Play) -> None:
    """A frame or two of noise; and it does not keep the next take from beginning."""
    play.show("N" * 5 + "AA" + "N" * 20 + "AAA" + "N" * 11)
    (take,) = play.takes
    assert take.seen[0].frame.stamp.seq == 27


def test_a_cut_ends_it(play: Play) -> None:
    """Frames that do not follow are not of one take, nor those of another size."""
    play.show("NNNAAA")
    play.tape.end("cut")
    play.show("N")
    (take,) = play.takes
    assert (len(take.seen), take.ended) == (3, "cut")


def test_what_the_scorer_keeps_is_what_it_judged(frame: Frames, scorer: Callable[..., CameraScorer]) -> None:
    """The models as they were before the first strange frame, and every judgement as it was sent."""
    takes: list[Take] = []
    judging = CameraScorer(scorer()._pipeline, tape=Tape(RULES, takes.append))
    sent: dict[int, Judgement] = {}
    for seq in range(480):
        judgement = judging.judge(frame(seq, strange=450 <= seq < 460))
        assert judgement is not None
        sent[seq] = judgement
        judging.learn()
    (take,) = takes
    assert sent[take.seen[0].frame.stamp.seq].verdict is Verdict.ANOMALOUS
    for seen in (*take.before, *take.seen):
        judgement = sent[seen.frame.stamp.seq]
        assert (seen.told.score, seen.told.verdict, seen.told.scores) == (
            judgement.score,
            judgement.verdict,
            judgement.scores,
        )
    assert int(take.standing["taken"]) == take.seen[0].frame.stamp.seq


def test_takes_are_written_beside_and_only_so_many_are_kept(tmp_path: Path, play: Play) -> None:
    """By name: camera, first strange frame, last frame; a full disk is no fault of the worker's."""
    writer = TakeWriter(tmp_path / "takes")
    play.show("N" * 5 + "AAA" + "N" * 11)
    for number in range(MOST_KEPT + 2):
        moved = Take(play.takes[0].state, {}, (), play.takes[0].seen[number % 3 :], "quiet")
        (tmp_path / "takes").mkdir(exist_ok=True)
        (tmp_path / "takes" / f"gate.{number:020d}.{number:020d}.zip").write_bytes(b"old")
        while writer._waiting.full():
            pass
        writer.keep(ORIGIN, moved)
    writer.close(30)
    names = sorted(path.name for path in (tmp_path / "takes").iterdir())
    assert len(names) == MOST_KEPT
    first, last = play.takes[0].seen[0].frame.stamp.wall_ns, play.takes[0].seen[-1].frame.stamp.wall_ns
    assert f"gate.{first:020d}.{last:020d}.zip" in names
    with zipfile.ZipFile(tmp_path / "takes" / names[-1]) as archive:
        assert decode(archive.read(MANIFEST), "here").camera == "gate"


def test_a_disk_that_is_full_is_logged(tmp_path: Path, play: Play) -> None:
    """And the next take is tried as if nothing was."""
    (tmp_path / "takes").write_text("in the way")
    writer = TakeWriter(tmp_path / "takes")
    play.show("AAA" + "N" * 11)
    writer.keep(ORIGIN, play.takes[0])
    writer.close(30)
    assert (tmp_path / "takes").read_text() == "in the way"
