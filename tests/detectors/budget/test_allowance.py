"""Between frames and a budget: what they bring to the diary, and what they are told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detectors.base import StateDict, StateError
from detectors.budget.allowance import Allowance, Given, Opening
from detectors.budget.budget import ARMING_S, Budget
from detectors.budget.diary import NOT_KNOWN, Light, Minute

NAMES = ("moving", "scene")
STEP_S = 1.0


def allowance(wanted: float = 3.0) -> Allowance:
    """Of two channels, with nothing seen."""
    return Allowance(Budget(dict.fromkeys(NAMES, 1.0), wanted, 300.0), Opening(3, 5))


class Play:
    """Frames at one a second, each stepped, then noted."""

    def __init__(self, played: Allowance) -> None:
        self.allowance = played
        self.at_s = 0.0
        self._passed_s = math.inf

    def frame(self, moving: float | None, scene: float | None = None, light: Light = Light.COLOUR) -> dict[str, Given]:
        """One with these scores; what was told before it."""
        given = self.allowance.step(light, self.at_s, self._passed_s)
        self.allowance.note({"moving": moving, "scene": scene})
        self.at_s, self._passed_s = self.at_s + STEP_S, STEP_S
        return given

    def frames(self, count: int, moving: float | None, scene: float | None = None) -> dict[str, Given]:
        """So many alike; what was told before the last."""
        for _ in range(count):
            given = self.frame(moving, scene)
        return given

    def gap(self, passed_s: float) -> None:
        """Nothing for so long, then a frame that does not follow."""
        self.allowance.cut()
        self.at_s, self._passed_s = self.at_s + passed_s, math.inf


def peaks(play: Play) -> list[list[float]]:
    """Of the diary."""
    return [[float(peak) for peak in row] for row in play.allowance.budget.diary.peaks]


def same(left: StateDict, right: StateDict) -> bool:
    """Whether two states are alike to the last bit."""
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def test_what_one_frame_only_shows_is_not_in_the_diary() -> None:
    """It would open no episode, so it makes no limit; what three of five show is."""
    play = Play(allowance())
    play.frames(60, 1.0)
    for score in (9.0, 1.0, 1.0, 9.0, 1.0, 1.0):
        play.frame(score)
    play.frames(54, 1.0)
    for score in (9.0, 1.0, 8.0, 1.0, 7.0):
        play.frame(score)
    play.frames(60, 1.0)
    assert [row[0] for row in peaks(play)] == [1.0, 1.0, 7.0]


def test_frames_before_a_cut_do_not_sustain_those_after() -> None:
    """Two before and one after are not three in a row."""
    play = Play(allowance())
    play.frames(60, 1.0)
    play.frames(2, 9.0)
    play.gap(1.0)
    play.frame(9.0)
    play.frames(90, 1.0)
    assert [row[0] for row in peaks(play)] == [1.0, 1.0]


def test_a_gap_was_not_seen() -> None:
    """Ten hours without a picture prove nothing."""
    play = Play(allowance())
    for _ in range(6):
        play.frames(30, 1.0)
        play.gap(36_000.0)
    play.frames(3, 1.0)
    seen_s = play.allowance.budget.diary.seen_s
    assert len(seen_s) == 6
    assert float(seen_s.sum()) <= 6 * 30


def test_step_without_note_changes_nothing_that_is_kept() -> None:
    """Who does not learn, as while a person watches, leaves the diary alone."""
    play = Play(allowance())
    play.frames(1200, 1.0, 2.0)
    before = play.allowance.state()
    for number in range(3600):
        play.allowance.step(Light.INFRARED, play.at_s + number, STEP_S)
    assert same(play.allowance.state(), before)
    assert play.allowance.fetch()[-1].minute == before["minutes"][-1]


def test_a_note_without_a_step_or_after_a_cut_is_of_no_frame() -> None:
    """A frame is noted once at most."""
    once, twice = Play(allowance()), Play(allowance())
    for play in (once, twice):
        for number in range(300):
            play.frame(float(number % 7))
            if play is twice:
                play.allowance.note({"moving": 50.0, "scene": 50.0})
    assert same(once.allowance.state(), twice.allowance.state())
    twice.allowance.step(Light.COLOUR, 3000.0, STEP_S)
    twice.allowance.cut()
    twice.allowance.note({"moving": 50.0, "scene": 50.0})
    assert same(once.allowance.state(), twice.allowance.state())


def test_a_channel_that_is_not_ready_is_not_known() -> None:
    """The other is written down meanwhile; while none is, the camera is not watched."""
    play = Play(allowance())
    play.frames(120, None)
    assert not peaks(play)
    play.frames(60, 2.0)
    play.frames(61, 2.0, 3.0)
    assert peaks(play) == [[2.0, NOT_KNOWN], [2.0, 3.0]]


def test_each_channel_is_told_its_own_limit() -> None:
    """After half an hour seen; before, that there is none yet, and how long that takes."""
    play = Play(allowance())
    first = play.frames(int(ARMING_S) - 60, 1.0, 40.0)
    assert set(first) == set(NAMES)
    assert {(each.limit, each.judging, each.proven) for each in first.values()} == {(None, True, False)}
    assert first["moving"].why.startswith("still learning: its own levels in")
    play.frames(180, 1.0, 40.0)
    given = play.frame(1.0, 40.0)
    assert (given["moving"].limit, given["scene"].limit) == (1.0, 40.0)
    assert all(each.judging and not each.proven for each in given.values())
    assert given["moving"].why.startswith("still learning: levels are proven in")


def test_another_light_is_noticed_and_not_judged() -> None:
    """Neither channel has a limit for it, and both say why; a minute of it is written down as such."""
    play = Play(allowance())
    play.frames(7200, 1.0, 2.0)
    for _ in range(120):
        given = play.frame(30.0, 50.0, Light.INFRARED)
    assert [(each.limit, each.judging) for each in given.values()] == [(None, False)] * 2
    assert "first time in this light" in given["scene"].why
    assert play.allowance.budget.diary.lights.tolist() == [Light.COLOUR] * 120 + [Light.INFRARED]


def test_frames_of_one_minute_share_what_holds() -> None:
    """Limits are no frame's work: within a minute nothing is found anew."""
    play = Play(allowance())
    play.frames(1980, 1.0, 2.0)
    standings = {id(play.allowance.budget.standing(33, Light.COLOUR)) for _ in range(60) if play.frame(1.0, 2.0)}
    assert len(standings) == 1


def test_minutes_can_be_fetched_once_and_recalled_elsewhere() -> None:
    """What was written down between two states is not lost, and twice told is once known."""
    old, new = Play(allowance()), allowance()
    old.frames(600, 1.0, 2.0)
    state, early = old.allowance.state(), old.allowance.fetch()
    old.frames(600, 5.0, 2.0)
    late = old.allowance.fetch()
    assert old.allowance.fetch() == ()
    assert [each.minute for each in early + late] == list(range(19))
    assert late[-1] == Minute(18, (5.0, 2.0), Light.COLOUR, 60.0)
    new.restore(state)
    new.recall(early + late + late)
    assert same(new.state(), old.allowance.state())


def test_minutes_of_a_clock_that_was_ahead_are_undone_now_and_when_recalled() -> None:
    """A camera that is well is not told to have been away, by this process and the next, until the clock catches up."""
    play, after_crash, after_save = Play(allowance()), allowance(), Play(allowance())
    play.frames(3600, 1.0, 2.0)
    before, minutes = play.allowance.state(), play.allowance.fetch()
    play.at_s += 150 * 3600.0
    play.frames(60, 1.0, 2.0)
    play.at_s -= 150 * 3600.0
    play.frame(1.0, 2.0)
    wrong = play.allowance.state()
    assert "was away" in play.frame(1.0, 2.0)["moving"].why
    given = play.frames(240, 1.0, 2.0)
    assert all(each.judging and each.limit is not None for each in given.values())
    assert play.allowance.budget.diary.minutes.tolist() == [*range(60), *range(61, 65)]
    minutes += play.allowance.fetch()
    after_crash.restore(before)
    after_crash.recall(minutes)
    assert same(after_crash.state(), play.allowance.state())
    after_save.allowance.restore(wrong)
    after_save.allowance.recall(minutes)
    after_save.at_s = play.at_s
    after_save.frames(120, 1.0, 2.0)
    assert after_save.frame(1.0, 2.0)["moving"].judging


def test_what_a_move_began_by_a_clock_that_was_ahead_goes_on_by_the_right_one() -> None:
    """Minutes before the move stay forgotten; those of now are taken in."""
    play = Play(allowance())
    play.frames(3600, 1.0)
    before = play.allowance.fetch()
    play.at_s += 36_000.0
    play.allowance.move(play.at_s)
    play.frames(121, 1.0)
    play.at_s -= 36_000.0
    play.frames(180, 1.0)
    play.allowance.recall(before)
    assert play.allowance.budget.diary.minutes.tolist() == [63, 64]


def test_a_diary_of_another_opening_is_not_believed() -> None:
    """Its peaks are what three of five frames reached; a state that does not say so is of those, as was usual."""
    old = Play(allowance())
    old.frames(3000, 1.0, 2.0)
    state, empty = old.allowance.state(), allowance().state()
    unsaid = {name: array for name, array in state.items() if name != "opening"}
    other = Allowance(Budget(dict.fromkeys(NAMES, 1.0), 3.0, 300.0), Opening(1, 1))
    other.restore(state)
    assert same(other.state(), empty | {"opening": np.array([1, 1])})
    usual = allowance()
    usual.restore(unsaid)
    assert same(usual.state(), state)
    usual.restore(other.state())
    assert same(usual.state(), empty)
    with pytest.raises(StateError):
        usual.restore(state | {"opening": np.array([3])})


def test_restored_it_tells_the_same() -> None:
    """A broken state is refused, and nothing changes."""
    old, new = Play(allowance()), allowance()
    old.frames(3000, 1.0, 2.0)
    new.restore(old.allowance.state())
    assert new.step(Light.COLOUR, old.at_s, STEP_S) == old.allowance.step(Light.COLOUR, old.at_s, STEP_S)
    state = old.allowance.state()
    with pytest.raises(StateError):
        new.restore(state | {"seen_s": state["seen_s"][:-1]})
    assert same(new.state(), state)
