"""A film becomes what people can look at: an MP4 that browsers play, or one picture. Keeps nothing."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace

import av
import av.error
import cv2
from av.codec.context import CodecContext
from av.packet import Packet as AvPacket
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from monitor.capture.encoding import MOST_WIDTH_PX, Encoder
from monitor.capture.ring import Film, Packet, Track
from monitor.capture.source import fit
from monitor.capture.timing import Pace
from monitor.capture.tracks import revived

# What an MP4's index takes at most for a packet and beside them, so that it fits before the pictures: a player that
# knows the index can begin and seek at once.
_INDEX_BYTES = 64
_HEAD_BYTES = 8192
_JPEG_QUALITY = 92


class FilmError(Exception):
    """Nothing can be made of a film; the message says why."""


def clip_of(film: Film, rate_hz: float) -> bytes:
    """The film as MP4, its index first: its own packets where browsers play them, else encoded anew.

    Args:
        film: What is shown, from its first keyframe on.
        rate_hz: At most so many pictures a second are encoded; without effect on packets that stay as they are.

    Raises:
        FilmError: No such file can be made.
    """
    try:
        if film.track.template is not None:
            return _file(film.track, film.packets)
        return _encoded(film, rate_hz)
    except (av.error.FFmpegError, ValueError) as error:
        raise FilmError(f"{film.track.codec}: {error}") from error


def picture_of(film: Film, at_ns: int) -> bytes:
    """The picture that was at this wall time, as JPEG of the source's own size.

    Raises:
        FilmError: It is not on the film or cannot be decoded.
    """
    try:
        for wall_ns, frame in _shown(film):
            if wall_ns == at_ns:
                done, jpeg = cv2.imencode(
                    ".jpg", frame.to_ndarray(format="bgr24"), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
                )
                if done:
                    return jpeg.tobytes()
    except (av.error.FFmpegError, ValueError, cv2.error) as error:
        raise FilmError(f"{film.track.codec}: {error}") from error
    raise FilmError("the picture is not among those that are kept")


def _file(track: Track, packets: Iterable[Packet]) -> bytes:
    timed = list(_from_zero(packets))
    file = io.BytesIO()
    reserved = _HEAD_BYTES + len(track.extradata or b"") + _INDEX_BYTES * len(timed)
    with av.open(file, "w", format="mp4", options={"moov_size": str(reserved)}) as container:
        if track.template is None:
            raise ValueError("it has no parameters for a file")
        stream = container.add_stream_from_template(track.template)
        for packet in timed:
            made = revived(packet, track.time_base)
            made.stream = stream
            container.mux_one(made)
    return file.getvalue()


def _from_zero(packets: Iterable[Packet]) -> Iterator[Packet]:
    """Times from 0 on, dts rising as a file needs it; what is shown before the keyframe needs what is not here."""
    first_pts: int | None = None
    last_dts: int | None = None
    for packet in packets:
        first_pts = packet.pts if first_pts is None else first_pts
        if packet.pts < first_pts:
            continue
        dts = last_dts if packet.dts is None else packet.dts - first_pts
        last_dts = (dts or 0) if last_dts is None else max(dts or 0, last_dts + 1)
        yield replace(packet, pts=max(packet.pts - first_pts, last_dts), dts=last_dts)


def _encoded(film: Film, rate_hz: float) -> bytes:
    pace, encoder, packets = Pace(rate_hz, live=False), None, list[Packet]()
    for wall_ns, frame in _shown(film):
        if not pace.due(wall_ns):
            continue
        if encoder is None:
            encoder = Encoder(fit((frame.width, frame.height), MOST_WIDTH_PX), rate_hz)
        packets += encoder.encode(frame, wall_ns)
    if encoder is None:
        raise ValueError("no picture of it could be decoded")
    packets += encoder.end()
    return _file(encoder.track, packets)


def _shown(film: Film) -> Iterator[tuple[int, VideoFrame]]:
    """The film's pictures with their wall times."""
    walls = {mark.pts: mark.wall_ns for mark in film.marks}
    for frame in _decoded(film.track, film.packets):
        if frame.pts in walls:
            yield walls[frame.pts], frame


def _decoded(track: Track, packets: Iterable[Packet]) -> Iterator[VideoFrame]:
    decoder = CodecContext.create(track.codec, "r")
    if not isinstance(decoder, VideoCodecContext):
        raise ValueError("it is no video")
    decoder.thread_count = 1
    decoder.width, decoder.height = track.size_px  # which some codecs leave to the container
    if track.extradata is not None:
        decoder.extradata = track.extradata
    for packet in packets:
        yield from _decode(decoder, revived(packet, track.time_base))
    yield from _decode(decoder, None)


def _decode(decoder: VideoCodecContext, packet: AvPacket[VideoStream] | None) -> list[VideoFrame]:
    try:
        return decoder.decode(packet)
    except av.error.InvalidDataError:
        return []  # a damaged picture is left out, as in the camera's own loop
