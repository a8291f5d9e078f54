"""Pictures become H.264 that every browser plays, cheaply rather than small. Chooses no pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction

import av
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from monitor.capture.ring import Packet, Track
from monitor.capture.tracks import kept

# RTP's clock for video; milliseconds would make two pictures of a fast source one.
TIME_BASE = Fraction(1, 90_000)
PIX_FMT = "yuv420p"
# What is encoded is not made wider than this; the work grows with the square of it.
MOST_WIDTH_PX = 1280
_NS = 1_000_000_000
# Pictures are held back by none of these, and one thread is enough for what is analysed.
_OPTIONS = {"preset": "ultrafast", "tune": "zerolatency", "crf": "26"}
_KEYFRAME_S = 2.0


class Encoder:
    """One stream of pictures of one size.

    Args:
        size_px: Width and height, both even.
        rate_hz: About how many pictures a second come.

    Raises:
        av.error.FFmpegError: There is no encoder here.
    """

    def __init__(self, size_px: tuple[int, int], rate_hz: float) -> None:
        # Nothing is ever written to it: it is what PyAV wants round a stream.
        self._container: OutputContainer = av.open(io.BytesIO(), "w", format="mp4")
        rate = max(1, round(rate_hz))
        stream = self._container.add_stream("libx264", rate=rate, options=_OPTIONS, time_base=TIME_BASE)
        stream.width, stream.height = size_px
        stream.pix_fmt = PIX_FMT
        stream.gop_size = max(1, round(_KEYFRAME_S * rate_hz))
        stream.codec_context.thread_count = 1
        self._container.start_encoding()
        self._stream = stream
        self._converter = VideoReformatter()
        self._size_px = size_px
        self._first_ns: int | None = None
        self._last_pts = -1
        extradata = self._stream.codec_context.extradata
        self.track = Track("h264", size_px, TIME_BASE, extradata, self._stream)

    def encode(self, frame: VideoFrame, at_ns: int) -> Iterator[Packet]:
        """The packets of one more picture, whatever its size and format, which was at `at_ns`.

        Raises:
            av.error.FFmpegError, ValueError: It cannot be encoded.
        """
        width, height = self._size_px
        whole = self._converter.reformat(frame, width, height, format=PIX_FMT, interpolation="AREA")
        if self._first_ns is None:
            self._first_ns = at_ns
        self._last_pts = max(self._last_pts + 1, round((at_ns - self._first_ns) / _NS / TIME_BASE))
        whole.pts, whole.time_base = self._last_pts, TIME_BASE
        yield from _kept(self._stream, whole)

    @property
    def pts(self) -> int:
        """Of the newest picture, in ticks."""
        return self._last_pts

    def end(self) -> Iterator[Packet]:
        """What is still held back."""
        yield from _kept(self._stream, None)


def _kept(stream: VideoStream, frame: VideoFrame | None) -> Iterator[Packet]:
    for packet in stream.encode(frame):
        mine = kept(packet)
        if mine is not None:
            yield mine
