"""What is known of one camera's link. Written by the camera's loop; the process's main thread may look at any time."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from monitor.capture.source import Cause, SourceError
from monitor.capture.timing import Clock
from monitor.types import CameraReport, Count, Link

_NS = 1_000_000_000


class Standing:
    """Link, cause and totals of one camera, and since when its loop waits for the source."""

    def __init__(self, camera: str, boot: str, live: bool, clock: Clock) -> None:
        self._camera = camera
        self._boot = boot
        self._live = live
        self._clock = clock
        self._lock = threading.Lock()  # guards all below
        self._link = Link.CONNECTING
        self._cause: Cause | None = None
        self._detail = ""
        self._frames = 0
        self._failures: Counter[Cause] = Counter()
        self._last_frame_ns: int | None = None
        self._retry_at_ns: int | None = None
        self._deadline_ns: int | None = None
        self._before: tuple[Link, Cause | None, str] | None = None  # what held until the wait was found overdue
        self._changed = True

    def become(self, link: Link, detail: str = "") -> None:
        """The link is well, being made, or has come to its end."""
        with self._lock:
            self._set(link, None, detail)
            self._retry_at_ns = None

    def fail(self, error: SourceError) -> None:
        """A run ended or never began."""
        with self._lock:
            self._failures[error.cause] += 1
            self._set(Link.OFFLINE, error.cause, error.detail)
            self._before = None  # the wait is over, and this is how it ended

    def retry_at(self, mono_ns: int) -> None:
        """When the next attempt is."""
        with self._lock:
            self._retry_at_ns = mono_ns
            self._changed = True

    def count_frame(self, wall_ns: int) -> None:
        """One more frame was due and read."""
        with self._lock:
            self._frames += 1
            self._last_frame_ns = wall_ns

    @contextmanager
    def waiting(self, limit_s: float) -> Iterator[None]:
        """The loop waits for the source, and should not do so for longer than `limit_s`.

        What `overdue` said in the meantime is taken back when the wait ends: the source answered after all.
        """
        with self._lock:
            self._deadline_ns = self._clock.mono_ns() + round(limit_s * _NS)
        try:
            yield
        finally:
            with self._lock:
                self._deadline_ns = None
                if self._before is not None:
                    self._set(*self._before)
                    self._before = None

    def overdue(self) -> bool:
        """Whether the loop waits beyond its limit; if so the camera counts as offline from now on."""
        with self._lock:
            if self._deadline_ns is None or self._clock.mono_ns() < self._deadline_ns:
                return False
            if self._before is None:
                self._before = self._link, self._cause, self._detail
                cause = Cause.TIMEOUT if self._link is Link.CONNECTING else Cause.HUNG
                self._set(Link.OFFLINE, cause, "the source does not answer, and its library does not give up either")
            return True

    def take_change(self) -> bool:
        """Whether anything changed since this was last asked."""
        with self._lock:
            changed, self._changed = self._changed, False
            return changed

    def report(self, drops: Sequence[Count]) -> CameraReport:
        """All of it, for the other processes."""
        with self._lock:
            retry_at_ns = self._retry_at_ns
            return CameraReport(
                camera=self._camera,
                boot=self._boot,
                wall_ns=self._clock.wall_ns(),
                link=self._link,
                cause="" if self._cause is None else str(self._cause),
                detail=self._detail,
                live=self._live,
                frames=self._frames,
                drops=tuple(drops),
                failures=tuple(Count(str(cause), total) for cause, total in sorted(self._failures.items())),
                last_frame_ns=self._last_frame_ns,
                retry_s=None if retry_at_ns is None else max(0.0, (retry_at_ns - self._clock.mono_ns()) / _NS),
            )

    def _set(self, link: Link, cause: Cause | None, detail: str) -> None:
        if (link, cause, detail) != (self._link, self._cause, self._detail):
            self._link, self._cause, self._detail = link, cause, detail
            self._changed = True
