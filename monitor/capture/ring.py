"""The last seconds of one camera as encoded packets, bounded in time and in bytes. Reads, decodes and writes nothing.

Filled by the camera's thread, read by the one that makes clips. Time is the wall time of frames' stamps: each picture
that was decoded leaves a mark, which says when the packet of that pts was.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.video.stream import VideoStream

_S = 1_000_000_000
# Marks come with pictures, and decoders hold pictures back: a packet may be this much newer than the mark before it.
_LAG_NS = 2 * _S
# One packet with its tuples and its mark costs about this beside its data.
_OVERHEAD_BYTES = 300


@dataclass(frozen=True, slots=True)
class Track:
    """What a decoder, or a file, must know of packets; the same for all packets of a reel.

    Attributes:
        codec: As libav names its decoder, e.g. "h264".
        size_px: Width and height of the decoded pictures.
        time_base: Seconds of one tick of pts, dts and duration.
        extradata: What decoders need before the first packet.
        template: An output stream with these parameters, kept alive: PyAV makes a file's stream from another only.
            None if browsers do not play such packets.
    """

    codec: str
    size_px: tuple[int, int]
    time_base: Fraction
    extradata: bytes | None
    template: VideoStream | None


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded picture; times in ticks of its track. `dts` is None where its source does not say."""

    data: bytes
    pts: int
    dts: int | None
    duration: int
    keyframe: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """The picture of this pts, in ticks, was at this wall time."""

    wall_ns: int
    pts: int


@dataclass(frozen=True, slots=True)
class Film:
    """A piece of one reel: from a keyframe on, in the order of decoding, with at least one mark."""

    track: Track
    packets: tuple[Packet, ...]
    marks: tuple[Mark, ...]

    @property
    def began_ns(self) -> int:
        """Wall time of its first picture."""
        return self.marks[0].wall_ns

    @property
    def ended_ns(self) -> int:
        """Wall time of its last picture."""
        return self.marks[-1].wall_ns


@dataclass(frozen=True, slots=True)
class Span:
    """What of a camera is wanted, in wall time.

    How long a film is before and after is measured by its own times: when pictures were read may lag behind those.

    Attributes:
        began_ns, ended_ns: Something of this must be on the film.
        since_ns, until_ns: And as much of this as there is.
    """

    began_ns: int
    ended_ns: int
    since_ns: int
    until_ns: int


@dataclass(slots=True)
class _Group:
    """A keyframe and what depends on it. `began_ns` is a little too early; see `_LAG_NS`."""

    began_ns: int
    packets: list[Packet] = field(default_factory=list)
    size_bytes: int = 0


@dataclass(slots=True)
class _Reel:
    """What is kept of one run, or of the part of one whose packets belong together."""

    track: Track
    groups: deque[_Group] = field(default_factory=deque)
    marks: deque[Mark] = field(default_factory=deque)
    over: bool = False


class Ring:
    """The newest packets of one camera, over runs. Any thread may call anything.

    Args:
        keep_s: So much is kept at least, while it fits.
        most_bytes: And never more than this; the oldest goes first. What a film holds is not counted any more.
    """

    def __init__(self, keep_s: float, most_bytes: int) -> None:
        self._keep_ns = round(keep_s * _S)
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._reels: deque[_Reel] = deque()
        self._size_bytes = 0
        self._newest_ns: int | None = None
        self._holds: dict[str, Span] = {}
        self._cuts: dict[str, Film | None] = {}

    @property
    def size_bytes(self) -> int:
        """What is kept now."""
        return self._size_bytes

    def begin(self, track: Track) -> None:
        """Another run, or packets of another kind: nothing that comes belongs to what came."""
        with self._lock:
            self._end()
            self._reels.append(_Reel(track))

    def add(self, packet: Packet) -> None:
        """Keep one more packet, in the order of decoding. What comes before a reel's first keyframe is of no use."""
        with self._lock:
            reel = self._reels[-1] if self._reels else None
            if reel is None or reel.over or not (packet.keyframe or reel.groups):
                return
            if packet.keyframe:
                reel.groups.append(_Group(self._newest_ns or 0))
            group = reel.groups[-1]
            group.packets.append(packet)
            cost = len(packet.data) + _OVERHEAD_BYTES
            group.size_bytes += cost
            self._size_bytes += cost
            if packet.keyframe:
                self._drop_old()
            self._drop_too_many()

    def mark(self, wall_ns: int, pts: int) -> None:
        """The picture of this pts was decoded; `wall_ns` as in its frame's stamp."""
        with self._lock:
            self._newest_ns = wall_ns
            if self._reels and self._reels[-1].groups and not self._reels[-1].over:
                self._reels[-1].marks.append(Mark(wall_ns, pts))

    def end(self) -> None:
        """The run is over; what is kept of it stays for a while."""
        with self._lock:
            self._end()

    def hold(self, name: str, span: Span) -> None:
        """Drop nothing of `span` until it is released, unless there is no room."""
        with self._lock:
            self._holds[name] = span

    def release(self, name: str) -> None:
        """It is not needed any more."""
        with self._lock:
            self._holds.pop(name, None)
            self._cuts.pop(name, None)

    def cut(self, name: str) -> Film | None:
        """What was held under `name` when there was no room for more; None if there still is."""
        with self._lock:
            return self._cuts.get(name)

    def is_over(self, span: Span) -> bool:
        """Whether nothing can be added to this span any more: its last picture is there, or its run is over."""
        with self._lock:
            reel = self._reel(span)
            if reel is None:
                return bool(self._reels) and (self._newest_ns or 0) >= span.until_ns
            until = _until(reel, span)
            return reel.over or (until is not None and reel.marks[-1].pts >= until)

    def film(self, span: Span) -> Film | None:
        """What there is of `span`, from the last keyframe before it on; None if there is nothing."""
        with self._lock:
            return self._film(span)

    def _reel(self, span: Span) -> _Reel | None:
        """The newest one with something of the span's own time."""
        for reel in reversed(self._reels):
            marks = reel.marks
            if reel.groups and marks and marks[0].wall_ns <= span.ended_ns and marks[-1].wall_ns >= span.began_ns:
                return reel
        return None

    def _film(self, span: Span) -> Film | None:
        reel = self._reel(span)
        if reel is None:
            return None
        packets = [packet for group in reel.groups for packet in group.packets]
        packets = packets[
            _first_index(packets, _at(reel, span.began_ns) - _ticks(reel, span.began_ns - span.since_ns)) :
        ]
        until = _until(reel, span)
        if until is not None:
            packets = packets[: _last_index(packets, until) + 1]
        kept = {packet.pts for packet in packets if until is None or packet.pts <= until}
        shown = tuple(mark for mark in reel.marks if mark.pts in kept)
        return Film(reel.track, tuple(packets), shown) if shown else None

    def _end(self) -> None:
        if self._reels:
            self._reels[-1].over = True
            if not self._reels[-1].groups:
                self._reels.pop()

    def _drop_old(self) -> None:
        newest_ns = self._newest_ns or 0
        since = [hold.since_ns - _LAG_NS for name, hold in self._holds.items() if name not in self._cuts]
        from_ns = min([newest_ns - self._keep_ns, *since])
        for reel, second in self._seconds():
            if second.began_ns > from_ns:
                return
            self._drop_first(reel)

    def _seconds(self) -> Iterator[tuple[_Reel, _Group]]:
        """The oldest reel and the group after its first one, again and again while groups are dropped meanwhile."""
        while self._reels:
            reel = self._reels[0]
            if len(reel.groups) > 1:
                yield reel, reel.groups[1]
            elif len(self._reels) > 1 and self._reels[1].groups:
                yield reel, self._reels[1].groups[0]
            else:
                return

    def _drop_too_many(self) -> None:
        while self._size_bytes > self._most_bytes and self._reels:
            for name, span in self._holds.items():
                if name not in self._cuts and (film := self._film(span)) is not None:
                    self._cuts[name] = film
            self._drop_first(self._reels[0])

    def _drop_first(self, reel: _Reel) -> None:
        self._size_bytes -= reel.groups.popleft().size_bytes
        if reel.groups:
            oldest = min(packet.pts for packet in reel.groups[0].packets)
            while reel.marks and reel.marks[0].pts < oldest:
                reel.marks.popleft()
        elif reel is not self._reels[-1]:
            self._reels.popleft()
        else:
            reel.marks.clear()


def _at(reel: _Reel, wall_ns: int) -> int:
    """The pts of the picture that was then, the last one before; failing that the first."""
    index = bisect_right(reel.marks, wall_ns, key=lambda mark: mark.wall_ns)
    return reel.marks[max(0, index - 1)].pts


def _ticks(reel: _Reel, duration_ns: int) -> int:
    return round(duration_ns / _S / reel.track.time_base)


def _until(reel: _Reel, span: Span) -> int | None:
    """The last pts that is wanted; None while what is wanted goes on beyond what is there."""
    if span.ended_ns > reel.marks[-1].wall_ns:
        return None
    return _at(reel, span.ended_ns) + _ticks(reel, span.until_ns - span.ended_ns)


def _first_index(packets: list[Packet], pts: int) -> int:
    """The last keyframe that is not after `pts`; failing that the first."""
    found = 0
    for index, packet in enumerate(packets):
        if packet.keyframe and packet.pts <= pts:
            found = index
    return found


def _last_index(packets: list[Packet], pts: int) -> int:
    """The last packet that is not after `pts`."""
    return max((index for index, packet in enumerate(packets) if packet.pts <= pts), default=len(packets) - 1)
