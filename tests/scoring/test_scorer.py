"""One camera's frames in, judgements out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import msgspec
import numpy as np
import pytest

from monitor.scoring.scorer import CameraScorer
from monitor.types import Frame, Judgement, State, Verdict

READY = 450
Make = Callable[..., CameraScorer]
Taught = Callable[[int], CameraScorer]
Frames = Callable[..., Frame]


def judged(scorer: CameraScorer, seen: Frame) -> Judgement:
    """Its judgement, which must be there; then it is learned."""
    judgement = scorer.judge(seen)
    assert judgement is not None
    scorer.learn()
    return judgement


def test_a_judgement_is_of_its_frame_and_can_travel(taught: Taught, frame: Frames) -> None:
    """The stamp is the frame's own, and every number is a plain one that any serializer takes."""
    judgement = judged(taught(READY), replace(frame(READY), scaled_s=0.002))
    assert judgement.stamp == frame(READY).stamp
    assert judgement.scaled_s == 0.002
    assert judgement.verdict is Verdict.NORMAL
    numbers = (judgement.score, judgement.p_value, judgement.limit, judgement.scored_s, judgement.scores[0].value)
    assert all(type(number) is float for number in numbers)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(numbers)) == list(numbers)


def test_a_strange_frame_carries_its_picture_and_where(taught: Taught, frame: Frames) -> None:
    """Reasons, a JPEG of the frame as analysed, and a heatmap 0..1 that is hottest over the intruder."""
    scorer = taught(READY)
    for seq in range(READY, READY + 5):
        judgement = judged(scorer, frame(seq, strange=True))
        assert judgement.verdict is Verdict.ANOMALOUS
        assert judgement.picture is not None
    assert judgement.reasons[0].detector == "pixels"
    picture = cv2.imdecode(np.frombuffer(judgement.picture or b"", np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (24, 32, 3)
    assert judgement.heatmap is not None
    assert 0 <= judgement.heatmap.min() <= judgement.heatmap.max() <= 1
    assert judgement.heatmap[1:4, 2:5].mean() > judgement.heatmap[8:, 10:].mean()


def test_in_a_perfectly_still_scene_too(scorer: Make, frame: Frames) -> None:
    """Its limit is 0, and anything is above that: the heatmap is in units of its own highest."""
    still, intruder = scorer(), frame(0, strange=True).image
    empty = np.full_like(intruder, 120)
    empty.setflags(write=False)
    for seq in range(READY):
        before = judged(still, replace(frame(seq), image=empty))
    after = judged(still, replace(frame(READY), image=np.where(intruder == 220, intruder, empty)))
    assert (before.limit, before.verdict, after.verdict) == (0.0, Verdict.NORMAL, Verdict.ANOMALOUS)
    assert after.heatmap is not None
    assert (after.heatmap[3:9, 4:11].min(), after.heatmap[12:, 14:].max()) == (1, 0)


def test_ordinary_frames_carry_a_picture_about_once_a_second(taught: Taught, frame: Frames) -> None:
    """Enough for people to look on, and no more to send."""
    scorer = taught(READY)
    shown = [judged(scorer, frame(seq)).picture is not None for seq in range(READY, READY + 100)]
    assert sum(shown) == pytest.approx(10, abs=1)


def test_a_frame_sent_twice_is_judged_once(taught: Taught, frame: Frames) -> None:
    """A duplicate, and one that comes after a later one of its run, changes nothing and counts nowhere."""
    scorer = taught(50)
    before = scorer.state()
    for seq in (49, 49, 3, 0):
        assert scorer.judge(frame(seq)) is None
        scorer.learn()
    assert (scorer.received, scorer.missed, scorer.learned) == (50, 0, 50)
    after = scorer.state()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_gaps_in_seq_are_counted(scorer: Make, frame: Frames) -> None:
    """Each number of a run that never came is a missed frame, also before the first that came of a later run."""
    made = scorer()
    for seq in (0, 1, 5, 6, 10):
        judged(made, frame(seq))
    assert (made.received, made.missed) == (5, 6)
    for seq in (4, 5, 7):
        judged(made, frame(seq, run="next", begin_s=2000))
    assert (made.received, made.missed) == (8, 11)
    judged(made, frame(9, run="after a restart of the host", begin_s=0))
    assert made.missed == 11, "what came before the first that is known of is not known"


def test_a_new_run_is_a_cut(taught: Taught, frame: Frames) -> None:
    """The first frame of a new connection is not smoothed with the last of the one before."""
    values = []
    for run in ("run", "next"):
        scorer = taught(READY)
        for seq in range(READY, READY + 5):
            judged(scorer, frame(seq, strange=True))
        values.append(judged(scorer, frame(READY + 5, run=run)).score or 0.0)
    assert values[1] < values[0] / 2


def test_a_run_whose_clock_begins_anew_is_judged_on(taught: Taught, frame: Frames) -> None:
    """After a restart of the host the monotonic clock is small again: the camera goes on, and goes on learning."""
    scorer = taught(READY)
    learned = scorer.learned
    judgements = [judged(scorer, frame(seq, run="after", begin_s=5)) for seq in range(300)]
    assert {judgement.verdict for judgement in judgements} == {Verdict.NORMAL}
    assert scorer.learned > learned


def test_a_camera_that_misses_much_is_degraded(taught: Taught, frame: Frames) -> None:
    """More than a fifth of its frames missing is said aloud; when they come again it is active again."""
    scorer = taught(READY)
    some = [judged(scorer, frame(seq)) for seq in range(READY, 2 * READY, 2)]
    assert some[0].state is State.ACTIVE
    assert some[-1].state is State.DEGRADED
    assert "%" in some[-1].state_reason
    assert some[-1].verdict is Verdict.NORMAL
    whole = [judged(scorer, frame(seq)) for seq in range(2 * READY, 3 * READY)]
    assert whole[-1].state is State.ACTIVE


def test_a_few_missing_frames_are_no_trouble(taught: Taught, frame: Frames) -> None:
    """One in ten is not."""
    scorer = taught(READY)
    states = {judged(scorer, frame(seq)).state for seq in range(READY, 2 * READY) if seq % 10}
    assert states == {State.ACTIVE}


def test_a_camera_that_is_not_active_is_not_called_degraded(scorer: Make, frame: Frames) -> None:
    """Warming is the more important news."""
    made = scorer()
    assert {judged(made, frame(seq)).state for seq in range(0, 60, 3)} == {State.WARMING}


def test_the_number_was_computed_before_the_frame_was_learned(taught: Taught, frame: Frames) -> None:
    """Whether a frame is learned afterwards or not, its judgement is the same."""
    learning, looking = taught(20), taught(20)
    first = learning.judge(frame(20, strange=True))
    learning.learn()
    second = looking.judge(frame(20, strange=True))
    assert first is not None
    assert second is not None
    assert (first.scores, first.score, first.limit) == (second.scores, second.score, second.limit)
    assert learning.learned == looking.learned + 1


def test_computing_time_is_told_by_the_clock_it_was_given(frame: Frames, scorer: Make) -> None:
    """Learning is not in it."""
    ticks = iter(range(100))
    made = CameraScorer(scorer()._pipeline, clock=lambda: float(next(ticks)))
    assert judged(made, frame(0)).scored_s == 1.0
    assert judged(made, frame(1)).scored_s == 1.0
