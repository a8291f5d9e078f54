"""The thread of the capture process that makes clips: requests in, parts of files out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

import structlog

from monitor.build.joining import Endpoints
from monitor.capture.clipping import Clipping, Filmed
from monitor.roles.voice import Heart
from monitor.transport import Context, Policy, Receiver, Sender
from monitor.types import LOOP_ENDED, ClipPart, ClipRequest

# Requests that may be here unread; they are small.
WINDOW = 32
# Parts that wait beside the window of the alert process: some MB.
PARTS_KEPT = 8
TURN_S = 0.1
FAREWELL_S = 3.0
_log = structlog.get_logger(__name__)


class ClipThread:
    """Makes the clips of all cameras, one at a time, so that it never takes more than one core."""

    def __init__(
        self,
        context: Context,
        places: Endpoints,
        cameras: Mapping[str, Filmed],
        stopping: threading.Event,
    ) -> None:
        """Listen and start.

        Raises:
            EndpointError: Its endpoint is refused or taken.
        """
        self._stopping = stopping
        self._cameras = cameras
        self._inbox = Receiver(context, places.requests, window=WINDOW, key=places.key)
        self._outbox = Sender(
            context,
            places.judgements,
            capacity=PARTS_KEPT,
            policy=Policy.LOSSLESS,
            stop=stopping.is_set,
            key=places.key,
        )
        self._heart = Heart(context, places, "capture", "clips")
        self._clipping = Clipping(cameras, self._send, time.monotonic_ns)
        self._turns = 0
        self._leave_at_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="clips")
        self._thread.start()

    @property
    def errors(self) -> int:
        """Requests that could not be read so far."""
        return self._inbox.errors

    def join(self, timeout_s: float) -> bool:
        """Wait for its end; False if it did not come."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._take()
            self._guarded(self._clipping.turn)
            self._beat()
        self._guarded(self._clipping.finish)
        self._outbox.flush(self._patience_s())
        self._heart.end(LOOP_ENDED)
        for closing in (self._inbox, self._outbox, self._heart):
            closing.close()

    def _guarded(self, work: Callable[[], None]) -> None:
        """Whatever is wrong with a clip, the cameras of this process are worth more."""
        try:
            work()
        except Exception:
            _log.exception("clips_broke", do="nothing: what was asked for is given up, the next event's clip is made")
            self._clipping = Clipping(self._cameras, self._send, time.monotonic_ns)

    def _take(self) -> None:
        delivery = self._inbox.receive(TURN_S)
        if delivery is not None:
            if isinstance(delivery.message, ClipRequest):
                self._clipping.ask(delivery.message)
            delivery.done()
        self._outbox.pump()

    def _send(self, part: ClipPart) -> bool:
        """Waits for the alert process, and keeps beating meanwhile; when the process stops, not for long."""
        while not self._outbox.room(TURN_S):
            self._beat()
            if self._stopping.is_set() and self._patience_s() <= 0:
                return False
        return self._outbox.send(part)

    def _patience_s(self) -> float:
        """How much longer a process that stops waits for what it still has to say."""
        if self._leave_at_s is None:
            self._leave_at_s = time.monotonic() + FAREWELL_S
        return max(0.0, self._leave_at_s - time.monotonic())

    def _beat(self) -> None:
        self._turns += 1
        self._heart.beat(self._turns)
