"""A camera that was moved is told from one before which the light, the weather or people change."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import cycle, islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.base import Image, Picture, StateDict, StateError
from detectors.budget.diary import Light
from detectors.budget.light import LightMeter
from detectors.view import KNOWN_S, MOVED_S, SIZE, VIEWS, WINDOW_S, View

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
ALL = np.ones(SIZE, np.bool_)
KNOWN = int(KNOWN_S) + 60  # looks, one a second
SOON = MOVED_S + WINDOW_S  # a move is noticed within so long
RNG = np.random.default_rng(7)


def place(seed: int, fine: float = 3.0) -> Image:
    """A colourful place that does not exist, (64, 128, 3)."""
    noise = np.random.default_rng(seed).normal(size=(64, 128, 3)).astype(np.float32)
    scene = cv2.GaussianBlur(noise, (0, 0), fine)
    return np.asarray(np.clip(120 + 45 * scene / scene.std(), 0, 255), np.uint8)


HOME = place(0)
GRAIN = [RNG.integers(-5, 6, (*HOME.shape[:2], 1), dtype=np.int16) for _ in range(40)]


def grainy(image: Image, number: int) -> Image:
    """With a sensor's noise."""
    return np.asarray(np.clip(image + GRAIN[number % len(GRAIN)], 0, 255), np.uint8)


def grey(image: Image) -> Image:
    """As in infra-red light: one channel, other brightnesses."""
    return np.asarray(np.repeat((255 - image[..., 2:] // 2), 3, axis=2), np.uint8)


def warped(image: Image, right: float = 0.0, turned: float = 0.0, zoom: float = 1.0) -> Image:
    """Moved by a share of the width, turned by degrees, enlarged."""
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turned, zoom)
    matrix[0, 2] += right * width
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


class Camera:
    """Shows pictures to a view, one a second."""

    def __init__(self, watched: np.ndarray = ALL) -> None:
        self.view = View(watched)
        self.at_s = 0.0
        self._meter = LightMeter()

    def shows(self, pictures: Iterable[Image]) -> float | None:
        """Seconds until it was found to have been moved; None if it was not."""
        for count, image in enumerate(pictures):
            self.at_s += 1.0
            picture = Picture(image, self.at_s)
            if self.view.look(picture, self._meter.step(picture)):
                return float(count + 1)
        return None


def again(image: Image, seconds: float) -> Iterator[Image]:
    """The same place for so long."""
    pictures = [grainy(image, number) for number in range(min(len(GRAIN), int(seconds)))]
    return islice(cycle(pictures), int(seconds))


@pytest.fixture(scope="module", name="home")
def _home() -> StateDict:
    """What a camera knows of its place."""
    made = Camera()
    assert made.shows(again(HOME, KNOWN)) is None
    return made.view.state()


@pytest.fixture
def camera(home: StateDict) -> Camera:
    """One that knows its place, and has been looking at it."""
    made = Camera()
    made.view.restore(home)
    assert made.shows(again(HOME, 60)) is None
    return made


MOVES: dict[str, Callable[[Image], Image]] = {
    "knocked": lambda image: warped(image, right=0.08),
    "turned": lambda image: warped(image, right=0.4),
    "tilted": lambda image: warped(image, turned=15),
    "zoomed": lambda image: warped(image, zoom=1.3),
    "elsewhere": lambda image: place(1),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_a_camera_that_shows_another_view_was_moved(camera: Camera, move: Callable[[Image], Image]) -> None:
    """It takes a minute of another view to say so, and not much longer; then that view is the known one."""
    moved = move(HOME)
    assert MOVED_S <= (camera.shows(again(moved, 600)) or 0) <= SOON
    camera.view.begin()
    assert camera.shows(again(moved, KNOWN)) is None
    assert camera.shows(again(HOME, 600)) is not None


CHANGES: dict[str, Callable[[Image], Image]] = {
    "dimmer": lambda image: np.asarray(image * 0.4, np.uint8),
    "brighter": lambda image: np.asarray(np.clip(image * 1.4 + 20, 0, 255), np.uint8),
    "dark": np.zeros_like,
    "covered": lambda image: np.full_like(image, 90),
    "sprayed": lambda image: np.asarray(cv2.GaussianBlur(image, (0, 0), 15), np.uint8),
    "half of it hidden": lambda image: np.concatenate([np.full_like(image[:, :52], 60), image[:, 52:]], axis=1),
    "infra-red": grey,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_at_the_same_place_moves_no_camera(camera: Camera, change: Callable[[Image], Image]) -> None:
    """Light of any kind, a hand, spray, something large that stands before it: a quarter of an hour, and back."""
    changed = change(HOME)
    assert camera.shows(again(changed, 900)) is None
    assert camera.shows(again(HOME, 300)) is None


def test_a_crowd_that_passes_moves_no_camera(camera: Camera) -> None:
    """Each second somebody else hides a third of the picture: the median of half a minute sees none of them."""

    def crowd() -> Iterator[Image]:
        for _ in range(300):
            image = HOME.copy()
            left = int(RNG.integers(0, 86))
            image[:, left : left + 42] = RNG.integers(0, 256, (64, 42, 3))
            yield image

    assert camera.shows(crowd()) is None


def test_a_look_elsewhere_of_half_a_minute_is_no_move(camera: Camera) -> None:
    """A minute of another view it must be, without a break."""
    for _ in range(5):
        assert camera.shows(again(place(1), 40)) is None
        assert camera.shows(again(HOME, 60)) is None


def test_dusk_moves_no_camera(camera: Camera) -> None:
    """Over half an hour lamps take the sun's place until nothing looks as before; next day both views are known."""
    night = place(2)

    def between(begin: Image, end: Image) -> Iterator[Image]:
        for number, share in enumerate(np.linspace(0, 1, 1800)):
            yield grainy(np.asarray(begin * (1 - share) + end * share, np.uint8), number)

    assert camera.shows(between(HOME, night)) is None
    assert camera.shows(again(night, KNOWN)) is None
    assert camera.shows(between(night, HOME)) is None
    assert camera.shows(again(night, 600)) is None, "now even at once"


def test_before_a_view_is_known_nothing_is_said() -> None:
    """Of a camera in its first minutes, or in the first of a light."""
    assert Camera().shows([*again(HOME, 300), *again(place(1), 250)]) is None


def test_where_nothing_stays_the_same_nothing_is_said() -> None:
    """A camera on a lorry shows another view all the time."""
    seeds = iter(range(100, 10_000))
    assert Camera().shows(image for _ in range(60) for image in again(place(next(seeds)), 40)) is None


def test_what_is_masked_takes_no_part(camera: Camera) -> None:
    """A screen in the picture may show what it likes; where nearly all is masked nothing is said."""
    watched = ALL.copy()
    watched[:, :26] = False
    masked, blind = Camera(watched), Camera(np.zeros_like(ALL))
    other = np.concatenate([place(1)[:, :104], HOME[:, 104:]], axis=1)
    for each in (masked, blind):
        assert each.shows(again(HOME, KNOWN)) is None
    assert camera.shows(again(other, 300)) is not None
    assert masked.shows(again(other, 300)) is None
    assert blind.shows(again(place(1), 300)) is None


def test_a_restart_forgets_no_view(camera: Camera) -> None:
    """Moved while the daemon was down it is found all the same; what does not fit is refused and changes nothing."""
    state = camera.view.state()
    after = Camera()
    after.view.restore(state)
    for name, spoiled in (("views", state["views"][:1]), ("seen_s", -1 - state["seen_s"]), ("agreement", np.zeros(3))):
        with pytest.raises(StateError):
            after.view.restore(state | {name: spoiled})
    assert {name: array.tolist() for name, array in after.view.state().items()} == {
        name: array.tolist() for name, array in state.items()
    }
    assert state["views"].shape == (2, VIEWS, *SIZE)
    assert after.shows(again(place(1), 120)) is not None


def test_a_look_costs_little() -> None:
    """At ten pictures a second of the usual size less than 0.1 ms a picture, of which it looks at one in twenty."""
    image = cv2.resize(HOME, (360, 240))
    view, pictures = View(ALL), [Picture(image, n / 10) for n in range(1000)]
    _ = [picture.grey for picture in pictures]
    began_s = time.process_time()
    for picture in pictures:
        view.look(picture, Light.COLOUR)
    assert (time.process_time() - began_s) / len(pictures) < 1e-4


def footage(path: Path) -> Iterator[Image]:
    """The pictures of a recording, 128 pixels wide."""
    capture = cv2.VideoCapture(str(path))
    while (read := capture.read())[0]:
        image = read[1]
        height = round(image.shape[0] * 128 / image.shape[1])
        yield np.asarray(cv2.resize(image, (128, height), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.skipif(not (DATA / "footage").is_dir(), reason="needs ../shared/data/footage")
@pytest.mark.parametrize("name", ["vtest.avi", "traffic_camera.mp4", "one_by_one_person.mp4"])
def test_real_cameras_that_are_moved(name: str) -> None:
    """People and cars that pass move none; knocked, turned, zoomed or at another place each is found out."""
    pictures = list(islice(footage(DATA / "footage" / name), 0, None, 4))
    camera = Camera()
    assert camera.shows(islice(cycle(pictures), KNOWN)) is None
    state = camera.view.state()
    for kind, move in MOVES.items():
        moved = Camera()
        moved.view.restore(state)
        assert moved.shows(islice(cycle(pictures), 60)) is None
        if kind != "turned":  # along a road to a place that looks the same
            assert (moved.shows(map(move, islice(cycle(pictures), 120))) or 0) >= MOVED_S


@pytest.mark.skipif(not (DATA / "upcam_1fps").is_dir(), reason="needs ../shared/data/upcam_1fps")
def test_a_lived_in_room_through_a_night_and_a_morning_moves_no_camera() -> None:
    """Infra-red to colour, blinds, lamps, a person: three hours of them, on a clock of their own."""
    camera = Camera()
    for hour in (6, 7, 8):
        assert camera.shows(footage(DATA / "upcam_1fps" / "train" / f"00-{hour:02d}.mp4")) is None
    assert camera.shows(again(HOME, 120)) is not None, "it knew the room"
