"""The worker's working loop: take a frame, judge it, tell, learn it. Opens no socket: it is handed its ends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from monitor.scoring.keeper import Keeper
from monitor.types import Frame, Judgement, Message, ScoringReport

# How long a turn waits for a frame, and so how soon a stop is noticed.
TURN_S = 0.2
# The same while an acknowledgement is awaited, which does not end the wait: the next frame depends on it.
AWAITING_TURN_S = 0.005
REPORT_S = 2.0
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
    ) -> None:
        """Args: keepers: by camera; recordings: cameras of which nothing may be dropped; boot: of this process."""
        self._keepers = keepers
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
        delivery = self._inbox.receive(AWAITING_TURN_S if self._withheld else TURN_S)
        if delivery is not None:
            self._take(delivery)
        self._report_if_due(wall_ns, mono_ns)
        for keeper in self._keepers.values():
            keeper.save_if_due(wall_ns, mono_ns)

    def finish(self, wall_ns: int) -> None:
        """The worker stops in order: save what was learned."""
        for keeper in self._keepers.values():
            keeper.save(wall_ns)
        self._report(wall_ns)

    def _take(self, delivery: Delivery) -> None:
        message = delivery.message
        keeper = self._keepers.get(message.stamp.camera) if isinstance(message, Frame) else None
        if keeper is None or not isinstance(message, Frame):
            self._refuse(message)
            delivery.done()
            return
        scorer = keeper.scorer
        judgement = scorer.judge(message)
        if judgement is not None:
            self._outbox.send(judgement)
            scorer.learn()
            keeper.note()
        # A recording's frame is done when its judgement has been processed: else it would be lost if this process died
        # in between. So nothing of a file is lost; a frame may be judged twice, which whoever takes judgements notices.
        if message.stamp.camera in self._recordings:
            self._withheld.append((self._outbox.taken, delivery.done))
        else:
            delivery.done()

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
        for keeper in self._keepers.values():
            self._outbox.send(keeper.report(self._boot, wall_ns))
