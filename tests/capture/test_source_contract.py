"""What every source promises, checked on each implementation; and that each check catches a source that breaks it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from monitor.capture.camera import Camera, Plan
from monitor.capture.images import WholeImage, shrink
from monitor.capture.open import SourceOptions, open_source
from monitor.capture.source import Cause, Decoded, Source, SourceError, SourceInfo, fit
from monitor.clock import SystemClock

Make = Callable[[], Source]
PICTURES = 50
# Lossy coding of a saturated edge moves a channel by up to about 40 grey levels.
COLOUR_TOLERANCE = 60


def check_every_picture_comes_once_in_order(make: Make) -> None:
    """50 pictures come, their pts rises, and the bar in them grows from each to the next."""
    pictures = [(picture.pts_s, picture.image(None)) for picture in make().pictures()]
    assert len(pictures) == PICTURES
    times = [pts_s for pts_s, _ in pictures]
    assert all(a is not None and b is not None and a < b for a, b in pairwise(times))
    widths = [int((image[120, :, 2] > 120).sum()) for _, image in pictures]
    assert all(a < b for a, b in pairwise(widths))


def check_durations_are_those_of_the_recording(make: Make) -> None:
    """49 steps at 25 a second last 1.96 s."""
    times = [picture.pts_s for picture in make().pictures()]
    assert times[-1] - times[0] == pytest.approx((PICTURES - 1) / 25, abs=1e-3)


def check_images_are_read_only(make: Make) -> None:
    """Nobody can write into an image, at analysis size or at full size."""
    picture = next(make().pictures())
    for width in (None, 160):
        image = picture.image(width)
        assert image.dtype == np.uint8
        assert not image.flags.writeable


def check_images_are_of_the_size_that_fit_gives(make: Make) -> None:
    """Any width gives the size `fit` says; the source's own is never exceeded."""
    picture = next(make().pictures())
    for width in (None, 10_000, 320, 161, 64, 3):
        assert picture.image(width).shape == (*fit(picture.size_px, width)[::-1], 3)


def check_images_are_bgr(make: Make) -> None:
    """The bar is red: bright in channel 2, dark in the others."""
    blue, green, red = next(make().pictures()).image(None)[100:140, :4].reshape(-1, 3).mean(axis=0)
    assert red > 225 - COLOUR_TOLERANCE
    assert max(blue, green) < COLOUR_TOLERANCE


def check_shrinking_averages(make: Make) -> None:
    """An image at a quarter of the width is the average of its areas, not one pixel of each."""
    picture = next(make().pictures())
    whole = picture.image(None).astype(np.float32)
    means = whole.reshape(60, 4, 80, 4, 3).mean(axis=(1, 3))
    assert np.abs(picture.image(80).astype(np.float32) - means).mean() < 2.0


def check_images_outlive_the_next_picture(make: Make) -> None:
    """An image that was taken does not change while later pictures are read, nor when the source is closed."""
    source = make()
    pictures = source.pictures()
    image = next(pictures).image(None)
    copy = image.copy()
    for _ in range(5):
        next(pictures).image(None)
    source.close()
    assert np.array_equal(image, copy)


def check_a_recording_ends(make: Make) -> None:
    """After the last picture the iterator is at its end, and stays there."""
    pictures = make().pictures()
    assert sum(1 for _ in pictures) > 0
    assert next(pictures, None) is None


def check_a_live_end_is_a_disconnect(make: Make) -> None:
    """The iterator of a live source does not end: it raises ENDED."""
    with pytest.raises(SourceError) as caught:
        for _ in make().pictures():
            pass
    assert caught.value.cause is Cause.ENDED


def check_closing_twice_is_fine(make: Make) -> None:
    """A source may be closed twice, read or not."""
    source = make()
    next(source.pictures())
    source.close()
    source.close()
    make().close()


def check_the_loop_stamps_it_right(make: Make) -> None:
    """Read by the camera's loop: seq 0, 1, 2 …, monotonic time rises, one wall offset, one run."""
    stamps = []

    class Outlet:
        def send(self, frame: Any) -> None:
            stamps.append(frame.stamp)

        def pump(self) -> None: ...

        def report(self, report: Any) -> None: ...

        def beat(self, progress: int) -> None: ...

        def drops(self) -> tuple[()]:
            return ()

    camera = Camera(Plan("gate", False, 160, None), make, Outlet(), SystemClock(), Random(0), "boot")
    camera.run_once(threading.Event())
    assert [stamp.seq for stamp in stamps] == list(range(PICTURES))
    assert all(a.mono_ns < b.mono_ns for a, b in pairwise(stamps))
    assert len({(stamp.run, stamp.wall_ns - stamp.mono_ns) for stamp in stamps}) == 1
    assert stamps[0].pts == 0.0


RECORDING_CHECKS = [
    check_every_picture_comes_once_in_order,
    check_durations_are_those_of_the_recording,
    check_images_are_read_only,
    check_images_are_of_the_size_that_fit_gives,
    check_images_are_bgr,
    check_shrinking_averages,
    check_images_outlive_the_next_picture,
    check_a_recording_ends,
    check_closing_twice_is_fine,
    check_the_loop_stamps_it_right,
]
LIVE_CHECKS = [
    check_images_are_read_only,
    check_images_are_of_the_size_that_fit_gives,
    check_images_outlive_the_next_picture,
    check_a_live_end_is_a_disconnect,
    check_closing_twice_is_fine,
]


@pytest.fixture
def opened() -> Iterator[list[Source]]:
    """Collects the sources of a test and closes them."""
    sources: list[Source] = []
    yield sources
    for source in sources:
        source.close()


def maker(options: SourceOptions, opened: list[Source]) -> Make:
    """Opens `options` afresh at every call."""

    def make() -> Source:
        opened.append(open_source(options))
        return opened[-1]

    return make


@pytest.mark.parametrize("check", RECORDING_CHECKS)
@pytest.mark.parametrize("kind", ["pyav", "opencv", "images"])
def test_recordings(kind: Any, check: Any, small_video: Path, image_folder: Path, opened: list[Source]) -> None:
    """Files and folders keep every promise of a recording."""
    if kind == "images":
        options = SourceOptions(str(image_folder), image_rate_hz=25.0)
    else:
        options = SourceOptions(str(small_video), backend=kind)
    check(maker(options, opened))


@pytest.mark.parametrize("check", LIVE_CHECKS)
@pytest.mark.parametrize("kind", ["pyav", "opencv", "device stand-in"])
def test_live_sources(kind: Any, check: Any, small_video: Path, opened: list[Source]) -> None:
    """Read as live, they keep the promises of a camera; lavfi takes the same way through libavdevice as V4L2."""
    if kind == "device stand-in":
        options = SourceOptions("lavfi:testsrc2=size=320x240:rate=25:duration=1", live=True)
    else:
        options = SourceOptions(str(small_video), backend=kind, live=True)
    check(maker(options, opened))


class Faulty:
    """A right source of 50 pictures; its children each break one promise."""

    info = SourceInfo("faulty", 25.0)
    damaged = 0

    def pictures(self) -> Iterator[Decoded]:
        """The right pictures."""
        for number in range(PICTURES):
            yield self.one(number)

    def one(self, number: int) -> Decoded:
        """Picture `number`."""
        return WholeImage(self.whole(number), number / 25)

    def whole(self, number: int) -> np.ndarray:
        """The image of picture `number`."""
        image = np.full((240, 320, 3), 12, np.uint8)
        image[:, : 6 * (number + 1), 2] = 225
        image[:, :, :2] += np.random.default_rng(number).integers(0, 40, (240, 320, 2), dtype=np.uint8)
        return image

    def close(self) -> None:
        """Nothing to close."""


@dataclass
class Converting:
    """A picture converted by a function that is wrong."""

    whole: np.ndarray
    pts_s: float | None
    convert: Callable[[np.ndarray, int | None], np.ndarray]
    size_px: tuple[int, int] = field(default=(320, 240))

    def image(self, width_px: int | None) -> np.ndarray:
        """What the function makes of it."""
        return self.convert(self.whole, width_px)


class SkipsOne(Faulty):
    """Loses its tenth picture."""

    def pictures(self) -> Iterator[Decoded]:
        return (picture for number, picture in enumerate(super().pictures()) if number != 10)


class TooSlow(Faulty):
    """Counts 10 pictures a second where there are 25."""

    def one(self, number: int) -> Decoded:
        return WholeImage(self.whole(number), number / 10)


class Writable(Faulty):
    """Gives images that can be written to."""

    def one(self, number: int) -> Decoded:
        return Converting(self.whole(number), number / 25, lambda whole, width: shrink(whole, width).copy())


class Enlarges(Faulty):
    """Makes any image as wide as it was asked for."""

    def one(self, number: int) -> Decoded:
        enlarged = lambda whole, width: shrink(np.tile(whole, (1, 40, 1))[:, : width or 320], None)  # noqa: E731
        return Converting(self.whole(number), number / 25, enlarged)


class Rgb(Faulty):
    """Swaps red and blue."""

    def whole(self, number: int) -> np.ndarray:
        return super().whole(number)[:, :, ::-1].copy()


class PicksPixels(Faulty):
    """Shrinks by leaving pixels out."""

    def one(self, number: int) -> Decoded:
        def nearest(whole: np.ndarray, width: int | None) -> np.ndarray:
            step = 320 // (width or 320)
            return shrink(whole[::step, ::step].copy(), None)

        return Converting(self.whole(number), number / 25, nearest)


class OneBuffer(Faulty):
    """Decodes every picture into the same memory and hands that out."""

    def __init__(self) -> None:
        self.buffer = np.zeros((240, 320, 3), np.uint8)

    def one(self, number: int) -> Decoded:
        self.buffer[:] = self.whole(number)
        return Converting(self.buffer, number / 25, lambda whole, width: whole)


class StartsAnew(Faulty):
    """Plays again from the start instead of ending there."""

    def pictures(self) -> Iterator[Decoded]:
        class Endless:
            turn = 0

            def __iter__(self) -> Any:
                return self

            def __next__(endless) -> Decoded:  # noqa: N805  (`self` is the source)
                endless.turn += 1
                if endless.turn == 4:
                    raise StopIteration
                return self.one(endless.turn)

        return Endless()


class EndsSilently(Faulty):
    """A live source whose end looks like that of a recording."""


class ClosesOnce(Faulty):
    """Breaks at the second closing."""

    closed = False

    def close(self) -> None:
        if self.closed:
            raise ValueError("closed already")
        self.closed = True


class Stutters(Faulty):
    """Fails in the middle, as a recording with damage must not."""

    def pictures(self) -> Iterator[Decoded]:
        yield from list(super().pictures())[:20]
        raise SourceError(Cause.DECODE, "damaged")


BROKEN = {
    SkipsOne: check_every_picture_comes_once_in_order,
    TooSlow: check_durations_are_those_of_the_recording,
    Writable: check_images_are_read_only,
    Enlarges: check_images_are_of_the_size_that_fit_gives,
    Rgb: check_images_are_bgr,
    PicksPixels: check_shrinking_averages,
    OneBuffer: check_images_outlive_the_next_picture,
    StartsAnew: check_a_recording_ends,
    EndsSilently: check_a_live_end_is_a_disconnect,
    ClosesOnce: check_closing_twice_is_fine,
    Stutters: check_the_loop_stamps_it_right,
}


@pytest.mark.parametrize(("faulty", "check"), BROKEN.items())
def test_every_check_catches_its_fault(faulty: Any, check: Any) -> None:
    """The check fails on the source that breaks its promise, and passes on the right one."""
    with pytest.raises((AssertionError, SourceError, ValueError, pytest.fail.Exception)):
        check(faulty)
    if check is not check_a_live_end_is_a_disconnect:
        check(Faulty)


def test_no_check_is_without_a_fault() -> None:
    """A check that nothing can fail proves nothing."""
    assert set(BROKEN.values()) == {*RECORDING_CHECKS, *LIVE_CHECKS}
