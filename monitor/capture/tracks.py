"""What libav knows of a stream and its packets, as values that outlive both. Decides nothing but what browsers play."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import cast

import av
from av.packet import Packet as AvPacket
from av.stream import Stream
from av.video.stream import VideoStream

from monitor.capture.ring import Packet, Track

# What was seen to play in Chromium without being encoded anew; H.265 does so on some machines only.
_PLAYED = {"h264": frozenset({"yuv420p", "yuvj420p"})}


def track_of(stream: VideoStream) -> Track:
    """What is to be known of this stream's packets; the stream may be closed afterwards."""
    context = stream.codec_context
    time_base = stream.time_base or Fraction(1, av.time_base)
    template = None
    if context.pix_fmt in _PLAYED.get(context.name, ()):
        # Nothing is ever written to it: it is what PyAV wants round a stream.
        template = av.open(io.BytesIO(), "w", format="mp4").add_stream_from_template(stream)
    size_px = context.width, context.height
    return Track(context.name, size_px, time_base, context.extradata, template)


def kept(packet: AvPacket[VideoStream] | AvPacket[Stream]) -> Packet | None:
    """A copy that needs nothing of libav's any more; None for a packet without data or pts."""
    if packet.pts is None or not packet.size:
        return None
    return Packet(bytes(packet), packet.pts, packet.dts, packet.duration or 0, packet.is_keyframe)


def revived(packet: Packet, time_base: Fraction) -> AvPacket[VideoStream]:
    """The same for libav again."""
    made = AvPacket(packet.data)
    made.pts, made.dts, made.duration, made.time_base = packet.pts, packet.dts, packet.duration, time_base
    made.is_keyframe = packet.keyframe
    return cast("AvPacket[VideoStream]", made)
