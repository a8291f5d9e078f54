"""The demo camera: what was drawn comes through the codec, on time, with exact times."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from monitor.capture import demo
from monitor.capture.demo import DemoOptions, DemoSource, parse_demo, scene_of, write_video
from monitor.capture.scene import Cue, RareKind, Scene

# x264 at our quality gives 33 to 34 dB on this noisy scene; another picture of it gives less than 25.
LEAST_PSNR_DB = 31.0


class ManualClock:
    """Seconds that pass only by sleeping or by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now_s += seconds


@pytest.fixture
def clock() -> ManualClock:
    """At an arbitrary time."""
    return ManualClock()


def open_demo(clock: ManualClock, options: DemoOptions) -> DemoSource:
    """On the manual clock."""
    return DemoSource(options, clock, clock.sleep)


def test_decoded_pictures_are_the_drawn_ones_with_exact_times(clock: ManualClock) -> None:
    """Picture n shows the scene at n/fps and says so, to the last bit of pts."""
    options = DemoOptions(seed=5, fps=15)
    source, scene = open_demo(clock, options), scene_of(options)
    for number, picture in enumerate(islice(source.pictures(), 40)):
        assert picture.pts_s == number / 15
        assert cv2.PSNR(picture.image(None), scene.draw(number / 15)) > LEAST_PSNR_DB
    assert (source.info.codec, source.info.rate_hz, source.damaged) == ("h264", 15.0, 0)


def test_pictures_come_in_real_time(clock: ManualClock) -> None:
    """Each is given when it is due on the caller's clock, neither before nor later."""
    source = open_demo(clock, DemoOptions(fps=10))
    began_s = clock.now_s
    due = [clock.now_s - began_s for _ in islice(source.pictures(), 25)]
    assert due == pytest.approx([n / 10 for n in range(25)])


def test_a_late_caller_gets_the_newest_picture(clock: ManualClock) -> None:
    """What was missed is never drawn: pts jumps ahead, stays exact, and is never more than a frame old."""
    source = open_demo(clock, DemoOptions(fps=10))
    began_s, times = clock.now_s, []
    for picture in islice(source.pictures(), 12):
        assert picture.pts_s is not None
        assert clock.now_s - began_s - picture.pts_s < 0.1 + 1e-9
        times.append(picture.pts_s)
        clock.now_s += 0.73
    assert all(after - before > 0.6 for before, after in pairwise(times))
    assert [Fraction(t).limit_denominator(1000) * 10 % 1 for t in times] == [0] * 12


def test_pictures_are_scaled_and_read_only(clock: ManualClock) -> None:
    """A picture at analysis width keeps its aspect and cannot be written to."""
    source = open_demo(clock, DemoOptions())
    image = next(iter(source.pictures())).image(256)
    assert image.shape == (144, 256, 3)
    assert not image.flags.writeable


def test_closing_ends_the_iteration(clock: ManualClock) -> None:
    """A closed demo camera gives no more; a second close does nothing."""
    source = open_demo(clock, DemoOptions())
    pictures = source.pictures()
    next(pictures)
    source.close()
    source.close()
    assert list(pictures) == []


def test_without_x264_nothing_is_held_back_either(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A libav without x264 gets MPEG-4, with the same times."""
    monkeypatch.setattr(demo, "_encoder_name", lambda: "mpeg4")
    source = open_demo(clock, DemoOptions(fps=10))
    assert source.info.codec == "mpeg4"
    began_s = clock.now_s
    for number, picture in enumerate(islice(source.pictures(), 25)):
        assert picture.pts_s == number / 10
        assert clock.now_s - began_s == pytest.approx(number / 10)


def test_a_written_video_is_the_scene_with_its_truth(tmp_path: Path) -> None:
    """The file is H.264 with a keyframe every 2 s, one picture each 1/fps, each the one drawn for its time."""
    scene = Scene(2, cues=[Cue(RareKind.CYCLIST, 2.0), Cue(RareKind.VAN, 9.0)])
    truth = write_video(tmp_path / "demo.mp4", scene, seconds=6, fps=10)
    assert truth == scene.truth(6.0)
    assert [event.kind for event in truth] == [RareKind.CYCLIST]
    with av.open(str(tmp_path / "demo.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        frames = list(container.decode(video=0))
    assert [frame.time for frame in frames] == pytest.approx([n / 10 for n in range(60)])
    assert [n for n, frame in enumerate(frames) if frame.key_frame] == [0, 20, 40]
    for number in (0, 31, 59):
        image = np.ascontiguousarray(frames[number].to_ndarray(format="bgr24"))
        assert cv2.PSNR(image, scene.draw(number / 10)) > LEAST_PSNR_DB


def test_options_are_read_from_the_address() -> None:
    """Every option can be given; the rest keep their defaults."""
    assert parse_demo("demo:") == parse_demo("demo:?") == DemoOptions()
    assert parse_demo("demo:?seed=3&settle_s=60&fps=15&day_s=900&every_s=30.5") == DemoOptions(3, 15, 60, 30.5, 900)
    scene = scene_of(parse_demo("demo:?seed=3&settle_s=60"))
    assert 60 <= scene.truth(1e3)[0].began_s <= 75


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("demo.mp4", 'demo.mp4: expected "demo:" or "demo:?seed=3&settle_s=60", got "demo.mp4"'),
        ("demo:?seed", 'demo:?seed: expected name=value&name=value after "?", got "seed"'),
        (
            "demo:?sed=3",
            'demo:?sed=3: expected one of seed, fps, settle_s, every_s, day_s, got "sed"; remove or correct it',
        ),
        ("demo:?fps=5&fps=6", "demo:?fps=5&fps=6: fps is given twice; keep one of them"),
        ("demo:?fps=0", 'demo:?fps=0: fps: expected a whole number from 1 to 50, got "0"'),
        ("demo:?fps=12.5", 'demo:?fps=12.5: fps: expected a whole number from 1 to 50, got "12.5"'),
        ("demo:?seed=-1", 'demo:?seed=-1: seed: expected a whole number from 0 to 4294967295, got "-1"'),
        ("demo:?day_s=nan", 'demo:?day_s=nan: day_s: expected a number from 60 to 1000000, got "nan"'),
        ("demo:?settle_s=", 'demo:?settle_s=: settle_s: expected a number from 0 to 1000000, got ""'),
    ],
)
def test_bad_options_are_refused(address: str, message: str) -> None:
    """The error says where, what was expected and what was got."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the whole message is compared below)
        parse_demo(address)
    assert str(caught.value) == message
