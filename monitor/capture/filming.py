"""Fills one camera's ring: with its source's own packets, or where there are none with pictures encoded once.

Belongs to the camera's thread. A fault in here ends the filming of that run, never the run.
"""

from __future__ import annotations

import av.error
import structlog
from av.video.frame import VideoFrame

from monitor.capture.encoding import MOST_WIDTH_PX, Encoder
from monitor.capture.ring import Packet, Ring, Track
from monitor.capture.source import Decoded, SourceError, fit

# Pictures in disguise: of these a packet is as large as the picture.
_NOT_ENCODED = frozenset({"rawvideo", "wrapped_avframe"})
# Times that jump by more belong to another recording, or to a camera whose clock was set.
_MOST_AHEAD_S = 10.0
_MOST_BACK_S = 1.0
# After so many pictures a source whose packets have no times is believed not to have any.
_PATIENT = 50

_log = structlog.get_logger(__name__)


class Filming:
    """One camera's.

    Args:
        camera: Its name, for the log.
        ring: What is filled.
        rate_hz: How many pictures a second are due.
    """

    def __init__(self, camera: str, ring: Ring, rate_hz: float) -> None:
        self._camera = camera
        self._rate_hz = rate_hz
        self.ring = ring
        self._track: Track | None = None  # whose packets are being kept
        self._newest: Packet | None = None
        self._timeless = 0
        self._encoder: Encoder | None = None
        self._encoded_px: tuple[int, int] | None = None
        self._broken = False

    @property
    def size_bytes(self) -> int:
        """What the ring keeps now."""
        return self.ring.size_bytes

    def begin(self) -> None:
        """A run begins; nothing of it came yet."""
        self._track, self._newest, self._timeless = None, None, 0
        self._encoder, self._encoded_px, self._broken = None, None, False

    def open(self, track: Track) -> None:
        """See `monitor.capture.source.PacketListener`."""
        if track.codec not in _NOT_ENCODED:
            self._track = track
            self.ring.begin(track)

    def take(self, packet: Packet) -> None:
        """See `monitor.capture.source.PacketListener`."""
        track, before = self._track, self._newest
        if track is None:
            return
        if before is not None:
            step_s = float((packet.pts - before.pts) * track.time_base)
            if not -_MOST_BACK_S <= step_s <= _MOST_AHEAD_S:
                self.ring.begin(track)
        self._newest = packet
        self.ring.add(packet)

    def picture(self, picture: Decoded, wall_ns: int, *, due: bool) -> None:
        """A picture was decoded, after its packet was taken; `due` if it is analysed. `wall_ns` as in its stamp."""
        track = self._track
        if track is not None and picture.size_px == track.size_px and self._timeless < _PATIENT:
            if self._newest is None:
                self._timeless += 1
            else:
                pts_s = picture.pts_s
                self.ring.mark(wall_ns, self._newest.pts if pts_s is None else round(pts_s / track.time_base))
            return
        # Without times, or with other pictures than were announced, its packets are of no use.
        self._track = None
        if due and not self._broken:
            self._encode(picture, wall_ns)

    def end(self) -> None:
        """The run is over."""
        self.ring.end()

    def _encode(self, picture: Decoded, wall_ns: int) -> None:
        try:
            if self._encoder is None or picture.size_px != self._encoded_px:
                self._encoder = Encoder(fit(picture.size_px, MOST_WIDTH_PX), self._rate_hz)
                self._encoded_px = picture.size_px
                self.ring.begin(self._encoder.track)
            frame = VideoFrame.from_ndarray(picture.image(MOST_WIDTH_PX), format="bgr24")
            for packet in self._encoder.encode(frame, wall_ns):
                self.ring.add(packet)
            self.ring.mark(wall_ns, self._encoder.pts)
        except (av.error.FFmpegError, SourceError, ValueError) as error:
            self._broken = True
            _log.warning("no_clips", camera=self._camera, why=str(error), until="its next run")
