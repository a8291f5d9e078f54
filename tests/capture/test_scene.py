"""The demo scene keeps its promises: the same for the same time, and true about its rare events."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import Image
from monitor.capture.scene import HEIGHT, WIDTH, Box, Cue, RareKind, Scene
from monitor.capture.scene_cast import Actor, Figure, box_of
from monitor.capture.scene_life import Life
from monitor.capture.scene_script import Script

DAY_S = 1200.0
NIGHT_S = 600.0  # from 9 in the morning, half a day on
CUES = tuple(Cue(kind, 30.0 + 20 * i) for i, kind in enumerate(RareKind))
NIGHT_CUES = tuple(Cue(kind, NIGHT_S + 20 * i) for i, kind in enumerate(RareKind))
SEED = 3


@pytest.fixture(scope="module")
def eventful() -> Scene:
    """Every kind of rare event, by day and by night."""
    return Scene(SEED, cues=CUES + NIGHT_CUES, day_s=DAY_S)


@pytest.fixture(scope="module")
def ordinary() -> Scene:
    """The same scene without them."""
    return Scene(SEED, rare=False, day_s=DAY_S)


def changed(a: Image, b: Image) -> np.ndarray:
    """(H, W) int: the largest difference of a channel."""
    return np.abs(a.astype(np.int16) - b.astype(np.int16)).max(axis=2)


def inside(boxes: tuple[Box, ...]) -> np.ndarray:
    """(H, W) bool: the pixels that `boxes` touch."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for left, top, right, bottom in boxes:
        rows = slice(int(np.floor(top * HEIGHT)), int(np.ceil(bottom * HEIGHT)))
        mask[rows, int(np.floor(left * WIDTH)) : int(np.ceil(right * WIDTH))] = True
    return mask


def visible(actor: Actor) -> bool:
    """Whether any of it can be in the picture."""
    left, top, right, bottom = box_of(actor)
    return left < right and top < bottom


def test_the_same_seed_and_time_give_the_same_picture_in_any_order(ordinary: Scene) -> None:
    """A picture depends on seed and time alone."""
    times = [0.0, 12.4, 700.0, 3.2, 1e7]
    again = Scene(SEED, rare=False, day_s=DAY_S)
    first = {t: ordinary.draw(t) for t in times}
    for t in reversed(times):
        np.testing.assert_array_equal(again.draw(t), first[t])
    assert changed(Scene(SEED + 1).draw(3.2), first[3.2]).mean() > 5


def test_a_picture_is_the_callers_own(ordinary: Scene) -> None:
    """Drawing over a picture does not show in the next."""
    picture = ordinary.draw(5.0)
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert picture.dtype == np.uint8
    kept = picture.copy()
    picture[:] = 0
    np.testing.assert_array_equal(ordinary.draw(5.0), kept)


@pytest.mark.parametrize("number", range(len(CUES + NIGHT_CUES)))
def test_a_rare_event_shows_inside_its_box_and_time_and_nowhere_else(
    eventful: Scene, ordinary: Scene, number: int
) -> None:
    """The truth is what differs from ordinary life, no more and no less."""
    event = eventful.truth(1e9)[number]
    strongest = 0
    for share in np.linspace(0.01, 0.99, 12):
        t = event.began_s + float(share) * (event.ended_s - event.began_s)
        difference = changed(eventful.draw(t), ordinary.draw(t))
        now = inside(eventful.rare_boxes(t))
        assert not difference[~now].any()
        assert not (now & ~inside((event.box,))).any()
        strongest = max(strongest, int((difference > 20).sum()))
    assert strongest > 40, "nobody could have seen it"
    for t in (event.began_s - 0.05, event.ended_s + 0.05):
        assert eventful.rare_boxes(t) == ()
        np.testing.assert_array_equal(eventful.draw(t), ordinary.draw(t))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 500), st.floats(20, 200))
def test_rare_events_come_after_settling_and_never_two_at_once(seed: int, settle_s: float, every_s: float) -> None:
    """Each begins a quarter of the mean spacing early or late at most, lasts 4 to 12 s, and is over before the next."""
    script = Script(seed, settle_s, every_s, None)
    events = script.truth(settle_s + 12 * every_s)
    assert len(events) >= 12
    assert events[0].began_s >= settle_s
    for before, after in pairwise(events):
        assert 0.75 * every_s - 1e-6 <= after.began_s - before.began_s <= 1.25 * every_s + 1e-6
        assert before.ended_s < after.began_s
    for event in events:
        assert 4.0 <= event.ended_s - event.began_s <= 12.0
        left, top, right, bottom = event.box
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
    assert {event.kind for event in events[:6]} == set(RareKind)
    assert script.truth(settle_s + 3 * every_s) == tuple(e for e in events if e.began_s < settle_s + 3 * every_s)


def test_the_truth_can_be_cut_to_a_short_script() -> None:
    """Cues are played when they say, in order of time, and nothing else is."""
    scene = Scene(1, cues=[Cue(RareKind.VAN, 70.0), Cue(RareKind.RUNNER, 60.0)])
    assert [(event.kind, event.began_s) for event in scene.truth(1e6)] == [("runner", 60.0), ("van", 70.0)]
    assert [event.kind for event in scene.truth(65.0)] == ["runner"]


def test_light_goes_from_coloured_day_to_grey_night_without_touching_the_truth(ordinary: Scene) -> None:
    """At night the picture is dark and has no colour; when it is night changes nothing about what happens."""
    day, night = ordinary.draw(DAY_S / 8), ordinary.draw(NIGHT_S)
    assert night.mean() < 0.65 * day.mean()

    def spread(picture: Image) -> float:
        means = picture.reshape(-1, 3).mean(axis=0)
        return float(means.max() - means.min())

    assert spread(day) > 8
    assert spread(night) < 1
    assert Scene(SEED, day_s=600).truth(2000) == Scene(SEED, day_s=900).truth(2000)


def test_light_changes_slowly(ordinary: Scene) -> None:
    """No second of a whole day changes the mean brightness by more than 4 of 255."""
    means = [float(ordinary.draw(t)[::4, ::4].mean()) for t in np.arange(0, DAY_S, 5.0)]
    assert max(abs(a - b) for a, b in pairwise(means)) < 5 * 4


def test_ordinary_life_begins_at_once_and_does_not_pause() -> None:
    """From the first second somebody is to be seen, and at least three vehicles pass each minute."""
    for seed in range(5):
        life = Life(seed)
        for t in np.arange(0.0, 120.0, 5.0):
            assert any(visible(actor) for actor in life.at(float(t)))
        for minute in range(3):
            seen = set()
            for t in np.arange(60.0 * minute, 60.0 * (minute + 1), 0.5):
                seen |= {
                    (actor.look, actor.pose.facing)
                    for actor in life.at(float(t))
                    if actor.figure in (Figure.CAR, Figure.VAN) and visible(actor)
                }
            assert len(seen) >= 3


def test_nobody_appears_or_vanishes_within_the_picture() -> None:
    """Ordinary movers come in and go out at its edges: from one moment to the next only one at an edge is new."""
    life, step_s = Life(SEED), 1 / 15
    before = None
    for t in np.arange(0.0, 240.0, step_s):
        now = {(a.figure, a.look): box_of(a) for a in life.at(float(t)) if visible(a)}
        if before is not None:
            for who in now.keys() ^ before.keys():
                left, _, right, _ = (now | before)[who]
                assert left == 0.0 or right == 1.0
        before = now


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "scene: seed: expected a number of at least 0, got -1"),
        ({"settle_s": -1.0}, "scene: settle_s: expected a number of at least 0, got -1.0"),
        ({"every_s": 5.0}, "scene: every_s: expected a number of at least 20, got 5.0"),
        ({"day_s": float("nan")}, "scene: day_s: expected a number of at least 60, got nan"),
    ],
)
def test_values_that_cannot_be_are_refused(options: dict[str, float], message: str) -> None:
    """The error names the value, what was expected and what was got."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the whole message is compared below)
        Scene(**options)
    assert str(caught.value) == message
