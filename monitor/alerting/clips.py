"""The clips and full pictures of events: asks the capture process for them, and tells the store when they are there.

No sockets here: whoever made it gives `ask`, and hands over what comes. An event without a clip is told all the same;
its closing waits for the clip a little, so that who is told of the end can see it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from monitor.alerting.amending import amend, wait_for_clip, wait_no_longer
from monitor.alerting.clip_files import ClipFiles
from monitor.alerting.clock import Clock
from monitor.alerting.store import EventStore, StoreError
from monitor.metrics import ClipMetrics
from monitor.types import ClipPart, ClipRequest, Event, Phase, Piece

WRITTEN, CUT, UNWRITTEN, UNANSWERED = "written", "cut", "unwritten", "unanswered"
_S = 1_000_000_000
# A closing is put off by no more than this, however long its clip goes on.
_MOST_WAIT_S = 10.0
# So much later than a clip could be there it is not waited for any more. Encoding takes its time on small machines.
_GIVE_UP_S = 30.0
# What closed so shortly before a restart may still be in memory over there.
_ASK_AGAIN_S = 60.0
# A peak that grows is not pictured more often than this.
_PEAK_EVERY_S = 2.0
_MOST_KNOWN = 256

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Known:
    """One event's files, and what was asked for.

    Attributes:
        began_ns: Of the stretch that goes on or went on last.
        full_ns: Which frame `full` shows.
        answered: The clip of this stretch came, or why there is none.
        asked_ns: When the newest request was sent, monotonic.
        give_up_ns: When it is not waited for any more, monotonic; None while the event goes on.
        unstored: The store does not have the newest names yet.
    """

    event: Event
    began_ns: int
    full_ns: int | None = None
    answered: bool = False
    asked_ns: int = 0
    give_up_ns: int | None = None
    unstored: bool = False


class EventClips:
    """All cameras' clips.

    Args:
        root: The data folder.
        after_s: By camera, those with clips alone: how long after an event its clip goes on. Unit: seconds.
        ask: Sends a request; never waits.
        store, clock: The desk's.
        metrics: What became of clips.
    """

    def __init__(
        self,
        root: Path,
        after_s: Mapping[str, float],
        ask: Callable[[ClipRequest], object],
        store: EventStore,
        metrics: ClipMetrics,
        clock: Clock,
    ) -> None:
        self._files = ClipFiles(root)
        self._after_s = after_s
        self._ask = ask
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._failing = False

    def attach(self, event: Event) -> Event:
        """`event` with the names of the files that are there."""
        known = self._known.get(event.id)
        return event if known is None else replace(event, clip=known.event.clip, full=known.event.full)

    def resume(self, event: Event) -> None:
        """An event of before a restart, the newest of its camera; what it has no clip of is asked for again."""
        if event.camera in self._after_s:
            known = self._know(event)
            known.full_ns, known.answered = (event.peak_ns if event.full else None), event.clip is not None
            if event.phase is Phase.CLOSED and abs(self._clock.wall_ns() - event.ended_ns) < _ASK_AGAIN_S * _S:
                self.told(event)

    def told(self, event: Event) -> None:
        """An event was stored as it is told now: its clip goes on, or comes to its end."""
        if event.camera not in self._after_s:
            return
        known = self._known.get(event.id) or self._know(event)
        if event.phase is not Phase.CLOSED and known.event.phase is Phase.CLOSED:  # it goes on
            known.began_ns, known.answered, known.give_up_ns = event.ended_ns, False, None
        known.event = replace(event, clip=known.event.clip, full=known.event.full)
        after_s = self._after_s[event.camera]
        if event.phase is Phase.CLOSED and not known.answered and event.cause != "stopped":
            known.give_up_ns = self._clock.mono_ns() + round((after_s + _GIVE_UP_S) * _S)
            wait_ns = round(min(after_s + 1.0, _MOST_WAIT_S) * _S)
            self._try(lambda: wait_for_clip(self._store, event.id, self._clock.wall_ns() + wait_ns))
        if not known.answered or known.full_ns != event.peak_ns:
            self._request(known)

    def follow(self, event: Event) -> None:
        """The open event of a camera as it is now, told or not: should its peak have grown, it is pictured anew."""
        known = self._known.get(event.id)
        if known is None or known.event.peak_ns == event.peak_ns:
            return
        if self._clock.mono_ns() - known.asked_ns >= _PEAK_EVERY_S * _S:
            known.event = replace(known.event, peak_ns=event.peak_ns)
            self._request(known)

    def tick(self) -> list[Event]:
        """What time alone brings; the events that got their files into the store by it."""
        stored = []
        for known in self._known.values():
            if known.give_up_ns is not None and self._clock.mono_ns() >= known.give_up_ns and not known.answered:
                self._give_up(known, UNANSWERED)
            if known.unstored and (event := self._amend(known)) is not None:
                stored.append(event)
        return stored

    def take(self, part: ClipPart) -> Event | None:
        """A part of a file came; the event as it is stored now, if it is another than before."""
        known = self._known.get(part.event)
        if known is None or (part.piece is Piece.CLIP and known.answered):
            self._files.drop(part)
            return None
        if part.fault:
            if part.piece is Piece.CLIP:
                self._give_up(known, part.fault)
            return None
        try:
            return self._keep(part, known) if self._files.take(part) else None
        except OSError as error:
            if not self._failing:
                _log.error("a clip could not be written", id=part.event, piece=part.piece.value, why=str(error))
            self._failing = True
            if part.piece is Piece.CLIP:
                self._give_up(known, UNWRITTEN)
            return None

    def close(self) -> None:
        """Drop what is not complete."""
        self._files.close()

    def _keep(self, part: ClipPart, known: _Known) -> Event | None:
        """A file is complete."""
        event = known.event
        if part.piece is Piece.FULL:
            if part.began_ns != event.peak_ns:  # a stronger frame came since, and was asked for
                self._files.drop(part)
                return None
            known.full_ns = event.peak_ns
            known.event = replace(event, full=self._files.keep(part, event))
        else:
            known.answered = True
            self._metrics.ended(event.camera, CUT if part.cut else WRITTEN)
            if event.clip is not None and not part.began_ns <= event.peak_ns <= part.ended_ns:
                self._files.drop(part)  # it went on, but was strangest before
                return None
            known.event = replace(event, clip=self._files.keep(part, event))
        self._failing = False
        return self._amend(known)

    def _know(self, event: Event) -> _Known:
        known = self._known[event.id] = _Known(event, event.began_ns)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return known

    def _request(self, known: _Known) -> None:
        known.asked_ns = self._clock.mono_ns()
        event = known.event
        ended_ns = event.ended_ns if event.phase is Phase.CLOSED else None
        self._ask(ClipRequest(event.camera, event.id, known.began_ns, ended_ns, event.peak_ns, clip=not known.answered))

    def _give_up(self, known: _Known, why: str) -> None:
        """There will be no clip of this stretch."""
        known.answered = True
        self._metrics.ended(known.event.camera, why)
        _log.warning("event without clip", id=known.event.id, camera=known.event.camera, why=why)
        self._try(lambda: wait_no_longer(self._store, known.event.id, self._clock.wall_ns()))

    def _amend(self, known: _Known) -> Event | None:
        event, known.unstored = known.event, True
        try:
            stored = amend(self._store, event.id, event.clip, event.full, self._clock.wall_ns())
        except StoreError:
            return None  # the recorder tells of it; tried again
        known.unstored = stored is None
        return stored

    def _try(self, change: Callable[[], None]) -> None:
        """Put a telling off, or let it go; if the store fails it is told when it can be."""
        try:
            change()
        except StoreError as error:
            _log.info("a telling could not be put off", why=str(error))
