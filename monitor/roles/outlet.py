"""Where one camera's frames and reports leave the capture process. Owned by that camera's thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from monitor.build.joining import Endpoints
from monitor.roles.voice import Heart
from monitor.transport import Context, Policy, Sender
from monitor.types import LOOP_ENDED, CameraReport, Count, Frame

# Beside the receiver's window: a live camera keeps its newest few, so that a stall of half a second costs none and no
# frame is judged much later than that; a recording a few so that it seldom waits.
LIVE_CAPACITY = 4
RECORDING_CAPACITY = 4
REPORTS_CAPACITY = 16
# A live camera gives its worker this long to take the frame before, rather than drop it: pictures come in bursts, above
# all after connecting. A small part of the time between two frames.
LIVE_PATIENCE_S = 0.02
# How long a recording waits for room before it looks whether it should stop, and shows that it is alive.
TURN_S = 0.2
FAREWELL_S = 2.0


class LinkOutlet:
    """A camera's ends of the links to the worker, the alert process and the supervisor."""

    def __init__(
        self, context: Context, endpoints: Endpoints, camera: str, stop: Callable[[], bool], *, live: bool
    ) -> None:
        self._live = live
        self._stop = stop
        policy, capacity = (Policy.NEWEST, LIVE_CAPACITY) if live else (Policy.LOSSLESS, RECORDING_CAPACITY)
        key = endpoints.key
        self._frames = Sender(context, endpoints.frames, capacity=capacity, policy=policy, stop=stop, key=key)
        self._reports = Sender(
            context, endpoints.judgements, capacity=REPORTS_CAPACITY, policy=Policy.BUFFERED, stop=stop, key=key
        )
        self._heart = Heart(context, endpoints, "capture", f"camera {camera}")
        self._waits = 0
        self._progress = 0

    def send(self, frame: Frame) -> None:
        """See `monitor.capture.camera.Outlet`."""
        while not self._live and not self._frames.room(TURN_S):
            self._waits += 1
            self.pump()
            self.beat(self._progress)
            if self._stop():
                return
        if self._live:
            self._frames.room(LIVE_PATIENCE_S)
        self._frames.send(frame)

    def pump(self) -> None:
        """See `monitor.capture.camera.Outlet`."""
        self._frames.pump()
        self._reports.pump()

    def report(self, report: CameraReport) -> None:
        """See `monitor.capture.camera.Outlet`."""
        self._reports.send(report)

    def beat(self, progress: int) -> None:
        """See `monitor.capture.camera.Outlet`; turns spent waiting for room are progress too."""
        self._progress = progress
        self._heart.beat(progress + self._waits)

    def drops(self) -> Sequence[Count]:
        """See `monitor.capture.camera.Outlet`."""
        return self._frames.drops()

    def close(self) -> None:
        """The loop is over: let what is on its way arrive, and tell the supervisor that it will be silent."""
        if not self._live:
            while not self._stop() and not self._frames.flush(TURN_S):
                self._waits += 1
                self.beat(self._progress)
        self._reports.flush(FAREWELL_S)
        self._heart.end(LOOP_ENDED)
        for closing in (self._frames, self._reports, self._heart):
            closing.close()
