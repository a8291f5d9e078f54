"""A pipeline of a camera that was moved: it says so, and knows nothing of the new view, like a new camera."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.base import Picture, Reading, State, StateDict, Verdict
from detectors.options import LearningOptions
from detectors.pipeline import MOVED, NOTICE_S, Pipeline
from monitor.build.detecting import pipeline
from monitor.config import of_source
from monitor.config.camera import ViewOptions

KNOWN_S = 700


def place(seed: int) -> np.ndarray:
    """(32, 64, 3): somewhere."""
    return np.random.default_rng(seed).integers(60, 196, (16, 32, 3)).repeat(2, axis=0).repeat(2, axis=1)


class Life:
    """A camera's pictures, one a second, to a pipeline that learns each."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.at_s = 0.0

    def shows(self, image: np.ndarray, seconds: int) -> list[Reading]:
        """Readings of so many pictures, until it is found to be moved or all were shown."""
        readings = []
        for _ in range(seconds):
            self.at_s += 1.0
            grain = np.random.default_rng(int(self.at_s)).integers(-5, 6, (*image.shape[:2], 1))
            readings.append(self.pipeline.step(Picture((image + grain).astype(np.uint8), self.at_s)))
            self.pipeline.learn()
        return readings


def quick(*, watch: bool = True) -> Pipeline:
    """One detector of each of two channels, without a network, with a budget."""
    [sections] = of_source("demo:").cameras.values()
    detectors = tuple(each for each in sections.detectors if each.name in {"speed", "memory"})
    changed = {"detectors": detectors, "learning": LearningOptions(warmup=20), "view": ViewOptions(watch=watch)}
    return pipeline(sections.model_copy(update=changed), 0, "cpu")


@pytest.fixture(scope="module", name="known")
def _known() -> StateDict:
    """What it knows after a quarter of an hour at one place."""
    life = Life(quick())
    life.shows(place(1), KNOWN_S)
    return life.pipeline.state()


@pytest.fixture(name="life")
def _life(known: StateDict) -> Life:
    """Goes on from there."""
    life = Life(quick())
    life.pipeline.restore(known)
    life.shows(place(1), 60)
    return life


def test_all_models_begin_anew_and_it_is_said(life: Life) -> None:
    """The state after is that of a camera that was never anywhere else; ten seconds of pictures say why."""
    camera, known = life.pipeline, life.pipeline.learned
    blank = quick().state()
    for _ in range(120):
        before = life.shows(place(2), 1)
        if camera.moved:
            break
    assert camera.moved
    assert camera.learned >= known, "whoever keeps what was known can do so now"
    assert MOVED not in before[0].reasons
    now = camera.step(Picture(place(2).astype(np.uint8), life.at_s + 1))
    assert not camera.moved
    models = {name: array for name, array in camera.state().items() if name.startswith(("channel.", "examples/"))}
    assert all(np.array_equal(array, blank[name]) for name, array in models.items())
    assert (now.state, now.verdict, now.reasons) == (State.WARMING, Verdict.ANOMALOUS, (MOVED,))
    assert now.state_reason.startswith("was moved 0 min ago: judged again in 30 min; learning the scene: 0 of at least")
    life.at_s += 1
    said = [MOVED in reading.reasons for reading in life.shows(place(2), 30)]
    assert said == [True] * (int(NOTICE_S) - 1) + [False] * (31 - int(NOTICE_S))
    assert 0 < camera.learned < known


def test_it_is_judged_again_after_half_an_hour(life: Life) -> None:
    """Until then what comes is unknown; then its limits are its own, and not proven yet."""
    life.shows(place(2), 120)
    unknown = life.shows(place(2), 1700)
    assert {reading.verdict for reading in unknown} == {Verdict.UNKNOWN}
    assert {reading.state for reading in unknown} == {State.WARMING, State.CALIBRATING}
    after = life.shows(place(2), 600)[-1]
    assert (after.state, after.verdict) == (State.CALIBRATING, Verdict.NORMAL)
    assert after.state_reason.startswith("still learning: levels are proven in 11 h")


def test_what_it_knows_of_its_view_outlives_a_restart(known: StateDict) -> None:
    """Moved while the daemon was down, it is found out; a state of before views were known is read as well."""
    without = {name: array for name, array in known.items() if not name.startswith("view/")}
    for state, found in ((known, True), (without, False)):
        fresh = Life(quick())
        fresh.pipeline.restore(state)
        readings = fresh.shows(place(2), 120)
        assert any(MOVED in reading.reasons for reading in readings) is found


def test_a_camera_that_is_turned_on_purpose_is_left_alone(known: StateDict) -> None:
    """Without a view nothing begins anew, and what another pipeline saved of one is passed over."""
    turned = Life(quick(watch=False))
    turned.pipeline.restore(known)
    learned = turned.pipeline.learned
    assert not any(MOVED in reading.reasons for reading in turned.shows(place(2), 200))
    assert turned.pipeline.learned >= learned
