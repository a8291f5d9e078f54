"""Requests for clips become parts of files: holds what is needed in the ring, and says when a clip is complete.

No sockets and no threads here: whoever receives calls `ask`, and `turn` a few times a second; each request is answered
in the end, with a file or with why there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

import structlog

from monitor.capture.films import FilmError, clip_of, picture_of
from monitor.capture.ring import Film, Ring, Span
from monitor.types import ClipPart, ClipRequest, Piece

PART_BYTES = 512 * 1024
MISSING, BROKEN, SMALL = "missing", "broken", "small"
_S = 1_000_000_000
# The last pictures of a span are waited for so much longer than they take: they may still be on their way.
_PATIENCE_S = 3.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ClipPlan:
    """What one camera's clips are like.

    Attributes:
        before_s: Shown before the event begins; `after_s` after its end.
        longest_s: A clip ends so long after its beginning, whatever goes on.
        rate_hz: Pictures a second where they have to be encoded.
        width_px: Analysis width: a picture that is no wider than that needs no copy at full size.
    """

    before_s: float
    after_s: float
    longest_s: float
    rate_hz: float
    width_px: int


@dataclass(frozen=True, slots=True)
class Filmed:
    """One camera as clips need it."""

    ring: Ring
    plan: ClipPlan


@dataclass(slots=True)
class _Asked:
    """A clip that is not made yet, and since when its event is over, on the monotonic clock; None while it goes on."""

    request: ClipRequest
    closed_ns: int | None = None


class Clipping:
    """All cameras' clips.

    Args:
        cameras: Those that have clips.
        send: Takes each part; may wait. False: the process stops.
        mono_ns: Monotonic clock.
    """

    def __init__(
        self, cameras: Mapping[str, Filmed], send: Callable[[ClipPart], bool], mono_ns: Callable[[], int]
    ) -> None:
        self._cameras = cameras
        self._send = send
        self._mono_ns = mono_ns
        self._asked: dict[str, _Asked] = {}  # by event
        self._made: dict[str, tuple[str, int]] = {}  # by camera: the newest stretch of an event whose clip was made
        self._pictured: dict[str, tuple[str, int]] = {}  # by camera: the newest peak that was pictured
        self._stills: list[ClipRequest] = []

    def ask(self, request: ClipRequest) -> None:
        """A request came; nothing is made yet."""
        filmed = self._cameras.get(request.camera)
        if filmed is None:
            self._refuse(request, Piece.CLIP, MISSING)
            return
        if self._pictured.get(request.camera) != (request.event, request.peak_ns):
            self._pictured[request.camera] = request.event, request.peak_ns
            self._stills.append(request)
        made = self._made.get(request.camera) == (request.event, request.began_ns)
        if not request.clip or (made and request.ended_ns is None):  # that one is on its way
            return
        before = self._asked.get(request.event)
        closed_ns = None if request.ended_ns is None else self._mono_ns()
        if before is not None and before.closed_ns is not None and before.request.ended_ns == request.ended_ns:
            closed_ns = before.closed_ns
        self._asked[request.event] = _Asked(request, closed_ns)
        filmed.ring.hold(request.event, span_of(request, filmed.plan))

    def turn(self) -> None:
        """Make what is complete."""
        stills, self._stills = self._stills, []
        for request in stills:
            self._picture(request, self._cameras[request.camera])
        for asked in list(self._asked.values()):
            filmed = self._cameras[asked.request.camera]
            if self._is_complete(asked, filmed):
                self._finish(asked.request, filmed)

    def finish(self) -> None:
        """The process stops: make of each clip what there is."""
        for asked in list(self._asked.values()):
            self._finish(asked.request, self._cameras[asked.request.camera])

    def _is_complete(self, asked: _Asked, filmed: Filmed) -> bool:
        span = span_of(asked.request, filmed.plan)
        if filmed.ring.cut(asked.request.event) is not None or filmed.ring.is_over(span):
            return True
        if asked.closed_ns is None:
            return False
        return self._mono_ns() - asked.closed_ns >= (filmed.plan.after_s + _PATIENCE_S) * _S

    def _finish(self, request: ClipRequest, filmed: Filmed) -> None:
        self._made[request.camera] = request.event, request.began_ns
        del self._asked[request.event]
        span = span_of(request, filmed.plan)
        cut = filmed.ring.cut(request.event)
        film = cut or filmed.ring.film(span)
        filmed.ring.release(request.event)
        if film is None:
            self._refuse(request, Piece.CLIP, MISSING)
            return
        try:
            clip = clip_of(film, filmed.plan.rate_hz)
        except FilmError as error:
            _log.warning("no_clip", camera=request.camera, id=request.event, why=str(error))
            self._refuse(request, Piece.CLIP, BROKEN)
            return
        whole = cut is None and request.ended_ns is not None and film.ended_ns >= request.ended_ns
        self._deliver(request, Piece.CLIP, film, clip, cut=not whole)

    def _picture(self, request: ClipRequest, filmed: Filmed) -> None:
        at_ns = request.peak_ns
        film = filmed.ring.film(Span(at_ns, at_ns, at_ns, at_ns))
        if film is None or film.track.size_px[0] <= filmed.plan.width_px:
            self._refuse(request, Piece.FULL, MISSING if film is None else SMALL)
            return
        try:
            picture = picture_of(film, at_ns)
        except FilmError as error:
            _log.warning("no_full_picture", camera=request.camera, id=request.event, why=str(error))
            self._refuse(request, Piece.FULL, BROKEN)
            return
        self._deliver(request, Piece.FULL, film, picture, cut=False)

    def _deliver(self, request: ClipRequest, piece: Piece, film: Film, file: bytes, *, cut: bool) -> None:
        for part in _parts(request, piece, film, file, cut=cut):
            if not self._send(part):
                return

    def _refuse(self, request: ClipRequest, piece: Piece, fault: str) -> None:
        at_ns = request.peak_ns
        self._send(ClipPart(request.camera, request.event, piece, 0, 1, at_ns, at_ns, False, fault, b""))


def span_of(request: ClipRequest, plan: ClipPlan) -> Span:
    """What of its camera an event's clip shows."""
    since_ns = request.began_ns - round(plan.before_s * _S)
    until_ns = since_ns + round(plan.longest_s * _S)
    if request.ended_ns is not None:
        until_ns = min(until_ns, request.ended_ns + round(plan.after_s * _S))
    return Span(request.began_ns, max(request.began_ns, request.ended_ns or until_ns), since_ns, until_ns)


def _parts(request: ClipRequest, piece: Piece, film: Film, file: bytes, *, cut: bool) -> Iterator[ClipPart]:
    began_ns = film.began_ns if piece is Piece.CLIP else request.peak_ns
    total = -(-len(file) // PART_BYTES)
    for number, at in zip(count(), range(0, len(file), PART_BYTES), strict=False):
        data = file[at : at + PART_BYTES]
        yield ClipPart(request.camera, request.event, piece, number, total, began_ns, film.ended_ns, cut, "", data)
