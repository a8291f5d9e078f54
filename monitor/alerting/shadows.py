"""What shadows would have told: their episodes and budgets, stored beside the live events. Tells nobody.

While the store fails, or when the process is killed, a shadow's event may lose phases that a live one would not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import structlog

from monitor.alerting.board import CameraFacts
from monitor.alerting.parts import Parts
from monitor.alerting.pictures import EventPictures
from monitor.alerting.store import StoreError
from monitor.types import Event, Judgement, Phase

_S = 1_000_000_000
_HOUR_NS = 3600 * _S
# What was watched is written down so often. Unit: seconds.
_NOTE_S = 10.0
_log = structlog.get_logger(__name__)


class Shadows:
    """Those of all cameras that have one. Not for several threads at once."""

    def __init__(self, parts: Parts, now_ns: int) -> None:
        """Args: parts: the desk's; without a `shadow` among them there is nothing to do; now_ns: monotonic."""
        self._parts = parts
        self._shadow = parts.shadow
        cameras = () if self._shadow is None else self._shadow.cameras
        self._facts = {camera: CameraFacts(camera, now_ns) for camera in cameras}
        self._pictures = EventPictures(parts.snapshots, parts.metrics.events)
        self._promoted: dict[str, bool] = {}
        self._watched: dict[tuple[str, bool, int], float] = {}  # seconds, as the store notes them
        self._noted_ns = now_ns
        self._fault: str | None = None

    def promoted(self, camera: str) -> bool:
        """Whether the candidate of `camera` is live, as last heard."""
        return self._promoted.get(camera, False)

    def follow(self, judgement: Judgement) -> bool:
        """Note who is live; True if that changed, so that what the other began is over.

        The worker has the say: rules and budgets change places with the very judgement that says so.
        """
        camera = judgement.stamp.camera
        if self._shadow is None or camera not in self._facts:
            return False
        before, now = self._promoted.get(camera), judgement.promoted
        self._promoted[camera] = now
        if now != bool(before):
            self._shadow.exchange(camera)
        if before is None or before == now:
            return False
        self._store(self._shadow.decider.end(camera, "promoted"))
        return True

    def judged(self, judgement: Judgement, now_ns: int) -> None:
        """A shadow judged a frame."""
        camera = judgement.stamp.camera
        facts = self._facts.get(camera)
        if self._shadow is None or facts is None or facts.has_seen(judgement.stamp):
            return
        watched_s = facts.take_judgement(judgement, now_ns)
        self._parts.metrics.shadows.judged(camera, judgement.scored_s, watched_s)
        self.watched(judgement, watched_s)
        self._pictures.offer(judgement)
        self._store(self._shadow.decider.judge(judgement))
        event = self._shadow.decider.open_event(camera)
        if event is not None:
            self._pictures.follow(event)

    def watched(self, judgement: Judgement, seconds: float) -> None:
        """So much more was watched, by a camera that has a shadow or by its shadow: what both saw can be compared."""
        if judgement.stamp.camera in self._facts and seconds > 0:
            key = judgement.stamp.camera, judgement.shadow, judgement.stamp.wall_ns // _HOUR_NS
            self._watched[key] = self._watched.get(key, 0.0) + seconds

    def tick(self, ended: Collection[str], now_ns: int) -> None:
        """What time alone brings. `ended`: the cameras whose recording is over and was judged."""
        if self._shadow is None:
            return
        for camera, facts in self._facts.items():
            decider = self._shadow.decider
            if camera in ended:
                self._store(decider.end(camera, "source ended"))
            else:
                self._store(decider.silent(camera, facts.silent_s(now_ns), "not judged"))
        if now_ns - self._noted_ns >= _NOTE_S * _S:
            self._note(now_ns)

    def stop(self, now_ns: int) -> None:
        """The daemon stops in order."""
        if self._shadow is None:
            return
        for camera in self._facts:
            self._store(self._shadow.decider.end(camera, "stopped"))
        self._note(now_ns)

    def _store(self, events: Sequence[Event]) -> None:
        if not events or self._shadow is None:
            return
        pictured = [self._pictures.attach(event) for event in events]
        for event in pictured:
            if event.phase is Phase.CLOSED:
                self._pictures.forget(event)
        try:
            recorded = self._parts.store.record(pictured, {}, self._parts.clock.wall_ns(), self._shadow.valve)
        except StoreError as error:
            self._remember(str(error))
            return
        self._remember(None)
        for event in recorded.events:
            _log.info(f"shadow event {event.phase.value}", id=event.id, camera=event.camera, held=event.held)
            if event.phase is Phase.OPENED and not event.held:
                self._parts.metrics.shadows.alerted(event.camera)

    def _note(self, now_ns: int) -> None:
        self._noted_ns = now_ns
        try:
            self._parts.store.note_watched(self._watched)
        except StoreError as error:
            self._remember(str(error))
            return
        self._watched.clear()

    def _remember(self, fault: str | None) -> None:
        """Logged when it changes."""
        if fault is not None and fault != self._fault:
            _log.warning("what shadows saw cannot be stored", why=fault)
        self._fault = fault
