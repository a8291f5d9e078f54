"""The detectors of one camera from picture to reading: judged, then learned, and only what may be."""

from __future__ import annotations

import gc
import io
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from itertools import pairwise

import numpy as np
import pytest

from detectors import examples
from detectors.base import (
    Feature,
    Grid,
    Model,
    Picture,
    Reading,
    Score,
    State,
    StateDict,
    StateError,
    StateView,
    Verdict,
)
from detectors.channel import Channel, Detector
from detectors.examples import Examples
from detectors.features.motion import Motion
from detectors.features.pixels import Pixels
from detectors.fusion import Part
from detectors.gate import guard_s
from detectors.models.autoencoder import Autoencoder
from detectors.models.zscore import ZScoreModel
from detectors.options import (
    AutoencoderOptions,
    LearningOptions,
    MotionOptions,
    PixelsOptions,
    ZScoreModelOptions,
    ZScoreThresholdOptions,
)
from detectors.pipeline import Look, Pipeline, Watch
from detectors.quantities import Quantities
from detectors.rules import Rules
from detectors.stages import NoStages
from detectors.thresholds.zscore import ZScoreThreshold
from detectors.zones import Zones

pytestmark = pytest.mark.usefixtures("one_torch_thread")

FPS = 10
SIZE = (24, 32)
PIXELS = Pixels(PixelsOptions(width=16, history=0))
MOTION = Motion(MotionOptions(cell_px=8, stride_px=4, flow=False), FPS)
QUICK = ZScoreModelOptions(warmup=10, memory=100, ceiling=1000)
# Far above the usual, so that no ordinary picture of these tests is anomalous.
THRESHOLD = ZScoreThresholdOptions(warmup=15, z=8)
# Models, units and limit are there after this many ordinary pictures.
READY = 40 * FPS
NOWHERE = Zones({}, ())


def made(
    features: Mapping[str, Feature], models: Mapping[str, tuple[str, Model]], learning: LearningOptions | None = None
) -> Pipeline:
    """A pipeline of one channel; models by detector's name, each with the key of its feature."""
    detectors = [Detector(name, key, model, Part(1.0)) for name, (key, model) in models.items()]
    channel = Channel("moving", detectors, ZScoreThreshold(THRESHOLD), learning or LearningOptions(), 1.0, NoStages())
    watch = Watch(NOWHERE, Rules([]), Quantities([], NOWHERE, FPS))
    return Pipeline({key: Look(feature) for key, feature in features.items()}, [channel], watch, Examples(0), FPS)


def pixel_pipeline(learning: LearningOptions | None = None) -> Pipeline:
    """One detector of what stands in the picture."""
    return made({"pixels": PIXELS}, {"pixels": ("pixels", ZScoreModel(QUICK))}, learning)


def two_pipeline() -> Pipeline:
    """Two detectors of different features."""
    models = {name: (name, ZScoreModel(QUICK)) for name in ("pixels", "motion")}
    return made({"pixels": PIXELS, "motion": MOTION}, models)


def motion_pipeline() -> Pipeline:
    """One detector that needs more than one picture."""
    return made({"motion": MOTION}, {"motion": ("motion", ZScoreModel(QUICK))})


def network_pipeline() -> Pipeline:
    """One detector with an autoencoder."""
    options = AutoencoderOptions(width=4, bottleneck=4, crop=8, warmup=10, cell=4, rate=0.01, replay=32)
    features = {"pixels": Pixels(PixelsOptions(width=16, history=2))}
    return made(features, {"net": ("pixels", Autoencoder(options, seed=1))})


MAKERS = [pixel_pipeline, two_pipeline, network_pipeline]


def scene(number: int, *, strange: bool = False, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A grey scene with sensor noise, and a bright intruder in its upper left quarter."""
    noise = np.random.default_rng(number).integers(-6, 7, (*size, 1))
    image = np.repeat(120 + noise, 3, axis=2).astype(np.uint8)
    if strange:
        image[2:10, 3:12] = 220
    return image


class Feed:
    """Pictures at ten a second, one after another."""

    def __init__(self, pipeline: Pipeline, *, number: int = 0, apart_s: float = 1 / FPS) -> None:
        self.pipeline = pipeline
        self.number = number
        self._apart_s = apart_s
        self.at_s = number / FPS

    def live(self, count: int, *, strange: bool = False, learning: bool = True) -> list[Reading]:
        """The readings of the next pictures."""
        return [self._next(strange=strange, learning=learning) for _ in range(count)]

    def _next(self, *, strange: bool, learning: bool) -> Reading:
        self.number += 1
        self.at_s += self._apart_s
        reading = self.pipeline.step(Picture(scene(self.number, strange=strange), self.at_s))
        if learning:
            self.pipeline.learn()
        return reading


def ready(make: Callable[[], Pipeline]) -> Feed:
    """A pipeline that judges."""
    feed = Feed(make())
    assert feed.live(READY)[-1].state is State.ACTIVE
    return feed


def value(reading: Reading) -> float:
    """The fused score, which must be known."""
    assert reading.value is not None
    return reading.value


def same(left: Reading, right: Reading) -> bool:
    """Whether two readings say the same in every field."""
    return plain(left) == plain(right)


def plain(said: object) -> object:
    """Arrays and values as what can be compared."""
    if isinstance(said, np.ndarray):
        return said.shape, said.tobytes()
    if isinstance(said, tuple):
        return tuple(map(plain, said))
    if is_dataclass(said):
        return tuple(plain(getattr(said, field.name)) for field in fields(said))
    return said


def through_a_file(state: StateDict) -> StateDict:
    """`state` after a way through a file that refuses pickle."""
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **state)
    file.seek(0)
    with np.load(file, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


@pytest.mark.parametrize("make", MAKERS)
def test_judging_changes_nothing_that_was_learned(make: Callable[[], Pipeline]) -> None:
    """The number that is logged for a picture was computed before the picture was learned from."""
    feed = Feed(make())
    for number in range(READY):
        before = feed.pipeline.state() if number % 40 == 0 else None
        feed.live(1, learning=False)
        after = feed.pipeline.state()
        if before is not None:
            assert before.keys() == after.keys()
            assert all(np.array_equal(before[name], after[name]) for name in before)
        feed.pipeline.learn()


@pytest.mark.parametrize("learning", [True, False])
def test_the_caller_decides_whether_it_learns(learning: bool) -> None:
    """With `learn` it comes to know its scene; without, it stays as untaught as it was, however long it looks."""
    feed = Feed(pixel_pipeline())
    readings = feed.live(READY, learning=learning)
    assert (feed.pipeline.learned > 0) is learning
    assert (readings[-1].state is State.ACTIVE) is learning
    assert all(reading.verdict is Verdict.UNKNOWN for reading in readings) is not learning


@pytest.mark.parametrize("make", [*MAKERS, motion_pipeline])
def test_it_warms_calibrates_and_is_active_and_unknown_until_then(make: Callable[[], Pipeline]) -> None:
    """States come in order, and there is no verdict before there is a limit: UNKNOWN is never NORMAL."""
    readings = Feed(make()).live(READY + 20)
    states = [reading.state for reading in readings]
    changes = [states[0], *(now for before, now in pairwise(states) if now is not before)]
    assert changes == [State.WARMING, State.CALIBRATING, State.ACTIVE]
    for reading in readings:
        active = reading.state is State.ACTIVE
        assert (reading.limit is None) is not active
        assert (reading.verdict is Verdict.UNKNOWN) is not active
        assert (reading.p_value is None) is not active
        assert bool(reading.state_reason) is not active


def test_an_intruder_is_anomalous_and_the_reading_says_where_and_by_whom() -> None:
    """Reasons come strongest first, the box lies over the intruder, and the share of who decided is 1."""
    feed = ready(two_pipeline)
    assert feed.live(1)[0].reasons == ()
    reading = feed.live(5, strange=True)[-1]
    assert reading.verdict is Verdict.ANOMALOUS
    assert value(reading) > (reading.limit or 0)
    assert reading.reasons[0].detector == "pixels"
    left, top, right, bottom = reading.reasons[0].box or (0, 0, 0, 0)
    middle_y, middle_x = 6 / SIZE[0], 7.5 / SIZE[1]
    assert left <= middle_x <= right
    assert top <= middle_y <= bottom
    assert (right - left) * (bottom - top) < 0.5
    assert max(score.share or 0 for score in reading.scores) == pytest.approx(1)


def test_shares_are_those_of_this_picture() -> None:
    """Though the fused score is smoothed: in the first picture of an intruder no share is above 1, and one is 1."""
    feed = ready(two_pipeline)
    shares = [score.share for score in feed.live(1, strange=True)[0].scores]
    assert all(share is not None and 0 <= share <= 1 for share in shares)
    assert max(share or 0 for share in shares) == pytest.approx(1)


def test_one_noisy_picture_is_smoothed() -> None:
    """A single strange picture counts less than the same for half a second."""
    feed = ready(pixel_pipeline)
    single = value(feed.live(1, strange=True)[0])
    assert value(feed.live(5, strange=True)[-1]) > 1.5 * single


def cut(feed: Feed) -> None:
    """The caller says that the pictures do not follow."""
    feed.pipeline.cut()


def gap(feed: Feed) -> None:
    """Nothing came for three seconds."""
    feed.at_s += 3


def clock_put_back(feed: Feed) -> None:
    """The camera's clock begins anew."""
    feed.at_s -= 20


@pytest.mark.parametrize("part", [cut, gap, clock_put_back])
def test_after_a_cut_pictures_are_forgotten_and_nothing_else(part: Callable[[Feed], None]) -> None:
    """The next picture follows nothing, so what needs two knows nothing; one later it judges as before."""
    feed = ready(motion_pipeline)
    learned, limit = feed.pipeline.learned, feed.live(1)[0].limit
    part(feed)
    first, second = feed.live(2)
    assert (first.value, first.verdict, first.state) == (None, Verdict.UNKNOWN, State.ACTIVE)
    assert second.verdict is Verdict.NORMAL
    assert second.limit == pytest.approx(limit or 0, rel=0.2)
    assert feed.pipeline.learned >= learned


@pytest.mark.parametrize("make", MAKERS)
def test_a_camera_slower_than_is_asked_for_becomes_ready(make: Callable[[], Pipeline]) -> None:
    """Also by what needs more than one picture; it goes on as it would where it stood."""
    slow, again = Feed(make(), apart_s=2.2), Feed(make(), apart_s=2.2)
    assert slow.live(READY)[-1].state is State.ACTIVE
    again.number, again.at_s = slow.number, slow.at_s
    again.pipeline.restore(slow.pipeline.state())
    lead = slow.pipeline.lead
    before = [Picture(scene(slow.number - n), slow.at_s - n * 2.2) for n in reversed(range(lead))]
    again.pipeline.stand(slow.pipeline.standing(), before)
    assert [value(each) for each in again.live(5, learning=False)] == [
        value(each) for each in slow.live(5, learning=False)
    ]


def test_after_a_cut_the_score_is_not_smoothed_with_the_one_before() -> None:
    """What was strange before the cut does not make the first picture after it stranger."""
    feed = ready(pixel_pipeline)
    ordinary = value(feed.live(1)[0])
    feed.live(5, strange=True)
    feed.pipeline.cut()
    assert value(feed.live(1)[0]) < 2 * ordinary


def test_a_picture_of_another_size_begins_anew_and_harms_nothing() -> None:
    """A camera that changes its shape is judged on, at the size that was learned; back again, all is as before."""
    feed = ready(motion_pipeline)
    tall = (48, 32)
    readings = []
    for number in range(12):
        feed.at_s += 1 / FPS
        readings.append(feed.pipeline.step(Picture(scene(number, size=tall), feed.at_s)))
        feed.pipeline.learn()
    assert readings[0].value is None
    assert all(reading.value is not None for reading in readings[1:])
    back = feed.live(2)
    assert back[0].value is None
    assert back[1].verdict is Verdict.NORMAL


@pytest.mark.parametrize("make", MAKERS)
def test_a_restored_pipeline_goes_on_the_same(make: Callable[[], Pipeline]) -> None:
    """After a way through a file it reads every picture as the unsaved one after a cut does, learning on."""
    feed = ready(make)
    feed.live(20, strange=True)
    feed.live(200)
    feed.pipeline.restart_clock()
    restored = make()
    restored.restore(through_a_file(feed.pipeline.state()))
    other = Feed(restored, number=feed.number)
    other.at_s = feed.at_s
    for left, right in zip(feed.live(200), other.live(200), strict=True):
        assert same(left, right)
    assert feed.pipeline.learned == restored.learned


def test_a_state_of_another_configuration_or_with_a_part_missing_is_refused() -> None:
    """Nothing is made up for what is not there, and nothing of other detectors is taken over."""
    state = ready(pixel_pipeline).pipeline.state()
    with pytest.raises(StateError):
        two_pipeline().restore(state)
    with pytest.raises(StateError):
        network_pipeline().restore(state)
    for name in state:
        with pytest.raises(StateError):
            pixel_pipeline().restore({n: a for n, a in state.items() if n != name})
    for name in ("channel.moving/learned", "size"):
        with pytest.raises(StateError):
            pixel_pipeline().restore(state | {name: np.array([1.0, 2.0])})


def test_an_anomaly_of_minutes_is_not_learned() -> None:
    """At its end it scores as high as at its beginning."""
    feed = ready(pixel_pipeline)
    readings = feed.live(180 * FPS, strange=True)[10:]
    values = [value(reading) for reading in readings]
    assert all(reading.verdict is Verdict.ANOMALOUS for reading in readings)
    assert np.mean(values[-100:]) == pytest.approx(np.mean(values[:100]), rel=0.02)


def test_what_stays_is_learned_as_the_new_normal() -> None:
    """After `accept_after_s` it is let in, told so, and no longer anomalous some time later."""
    feed = ready(lambda: pixel_pipeline(LearningOptions(accept_after_s=30, delay_s=2)))
    assert not feed.pipeline.accepting
    readings = feed.live(120 * FPS, strange=True)
    assert feed.pipeline.accepting or readings[-1].verdict is Verdict.NORMAL
    assert any("new normal" in reading.state_reason for reading in readings)
    assert readings[-1].verdict is Verdict.NORMAL
    assert value(readings[-1]) < value(readings[20]) / 3


class Diary:
    """A model that is as strange as the picture is bright, and writes down what it learns by its number."""

    def __init__(self) -> None:
        self.learned: list[int] = []

    def score(self, grid: Grid) -> Score:
        brightness = float(grid.values[4:].mean())
        return Score(brightness, np.full(grid.mask.shape, brightness, np.float32))

    def learn(self, grid: Grid) -> None:
        low, high = np.rint(grid.values[0, :2, 0] * 255)
        self.learned.append(int(low) + 256 * int(high))

    def state(self) -> StateDict:
        return {}

    def restore(self, state: StateView) -> None:
        assert not state


def numbered(number: int, brightness: int) -> np.ndarray:
    """A picture that carries its number."""
    image = np.full((8, 8, 3), brightness, np.uint8)
    image[0, 0], image[0, 1] = number % 256, number // 256
    return image


@pytest.fixture
def diary() -> Diary:
    """A model that writes down what it learns."""
    return Diary()


@pytest.fixture
def noted(diary: Diary) -> Pipeline:
    """A pipeline with the diary as its model."""
    return made({"all": Pixels(PixelsOptions(width=8, history=0))}, {"diary": ("all", diary)})


def moments(noted: Pipeline, strange: range, count: int) -> Iterator[tuple[int, Reading]]:
    """Number and reading of `count` pictures, bright where `strange`."""
    noise = np.random.default_rng(0).integers(0, 40, count)
    for number in range(count):
        brightness = 250 if number in strange else 50 + int(noise[number])
        reading = noted.step(Picture(numbered(number, brightness), number / FPS))
        noted.learn()
        yield number, reading


def test_nothing_near_an_anomalous_picture_is_learned(noted: Pipeline, diary: Diary) -> None:
    """Neither the two seconds before and after it nor the anomaly itself; what lies farther off is learned on."""
    strange = range(600, 660)
    readings = dict(moments(noted, strange, 1000))
    anomalous = [number for number, reading in readings.items() if reading.verdict is Verdict.ANOMALOUS]
    assert set(strange) <= set(anomalous) | {600}
    guard = int(guard_s(LearningOptions().delay_s) * FPS)
    near = {n for a in anomalous for n in range(a - guard + 1, a + guard)}
    assert not near & set(diary.learned)
    assert any(540 < number < 580 for number in diary.learned)
    assert any(680 < number < 720 for number in diary.learned)


def test_pictures_are_learned_late_once_it_judges(noted: Pipeline, diary: Diary) -> None:
    """Until there is a limit at once; then ten seconds late, so that an anomaly can still take back its beginning."""
    delay_s, known = LearningOptions().delay_s, 0
    for number, reading in moments(noted, range(0), 800):
        new, known = diary.learned[known:], len(diary.learned)
        late_s = [(number - learned) / FPS for learned in new]
        assert all(late == 0 if reading.limit is None else late > delay_s - 1e-6 for late in late_s)
    assert diary.learned == sorted(set(diary.learned))
    assert diary.learned[-1] > 600


def test_what_was_judged_last_is_learned_once(noted: Pipeline, diary: Diary) -> None:
    """A second `learn`, or one after a cut, does nothing."""
    noted.step(Picture(numbered(1, 50), 0.0))
    noted.learn()
    noted.learn()
    noted.step(Picture(numbered(2, 50), 1.0))
    noted.cut()
    noted.learn()
    assert diary.learned == [1]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute more, ordinary or not, takes no more room, once there are as many examples as there may be."""
    monkeypatch.setattr(examples, "CAPACITY", 4)
    feed = ready(two_pipeline)
    feed.live(300, strange=True)
    feed.live(300)
    tracemalloc.start()
    try:
        feed.live(300)
        gc.collect()  # the interpreter's own stock of small objects is no memory of ours
        before = tracemalloc.get_traced_memory()[0]
        feed.live(300)
        feed.live(300, strange=True)
        feed.live(300)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 32_768
