"""Clips and pictures made of films: what went in comes out, in a file that can be read from its beginning."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from monitor.capture.filming import Filming
from monitor.capture.films import FilmError, clip_of, picture_of
from monitor.capture.open import SourceOptions, open_source
from monitor.capture.ring import Film, Ring, Span
from monitor.capture.timing import Pace, Timeline

S = 1_000_000_000
RATE_HZ = 10.0


class Filmed:
    """A source read to its end, or for so many pictures, as the loop round a camera does."""

    def __init__(self, clock: object, address: str, most: int = 1000) -> None:
        self.ring = Ring(1000.0, 10**9)
        self.all: dict[int, np.ndarray] = {}  # by wall time
        filming = Filming("gate", self.ring, RATE_HZ)
        filming.begin()
        source = open_source(SourceOptions(address, live=False), listener=filming)
        timeline, pace = Timeline(clock, live=False), Pace(RATE_HZ, live=False)
        for number, picture in enumerate(source.pictures()):
            moment = timeline.mark(picture.pts_s)
            filming.picture(picture, moment.wall_ns, due=pace.due(moment.mono_ns))
            self.all[moment.wall_ns] = picture.image(None)
            if number + 1 >= most:
                break
        filming.end()
        source.close()
        self.began_ns = min(self.all)

    def film(self, since_s: float, until_s: float) -> Film:
        """What was between, in seconds from the beginning."""
        since_ns, until_ns = (self.began_ns + round(each * S) for each in (since_s, until_s))
        film = self.ring.film(Span(since_ns, until_ns, since_ns, until_ns))
        assert film is not None
        return film


@pytest.fixture
def filmed(clock: object) -> Callable[..., Filmed]:
    """Film a source: `filmed(address, most)`."""
    return lambda address, most=1000: Filmed(clock, str(address), most)


def shown(clip: bytes) -> tuple[list[float], list[np.ndarray]]:
    """The times and pictures of a clip."""
    with av.open(io.BytesIO(clip)) as container:
        frames = list(container.decode(video=0))
    return [float(frame.time) for frame in frames], [frame.to_ndarray(format="bgr24") for frame in frames]


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference of two pictures, in grey levels."""
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())


def write(path: Path, codec: str, **options: str) -> Path:
    """50 pictures, 160×120, 25 a second, a keyframe every 10."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.width, stream.height, stream.gop_size = 160, 120, 10
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(50):
            image = np.zeros((120, 160, 3), np.uint8)
            image[:, : 3 * (number + 1), 2] = 225
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path


def test_a_clip_of_h264_has_the_very_pictures_of_its_source(filmed: Callable[..., Filmed], small_video: Path) -> None:
    """Nothing is encoded anew: from the keyframe on each picture is there, at its time, to the last bit."""
    source = filmed(small_video)
    film = source.film(0.7, 1.5)
    times, pictures = shown(clip_of(film, RATE_HZ))
    assert times == pytest.approx([number / 25 for number in range(len(film.marks))])
    assert 0.2 * S < film.began_ns - source.began_ns <= 0.7 * S  # there is a keyframe every 0.4 s at least
    assert len(pictures) == len(film.marks)
    for mark, picture in zip(film.marks, pictures, strict=True):
        assert np.array_equal(picture, source.all[mark.wall_ns])


def test_pictures_that_depend_on_later_ones_are_in_order(filmed: Callable[..., Filmed], tmp_path: Path) -> None:
    """B-frames are shown where they belong, and none before the first keyframe."""
    source = filmed(write(tmp_path / "b.mp4", "libx264", bf="3", b_pyramid="normal", **{"x264-params": "open-gop=1"}))
    film = source.film(0.7, 1.5)
    assert any(packet.pts < before.pts for before, packet in zip(film.packets, film.packets[1:], strict=False))
    times, pictures = shown(clip_of(film, RATE_HZ))
    assert times == sorted(times)
    by_time = dict(zip(times, pictures, strict=True))
    for mark in film.marks:
        at_s = (mark.pts - film.packets[0].pts) * film.track.time_base
        if at_s >= 0:
            assert np.array_equal(by_time[float(at_s)], source.all[mark.wall_ns])


@pytest.mark.parametrize("codec", ["mjpeg", "mpeg4", "ffv1", "libx265"])
def test_what_browsers_do_not_play_is_encoded_when_a_clip_is_made(
    filmed: Callable[..., Filmed], tmp_path: Path, codec: str
) -> None:
    """H.264 at the rate of analysis, each picture at its time."""
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    source = filmed(write(tmp_path / "other.mkv", codec, **options))
    film = source.film(0.5, 1.5)
    clip = clip_of(film, RATE_HZ)
    with av.open(io.BytesIO(clip)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
    times, pictures = shown(clip)
    assert 10 <= len(times) <= 16
    for at_s, picture in zip(times, pictures, strict=True):
        nearest = min(source.all, key=lambda wall_ns: abs(wall_ns - film.began_ns - at_s * S))
        assert difference(picture, source.all[nearest]) < 6


def test_a_source_without_packets_is_encoded_once(filmed: Callable[..., Filmed]) -> None:
    """The pictures that are analysed, at their times."""
    source = filmed("lavfi:testsrc2=size=320x240:rate=25", 75)
    times, pictures = shown(clip_of(source.film(0.5, 2.0), RATE_HZ))
    assert 15 <= len(times) <= 25
    assert np.diff(times) == pytest.approx(0.1, abs=0.05)
    assert difference(pictures[0], source.all[source.film(0.5, 2.0).began_ns]) < 12


def test_a_folder_of_images_has_clips_too(filmed: Callable[..., Filmed], image_folder: Path) -> None:
    """Whatever gives pictures."""
    times, pictures = shown(clip_of(filmed(image_folder).film(1.0, 2.0), RATE_HZ))
    assert len(times) >= 11
    assert pictures[0].shape == (240, 320, 3)


def test_a_clip_can_be_played_from_its_first_bytes(filmed: Callable[..., Filmed], small_video: Path) -> None:
    """The index comes before the pictures."""
    clip = clip_of(filmed(small_video).film(0.0, 2.0), RATE_HZ)
    assert 0 < clip.index(b"moov") < clip.index(b"mdat")


def test_times_that_stand_or_go_back_are_mended(filmed: Callable[..., Filmed], small_video: Path) -> None:
    """A camera whose clock stutters gives a file all the same, with every picture in it."""
    film = filmed(small_video).film(0.0, 2.0)
    at = len(film.packets) // 2
    packets = list(film.packets)
    packets[at] = replace(packets[at], dts=packets[at - 1].dts - 100)
    packets[at + 1] = replace(packets[at + 1], dts=packets[at - 1].dts)
    times, pictures = shown(clip_of(replace(film, packets=tuple(packets)), RATE_HZ))
    assert len(pictures) == len(film.packets)
    assert all(later > before for before, later in itertools.pairwise(times))


@pytest.mark.parametrize("codec", ["libx264", "mjpeg"])
def test_the_picture_at_a_moment_is_that_very_picture(
    filmed: Callable[..., Filmed], tmp_path: Path, codec: str
) -> None:
    """At the source's own size, whichever picture of a group it is."""
    source = filmed(write(tmp_path / "v.mkv", codec))
    for wall_ns in sorted(source.all)[::7]:
        film = source.ring.film(Span(wall_ns, wall_ns, wall_ns, wall_ns))
        assert film is not None
        picture = cv2.imdecode(np.frombuffer(picture_of(film, wall_ns), np.uint8), cv2.IMREAD_COLOR)
        assert picture.shape == (120, 160, 3)
        assert difference(picture, source.all[wall_ns]) < 3


def test_what_cannot_be_made_is_said(filmed: Callable[..., Filmed], small_video: Path) -> None:
    """A film of garbage, or one without the picture: one kind of error."""
    film = filmed(small_video).film(0.0, 1.0)
    with pytest.raises(FilmError, match="not among those that are kept"):
        picture_of(film, 1)
    garbage = replace(film, packets=tuple(replace(packet, data=b"garbage") for packet in film.packets))
    with pytest.raises(FilmError):
        picture_of(garbage, film.began_ns)
    with pytest.raises(FilmError, match="no picture of it could be decoded"):
        clip_of(replace(garbage, track=replace(film.track, template=None)), RATE_HZ)
