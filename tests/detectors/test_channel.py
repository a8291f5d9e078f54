"""Detectors of one span of time: fused, judged by one limit, learned through one gate."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping

import numpy as np
import pytest

from detectors.base import ChannelReading, Grid, Score, State, StateDict, StateError, StateView, Verdict
from detectors.budget.allowance import Given
from detectors.channel import FARTHEST, SMOOTHING_S, Channel, Detector, Lesson
from detectors.fusion import SETTLING, Part
from detectors.gate import HASTE
from detectors.options import LearningOptions, ZScoreThresholdOptions
from detectors.stages import NoStages
from detectors.state import with_prefix
from detectors.thresholds.zscore import ZScoreThreshold
from detectors.words import PLAIN

STEP_S = 0.1
SHAPE = (4, 6)
LEARNING = LearningOptions(warmup=20, every_s=0.4, delay_s=2.0, accept_after_s=60.0)
# Warm-up and units of ten seconds, then the seconds that the limit asks for.
WARMUP_S, READY = 10, 300
STRANGE = 9.0  # above the limit that it has then


class Told:
    """A model that scores what the grid says, knows nothing before its third lesson, and of no evidence nothing."""

    def __init__(self) -> None:
        self.learned: list[float] = []

    def score(self, grid: Grid) -> Score:
        if len(self.learned) < 3 or not grid.mask.any():
            return Score(None, None)
        heatmap = np.where(grid.mask, grid.values[..., 0], 0).astype(np.float32)
        return Score(float(heatmap.max()), heatmap)

    def learn(self, grid: Grid) -> None:
        self.learned.append(float(grid.values.max()))

    def state(self) -> StateDict:
        return {"learned": np.array(self.learned, np.float64)}

    def restore(self, state: StateView) -> None:
        self.learned = state["learned"].tolist()


def grid(value: float, *, seen: bool = True) -> Grid:
    """A grid with one cell of this value."""
    values = np.zeros((*SHAPE, 1), np.float32)
    values[1, 2] = value
    return Grid(values, np.full(SHAPE, seen))


def channel(names: tuple[str, ...] = ("a",), learning: LearningOptions = LEARNING, context: float = 0.0) -> Channel:
    """Of detectors that each look at the feature of their name."""
    detectors = [Detector(name, name, Told(), Part(1.0)) for name in names]
    threshold = ZScoreThreshold(ZScoreThresholdOptions(warmup=WARMUP_S, z=6))
    return Channel("moving", detectors, threshold, learning, 1.0, NoStages(), context)


def judged(channel: Channel, grids: Mapping[str, Grid], passed_s: float) -> ChannelReading:
    """What the channel says of these by its own threshold."""
    channel.look(grids, passed_s, SHAPE)
    return channel.judge(given=None)


class Play:
    """Grids at ten a second, each judged, then offered."""

    def __init__(self, played: Channel) -> None:
        self.channel = played
        self.at_s = 0.0
        self._noise = np.random.default_rng(0)

    def ordinary(self, count: int = 1) -> ChannelReading:
        """The last reading of so many ordinary grids for all detectors."""
        for _ in range(count):
            value = float(self._noise.uniform(0.5, 1.5))
            reading = self.step({name: grid(value) for name in sorted(self.channel.features)})
        return reading

    def step(self, grids: Mapping[str, Grid]) -> ChannelReading:
        """Judge these, and offer them."""
        passed_s = STEP_S if self.at_s else math.inf
        self.at_s += STEP_S
        reading = judged(self.channel, grids, passed_s)
        self.channel.learn(self.at_s, reading, lambda: Lesson(dict(grids), None) if grids else None)
        return reading


def ready(names: tuple[str, ...] = ("a",), learning: LearningOptions = LEARNING) -> Play:
    """A channel that judges."""
    play = Play(channel(names, learning))
    assert play.ordinary(READY).state is State.ACTIVE
    return play


def scored(play: Play) -> dict[str, float | None]:
    """Each detector's own score of the last picture."""
    return {score.name: score.value for score in play.channel.scores}


def test_no_chance_is_smaller_than_a_tenth_of_what_the_known_life_can_tell() -> None:
    """A tail that was fitted to a minute says nothing of days, however far beyond it a score lies."""
    play = ready()
    seconds = READY * STEP_S
    told = play.step({"a": grid(1e6)}).p_value
    assert told is not None
    assert 1 / (FARTHEST * (seconds + 2)) <= told <= 2 / (FARTHEST * (seconds - WARMUP_S))


def test_it_warms_calibrates_and_is_active_and_says_what_is_missing() -> None:
    """The reason counts pictures first, then the seconds left until there is a limit."""
    play = Play(channel())
    told: dict[State, list[str]] = {}
    for _ in range(READY):
        reading = play.ordinary()
        told.setdefault(reading.state, []).append(reading.state_reason)
        assert (reading.limit is None) is (reading.state is not State.ACTIVE)
        assert (reading.verdict is Verdict.UNKNOWN) is (reading.state is not State.ACTIVE)
    assert list(told) == [State.WARMING, State.CALIBRATING, State.ACTIVE]
    assert told[State.WARMING][0] == "learning the scene: 0 of at least 20 pictures"
    left = [int(text.split(": ")[1].split()[0]) for text in told[State.CALIBRATING]]
    assert left == sorted(left, reverse=True)
    assert (left[0], left[-1]) == (WARMUP_S, 1)
    assert set(told[State.ACTIVE]) == {""}


def test_no_limit_is_made_of_scores_whose_unit_is_not_fixed() -> None:
    """Scores in a unit that still moves would make a limit in another unit than it is compared in."""
    play = Play(channel(learning=LEARNING.model_copy(update={"warmup": 0})))
    settled_s = (SETTLING + 3) * LEARNING.every_s / HASTE
    while play.at_s < settled_s - 1:
        assert play.ordinary().state is State.WARMING
    assert not any(array.any() for name, array in play.channel.state().items() if name.startswith("calibration/"))


def test_the_score_is_smoothed_over_time_not_pictures() -> None:
    """After SMOOTHING_S 1 - 1/e of a step is there, in one step or in many; after a cut all of it at once."""
    shares = []
    for steps in (1, 7):
        play = ready()
        for _ in range(50):
            play.step({"a": grid(1.0)})
        before = judged(play.channel, {"a": grid(1.0)}, STEP_S).value
        assert before is not None
        for _ in range(steps):
            after = judged(play.channel, {"a": grid(3.0)}, SMOOTHING_S / steps).value
            assert after is not None
        play.channel.cut()
        whole = judged(play.channel, {"a": grid(3.0)}, math.inf).value
        assert whole == pytest.approx(3 * before)
        shares.append((after - before) / (whole - before))
    assert shares == pytest.approx([1 - 1 / math.e] * 2)


def test_a_detector_whose_feature_did_not_look_keeps_its_score() -> None:
    """Until it looks again, or a cut; the others go on."""
    play = ready(("a", "b"))
    play.step({"a": grid(1.0), "b": grid(1.25)})
    judged(play.channel, {"a": grid(0.5)}, STEP_S)
    assert scored(play) == {"a": 0.5, "b": 1.25}
    play.channel.cut()
    judged(play.channel, {"a": grid(0.5)}, math.inf)
    assert scored(play) == {"a": 0.5, "b": None}


def test_without_evidence_there_is_nothing_strange() -> None:
    """A detector that knows its scene scores 0 where nothing carries evidence, and the channel goes on being known."""
    play = ready()
    for _ in range(20):
        reading = play.step({"a": grid(9.0, seen=False)})
    assert scored(play) == {"a": 0.0}
    assert reading.verdict is Verdict.NORMAL
    assert reading.value == pytest.approx(0, abs=1e-3)
    assert reading.heatmap is not None
    assert not reading.heatmap.any()


def test_before_it_knows_anything_no_evidence_is_unknown() -> None:
    """Nothing seen by one that was never shown anything is not normal."""
    play = Play(channel())
    for _ in range(50):
        reading = play.step({"a": grid(9.0, seen=False)})
    assert (reading.value, reading.verdict) == (None, Verdict.UNKNOWN)


def test_one_detector_that_does_not_know_does_not_silence_the_other() -> None:
    """The channel's score is that of the one that does."""
    play = ready(("a", "b"))
    play.channel.cut()
    alone = judged(play.channel, {"a": grid(9.0)}, math.inf)
    assert alone.verdict is Verdict.ANOMALOUS
    assert scored(play) == {"a": 9.0, "b": None}


def test_reasons_say_who_how_much_how_rare_and_where() -> None:
    """Strongest first, each with its own p-value and its hottest cells; without heat there is no place to show."""
    play = ready(("a", "b"))
    for _ in range(5):
        reading = judged(play.channel, {"a": grid(1.0), "b": grid(40.0)}, STEP_S)
    assert reading.verdict is Verdict.ANOMALOUS
    first, second = play.channel.reasons()
    assert (first.detector, second.detector, first.channel) == ("b", "a", "moving")
    assert first.place == "middle"
    assert first.text == f"middle: {PLAIN}; {first.often}"
    assert first.often.startswith("rarer than anything in the last ")
    assert (second.text, second.often) == ("middle: nothing unusual by itself", "")
    assert first.ratio is not None
    assert second.ratio is not None
    assert first.ratio > 10 > second.ratio
    assert first.p_value is not None
    assert second.p_value is not None
    assert first.p_value < 0.1 < second.p_value
    cell = (2 / 6, 1 / 4, 3 / 6, 2 / 4)
    assert first.box == first.cells[0] == pytest.approx(cell)
    judged(play.channel, {"a": grid(0.0), "b": grid(40.0)}, STEP_S)
    assert (play.channel.reasons()[1].box, play.channel.reasons()[1].cells) == (None, ())


def test_shares_are_of_this_picture() -> None:
    """Though the fused score is smoothed, who decided has 1."""
    play = ready(("a", "b"))
    play.step({"a": grid(30.0), "b": grid(30.0)})
    play.step({"a": grid(1.0), "b": grid(0.5)})
    shares = {score.name: score.share for score in play.channel.scores}
    assert shares["a"] == pytest.approx(1)
    assert 0.4 < (shares["b"] or 0) < 0.6


def test_what_is_anomalous_is_not_learned_and_what_lasts_is() -> None:
    """Minutes of it bring nothing in; after `accept_after_s` it is told that it is being learned, and it is."""
    play = ready()
    known = play.channel.learned
    for _ in range(300):
        play.step({"a": grid(50.0)})
    assert play.channel.learned <= known
    assert not play.channel.accepting
    for _ in range(400):
        reading = play.step({"a": grid(50.0)})
    assert play.channel.learned > known
    assert "new normal" in reading.state_reason or reading.verdict is Verdict.NORMAL


def told_of(value: float, *after: float) -> float:
    """What a grid of `value` scores, once it stands, after ten minutes of `after`, by a channel with a context."""
    play = Play(channel(learning=LEARNING.model_copy(update={"accept_after_s": 1e6}), context=2.0))
    play.ordinary(READY)
    for number in range(6000):
        verdict = play.step({"a": grid(after[number % len(after)])}).verdict
        assert verdict is (Verdict.ANOMALOUS if STRANGE in after and number > 5 else Verdict.NORMAL) or number <= 5
    told = [play.step({"a": grid(value)}).value for _ in range(30)][-1]
    assert told is not None
    return told


def test_a_lively_time_takes_off_what_comes_after_it_and_an_even_one_does_not() -> None:
    """By two standard deviations of the last minutes, however high they are."""
    even, lively = told_of(STRANGE, 1.5), told_of(STRANGE, 0.5, 1.5)
    assert even - lively == pytest.approx(2 * 0.5 * math.sqrt(1 - math.exp(-2)), abs=0.2)
    assert told_of(STRANGE, 0.8) == pytest.approx(even, abs=0.2)


def test_what_is_strange_never_becomes_its_own_context() -> None:
    """However long it comes and goes, it scores as at first."""
    assert told_of(STRANGE, STRANGE, STRANGE + 3.0) > told_of(STRANGE, 0.5, 1.5)


def test_a_detector_s_share_is_of_the_whole_score() -> None:
    """Not of what is left of it beside the last minutes."""
    play = Play(channel(("a", "b"), context=3.0))
    play.ordinary(READY)
    play.step({"a": grid(4.0), "b": grid(2.0)})
    shares = {score.name: score.share for score in play.channel.scores}
    assert shares["a"] == 1.0
    assert (shares["b"] or 0.0) < 0.7


def through_a_file(state: StateDict) -> StateDict:
    """`state` after a way through a file that refuses pickle."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def test_restored_it_goes_on_the_same() -> None:
    """Scores, limit, p-values of each detector and reasons are those of the saved one after a cut."""
    old = Play(channel(("a", "b"), context=2.0))
    assert old.ordinary(READY).state is State.ACTIVE
    old.channel.restart_clock()
    new = Play(channel(("a", "b"), context=2.0))
    new.channel.restore(through_a_file(old.channel.state()))
    assert new.channel.learned == old.channel.learned > 0
    for number in range(40):
        grids = {"a": grid(1 + number % 3), "b": grid(30.0 if number > 30 else 1.0)}
        left, right = (judged(play.channel, grids, STEP_S if number else math.inf) for play in (old, new))
        assert (left.value, left.limit, left.p_value, left.state) == (
            right.value,
            right.limit,
            right.p_value,
            right.state,
        )
        assert old.channel.reasons() == new.channel.reasons()


def test_a_state_with_a_part_missing_or_of_other_detectors_is_refused() -> None:
    """Nothing is made up for what is not there."""
    state = ready().channel.state()
    for name in state:
        if name != "model.a/learned":  # this model asks for nothing
            with pytest.raises(StateError):
                channel().restore({n: a for n, a in state.items() if n != name})
    for wrong in (np.array(-1), np.array([1, 2]), np.array(0.5)):
        with pytest.raises(StateError):
            channel().restore(state | {"learned": wrong})
    other = with_prefix({"model.b": {"learned": np.zeros(3)}})
    with pytest.raises(StateError):
        channel(("a", "b")).restore(state | other)


def test_a_given_limit_holds_instead_of_its_own() -> None:
    """Until it is proven, and while nothing is to be judged, people read what is missing."""
    play = ready()
    for _ in range(20):
        own = judged(play.channel, {"a": grid(1.0)}, STEP_S)
    assert own.value is not None
    low, high = own.value - 0.01, own.value + 0.01
    told = [play.channel.judge(Given(limit, judging=True, proven=True, why="")) for limit in (low, high)]
    assert [(each.state, each.verdict, each.limit) for each in told] == [
        (State.ACTIVE, Verdict.ANOMALOUS, low),
        (State.ACTIVE, Verdict.NORMAL, high),
    ]
    early = play.channel.judge(Given(low, judging=True, proven=False, why="so long"))
    assert (early.state, early.state_reason, early.verdict) == (State.CALIBRATING, "so long", Verdict.ANOMALOUS)
    blind = play.channel.judge(Given(None, judging=False, proven=True, why="so long"))
    assert (blind.state, blind.state_reason) == (State.CALIBRATING, "so long")
    assert (blind.verdict, blind.limit, blind.p_value) == (Verdict.UNKNOWN, None, None)
    assert blind.value == own.value


def test_without_a_given_limit_its_own_holds_for_the_time_being() -> None:
    """Something is judged from the first minutes on, and it is told that it is not yet by the budget."""
    play = ready()
    own = judged(play.channel, {"a": grid(1.0)}, STEP_S)
    early = play.channel.judge(Given(None, judging=True, proven=False, why="so long"))
    assert (early.limit, early.verdict, early.p_value) == (own.limit, own.verdict, own.p_value)
    assert (early.state, early.state_reason) == (State.CALIBRATING, "so long")


def test_a_score_counts_once_the_channel_is_warm() -> None:
    """Before, scores are too high or in no fixed unit: nothing is said of them, and a given limit does not hold."""
    play = Play(channel())
    given = Given(0.1, judging=True, proven=True, why="")
    assert play.ordinary().state is State.WARMING
    assert play.channel.countable is None
    warming = play.channel.judge(given)
    assert (warming.state, warming.limit, warming.verdict) == (State.WARMING, None, Verdict.UNKNOWN)
    reading = play.ordinary(READY)
    assert play.channel.countable == reading.value is not None


def test_of_what_it_looked_away_from_it_knows_nothing() -> None:
    """Not that it is normal; it says why, its limit stays and what waits to be learned goes on waiting."""
    play = ready()
    for at_s in (play.at_s + STEP_S, play.at_s + 2 * STEP_S):
        play.channel.look_away("so dark")
        reading = play.channel.judge()
        assert (reading.state, reading.state_reason) == (State.CALIBRATING, "so dark")
        assert (reading.verdict, reading.value) == (Verdict.UNKNOWN, None)
        assert reading.limit is not None
        assert play.channel.countable is None
        assert len(play.channel.learn(at_s, reading, None)) <= 1, "all that waited was learned at once"
    again = play.ordinary()
    assert (again.state, again.verdict) == (State.ACTIVE, Verdict.NORMAL)
