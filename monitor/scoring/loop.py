"""The worker's working loop: take a frame, judge it, tell, learn it. Opens no socket: it is handed its ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from monitor.feedback import Mark
from monitor.scoring.heeding import Heeding
from monitor.scoring.keeper import Keeper
from monitor.scoring.shadow import Shadow
from monitor.types import Frame, Judgement, Message, ScoringReport

# How long a turn waits for a frame, and so how soon a stop is noticed.
TURN_S = 0.2
# The same while an acknowledgement is awaited, which does not end the wait: the next frame depends on it.
AWAITING_TURN_S = 0.005
REPORT_S = 2.0
# While so many messages wait for the alert process, what is left of their room is for live judgements.
MOST_PENDING = 256
_NS = 1_000_000_000
_log = structlog.get_logger(__name__)


class Delivery(Protocol):
    """A message and the means to say that it was dealt with."""

    @property
    def message(self) -> Message:
        """What came."""

    @property
    def done(self) -> Callable[[], None]:
        """To be called once it was dealt with: only then does its sender send more."""


class Inbox(Protocol):
    """Where frames come from."""

    def receive(self, timeout_s: float) -> Delivery | None:
        """The next message, or None after `timeout_s`."""


class Outbox(Protocol):
    """Where judgements and reports go."""

    def send(self, message: Judgement | ScoringReport) -> bool:
        """Take a message; never waits. What does not fit is dropped and counted there."""

    @property
    def taken(self) -> int:
        """Messages taken so far."""

    @property
    def pending(self) -> int:
        """Those of them that were not processed yet, the newest."""


class ScoringLoop:
    """All cameras of one worker, one frame at a time, on the thread that calls."""

    def __init__(
        self,
        keepers: Mapping[str, Keeper],
        recordings: frozenset[str],
        inbox: Inbox,
        outbox: Outbox,
        boot: str,
        shadows: Mapping[str, Shadow] | None = None,
        heeding: Mapping[str, Heeding] | None = None,
    ) -> None:
        """Go round the cameras.

        Args:
            keepers: By camera, each the live one.
            recordings: Cameras of which nothing may be dropped.
            inbox: Where frames come from.
            outbox: Where judgements go.
            boot: Of this process.
            shadows: Of the cameras that have one.
            heeding: By camera, what people said of its events.
        """
        self._keepers = dict(keepers)
        self._shadows = dict(shadows or {})
        self._heeding = dict(heeding or {})
        self._promoted: set[str] = set()
        self._recordings = recordings
        self._inbox = inbox
        self._outbox = outbox
        self._boot = boot
        self._withheld: deque[tuple[int, Callable[[], None]]] = deque()
        self._reported_ns = 0
        self._strangers: set[str] = set()

    def run_once(self, wall_ns: int, mono_ns: int) -> None:
        """One turn: at most one frame, and what is due besides."""
        settled = self._outbox.taken - self._outbox.pending
        while self._withheld and self._withheld[0][0] <= settled:
            self._withheld.popleft()[1]()
        delivery = self._inbox.receive(self._patience_s())
        if delivery is not None:
            self._take(delivery, wall_ns, mono_ns)
        else:
            self._judge_again(wall_ns, mono_ns)
        self._report_if_due(wall_ns, mono_ns)
        for keeper in self._keepers.values():
            keeper.save_if_due(wall_ns, mono_ns)

    def finish(self, wall_ns: int) -> None:
        """The worker stops in order: save what was learned."""
        for keeper in self._keepers.values():
            keeper.save(wall_ns)
            keeper.scorer.finish()
        for shadow in self._shadows.values():
            shadow.save(wall_ns)
        self._report(wall_ns)

    def promote(self, cameras: Collection[str]) -> None:
        """Let the candidates of these cameras be live from the next frame on, and of no others."""
        for camera, shadow in self._shadows.items():
            if (camera in cameras) == (camera in self._promoted):
                continue
            live = shadow.exchange(self._keepers[camera])
            if live is None:
                _log.error("not_promoted", camera=camera, do="its shadow is off: see `shadow_off`, then restart")
                continue
            self._keepers[camera] = live
            self._promoted ^= {camera}
            _log.info("promoted" if camera in self._promoted else "promotion_undone", camera=camera)

    def heed(self, marks: Sequence[Mark]) -> None:
        """From the next frame on this holds of what people said of events, for cameras and their shadows."""
        for camera, heeding in self._heeding.items():
            heeding.say(marks)
            shadow = self._shadows[camera].keeper if camera in self._shadows else None
            for keeper in (self._keepers[camera], shadow):
                if keeper is not None:
                    heeding.tell(keeper.scorer)

    def _take(self, delivery: Delivery, wall_ns: int, mono_ns: int) -> None:
        message = delivery.message
        keeper = self._keepers.get(message.stamp.camera) if isinstance(message, Frame) else None
        if keeper is None or not isinstance(message, Frame):
            self._refuse(message)
            delivery.done()
            return
        camera, scorer = message.stamp.camera, keeper.scorer
        judgement = scorer.judge(message)
        if judgement is not None:
            self._send(judgement)
            scorer.learn()
            keeper.note()
        if camera in self._shadows:
            self._shadows[camera].offer(message)
            if camera in self._recordings:  # of which nothing may be skipped; it waits
                self._shadows[camera].judge(self._send, wall_ns, mono_ns)
        # A recording's frame is done when its judgement has been processed: else it would be lost if this process died
        # in between. So nothing of a file is lost; a frame may be judged twice, which whoever takes judgements notices.
        if camera in self._recordings:
            self._withheld.append((self._outbox.taken, delivery.done))
        else:
            delivery.done()

    def _patience_s(self) -> float:
        if any(shadow.waits_since_ns is not None for shadow in self._shadows.values()):
            return 0.0
        return AWAITING_TURN_S if self._withheld else TURN_S

    def _judge_again(self, wall_ns: int, mono_ns: int) -> None:
        """There is nothing else to do: the frame that waited longest for its camera's shadow."""
        since = {camera: shadow.waits_since_ns for camera, shadow in self._shadows.items()}
        waiting = [(since_ns, camera) for camera, since_ns in since.items() if since_ns is not None]
        if waiting:
            self._shadows[min(waiting)[1]].judge(self._send, wall_ns, mono_ns)

    def _send(self, judgement: Judgement) -> None:
        if judgement.shadow and self._outbox.pending > MOST_PENDING:
            return
        if judgement.stamp.camera in self._promoted:
            judgement = replace(judgement, promoted=True)
        self._outbox.send(judgement)

    def _refuse(self, message: Message) -> None:
        what = f"camera {message.stamp.camera}" if isinstance(message, Frame) else type(message).__name__
        if what not in self._strangers and len(self._strangers) < 100:  # noqa: PLR2004 - only to stay bounded
            self._strangers.add(what)
            _log.warning("message_not_expected", what=what, do="start all processes with the same configuration")

    def _report_if_due(self, wall_ns: int, mono_ns: int) -> None:
        if mono_ns - self._reported_ns >= REPORT_S * _NS:
            self._reported_ns = mono_ns
            self._report(wall_ns)

    def _report(self, wall_ns: int) -> None:
        for camera, keeper in self._keepers.items():
            self._outbox.send(keeper.report(self._boot, wall_ns))
            if camera in self._heeding:
                self._heeding[camera].write(keeper.scorer)
