"""The capture process: a thread round each camera, one that makes clips, and one that watches. Judges nothing."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable

import structlog

from monitor.build.capturing import camera_loop, filmed, ring
from monitor.build.joining import endpoints
from monitor.capture.camera import Camera
from monitor.config import Config
from monitor.roles.clips import ClipThread
from monitor.roles.outlet import LinkOutlet
from monitor.roles.voice import Heart, SelfReport
from monitor.transport import Context, Policy, Sender
from monitor.types import CameraReport

# Between two looks of the main thread at the cameras.
WATCH_S = 0.5
# Between two reports of a camera whose recording has ended: an alert process that starts later must hear of it too.
ENDED_S = 2.0
# Longer than a camera's thread needs unless its library is stuck.
JOIN_S = 6.0
_log = structlog.get_logger(__name__)


class _CameraThread:
    """One camera's loop on a thread of its own; what is asked of it is asked by the main thread."""

    def __init__(self, name: str, loop: Camera, outlet: LinkOutlet, stop: threading.Event) -> None:
        self.loop = loop
        self.failed = False
        self._outlet = outlet
        self._stop = stop
        self._told_s = float("-inf")
        self._thread = threading.Thread(target=self._run, name=f"camera {name}")
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def report(self) -> CameraReport | None:
        """What the loop itself cannot tell: that it is stuck, or over; None if there is nothing to add."""
        if self._thread.is_alive():
            return self.loop.watch()
        now_s = time.monotonic()
        if now_s - self._told_s < ENDED_S:
            return None
        self._told_s = now_s
        return self.loop.report()

    def _run(self) -> None:
        self.failed = True  # unless it comes to its end
        try:
            self.loop.run(self._stop)
            self.failed = False
        finally:
            self._outlet.close()


def run(config: Config, stop: Callable[[], bool], life: str) -> int:
    """Capture until `stop` says so. Returns 0, or 1 if a camera's loop broke on a fault of ours.

    Args:
        config: Of the daemon.
        stop: Asked in every turn.
        life: Unique to the life of the daemon, which this process may see only a part of.

    Raises:
        ConfigError, EndpointError, KeyFileError: It cannot work like this.
    """
    boot, context, stopping = uuid.uuid4().hex, Context(), threading.Event()
    places = endpoints(config)
    rings = {name: ring(camera) for name, camera in config.cameras.items()}
    films = {name: filmed(config.cameras[name], kept) for name, kept in rings.items() if kept is not None}
    clips = ClipThread(context, places, films, stopping) if films else None
    threads = []
    for name, camera in config.cameras.items():
        made: list[LinkOutlet] = []

        def outlet(live: bool, name: str = name, made: list[LinkOutlet] = made) -> LinkOutlet:
            made.append(LinkOutlet(context, places, name, stopping.is_set, live=live))
            return made[0]

        loop = camera_loop(name, camera, os.environ, outlet, boot, life, rings[name])
        threads.append(_CameraThread(name, loop, made[0], stopping))
    reports = Sender(context, places.judgements, capacity=64, policy=Policy.BUFFERED, stop=stop, key=places.key)
    heart = Heart(context, places, "capture", "watch")
    myself = SelfReport("capture", boot, reports.send)
    turns = 0
    while not stop() and not any(thread.failed and thread.join(0) for thread in threads):
        stopping.wait(WATCH_S)
        for thread in threads:
            report = thread.report()
            if report is not None:
                reports.send(report)
        reports.pump()
        wire_errors = 0 if clips is None else clips.errors
        myself.tell_if_due(wire_errors, dropped=sum(count.total for count in reports.drops()))
        turns += 1
        heart.beat(turns)
    stopping.set()
    stuck = [thread for thread in (*threads, clips) if thread is not None and not thread.join(JOIN_S)]
    if stuck:
        # A library that does not come back cannot be unwound; everything it held is the kernel's to free.
        _log.warning("threads_stuck", count=len(stuck), do="nothing: the process ends without them")
        os._exit(0)
    reports.close()
    heart.close()
    context.term()
    return 1 if any(thread.failed for thread in threads) else 0
