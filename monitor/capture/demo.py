"""The demo camera: the drawn scene through a real video encoder and decoder, in real time; and the same as a file.

`demo:` or `demo:?seed=3&settle_s=60&fps=15` is its address. Draws nothing itself (scene.py) and scores nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from math import floor, isfinite
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl

import av
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from detectors.base import Image
from monitor.capture.address import DEMO_SCHEME
from monitor.capture.pyav import AvPicture
from monitor.capture.scene import HEIGHT, WIDTH, RareEvent, Scene
from monitor.capture.source import Decoded, SourceInfo

_KEYFRAME_S = 2  # as cameras do
_QUALITY = "27"  # x264's constant rate factor; about 0.8 Mbit/s here, with the artefacts of a cheap camera
_BIT_RATE = 1_500_000  # of MPEG-4, which has no such factor


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What can be chosen about the demo camera; each is a parameter of its address.

    Attributes:
        seed: Chooses scenery, people and rare events.
        fps: Whole pictures a second.
        settle_s: No rare event begins earlier.
        every_s: Mean time from one rare event to the next.
        day_s: How long 24 hours of light last.
    """

    seed: int = 0
    fps: int = 15
    settle_s: float = 150.0
    every_s: float = 60.0
    day_s: float = 1200.0


# Least and most of each option.
_LIMITS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1),
    "fps": (1, 50),
    "settle_s": (0, 1e6),
    "every_s": (20, 1e6),
    "day_s": (60, 1e6),
}


def parse_demo(address: str) -> DemoOptions:
    """The options in a demo address.

    Raises:
        ValueError: Not such an address, or an option that is unknown, given twice, or out of its range.
    """
    head, _, query = address.partition("?")
    if head.lower() != f"{DEMO_SCHEME}:":
        raise ValueError(f'{address}: expected "demo:" or "demo:?seed=3&settle_s=60", got "{head}"')
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
    except ValueError as error:
        raise ValueError(f'{address}: expected name=value&name=value after "?", got "{query}"') from error
    values: dict[str, float] = {}
    for name, text in pairs:
        if name not in _LIMITS:
            raise ValueError(f'{address}: expected one of {", ".join(_LIMITS)}, got "{name}"; remove or correct it')
        if name in values:
            raise ValueError(f"{address}: {name} is given twice; keep one of them")
        values[name] = _number(address, name, text)
    defaults = DemoOptions()
    chosen = {field.name: values.get(field.name, getattr(defaults, field.name)) for field in fields(DemoOptions)}
    seed, fps = int(chosen["seed"]), int(chosen["fps"])
    return DemoOptions(seed, fps, chosen["settle_s"], chosen["every_s"], chosen["day_s"])


def scene_of(options: DemoOptions) -> Scene:
    """The scene that a demo camera with these options shows, e.g. to ask it for the truth."""
    return Scene(options.seed, settle_s=options.settle_s, every_s=options.every_s, day_s=options.day_s)


class DemoSource:
    """The demo camera, open: a live source that never ends and never fails.

    Its pts is the scene's time, 0 at the first picture, so that it compares with the truth. A caller that comes late
    gets the newest picture; those in between are never drawn.

    Args:
        options: What to show.
        clock_s: Monotonic seconds.
        sleep: Waits that many seconds on the same clock.
    """

    def __init__(
        self,
        options: DemoOptions,
        clock_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.scene = scene_of(options)
        self.damaged = 0
        self._fps, self._clock_s, self._sleep = options.fps, clock_s, sleep
        self._wire = _Wire(options.fps)
        self._closed = False
        self.info = SourceInfo(self._wire.codec, float(options.fps))

    def pictures(self) -> Iterator[Decoded]:
        """Every picture when it is due. See `Source.pictures`; nothing is raised. Ends only once it was closed."""
        began_s, number = self._clock_s(), 0
        while not self._closed:
            yield from self._wire.send(self.scene.draw(number / self._fps), number)
            newest = floor((self._clock_s() - began_s) * self._fps)
            number = max(number + 1, newest)
            wait_s = began_s + number / self._fps - self._clock_s()
            if wait_s > 0:
                self._sleep(wait_s)

    def close(self) -> None:
        """End the iteration; codecs free themselves."""
        self._closed = True


def write_video(path: Path, scene: Scene, seconds: float, fps: int = 15) -> tuple[RareEvent, ...]:
    """Write the scene's first `seconds` as H.264 in `path` (.mp4, .mkv …), as fast as it can be drawn.

    Returns:
        The truth: every rare event that begins in it. The last may end after it.
    """
    with av.open(str(path), "w") as container:
        stream = cast(VideoStream, container.add_stream(_encoder_name(), rate=fps, options=_encoder_options()))
        _set_up(stream.codec_context, fps)
        for number in range(round(seconds * fps)):
            container.mux(stream.encode(_frame(scene.draw(number / fps), number, fps)))
        container.mux(stream.encode(None))
    return scene.truth(seconds)


class _Wire:
    """An encoder and the decoder of its packets. Neither holds a picture back: what goes in comes out at once."""

    def __init__(self, fps: int) -> None:
        self._fps = fps
        name = _encoder_name()
        encoder = cast(VideoCodecContext, CodecContext.create(name, "w"))
        decoder = cast(VideoCodecContext, CodecContext.create("h264" if name == "libx264" else name, "r"))
        encoder.options = _encoder_options()
        _set_up(encoder, fps)
        decoder.thread_count = 1  # each further thread would hold a picture back
        decoder.flags |= av.codec.context.Flags.low_delay
        self._encoder, self._decoder = encoder, decoder
        self._converter = VideoReformatter()
        self.codec = decoder.name

    def send(self, image: Image, number: int) -> Iterator[AvPicture]:
        """Encode one picture and decode what comes out; its time is the packet's, whichever picture that is."""
        for packet in self._encoder.encode(_frame(image, number, self._fps)):
            for frame in self._decoder.decode(cast("Packet[VideoStream]", packet)):
                pts_s = None if frame.pts is None else frame.pts / self._fps
                yield AvPicture(frame, pts_s, self._converter, f"{DEMO_SCHEME}:")


def _frame(image: Image, number: int, fps: int) -> VideoFrame:
    frame = VideoFrame.from_ndarray(image, format="bgr24")
    frame.pts = number
    frame.time_base = Fraction(1, fps)
    return frame


def _set_up(encoder: VideoCodecContext, fps: int) -> None:
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
    encoder.gop_size, encoder.max_b_frames = _KEYFRAME_S * fps, 0
    encoder.thread_count = 1  # the same bytes on every machine
    if encoder.name != "libx264":
        encoder.bit_rate = _BIT_RATE


def _encoder_name() -> str:
    """H.264 where this libav has it, else MPEG-4, which it always has."""
    return "libx264" if "libx264" in av.codecs_available else "mpeg4"


def _encoder_options() -> dict[str, str]:
    if _encoder_name() != "libx264":
        return {}
    return {"preset": "ultrafast", "tune": "zerolatency", "crf": _QUALITY}


def _number(address: str, name: str, text: str) -> float:
    least, most = _LIMITS[name]
    whole = name in {"seed", "fps"}
    wanted = f"a {'whole number' if whole else 'number'} from {least:.10g} to {most:.10g}"
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        value = float("nan")
    if not (isfinite(value) and least <= value <= most):
        raise ValueError(f'{address}: {name}: expected {wanted}, got "{text}"')
    return value
