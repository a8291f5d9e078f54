"""The video of a recording's events, made of its own packets as the daemon makes clips. For scans."""

from __future__ import annotations

import structlog

from monitor.build.capturing import LIVE_LATE_S, MB
from monitor.capture.clipping import ClipPlan, span_of
from monitor.capture.filming import Filming
from monitor.capture.films import FilmError, clip_of
from monitor.capture.ring import Ring
from monitor.config import CameraSections, ClipOptions
from monitor.types import ClipRequest, Event, Phase

_log = structlog.get_logger(__name__)


class ScanClips:
    """Those of one recording, which is read in step with its judging: an event is told while the ring has it.

    Attributes:
        filming: To be shown the recording's packets and pictures.
    """

    def __init__(self, name: str, sections: CameraSections) -> None:
        """Args: name: of the recording, for the log; sections: `clips: null` stands for its defaults."""
        options, analysis = sections.clips or ClipOptions(), sections.analysis
        self._plan = ClipPlan(options.before_s, options.after_s, options.longest_s, analysis.fps, analysis.width)
        self._ring = Ring(options.before_s + LIVE_LATE_S, options.memory_mb * MB)
        self._held = ""
        self.filming = Filming(name, self._ring, analysis.fps)

    def clip(self, event: Event) -> bytes | None:
        """The MP4 of an event that closed, None if there is none; of others what it will need is kept."""
        ended_ns = event.ended_ns if event.phase is Phase.CLOSED else None
        span = span_of(ClipRequest(event.camera, event.id, event.began_ns, ended_ns, event.peak_ns, True), self._plan)
        if event.id != self._held:
            self._ring.release(self._held)  # not before: one that closed may go on
            self._held = event.id
        self._ring.hold(event.id, span)
        film = None if ended_ns is None else self._ring.cut(event.id) or self._ring.film(span)
        try:
            return None if film is None else clip_of(film, self._plan.rate_hz)
        except FilmError as error:
            _log.warning("no_clip", camera=event.camera, id=event.id, why=str(error))
            return None
