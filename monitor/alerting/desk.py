"""What the alert process does with each message: episodes → snapshot → store → wake the deliveries → metrics.

No sockets and no threads here: whoever receives calls `handle`, acknowledges once it returns, and calls `tick` about
once a second. Not for several threads; only `overview` may be read from any.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import assert_never

import structlog

from monitor.alerting.board import RECENT_EVENTS, Board, CameraFacts
from monitor.alerting.ledger import Ledger
from monitor.alerting.minutes import Minutes
from monitor.alerting.notices import Notices
from monitor.alerting.parts import Parts
from monitor.alerting.pictures import EventPictures
from monitor.alerting.recorder import Recorder
from monitor.alerting.shadows import Shadows
from monitor.kinds import Kind, kind_of
from monitor.metrics import Stage
from monitor.types import CameraReport, ClipPart, Event, Judgement, Link, Phase, ProcessReport, ScoringReport, State
from monitor.views import CameraView, Health, Overview, Status, Trouble

Incoming = Judgement | CameraReport | ScoringReport | ProcessReport | ClipPart

_S = 1_000_000_000
# An open event's state is stored so often although nothing is told, so that a crash forgets little of it.
_SAVE_S = 5.0
# After a recording's end its last frames are still on their way through the worker.
_DRAIN_S = 5.0
# Processes and cameras are reported about once a second; what was said longer ago is not known any more.
_HEARD_S = 10.0

_log = structlog.get_logger(__name__)


class AlertDesk:
    """The alert process's work on one message at a time."""

    def __init__(self, parts: Parts, cameras: Sequence[str], processes: Sequence[str]) -> None:
        """Read what was going on when the process last stopped.

        Raises:
            StoreError: The store cannot be read.
        """
        self._parts = parts
        self._clock = parts.clock
        self._metrics = parts.metrics
        self._started_ns = self._clock.mono_ns()
        self._board = Board(cameras, processes, self._started_ns)
        self._recorder = Recorder(parts.store, parts.valve, parts.metrics, parts.clock)
        self._ledger = Ledger(parts.store, parts.valve, parts.metrics.events, parts.clock)
        self._pictures = EventPictures(parts.snapshots, parts.metrics.events)
        self._shadows = Shadows(parts, self._started_ns)
        self._minutes = Minutes(parts.store, self._started_ns)
        self._joined: dict[str, int] = {}
        self._saved_ns: dict[str, int] = {}
        self._notices = Notices(parts.notices, self._take_up(), self._started_ns)
        self._overview = self._look(previous=None)

    @property
    def overview(self) -> Overview:
        """Everything as it was at the last tick; may be read from any thread."""
        return self._overview

    def pictured(self, camera: str) -> Judgement | None:
        """The newest judgement of `camera` with a picture; may be asked from any thread."""
        facts = self._facts(camera)
        return None if facts is None else facts.pictured

    def handle(self, message: Incoming) -> None:
        """Take in one message. When it returns, what people must know is stored, or waits in memory for the store."""
        now_ns = self._clock.mono_ns()
        match message:
            case Judgement():
                if self._shadows.follow(message):
                    self._tell(message.stamp.camera, self._parts.decider.end(message.stamp.camera, "promoted"))
                (self._shadows.judged if message.shadow else self._judged)(message, now_ns)
            case CameraReport():
                facts = self._facts(message.camera)
                if facts is not None:
                    facts.take_report(message, now_ns)
                    self._metrics.cameras.reported(message)
                    self._metrics.clips.reported(message)
            case ScoringReport():
                facts = self._facts(message.camera)
                if facts is not None:
                    facts.scoring = message
                    self._metrics.scoring.reported(message)
            case ProcessReport():
                self._board.take_process(message, now_ns)
                self._metrics.processes.reported(message)
            case ClipPart():
                self._got_files(self._parts.clips.take(message))
            case _:
                assert_never(message)

    def tick(self) -> None:
        """What time alone brings: silence, retries, and a fresh overview. To be called about once a second."""
        now_ns = self._clock.mono_ns()
        for camera, facts in self._board.cameras.items():
            self._tell(camera, self._silence(camera, facts, now_ns))
            self._keep_state(camera, now_ns)
            if (going_on := self._parts.decider.open_event(camera)) is not None:
                self._parts.clips.follow(going_on)
        for event in self._parts.clips.tick():
            self._got_files(event)
        self._shadows.tick([camera for camera, facts in self._board.cameras.items() if _is_over(facts, now_ns)], now_ns)
        self._stored(self._recorder.flush())
        self._digest()
        self._overview = self._look(self._overview.health)
        self._notice()
        self._minutes.store_if_due(now_ns)

    def set_budget(self, camera: str, alerts_per_day: float, *, candidate: bool = False) -> None:
        """About so many alerts a day are wanted of `camera`, or of its candidate; lasts as long as this process.

        Raises:
            ValueError: No such camera, one without a budget, or no rate. Nothing was changed.
        """
        shadow = self._parts.shadow
        if shadow is not None and self._shadows.promoted(camera) != candidate:
            shadow.valve.set_budget(camera, alerts_per_day)
        else:
            self._parts.valve.set_budget(camera, alerts_per_day)

    def stop(self) -> None:
        """The daemon stops in order: close what is open, so that nobody waits for its end."""
        for camera in self._board.cameras:
            self._tell(camera, self._parts.decider.end(camera, "stopped"))
        self._shadows.stop(self._clock.mono_ns())
        self._minutes.store_if_due(self._clock.mono_ns(), now=True)
        self._stored(self._recorder.flush(now=True))
        self._overview = self._look(self._overview.health)

    def _facts(self, camera: str) -> CameraFacts | None:
        """None for a camera that the configuration does not name, e.g. of a process started with an older one."""
        return self._board.cameras.get(camera)

    def _judged(self, judgement: Judgement, now_ns: int) -> None:
        camera = judgement.stamp.camera
        facts = self._facts(camera)
        if facts is None or facts.has_seen(judgement.stamp):
            return
        watched_s = facts.take_judgement(judgement, now_ns)
        self._shadows.watched(judgement, watched_s)
        self._minutes.judged(judgement, watched_s)
        live = facts.report is not None and facts.report.live
        latency_s = (self._clock.wall_ns() - judgement.stamp.wall_ns) / _S if live else None
        self._metrics.scoring.judged(judgement, latency_s, watched_s)
        self._pictures.offer(judgement)
        with self._timed(Stage.DECIDE):
            events = self._parts.decider.judge(judgement)
        self._tell(camera, events)
        event = self._parts.decider.open_event(camera)
        if event is not None:
            self._pictures.follow(event)
        self._count_joined(camera)

    def _silence(self, camera: str, facts: CameraFacts, now_ns: int) -> Sequence[Event]:
        silent_s = facts.silent_s(now_ns)
        link = None if facts.report is None else facts.report.link
        if _is_over(facts, now_ns):
            return self._parts.decider.end(camera, "source ended")
        pictures = link is Link.ONLINE and facts.report_age_s(now_ns) < _HEARD_S
        return self._parts.decider.silent(camera, silent_s, "not judged" if pictures else "camera lost")

    def _tell(self, camera: str, events: Sequence[Event]) -> None:
        """Picture, store, wake: in this order, so that nobody is told of what is not stored."""
        if not events:
            return
        told = [self._parts.clips.attach(self._pictures.attach(event)) for event in events]
        with self._timed(Stage.STORE):
            stored = self._recorder.record(told, {camera: self._parts.decider.saved(camera)})
        for event in told:
            self._board.take_event(event)
            self._metrics.events.told(event)
            _log.info(f"event {event.phase.value}", id=event.id, camera=camera, cause=event.cause)
            if event.phase is Phase.CLOSED:
                self._pictures.forget(event)
            self._parts.clips.told(event)
        self._stored(stored)

    @contextmanager
    def _timed(self, stage: Stage) -> Iterator[None]:
        began_ns = self._clock.mono_ns()
        yield
        self._metrics.stages.took(stage, (self._clock.mono_ns() - began_ns) / _S)

    def _got_files(self, event: Event | None) -> None:
        """An event that was told got its clip or its full picture; who was not told yet is told with it."""
        if event is not None:
            self._board.take_files(event)
            self._parts.deliveries.wake()

    def _stored(self, events: Sequence[Event]) -> None:
        """These are in the store now, and it is known which of them are held."""
        for event in events:
            self._board.take_stored(event)
            if event.held and event.phase is Phase.OPENED:
                self._metrics.events.held(event.camera, event.held)
                _log.info("event held", id=event.id, camera=event.camera, why=event.held)
        if events:
            self._parts.deliveries.wake()

    def _notice(self) -> None:
        """Tell of trouble that lasts, and of its end, as of any event."""
        for event in self._notices.look(self._overview):
            [reason] = event.reasons
            self._board.take_event(event)
            if event.phase is Phase.OPENED:
                self._metrics.events.noticed(reason.detector.split()[0])
            _log.info(f"notice {event.phase.value}", id=event.id, about=reason.detector, what=reason.text)
            self._stored(self._recorder.record([event], {}))

    def _digest(self) -> None:
        told = () if self._recorder.fault is not None else self._ledger.digest()
        for event in told:
            self._board.take_stored(event)
        if told:
            self._parts.deliveries.wake()

    def _count_joined(self, camera: str) -> None:
        total = self._parts.decider.joined(camera)
        if total > self._joined[camera]:
            self._metrics.events.joined(camera, total - self._joined[camera])
        self._joined[camera] = total

    def _keep_state(self, camera: str, now_ns: int) -> None:
        if self._parts.decider.open_event(camera) is None or self._recorder.fault is not None:
            return
        if now_ns - self._saved_ns.get(camera, self._started_ns) >= _SAVE_S * _S:
            self._saved_ns[camera] = now_ns
            self._recorder.record((), {camera: self._parts.decider.saved(camera)})

    def _take_up(self) -> Sequence[Event]:
        """Resume the open events that were stored, close those that nothing can go on with; the open notices."""
        decider = self._parts.decider
        for event in reversed(self._parts.store.events(limit=RECENT_EVENTS)):
            self._board.take_event(event)
        for camera, saved in self._parts.store.episodes().items():
            if camera in self._board.cameras and not decider.resume(camera, saved):
                _log.warning("the stored episode cannot be resumed", camera=camera)
        self._joined = {camera: decider.joined(camera) for camera in self._board.cameras}
        for camera in self._board.cameras:
            for event in self._parts.store.events(camera=camera, limit=RECENT_EVENTS):
                if kind_of(event) is Kind.ANOMALY:  # it may go on, open or not
                    self._pictures.resume(event)
                    self._parts.clips.resume(event)
                    break
        going_on = [decider.open_event(camera) for camera in self._board.cameras]
        resumed = {event.id for event in going_on if event is not None}
        notices = []
        for event in self._parts.store.open_events():
            if kind_of(event) is Kind.HEALTH:
                notices.append(event)
            elif event.id in resumed:
                # Counted as opened by the process that opened it.
                self._metrics.events.told(replace(event, phase=Phase.UPDATED))
                self._parts.clips.told(event)
            else:
                removed = event.camera not in self._board.cameras
                closed = replace(event, phase=Phase.CLOSED, cause="removed" if removed else "interrupted")
                # Should the camera come back some day, nothing goes on with this.
                self._recorder.record([closed], {event.camera: b""} if removed else {})
                if not closed.shadow:
                    self._board.take_event(closed)
                    self._parts.clips.told(closed)
        return notices

    def _look(self, previous: Health | None) -> Overview:
        now_ns, wall_ns = self._clock.mono_ns(), self._clock.wall_ns()
        self._ledger.look(tuple(self._board.cameras))
        cameras = tuple(self._view(facts, now_ns) for facts in self._board.cameras.values())
        for camera in cameras:
            if camera.state is State.BLIND and not camera.ended:
                self._minutes.blind(camera.camera, wall_ns)
        processes = self._board.processes(now_ns)
        for process in processes:
            self._metrics.processes.up(process.process, up=process.up and process.silent_s < _HEARD_S)
        deliveries = tuple(self._parts.deliveries.views())
        health = self._parts.assessor.daemon(
            cameras,
            processes,
            self._alert_path(wall_ns),
            deliveries,
            previous=previous,
            age_s=(now_ns - self._started_ns) / _S,
            now_ns=wall_ns,
        )
        if previous is not None and previous.status is not health.status:
            level = _log.warning if health.status is Status.DEGRADED else _log.info
            level(
                "health",
                status=health.status.value,
                troubles=[f"{t.kind} {t.where}: {t.what}" for t in health.troubles],
            )
        disk = self._parts.upkeep.view()
        return Overview(wall_ns, now_ns, health, cameras, processes, deliveries, self._board.recent(), disk)

    def _view(self, facts: CameraFacts, now_ns: int) -> CameraView:
        standing = self._parts.assessor.camera(
            facts.report, facts.report_age_s(now_ns), facts.judgement, facts.unjudged_s(now_ns)
        )
        link = None if facts.report is None else facts.report.link
        self._metrics.cameras.standing(facts.camera, standing, link, facts.take_due(now_ns))
        camera = facts.camera
        return facts.view(
            standing,
            self._parts.decider.open_event(camera),
            self._ledger.tally(camera),
            self._ledger.alerts_per_day(camera),
            now_ns,
        )

    def _alert_path(self, now_ns: int) -> list[Trouble]:
        troubles = []
        if self._recorder.fault is not None:
            troubles.append(Trouble("store", "", self._recorder.fault, now_ns, "events wait in memory until it works"))
        if self._pictures.fault is not None:
            troubles.append(
                Trouble("snapshots", "", self._pictures.fault, now_ns, "make room in the data folder; events go on")
            )
        return [*troubles, *self._parts.upkeep.troubles(now_ns)]


def _is_over(facts: CameraFacts, now_ns: int) -> bool:
    """Whether a recording has ended and its last frames had time to come through the worker."""
    ended = facts.report is not None and facts.report.link is Link.ENDED
    return ended and facts.silent_s(now_ns) >= _DRAIN_S
