"""What is like an event called normal is quieted, nothing else is, and an undone mark leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from detectors.base import Image, Picture, Reading, StateDict, Verdict
from detectors.budget.allowance import Allowance, Opening
from detectors.budget.budget import Budget
from detectors.channel import Channel, Detector
from detectors.examples import Examples
from detectors.features.pixels import Pixels
from detectors.feedback.heed import Heed
from detectors.feedback.ledger import FRAMES, MOST_TIME, Ledger
from detectors.feedback.look import FEEDBACK, gathered, unpacked
from detectors.feedback.marks import BEYOND, ENOUGH, HOLDS_S, HOURS, Mark
from detectors.fusion import Part
from detectors.models.zscore import ZScoreModel
from detectors.options import LearningOptions, PixelsOptions, ZScoreModelOptions, ZScoreThresholdOptions
from detectors.pipeline import Look, Pipeline, Watch
from detectors.quantities import Quantities
from detectors.rules import Rule, Rules, parse
from detectors.stages import NoStages
from detectors.thresholds.zscore import ZScoreThreshold
from detectors.zones import Zones

FPS = 10
HIGH, WIDE = 96, 144
SIDE = 24
LEFT, RIGHT = (36, 24), (36, 96)  # top and left of what stands there
WARM = 45 * FPS
NOON = datetime(2026, 9, 21, 12, tzinfo=UTC)


def made(*rules: str, allowance: Allowance | None = None) -> Pipeline:
    """One detector of what stands in the picture, which knows its scene after 45 s."""
    model = ZScoreModel(ZScoreModelOptions(warmup=10, ceiling=1000, top_cells=5))
    threshold = ZScoreThreshold(ZScoreThresholdOptions(warmup=10, z=8))
    learning = LearningOptions(warmup=20, delay_s=2.0)
    channel = Channel("moving", [Detector("pixels", "small", model, Part(1.0))], threshold, learning, 1.0, NoStages())
    zones = Zones({}, ())
    known = Rules([Rule(text, parse(text), text) for text in rules])
    watch = Watch(zones, known, Quantities(known.names, zones, FPS), Heed(0))
    looks = {"small": Look(Pixels(PixelsOptions(width=48, history=0)))}
    return Pipeline(looks, [channel], watch, Examples(0), FPS, allowance)


def stripes(level: int = 90) -> Image:
    """A thing with upright stripes."""
    thing = np.full((SIDE, SIDE, 3), 120, np.int16)
    thing[:, ::8] = thing[:, 1::8] = thing[:, 2::8] = thing[:, 3::8] = 120 + level
    return thing.clip(0, 255).astype(np.uint8)


def blob(level: int = 90) -> Image:
    """A blue one, dark at its edges."""
    thing = np.zeros((SIDE, SIDE, 3), np.uint8)
    thing[4:-4, 4:-4] = (120 + level, 20, 20)
    return thing


def plain(level: int = 90) -> Image:
    """A red one, as wide and high."""
    return np.full((SIDE, SIDE, 3), (20, 20, 120 + level), np.uint8)


Things = Sequence[tuple[Image, tuple[int, int]]]


def scene(number: int, things: Things = ()) -> Image:
    """A noisy grey scene with things in it."""
    noise = np.random.default_rng(number).integers(-6, 7, (HIGH, WIDE, 1))
    image = np.repeat(120 + noise, 3, axis=2).astype(np.uint8)
    for thing, (top, left) in things:
        image[top : top + SIDE, left : left + SIDE] = thing
    return image


class Play:
    """Pictures at ten a second, judged and learned."""

    def __init__(self, pipeline: Pipeline, number: int = 0) -> None:
        self.pipeline = pipeline
        self.number = number
        self.local = NOON

    def show(self, count: int, *things: tuple[Image, tuple[int, int]]) -> list[Reading]:
        """So many pictures with these things."""
        readings = []
        for _ in range(count):
            readings.append(self.pipeline.step(Picture(scene(self.number, things), self.number / FPS), self.local))
            self.pipeline.learn()
            self.number += 1
        return readings

    def looks(self, *things: tuple[Image, tuple[int, int]]) -> tuple[float, ...]:
        """An event's looks, of a second of these things; and they are gone again for long enough."""
        numbers: tuple[float, ...] = ()
        for _ in range(FPS):
            self.pipeline.step(Picture(scene(self.number, things), self.number / FPS), self.local)
            numbers = gathered(numbers, self.pipeline.looks())
            self.pipeline.learn()
            self.number += 1
        self.show(4 * FPS)
        return numbers

    def heed(self, *marks: Mark) -> None:
        """These hold now."""
        heed = self.pipeline.heed
        assert heed is not None
        heed.marks = marks


@pytest.fixture(scope="module", name="warm")
def _warm() -> StateDict:
    """What a pipeline knows after it has learned the scene."""
    play = Play(made())
    play.show(WARM)
    return play.pipeline.state()


@pytest.fixture(name="play")
def _play(warm: StateDict) -> Callable[..., Play]:
    """Makes plays of pipelines that know the scene."""

    def play(*rules: str, allowance: Allowance | None = None) -> Play:
        pipeline = made(*rules, allowance=allowance)
        pipeline.restore(warm)
        return Play(pipeline, WARM)

    return play


def mark(number: int, looks: tuple[float, ...], *, unusual: bool = False) -> Mark:
    """Said of one event."""
    return Mark(number, unusual, f"event{number}", "ann", NOON.timestamp(), unpacked(looks))


def normal(play: Play, thing: Image, at: tuple[int, int], count: int = ENOUGH) -> list[Mark]:
    """So many events of this thing there, called normal."""
    return [mark(number, play.looks((thing, at))) for number in range(1, count + 1)]


def verdicts(readings: Sequence[Reading]) -> set[Verdict]:
    """Of the last ones, when smoothing is over."""
    return {reading.verdict for reading in readings[3:]}


QUIET, TOLD = {Verdict.NORMAL}, {Verdict.ANOMALOUS}


def test_three_marks_quiet_their_like_and_say_why(play: Callable[..., Play]) -> None:
    """The thing that alerted is normal now, and the state says whose word that is."""
    one = play()
    assert verdicts(one.show(FPS, (stripes(), LEFT))) == TOLD
    one.show(4 * FPS)
    one.heed(*normal(one, stripes(), LEFT))
    readings = one.show(FPS, (stripes(), LEFT))
    assert verdicts(readings) == QUIET
    assert readings[-1].state_reason.startswith("quieted: like event event")
    assert readings[-1].state_reason.endswith("that ann called normal")
    assert readings[-1].value is not None
    assert readings[-1].limit is not None
    assert readings[-1].value <= readings[-1].limit


def test_another_look_in_the_same_place_is_told_of(play: Callable[..., Play]) -> None:
    """Not the place is quiet, the thing is."""
    one = play()
    one.heed(*normal(one, stripes(), LEFT))
    assert verdicts(one.show(FPS, (blob(), LEFT))) == TOLD


def test_what_is_hidden_for_a_moment_stays_quiet(play: Callable[..., Play]) -> None:
    """A thing that something passes by looks otherwise for less time than an event takes to be sure of."""
    one = play()
    one.heed(*normal(one, blob(), LEFT))
    readings = one.show(FPS, (blob(), LEFT)) + one.show(FPS // 2, (plain(), LEFT)) + one.show(FPS, (blob(), LEFT))
    assert verdicts(readings) == QUIET


def test_another_look_where_a_quiet_thing_was_is_told_of_soon(play: Callable[..., Play]) -> None:
    """It does not hide behind what went before."""
    one = play()
    one.heed(*normal(one, blob(), LEFT))
    assert verdicts(one.show(3 * FPS, (blob(), LEFT))) == QUIET
    assert verdicts(one.show(4 * FPS, (plain(), LEFT))[2 * FPS :]) == TOLD


def test_the_same_look_in_another_place_is_told_of(play: Callable[..., Play]) -> None:
    """Normal here is not normal there."""
    one = play()
    one.heed(*normal(one, stripes(), LEFT))
    assert verdicts(one.show(FPS, (stripes(), RIGHT))) == TOLD


def test_another_thing_elsewhere_in_the_picture_is_told_of(play: Callable[..., Play]) -> None:
    """The patch is quieted, not the picture; and the reason says where the other one is."""
    one = play()
    one.heed(*normal(one, stripes(), LEFT))
    readings = one.show(FPS, (stripes(), LEFT), (blob(), RIGHT))
    assert verdicts(readings) == TOLD
    box = readings[-1].reasons[0].box
    assert box is not None
    assert box[0] > 0.5


def test_what_is_much_stranger_is_told_of(play: Callable[..., Play]) -> None:
    """Beyond so many times what was marked no word holds."""
    one = play()
    marks = normal(one, stripes(level=40), LEFT)
    weak = [
        replace(each, looks=tuple(replace(look, strength=look.strength / (3 * BEYOND)) for look in each.looks))
        for each in marks
    ]
    one.heed(*marks)
    assert verdicts(one.show(FPS, (stripes(level=40), LEFT))) == QUIET
    one.show(4 * FPS)
    one.heed(*weak)
    assert verdicts(one.show(FPS, (stripes(level=40), LEFT))) == TOLD


def test_each_mark_raises_what_is_needed() -> None:
    """From the limit to a bound, in steps of one ratio."""
    from detectors.feedback.marks import Likeness  # noqa: PLC0415 - only here

    some = tuple(Mark(number, False, "", "", None, ()) for number in range(5))
    needed = [Likeness(some[:count], 4.0).needed(1.0) for count in range(1, 6)]
    assert needed[:3] == pytest.approx([2.0, 4.0, 8.0])
    assert needed[3:] == [needed[2]] * 2


def test_undone_the_verdicts_are_exactly_as_if_nothing_had_been_said(play: Callable[..., Play]) -> None:
    """What was quieted was learned no more than without a mark, so scores and limits are the same to the last bit."""
    plain, told = play(), play()
    marks = normal(plain, stripes(), LEFT)
    normal(told, stripes(), LEFT)
    told.heed(*marks)
    for each in (plain, told):
        each.show(3 * FPS, (stripes(), LEFT))
        each.show(3 * FPS)
    told.heed()
    for each in ((stripes(), LEFT), (blob(), RIGHT)):
        assert [_bare(r) for r in told.show(FPS, each)] == [_bare(r) for r in plain.show(FPS, each)]
        told.show(3 * FPS)
        plain.show(3 * FPS)
    for name, array in plain.pipeline.state().items():
        if not name.startswith("looks/"):
            assert np.array_equal(told.pipeline.state()[name], array), name


def test_without_feedback_nothing_changes(play: Callable[..., Play], warm: StateDict) -> None:
    """A pipeline that heeds nobody gives the same, to the last bit."""
    heeding, deaf = play(), made()
    deaf.heed = None
    deaf.restore({name: array for name, array in warm.items() if not name.startswith("looks/")})
    other = Play(deaf, WARM)
    for each in ((), ((stripes(), LEFT),), ((blob(), RIGHT),), ()):
        assert [_bare(r) for r in heeding.show(FPS, *each)] == [_bare(r) for r in other.show(FPS, *each)]


def test_at_another_time_of_day_it_is_told_of(play: Callable[..., Play]) -> None:
    """The mail at noon is normal, at midnight it is not."""
    one = play()
    one.heed(*normal(one, stripes(), LEFT))
    one.local = NOON.replace(hour=12 + int(HOURS) + 1)
    assert verdicts(one.show(FPS, (stripes(), LEFT))) == TOLD
    one.show(4 * FPS)
    one.local = NOON.replace(hour=12 + int(HOURS) - 1)
    assert verdicts(one.show(FPS, (stripes(), LEFT))) == QUIET


def test_it_expires(play: Callable[..., Play]) -> None:
    """Unless its like is marked again."""
    one = play()
    old = normal(one, stripes(), LEFT)
    one.heed(*(replace(each, clock_s=NOON.timestamp() - HOLDS_S - 60) for each in old))
    assert verdicts(one.show(FPS, (stripes(), LEFT))) == TOLD


def test_rules_are_never_quieted(play: Callable[..., Play]) -> None:
    """Nor do they see less than there is."""
    one = play("score > limit")
    one.heed(*normal(one, stripes(), LEFT))
    readings = one.show(FPS, (stripes(), LEFT))
    assert verdicts(readings) == TOLD
    assert [reason.channel for reason in readings[-1].reasons] == ["rules"]


def test_what_fills_the_picture_is_told_of(play: Callable[..., Play]) -> None:
    """No more than half of a picture is ever taken out of it."""
    one = play()
    everywhere = [(stripes(), (top, left)) for top in (0, 24, 48, 72) for left in range(0, 144, 24)]
    marks = [mark(number, one.looks(*everywhere)) for number in range(1, ENOUGH + 1)]
    one.heed(*marks)
    assert verdicts(one.show(FPS, *everywhere)) == TOLD


def test_the_diary_of_the_budget_counts_what_is_left(play: Callable[..., Play]) -> None:
    """What alerts nobody is no reason to alert less often of other things."""
    peaks = []
    for heeds in (True, False):
        one = play(allowance=Allowance(Budget({"moving": 1.0}, 3.0, 300.0), Opening()))
        marks = normal(one, stripes(), LEFT)
        one.heed(*(marks if heeds else ()))
        allowance = one.pipeline.allowance
        assert allowance is not None
        one.local = NOON.replace(minute=5)
        one.show(2 * FPS, (stripes(), LEFT))
        one.local = NOON.replace(minute=9)
        one.show(1)
        peaks.append(allowance.fetch()[-1].peaks[0])
    assert peaks[0] < peaks[1] / 3


def test_the_like_of_something_unusual_is_told_of_at_once(play: Callable[..., Play]) -> None:
    """Far below the limit, in another place, with whose word it is."""
    one = play()
    looks = one.looks((stripes(), LEFT))
    limit = one.show(1)[0].limit
    assert limit is not None
    one.heed(mark(1, looks, unusual=True))
    assert verdicts(one.show(2 * FPS)) == QUIET
    readings = one.show(FPS, (stripes(level=60), RIGHT))
    assert verdicts(readings) == TOLD
    assert (readings[-1].reasons[0].channel, readings[-1].reasons[0].text) == (
        FEEDBACK,
        "like event event1 that ann called really unusual",
    )
    one.show(FPS)
    assert verdicts(one.show(FPS)) == QUIET


def test_the_nearer_of_two_words_holds(play: Callable[..., Play]) -> None:
    """A thing called unusual is told of though others like it are normal."""
    one = play()
    marks = normal(one, stripes(), LEFT)
    one.heed(*marks, mark(9, one.looks((blob(), LEFT)), unusual=True))
    assert verdicts(one.show(FPS, (stripes(), LEFT))) == QUIET
    one.show(4 * FPS)
    assert verdicts(one.show(FPS, (blob(), LEFT))) == TOLD


def test_what_it_did_is_counted(play: Callable[..., Play]) -> None:
    """Each happening once, with when the last one was."""
    one = play()
    one.heed(*normal(one, stripes(), LEFT))
    for _ in range(2):
        one.show(FPS, (stripes(), LEFT))
        one.show(12 * FPS)
    heed = one.pipeline.heed
    assert heed is not None
    assert heed.ledger.happenings == 2
    assert max(did.times for did in heed.ledger.did.values()) == 2
    assert {did.last_s for did in heed.ledger.did.values()} == {NOON.timestamp()}


def test_a_share_of_the_time_is_the_most_that_is_quieted() -> None:
    """A camera that shows little else is not switched off by a few words."""
    ledger, at_s = Ledger(), 0.0
    while ledger.room(at_s) and at_s < 7200:
        ledger.quieted([1], at_s, None)
        at_s += 0.1
    assert MOST_TIME * 3600 * 0.9 < at_s < MOST_TIME * 3600 * 1.3
    assert ledger.room(at_s + 600)
    assert ledger.happenings == 1


def test_one_frame_is_no_happening() -> None:
    """Nor would it have been an event."""
    ledger = Ledger()
    for at_s in (0.0, 0.1, 20.0, 20.1):
        ledger.quieted([1], at_s, None)
    assert (ledger.happenings, ledger.did[1].times) == (0, 0)
    for number in range(FRAMES):
        ledger.quieted([1], 40 + number / 10, 7.0)
    assert (ledger.happenings, ledger.did[1].times, ledger.did[1].last_s) == (1, 1, 7.0)


def _bare(reading: Reading) -> tuple[object, ...]:
    return reading.verdict, reading.value, reading.limit, reading.p_value, reading.reasons, reading.state_reason
