"""Which judgement an event shows, and when its files are written anew. How they are drawn is `snapshots`' business."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import structlog

from monitor.alerting.snapshots import Saved, Snapshots
from monitor.metrics import EventMetrics
from monitor.types import Event, Judgement, Verdict

# The strongest frame of an event may come before the frame that opened it, by up to n of "m of n" frames.
_MOST_BEFORE_OPENING = 16

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The files of one event, and which frame they show; None while there are none."""

    event_id: str
    peak_ns: int | None
    saved: Saved


class EventPictures:
    """Keeps, in memory and for each camera, the newest anomalous judgements and the strongest of the open event."""

    def __init__(self, snapshots: Snapshots, metrics: EventMetrics) -> None:
        self._snapshots = snapshots
        self._metrics = metrics
        self._newest: dict[str, deque[Judgement]] = {}
        self._peaks: dict[str, Judgement] = {}
        self._shown: dict[str, _Shown] = {}  # by camera: of the newest event, which may go on after it closed
        self._fault: str | None = None

    @property
    def fault(self) -> str | None:
        """Why the last picture could not be written; None if it could."""
        return self._fault

    def offer(self, judgement: Judgement) -> None:
        """Remember `judgement` for a while, if it has something to show."""
        if judgement.picture is not None and judgement.verdict is Verdict.ANOMALOUS:
            camera = judgement.stamp.camera
            self._newest.setdefault(camera, deque(maxlen=_MOST_BEFORE_OPENING)).append(judgement)

    def follow(self, event: Event) -> None:
        """Hold on to the strongest frame of an event that goes on. To be called after each `offer`."""
        for judgement in self._newest.get(event.camera, ()):
            if judgement.stamp.wall_ns == event.peak_ns:
                self._peaks[event.id] = judgement
                return

    def resume(self, event: Event) -> None:
        """An event of before a restart, the newest of its camera, has its files already."""
        self._shown[event.camera] = _Shown(event.id, event.peak_ns, Saved(event.snapshot, event.overlay, event.normals))

    def attach(self, event: Event) -> Event:
        """`event` with the names of its files, written now if its strongest frame is another than before.

        An event without a picture is better than none: what cannot be written is logged, counted and left out.
        """
        shown = self._shown.get(event.camera)
        if shown is None or shown.event_id != event.id:
            shown = _Shown(event.id, None, Saved(None, None))
        if shown.peak_ns != event.peak_ns or shown.saved.snapshot is None:
            shown = _Shown(event.id, event.peak_ns, self._save(event) or shown.saved)
        self._shown[event.camera] = shown
        saved = shown.saved
        return replace(event, snapshot=saved.snapshot, overlay=saved.overlay, normals=saved.normals)

    def forget(self, event: Event) -> None:
        """The event has closed; should it go on, only a stronger frame is pictured anew."""
        self._peaks.pop(event.id, None)

    def _save(self, event: Event) -> Saved | None:
        judgement = self._peak(event)
        if judgement is None:
            return None
        try:
            saved = self._snapshots.save(event, judgement)
        except OSError as error:
            self._metrics.snapshot_failed()
            if self._fault is None:
                _log.error("a snapshot could not be written", id=event.id, why=str(error))
            self._fault = f"a snapshot could not be written: {error}"
            return None
        self._fault = None
        return saved

    def _peak(self, event: Event) -> Judgement | None:
        """The judgement of the event's strongest frame; failing that the newest one of it; or None."""
        self.follow(event)
        if event.id in self._peaks:
            return self._peaks[event.id]
        newest = self._newest.get(event.camera, ())
        return next((j for j in reversed(newest) if event.began_ns <= j.stamp.wall_ns <= event.ended_ns), None)
