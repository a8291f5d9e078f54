"""Cameras, streams and files through PyAV (libav). Decodes every packet; converts only what is asked for.

Packets and decoding are two steps, and a ring of encoded packets may listen in between.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import av
import av.error
import av.logging
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from detectors.base import Image
from monitor.capture.source import Cause, Decoded, PacketListener, SourceError, SourceInfo, fit
from monitor.capture.tracks import kept, track_of

# Packets in a row that a recording's demuxer may fail on before the rest of it is given up.
_MAX_READ_ERRORS = 64
# libav gives up a little early or late; what took this share of a time-out was the time-out.
_TIMEOUT_SHARE = 0.9
# libav counts frames at a rate it invents for this format: multipart JPEG carries no times.
_FORMATS_WITHOUT_PTS = frozenset({"mpjpeg"})
_DEFAULT_RATE_HZ = 25.0
_NO_WAY = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL})


@dataclass(frozen=True, slots=True)
class AvInput:
    """What libav is to open.

    Attributes:
        url: As libav wants it, with the login; never shown.
        shown: The same for people.
        format: libav's input format ("v4l2", "lavfi"); None to find out.
        live: Whether its end is a disconnect.
        network: Whether a failure to read may be the network's.
        options: libav's own, e.g. `rtsp_transport`; never shown.
        open_timeout_s: For connecting; libav may use it twice, for the connection and for finding the streams.
        read_timeout_s: Longest wait for the next picture of a live source.
    """

    url: str
    shown: str
    format: str | None
    live: bool
    network: bool
    options: Mapping[str, str]
    open_timeout_s: float
    read_timeout_s: float


@dataclass(frozen=True, slots=True)
class AvPicture:
    """A decoded libav frame, and its source's converter: a new one for each frame would cost five times the work."""

    frame: VideoFrame
    pts_s: float | None
    converter: VideoReformatter
    shown: str = "the source"

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height as decoded."""
        return self.frame.width, self.frame.height

    def image(self, width_px: int | None) -> Image:
        """BGR at analysis size, scaled and converted in one pass.

        Raises:
            SourceError: There is no conversion from its pixel format.
        """
        width, height = fit(self.size_px, width_px)
        try:
            frame = self.converter.reformat(self.frame, width, height, format="bgr24", interpolation="AREA")
            image = frame.to_ndarray()
        except (av.error.FFmpegError, ValueError) as error:
            detail = f"{self.shown}: its pictures cannot be converted from {self.frame.format.name}"
            raise SourceError(Cause.UNSUPPORTED, detail) from error
        image.setflags(write=False)
        return cast(Image, image)


class AvSource:
    """A source read by libav. Opens at once.

    Args:
        given: What to open.
        clock_s: Monotonic seconds.
        listener: Hears its packets.

    Raises:
        SourceError: It could not be opened.
    """

    def __init__(self, given: AvInput, clock_s: Callable[[], float], listener: PacketListener | None = None) -> None:
        self._given = given
        self._clock_s = clock_s
        self._listener = listener
        self._timeless: Packet[Stream] | None = None
        self.damaged = 0
        self._converter = VideoReformatter()
        self._container = self._open()
        try:
            self._stream = self._choose_stream()
        except SourceError:
            self.close()
            raise
        rate = self._stream.average_rate or self._stream.guessed_rate
        length = self._container.duration
        self.info = SourceInfo(
            self._stream.codec_context.name,
            None if rate is None else float(rate),
            None if given.live or length is None else length / av.time_base,
        )
        if listener is not None:
            listener.open(track_of(self._stream))

    def pictures(self) -> Iterator[Decoded]:
        """Every whole picture. See `Source.pictures`.

        Raises:
            SourceError: HUNG, ENDED, DECODE or FAILED.
        """
        since_s, seen, step_s, last_s = self._clock_s(), 0, 1.0 / (self.info.rate_hz or _DEFAULT_RATE_HZ), None
        for frame in self._frames():
            if frame is None:
                self._check_patience(since_s)
                continue
            pts_s = self._pts_s(frame)
            if pts_s is None and not self._given.live:  # raw streams: counted at their rate
                pts_s = 0.0 if last_s is None else last_s + step_s
            seen, last_s = seen + 1, pts_s
            yield AvPicture(frame, pts_s, self._converter, self._given.shown)
            since_s = self._clock_s()
        if self._given.live:
            raise self._error(Cause.ENDED, "the stream stopped")
        if seen == 0:
            raise self._error(Cause.DECODE, f"no picture in it could be decoded ({self.damaged} damaged)")

    def close(self) -> None:
        """Give libav's memory and sockets back."""
        self._container.close()

    def _open(self) -> InputContainer:
        given = self._given
        av.logging.set_level(None)  # libav's own log lines quote addresses with their logins
        began_s = self._clock_s()
        # A recording on a slow disk is waited for: giving it up would lose the rest of it.
        timeout = (given.open_timeout_s, given.read_timeout_s) if given.live or given.network else None
        try:
            return av.open(given.url, format=given.format, options=dict(given.options), timeout=timeout)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            slow = self._clock_s() - began_s >= _TIMEOUT_SHARE * given.open_timeout_s
            raise self._explain_open(_scrub(error), slow) from error

    def _choose_stream(self) -> VideoStream:
        stream = self._container.streams.best("video")
        if not isinstance(stream, VideoStream):
            raise self._error(Cause.UNSUPPORTED, "there is no video in it")
        if cast("object | None", stream.codec_context) is None:
            raise self._error(Cause.UNSUPPORTED, "its video codec has no decoder here")
        if self._given.live:
            stream.codec_context.thread_count = 1  # several threads would hold pictures back
        else:
            stream.thread_type = "AUTO"
        return stream

    def _frames(self) -> Iterator[VideoFrame | None]:
        """Whole frames; None for each packet that gives none, so that the caller can look at the clock.

        Packets of other streams are looked at too: sound that goes on must not hide that the pictures stopped.
        """
        errors = 0
        while errors < _MAX_READ_ERRORS:
            try:
                for packet in self._packets():
                    errors = 0
                    whole = self._decode(packet) if packet.stream.index == self._stream.index else []
                    yield from whole
                    if not whole:
                        yield None
                return
            except av.error.InvalidDataError as error:
                if self._given.live:
                    raise self._error(Cause.DECODE, "what came could not be read") from _scrub(error)
                self.damaged += 1
                errors += 1
            except (av.error.FFmpegError, OSError) as error:
                raise self._explain_read(_scrub(error)) from error

    def _packets(self) -> Iterator[Packet[Stream]]:
        """All packets. When its time-out is over, libav hands out what it had held back, and fails one time-out later.

        That is too late for a watchdog, and the picture too old to be stamped now.
        """
        limit_s = self._given.read_timeout_s
        asked_s = self._clock_s()
        for packet in self._container.demux():
            if self._given.live and self._clock_s() - asked_s >= _TIMEOUT_SHARE * limit_s:
                raise self._error(Cause.HUNG, f"no data for {limit_s:g} s")
            yield packet
            asked_s = self._clock_s()

    def _decode(self, packet: Packet[Stream]) -> list[VideoFrame]:
        if self._listener is not None:
            self._tell(packet, self._listener)
        try:
            frames = [frame for frame in packet.decode() if isinstance(frame, VideoFrame)]
        except av.error.EOFError:
            return []  # the decoder was emptied before
        except av.error.FFmpegError:
            self.damaged += 1
            return []
        whole = [frame for frame in frames if not frame.is_corrupt]
        self.damaged += len(frames) - len(whole)
        return whole

    def _tell(self, packet: Packet[Stream], listener: PacketListener) -> None:
        """A camera's first keyframe may come before RTP knows its time: it was right before the packet after it."""
        if packet.pts is None:
            self._timeless = packet if packet.is_keyframe else None
            return
        first, self._timeless = self._timeless, None
        if first is not None:
            first.pts = first.dts = packet.pts - 1
        for mine in (None if first is None else kept(first), kept(packet)):
            if mine is not None:
                listener.take(mine)

    def _pts_s(self, frame: VideoFrame) -> float | None:
        return None if self._container.format.name in _FORMATS_WITHOUT_PTS else frame.time

    def _check_patience(self, since_s: float) -> None:
        limit_s = self._given.read_timeout_s
        if self._given.live and self._clock_s() - since_s >= limit_s:
            raise self._error(Cause.HUNG, f"data comes, but no whole picture for {limit_s:g} s")

    def _explain_open(self, error: Exception, slow: bool) -> SourceError:  # noqa: PLR0911  (one line a cause)
        given, says = self._given, _says(error)
        match error:
            case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
                return self._error(Cause.LOGIN, f"the login was refused ({says}); check user and password")
            case av.error.HTTPNotFoundError():
                return self._error(Cause.NOT_FOUND, f"the server does not know this path ({says})")
            case av.error.HTTPError() | av.error.HTTPClientError():
                return self._error(Cause.REJECTED, says)
            case av.error.ConnectionRefusedError():
                return self._error(Cause.REFUSED, "connection refused; is the camera on, is the port right?")
            case av.error.FileNotFoundError():
                return self._error(Cause.MISSING, "no such file or device")
            case av.error.ExitError() | av.error.TimeoutError():
                return self._timed_out()
            case av.error.InvalidDataError() if given.network and slow:
                return self._timed_out()  # so libav names a server that never answers
            case av.error.InvalidDataError():
                return self._error(Cause.DECODE, "what is there could not be read as video")
            case av.error.LookupError() | av.error.PatchWelcomeError():
                return self._error(Cause.UNSUPPORTED, says)
            case OSError() if error.errno in _NO_WAY or (given.network and error.errno == errno.EIO):
                return self._error(Cause.UNREACHABLE, "the host was not found or cannot be reached")
            case _:
                return self._error(Cause.FAILED, says)

    def _explain_read(self, error: Exception) -> SourceError:
        if isinstance(error, av.error.ExitError | av.error.TimeoutError):
            return self._error(Cause.HUNG, f"no data for {self._given.read_timeout_s:g} s")
        if self._given.live:
            return self._error(Cause.ENDED, f"the stream broke off ({_says(error)})")
        return self._error(Cause.FAILED, _says(error))

    def _timed_out(self) -> SourceError:
        return self._error(Cause.TIMEOUT, f"no answer within {self._given.open_timeout_s:g} s")

    def _error(self, cause: Cause, detail: str) -> SourceError:
        return SourceError(cause, f"{self._given.shown}: {detail}")


def _scrub(error: Exception) -> Exception:
    """`error` without the address and log line that PyAV adds: it is kept as the cause and may be printed."""
    if isinstance(error, av.error.FFmpegError):
        error.args = error.args[:2]
    elif isinstance(error, OSError):
        error.filename = None
    return error


def _says(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError | av.error.FFmpegError) else None
    return text or type(error).__name__
