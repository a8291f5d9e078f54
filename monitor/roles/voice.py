"""How a process and its loops tell of themselves: heartbeats to the supervisor, reports to the alert process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from monitor.build.joining import Endpoints
from monitor.processes import resident_bytes
from monitor.transport import Context, Policy, Sender
from monitor.types import Heartbeat, ProcessReport

BEAT_S = 1.0
REPORT_S = 2.0


class MisconfiguredError(Exception):
    """A role can never work with this configuration; the message says what to change."""


class CannotStartError(Exception):
    """A role cannot start now, but perhaps later; the message says why."""


class Heart:
    """One loop's heartbeats. Owned by the thread of that loop; without a supervisor nobody hears them, at no cost."""

    def __init__(self, context: Context, endpoints: Endpoints, process: str, loop: str) -> None:
        self._process = process
        self._loop = loop
        self._sender = Sender(
            context, endpoints.heartbeats, capacity=1, policy=Policy.NEWEST, stop=lambda: True, key=endpoints.key
        )
        self._beaten_s = float("-inf")

    def beat(self, progress: int) -> None:
        """Tell that the loop got as far as `progress`; at most once a second."""
        self._sender.pump()
        now_s = time.monotonic()
        if now_s - self._beaten_s >= BEAT_S:
            self._beaten_s = now_s
            self._sender.send(Heartbeat(self._process, self._loop, os.getpid(), progress))

    def end(self, progress: int) -> None:
        """Tell the last word, and wait a moment for it to arrive."""
        self._sender.send(Heartbeat(self._process, self._loop, os.getpid(), progress))
        self._sender.flush(BEAT_S)

    def close(self) -> None:
        """Close the socket."""
        self._sender.close()


class SelfReport:
    """What a process says of itself every two seconds."""

    def __init__(self, process: str, boot: str, tell: Callable[[ProcessReport], object]) -> None:
        """Args: process: its name; boot: unique to its life; tell: takes each report."""
        self._process = process
        self._boot = boot
        self._tell = tell
        self._told_s = float("-inf")

    def tell_if_due(self, wire_errors: int, dropped: int) -> None:
        """Report, if the last one is two seconds ago."""
        now_s = time.monotonic()
        if now_s - self._told_s < REPORT_S:
            return
        self._told_s = now_s
        self._tell(
            ProcessReport(
                process=self._process,
                boot=self._boot,
                wall_ns=time.time_ns(),
                pid=os.getpid(),
                up=True,
                restarts=None,
                rss_bytes=resident_bytes(),
                wire_errors=wire_errors,
                dropped=dropped,
            )
        )
