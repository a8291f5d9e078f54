"""A pipeline of two channels, each with its own limit and gate, joined to one reading; masks, rules and examples."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime

import cv2
import numpy as np
import pytest

from detectors.base import Feature, Grid, Picture, Reading, Score, State, StateDict, StateError, StateView, Verdict
from detectors.budget.allowance import Allowance, Opening
from detectors.budget.budget import Budget
from detectors.budget.diary import Light, Minute
from detectors.budget.light import LONGEST_S, SWINGS_S
from detectors.channel import Channel, Detector
from detectors.examples import Examples
from detectors.features.pixels import Pixels
from detectors.fusion import Part, strongest_box
from detectors.models.autoencoder import Autoencoder
from detectors.models.gaussian import GaussianModel
from detectors.models.zscore import ZScoreModel
from detectors.options import (
    AutoencoderOptions,
    GaussianOptions,
    LearningOptions,
    PixelsOptions,
    ZScoreModelOptions,
    ZScoreThresholdOptions,
)
from detectors.pipeline import RULES, Look, Pipeline, Watch
from detectors.quantities import Quantities
from detectors.rules import Rule, Rules, parse
from detectors.stages import NoStages
from detectors.thresholds.zscore import ZScoreThreshold
from detectors.zones import Polygon, Zones

FPS = 10
SIZE = (64, 96)
CELL = 16
BLUE, GREEN, RED = range(3)
LEARNING = LearningOptions(warmup=20, every_s=0.4, delay_s=2.0)
# In seconds: moving has its limit after half a minute, scene, whose moments are longer, only after a minute.
MOVING_READY, BOTH_READY = 30 * FPS, 80 * FPS
LEFT: Polygon = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
ALL: Polygon = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


class Colour:
    """Cells of one colour's brightness above the ordinary, in hundredths of white; counts how often it looks."""

    def __init__(self, colour: int, reach: int = 0, cell_px: int = CELL) -> None:
        self.looked = 0
        self._cell_px = cell_px
        self._colour = colour
        self._reach = reach

    @property
    def reach(self) -> int:
        return self._reach

    def extract(self, recent: Sequence[Picture]) -> Grid | None:
        self.looked += 1
        size = (SIZE[1] // self._cell_px, SIZE[0] // self._cell_px)
        cells = cv2.resize(recent[-1].image[..., self._colour], size, interpolation=cv2.INTER_AREA)
        values = np.maximum(cells.astype(np.float32) - 100, 0)[..., None] / 100
        return Grid(values, np.ones(values.shape[:2], np.bool_))


class Heat:
    """A model that scores what the grid says, once it has learned something."""

    def __init__(self) -> None:
        self._learned = 0

    def score(self, grid: Grid) -> Score:
        if self._learned < 3 or not grid.mask.any():
            return Score(None, None)
        heatmap = np.where(grid.mask, grid.values[..., 0], 0).astype(np.float32)
        return Score(float(heatmap.max()), heatmap)

    def learn(self, grid: Grid) -> None:
        self._learned += 1

    def state(self) -> StateDict:
        return {"learned": np.array(self._learned)}

    def restore(self, state: StateView) -> None:
        self._learned = int(state["learned"])


def channel(name: str, detectors: list[Detector], moment_s: float = 1.0) -> Channel:
    """With a limit after ten moments."""
    threshold = ZScoreThreshold(ZScoreThresholdOptions(warmup=10, z=10))
    return Channel(name, detectors, threshold, LEARNING, moment_s, NoStages())


def watch(*rules: str, masks: Sequence[Polygon] = ()) -> Watch:
    """Of rules by their conditions, with a zone `left`."""
    zones = Zones({"left": LEFT}, masks)
    known = Rules([Rule(f"rule{n}", parse(text), f"told: {text}") for n, text in enumerate(rules)])
    return Watch(zones, known, Quantities(known.names, zones, FPS))


def single(model: object, feature: Feature, watched: Watch | None = None, every: int = 1) -> Pipeline:
    """One channel with one detector."""
    detectors = [Detector("it", "key", model, Part(1.0))]  # type: ignore[arg-type]
    return Pipeline({"key": Look(feature, every)}, [channel("moving", detectors)], watched or watch(), Examples(0), FPS)


def double(watched: Watch | None = None, allowance: Allowance | None = None) -> Pipeline:
    """A channel that looks at what is blue, and a slower one at what is red."""
    moving = channel("moving", [Detector("blue", "blue", Heat(), Part(1.0))])
    scene = channel("scene", [Detector("red", "red", Heat(), Part(1.0))], moment_s=6.0)
    looks = {"blue": Look(Colour(BLUE)), "red": Look(Colour(RED))}
    return Pipeline(looks, [moving, scene], watched or watch(), Examples(0), FPS, allowance)


def scene(number: int, light: dict[int, int] | None = None, at: tuple[int, int] = (16, 64)) -> np.ndarray:
    """A noisy scene of 110, greener so that it is in colour, and in one cell on the right a light of each colour."""
    image = np.full((*SIZE, 3), (110, 140, 110), np.uint8)
    image += np.random.default_rng(number).integers(0, 12, 3).astype(np.uint8)
    for colour, level in (light or {}).items():
        image[at[0] : at[0] + CELL, at[1] : at[1] + CELL, colour] = level
    return image


class Feed:
    """Pictures at ten a second, judged and learned."""

    def __init__(self, pipeline: Pipeline, number: int = 0) -> None:
        self.pipeline = pipeline
        self.number = number

    def live(self, count: int, light: dict[int, int] | None = None, **more: tuple[int, int]) -> Reading:
        """The last of so many readings."""
        for _ in range(count):
            reading = self.show(scene(self.number, light, **more))
        return reading

    def show(self, image: np.ndarray, local: datetime | None = None) -> Reading:
        """The reading of this picture."""
        reading = self.pipeline.step(Picture(image, self.number / FPS), local)
        self.pipeline.learn()
        self.number += 1
        return reading


def ready() -> Feed:
    """Two channels that both judge."""
    feed = Feed(double())
    reading = feed.live(BOTH_READY)
    assert [c.state for c in reading.channels] == [State.ACTIVE, State.ACTIVE]
    assert (reading.state, reading.state_reason, reading.verdict) == (State.ACTIVE, "", Verdict.NORMAL)
    return feed


def test_each_channel_has_its_own_limit_in_its_own_time() -> None:
    """The faster one judges while the slower one still learns, and the reading says that."""
    feed = Feed(double())
    early = feed.live(MOVING_READY)
    moving, slow = early.channels
    assert (moving.name, moving.state, slow.name, slow.state) == ("moving", State.ACTIVE, "scene", State.CALIBRATING)
    assert (early.state, early.limit) == (State.ACTIVE, moving.limit)
    assert early.state_reason == f"scene: {slow.state_reason}"
    late = feed.live(BOTH_READY - MOVING_READY)
    limits = [c.limit for c in late.channels]
    assert None not in limits
    assert limits[0] != limits[1]


def test_a_channel_without_a_limit_does_not_touch_the_fused_score() -> None:
    """However red it gets, before the slow channel can judge nobody hears of it."""
    feed = Feed(double())
    feed.live(MOVING_READY)
    reading = feed.live(20, {RED: 255})
    moving = reading.channels[0]
    assert reading.verdict is Verdict.NORMAL
    assert (reading.value, reading.p_value, reading.limit) == (moving.value, moving.p_value, moving.limit)
    assert reading.reasons == ()
    assert np.array_equal(reading.heatmap, moving.heatmap)


@pytest.mark.parametrize(
    ("colour", "name", "other", "detector"), [(BLUE, "moving", "scene", "blue"), (RED, "scene", "moving", "red")]
)
def test_one_anomalous_channel_makes_the_picture_anomalous(colour: int, name: str, other: str, detector: str) -> None:
    """With its own reason and place; the fused score is above the fused limit, in units of the first channel."""
    reading = ready().live(15, {colour: 255})
    verdicts = {c.name: c.verdict for c in reading.channels}
    assert verdicts == {name: Verdict.ANOMALOUS, other: Verdict.NORMAL}
    assert reading.verdict is Verdict.ANOMALOUS
    assert [(reason.channel, reason.detector) for reason in reading.reasons] == [(name, detector)]
    assert reading.reasons[0].p_value is not None
    assert reading.reasons[0].box == pytest.approx((4 / 6, 1 / 4, 5 / 6, 2 / 4))
    strange = next(c for c in reading.channels if c.name == name)
    assert reading.limit == reading.channels[0].limit
    assert (reading.value or 0) / (reading.limit or 1) == pytest.approx((strange.value or 0) / (strange.limit or 1))
    assert reading.p_value == strange.p_value
    assert reading.heatmap is not None
    assert strongest_box(reading.heatmap) == pytest.approx((4 / 6, 1 / 4, 5 / 6, 2 / 4), abs=1 / 30)


def test_a_reason_names_the_zone_it_lies_in_or_else_the_part_of_the_picture() -> None:
    """In the user's own words where there are any."""
    feed = ready()
    left = feed.live(15, {BLUE: 255}, at=(0, 16)).reasons[0]
    feed.live(40)
    right = feed.live(15, {BLUE: 255}, at=(0, 80)).reasons[0]
    assert left.text == "left: something is unlike what is usual here"
    assert (left.place, right.place) == ("left", "upper right")


def test_a_reading_says_in_what_light_it_was() -> None:
    """And keeps to it while the camera's exposure swings."""
    feed = Feed(double())
    grey = np.full((*SIZE, 3), 110, np.uint8)
    assert feed.show(grey + np.array([0, 20, 60], np.uint8)).light == "colour"
    lights = [feed.show(grey).light for _ in range(60)]
    assert (lights[20], lights[-1]) == ("colour", "infrared")


def test_while_the_light_changes_nothing_is_known_or_learned() -> None:
    """Exposure and white balance swing, and no limit is of that; soon it is judged as before."""
    feed = ready()
    grey = np.full((*SIZE, 3), 200, np.uint8)
    learned = feed.pipeline.learned
    swinging = [feed.show(grey) for _ in range(int(SWINGS_S - 1) * FPS)]
    assert feed.pipeline.learned - learned <= LEARNING.delay_s / LEARNING.every_s + 1, "more than what was waiting"
    assert {each.verdict for each in swinging} == {Verdict.UNKNOWN}
    assert swinging[0].state is State.CALIBRATING
    assert swinging[0].state_reason.startswith("the light has just changed: judged again in 15 s")
    feed.live(int(LONGEST_S) * FPS)
    assert feed.live(1).verdict is Verdict.NORMAL
    assert feed.live(15, {BLUE: 255}).verdict is Verdict.ANOMALOUS


@pytest.mark.parametrize("seen", [0, 5])
def test_a_picture_judged_again_amid_a_change_of_light_is_as_unknown(seen: int) -> None:
    """Whether the light had changed before the first picture that is judged again, or changes with it."""
    feed, grey = ready(), np.full((*SIZE, 3), 200, np.uint8)
    lead = feed.pipeline.lead
    before = [Picture(scene(number), number / FPS) for number in range(feed.number - lead, feed.number)]
    for _ in range(seen):
        before.append(Picture(grey, feed.number / FPS))
        feed.show(grey)
    again = double()
    again.restore(feed.pipeline.state())
    again.stand(feed.pipeline.standing(), before[-lead:])
    told = again.step(Picture(grey, feed.number / FPS))
    assert [each.value for each in told.channels] == [None, None]
    assert told.verdict is Verdict.UNKNOWN


def test_of_two_anomalous_channels_the_stronger_comes_first() -> None:
    """Compared by how far each is above its own limit."""
    feed = ready()
    reading = feed.live(15, {BLUE: 180, RED: 255})
    assert [reason.channel for reason in reading.reasons] == ["scene", "moving"]
    assert [score.name for score in reading.scores] == ["blue", "red"]


def test_a_limit_of_nought_is_a_limit() -> None:
    """In a scene in which nothing ever happened, the first thing that does is anomalous, and all numbers are finite."""
    feed = Feed(double())
    still = np.zeros((*SIZE, 3), np.uint8)
    for _ in range(BOTH_READY):
        reading = feed.show(still)
    assert (reading.limit, reading.verdict) == (0.0, Verdict.NORMAL)
    for colour in (BLUE, RED):
        image = still.copy()
        image[16:32, 64:80, colour] = 255
        reading = feed.show(image)
        assert reading.verdict is Verdict.ANOMALOUS
        assert reading.value is not None
        assert np.isfinite(reading.value)
        assert reading.value > 0


def test_a_feature_is_looked_at_as_often_as_is_said() -> None:
    """Once in four pictures from when it can, and in between its detector's last score holds."""
    slow = Colour(BLUE, reach=2)
    feed = Feed(single(Heat(), slow, every=4))
    feed.live(2)
    assert slow.looked == 0
    feed.live(4 * 30)
    assert slow.looked == 30
    held = [feed.live(1).scores[0].value for _ in range(24)]
    assert held[0] is not None
    assert len(set(held)) <= 8
    assert feed.pipeline.learned > 20


def test_where_pictures_come_seldom_every_one_is_looked_at() -> None:
    """One picture in four of one a second would miss what lasts three seconds."""
    slow = Colour(BLUE)
    pipeline = single(Heat(), slow, every=4)
    for second in range(20):
        pipeline.step(Picture(np.zeros((48, 64, 3), np.uint8), float(second)))
        pipeline.learn()
    assert slow.looked >= 19


@pytest.mark.parametrize("apart", [True, False], ids=["two channels", "one channel"])
def test_the_heatmap_has_one_size_also_in_the_first_pictures_after_a_cut(apart: bool) -> None:
    """A detector that looks back far knows later than the others, and its grid is of another size."""
    first = Detector("late", "late", Heat(), Part(1.0))
    second = Detector("soon", "soon", Heat(), Part(1.0))
    channels = [channel("moving", [first]), channel("scene", [second])] if apart else [channel("it", [first, second])]
    looks = {"late": Look(Colour(BLUE, reach=5, cell_px=7)), "soon": Look(Colour(BLUE))}
    feed = Feed(Pipeline(looks, channels, watch(), Examples(0), FPS))
    feed.live(MOVING_READY)
    feed.pipeline.cut()
    heatmaps = [feed.live(1).heatmap for _ in range(20)]
    assert len({heatmap.shape for heatmap in heatmaps if heatmap is not None}) == 1
    assert heatmaps[-1] is not None


def test_a_channel_learns_on_whatever_the_reach_and_the_turns_of_its_features_are() -> None:
    """One that looks back two pictures, at every fourth, meets one that looks back three, at every second."""
    detectors = [Detector("blue", "blue", Heat(), Part(1.0)), Detector("red", "red", Heat(), Part(1.0))]
    moving = channel("moving", detectors)
    looks = {"blue": Look(Colour(BLUE, reach=3), every=2), "red": Look(Colour(RED, reach=2), every=4)}
    feed = Feed(Pipeline(looks, [moving], watch(), Examples(0), FPS))
    assert feed.live(6 * MOVING_READY).limit is not None
    learned = moving.learned
    feed.live(100)
    assert moving.learned > learned


def test_a_rare_feature_of_one_channel_does_not_keep_another_from_learning() -> None:
    """Each channel learns what its own detectors look at."""
    moving = channel("moving", [Detector("blue", "blue", Heat(), Part(1.0))])
    slow = channel("scene", [Detector("red", "red", Heat(), Part(1.0))])
    looks = {"blue": Look(Colour(BLUE)), "red": Look(Colour(RED, reach=50))}
    pipeline = Pipeline(looks, [moving, slow], watch(), Examples(0), FPS)
    Feed(pipeline).live(40)
    assert moving.learned > 20
    assert slow.learned == 0


@pytest.mark.usefixtures("one_torch_thread")
@pytest.mark.parametrize("kind", ["zscore", "gaussian", "autoencoder"])
def test_what_moves_in_a_masked_part_scores_nothing(kind: str) -> None:
    """For no detector: not in the score, not in the heatmap, and the picture is no less known for it."""
    model = {
        "zscore": lambda: ZScoreModel(ZScoreModelOptions(warmup=10, memory=200)),
        "gaussian": lambda: GaussianModel(GaussianOptions(warmup=10, memory=200)),
        "autoencoder": lambda: Autoencoder(
            AutoencoderOptions(width=4, bottleneck=4, crop=8, warmup=10, cell=4, replay=32), seed=1
        ),
    }[kind]
    history = 1 if kind == "autoencoder" else 0
    masked, open_ = (
        Feed(single(model(), Pixels(PixelsOptions(width=24, history=history)), watch(masks=masks)))
        for masks in ((LEFT,), ())
    )
    for feed in (masked, open_):
        feed.live(BOTH_READY // 2)
    # In the middle of the masked half: models may look a little round a cell.
    light, at = {BLUE: 255, GREEN: 255, RED: 255}, (24, 8)
    highs = [max(feed.live(1).scores[0].value or 0 for _ in range(20)) for feed in (masked, open_)]
    reading, seen = (feed.live(1, light, at=at) for feed in (masked, open_))
    assert (seen.scores[0].value or 0) > 2 * highs[1]
    assert reading.scores[0].value is not None
    assert reading.scores[0].value < 1.5 * highs[0]
    assert reading.verdict is Verdict.NORMAL
    assert reading.heatmap is not None
    assert not reading.heatmap[:, : reading.heatmap.shape[1] // 2 - 2].any()


def test_with_all_of_it_masked_nothing_is_ever_normal() -> None:
    """Who sees nothing knows nothing."""
    reading = Feed(single(Heat(), Colour(BLUE), watch(masks=(ALL,)))).live(MOVING_READY)
    assert (reading.value, reading.verdict) == (None, Verdict.UNKNOWN)


def test_a_rule_that_holds_makes_the_picture_anomalous_even_while_nothing_is_learned() -> None:
    """With its own text as the reason and no number that nobody knows."""
    feed = Feed(double(watch("left.motion > 0.1")))
    assert feed.live(3).verdict is Verdict.UNKNOWN
    reading = feed.live(1, {BLUE: 255, GREEN: 255, RED: 255}, at=(16, 16))
    assert (reading.state, reading.verdict, reading.limit) == (State.WARMING, Verdict.ANOMALOUS, None)
    (reason,) = reading.reasons
    assert (reason.channel, reason.detector, reason.text) == (RULES, "rule0", "told: left.motion > 0.1")
    assert (reason.p_value, reason.box) == (None, None)
    assert all(c.verdict is Verdict.UNKNOWN for c in reading.channels)


def test_rules_come_before_what_the_detectors_say_and_change_nothing_of_it() -> None:
    """Scores, limit and the channels' verdicts are those without rules."""
    plain, ruled = Feed(double()), Feed(double(watch("score >= 0", "score < 0")))
    for feed in (plain, ruled):
        feed.live(BOTH_READY)
    without, reading = plain.live(10, {BLUE: 255}), ruled.live(10, {BLUE: 255})
    assert [reason.detector for reason in reading.reasons] == ["rule0", "blue"]
    assert reading.reasons[1:] == without.reasons
    assert (reading.value, reading.limit, reading.scores) == (without.value, without.limit, without.scores)
    assert [c.verdict for c in reading.channels] == [c.verdict for c in without.channels]


def test_a_rule_knows_the_clock_on_the_wall_and_forgets_at_a_cut() -> None:
    """`for 1 s` begins anew when the pictures do not follow, and without a clock a rule of times does not hold."""
    night = datetime(2026, 1, 1, 23, 30).astimezone()
    feed = Feed(double(watch("time between 22:00 and 06:00 for 1 s")))
    held = [feed.show(scene(n), night).verdict is Verdict.ANOMALOUS for n in range(12)]
    assert held == [False] * 10 + [True] * 2
    feed.pipeline.cut()
    assert feed.show(scene(0), night).verdict is Verdict.UNKNOWN
    assert all(feed.show(scene(n), None).verdict is Verdict.UNKNOWN for n in range(12))


def test_at_a_low_rate_a_lost_picture_does_not_break_what_must_last() -> None:
    """What is a gap depends on the rate: at one picture a second with jitter, none of those is."""
    moving = channel("moving", [Detector("blue", "blue", Heat(), Part(1.0))])
    looks, watched = {"blue": Look(Colour(BLUE))}, watch("brightness > 0 for 10 s")
    slow = Pipeline(looks, [moving], watched, Examples(0), fps=1.0)
    times_s = [number + 0.1 * (number % 9 == 1) for number in range(90) if number % 9]
    held = [bool(slow.step(Picture(scene(0), at_s)).reasons) for at_s in times_s]
    assert held == [at_s - times_s[0] >= 10 for at_s in times_s]


def test_ordinary_pictures_are_shown_beside_a_strange_one() -> None:
    """Such as were learned, most alike where it is strange; none beside an ordinary one."""
    feed = ready()
    assert feed.live(1).examples == ()
    reading = feed.live(15, {BLUE: 255})
    assert len(reading.examples) == 3
    for example in reading.examples:
        assert example.shape == (*SIZE, 3)
        assert example[20:28, 68:76, BLUE].max() <= 110 + 12


def test_what_a_rule_tells_of_is_no_ordinary_picture() -> None:
    """It is shown beside ordinary ones, and never kept as one, though the detectors find nothing strange in it."""
    feed = Feed(double(watch("brightness > 0.6")))
    feed.live(20)
    offered = int(feed.pipeline.state()["examples/offered"])
    bright = np.full((*SIZE, 3), 200, np.uint8)
    for _ in range(60):
        reading = feed.show(bright)
    assert reading.verdict is Verdict.ANOMALOUS
    assert len(reading.examples) > 0
    assert all(example[..., BLUE].max() <= 110 + 12 for example in reading.examples)
    assert feed.pipeline.state()["examples/offered"] == offered


def test_examples_are_of_all_that_was_learned_long_after_the_warm_up() -> None:
    """One a minute is kept though only one picture in four is let in: what people see is not only of the first day."""
    feed = Feed(single(Heat(), Colour(BLUE)))
    feed.live(BOTH_READY)
    before = int(feed.pipeline.state()["examples/offered"])
    feed.live(200 * FPS)
    assert int(feed.pipeline.state()["examples/offered"]) >= before + 3


def through_a_file(state: StateDict) -> StateDict:
    """`state` after a way through a file that refuses pickle."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def test_restored_both_channels_and_the_examples_go_on_the_same() -> None:
    """After a way through a file every reading is that of the saved one after a cut, learning on."""
    old = ready()
    old.pipeline.restart_clock()
    new = Feed(double(), old.number)
    new.pipeline.restore(through_a_file(old.pipeline.state()))
    for part in (None, {BLUE: 255}, None, {RED: 255}):
        for _ in range(10):
            left, right = old.live(1, part), new.live(1, part)
            assert (left.value, left.limit, left.p_value, left.verdict) == (
                right.value, right.limit, right.p_value, right.verdict,
            )  # fmt: skip
            assert left.reasons == right.reasons
            assert len(left.examples) == (3 if left.verdict is Verdict.ANOMALOUS else 0)
            assert all(np.array_equal(a, b) for a, b in zip(left.examples, right.examples, strict=True))
    assert old.pipeline.learned == new.pipeline.learned


def test_a_state_of_other_channels_is_refused() -> None:
    """Neither one channel too many nor one too few is passed over."""
    both = ready().pipeline.state()
    moving = {name: array for name, array in both.items() if not name.startswith("channel.scene/")}
    with pytest.raises(StateError):
        double().restore(moving)
    with pytest.raises(
        StateError, match=r"expected no others than \['budget', 'channel.moving', 'examples', 'looks', 'size', 'view'\]"
    ):
        single(Heat(), Colour(BLUE)).restore(both)
    with pytest.raises(StateError):
        double().restore({name: array for name, array in both.items() if not name.startswith("examples/")})


# The pictures' own clock begins at 0, so the day before ended there.
LIMITS = (0.3, 0.5)


def known(*, minutes: int = 1440) -> Allowance:
    """A budget of both channels that has just seen so many minutes, the strongest of them `LIMITS`."""
    allowance = Allowance(Budget({"moving": 1, "scene": 1}, 0.2, 300.0), Opening())
    allowance.recall(Minute(minute, LIMITS, Light.COLOUR, 60.0) for minute in range(-minutes, 0))
    return allowance


def test_a_budget_s_limits_hold_for_all_channels_as_soon_as_they_are_warm() -> None:
    """Also for the slow one, whose own threshold would take a minute yet."""
    reading = Feed(double(allowance=known())).live(MOVING_READY)
    assert [(c.state, c.limit) for c in reading.channels] == [
        (State.ACTIVE, pytest.approx(LIMITS[0])),
        (State.ACTIVE, pytest.approx(LIMITS[1])),
    ]
    assert (reading.verdict, reading.state, reading.limit) == (Verdict.NORMAL, State.ACTIVE, reading.channels[0].limit)


def test_while_a_budget_learns_a_channel_s_own_limit_holds() -> None:
    """It judges from the first minute, and people read that it is still learning."""
    with_one, without = Feed(double(allowance=known(minutes=0))), Feed(double())
    early, own = with_one.live(BOTH_READY), without.live(BOTH_READY)
    assert [(c.limit, c.verdict) for c in early.channels] == [(c.limit, c.verdict) for c in own.channels]
    assert (early.state, own.state) == (State.CALIBRATING, State.ACTIVE)
    assert early.state_reason.startswith("still learning: its own levels in")
    assert with_one.live(15, {RED: 255}).verdict is Verdict.ANOMALOUS


def test_what_is_only_judged_is_not_in_the_diary() -> None:
    """What learns is also what keeps count."""
    feed, diaries = Feed(double(allowance=known())), list[int]()
    feed.live(MOVING_READY)
    for learns in (True, False):
        for _ in range(130 * FPS):
            feed.pipeline.step(Picture(scene(feed.number), feed.number / FPS))
            if learns:
                feed.pipeline.learn()
            feed.number += 1
        diaries.append(len(feed.pipeline.state()["budget/minutes"]))
    assert diaries == [1440 + 2, 1440 + 2]


def test_a_budget_goes_on_after_a_restart_and_costs_no_model() -> None:
    """Limits at once, as before; whoever takes the budget away or adds one keeps what the models learned."""
    old = Feed(double(allowance=known()))
    limits = [c.limit for c in old.live(MOVING_READY).channels]
    state = through_a_file(old.pipeline.state())
    new = Feed(double(allowance=known(minutes=0)), old.number)
    new.pipeline.restore(state)
    assert [c.limit for c in new.live(1).channels] == limits
    without = double()
    without.restore(state)
    assert without.learned == old.pipeline.learned
    added = double(allowance=known(minutes=0))
    added.restore({n: a for n, a in state.items() if not n.startswith("budget/")})
    assert added.learned == old.pipeline.learned
