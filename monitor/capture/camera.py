"""The loop round one camera: connect, read, choose what is due, try again. Knows nothing of sockets or processes."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Protocol

from monitor.capture.backoff import Backoff, Delays
from monitor.capture.source import Cause, Decoded, Source, SourceError
from monitor.capture.standing import Standing
from monitor.capture.timing import Clock, Pace, Timeline
from monitor.types import CameraReport, Count, Frame, Link, Stamp

_NS = 1_000_000_000
_TELL_EVERY_S = 1.0


class Outlet(Protocol):
    """Where one camera's frames and reports go. Called by the camera's own thread only."""

    def send(self, frame: Frame) -> None:
        """Hand one frame over. Hardly waits for a live camera: an older one is dropped and counted instead.

        For a recording it waits until there is room, or the process is to stop; meanwhile it keeps beating.
        """

    def pump(self) -> None:
        """Pass on what waits to be sent, without waiting. Called at every picture and while there is none."""

    def report(self, report: CameraReport) -> None:
        """Tell how the camera is; never waits."""

    def beat(self, progress: int) -> None:
        """Tell that the loop turns; `progress` counts pictures read and turns made while waiting to try again."""

    def drops(self) -> Sequence[Count]:
        """Frames that were sent but not delivered so far, by reason."""


class Filming(Protocol):
    """Keeps the last seconds for clips. Called by the camera's own thread only, but for `size_bytes`."""

    @property
    def size_bytes(self) -> int:
        """What is kept now."""

    def begin(self) -> None:
        """A run is about to be opened."""

    def picture(self, picture: Decoded, wall_ns: int, *, due: bool) -> None:
        """A picture came; `wall_ns` as in a frame's stamp, `due` if it becomes one."""

    def end(self) -> None:
        """The run is over; what was kept stays."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What one camera's loop is to do.

    Attributes:
        live: Whether pictures are stamped by the clock and an end is a disconnect; as `open.is_live` says.
        width_px: Analysis width; None for the source's own.
        rate_hz: Frames a second to analyse; None for all.
        open_limit_s: When the watchdog calls opening (and closing) hung: the source's own time-outs and a little more.
        read_limit_s: When the watchdog calls reading hung: not less than the source's own time-out.
        healthy_s: A run that gave pictures for this long makes the next delays small again.
    """

    camera: str
    live: bool
    width_px: int | None
    rate_hz: float | None
    open_limit_s: float = 22.0
    read_limit_s: float = 10.0
    healthy_s: float = 30.0
    delays: Delays = field(default_factory=Delays)


def new_run() -> str:
    """A name for a run that no other has."""
    return uuid.uuid4().hex


class Camera:
    """One camera's loop. `run` belongs to one thread; `watch` is for another.

    Args:
        opener: Connects; raises SourceError.
        random: For the jitter of delays.
        boot: Unique to the life of this process.
        new_run: Names each run; a fixed one makes recordings repeatable to the last digit.
        filming: Sees every picture; None where no clips are wanted.
    """

    def __init__(
        self,
        plan: Plan,
        opener: Callable[[], Source],
        outlet: Outlet,
        clock: Clock,
        random: Random,
        boot: str,
        new_run: Callable[[], str] = new_run,
        filming: Filming | None = None,
    ) -> None:
        self._plan = plan
        self._opener = opener
        self._outlet = outlet
        self._clock = clock
        self._backoff = Backoff(plan.delays, random)
        self._new_run = new_run
        self._filming = filming
        self._standing = Standing(plan.camera, boot, plan.live, clock)
        self._progress = 0
        self._told_ns: int | None = None
        self._run_frames = 0
        self._run_began_ns: int | None = None
        self._drops: tuple[Count, ...] = ()

    def run(self, stop: threading.Event) -> None:
        """Read until `stop` is set, or until a recording is at its end; after each failure wait and try again.

        A recording that fails after its first frame is not tried again: its frames would be learned twice.
        """
        while not stop.is_set():
            try:
                self.run_once(stop)
            except SourceError as error:
                if not self._plan.live and self._run_frames:
                    break
                self._pause(error.cause, stop)
            else:
                break
        self._tell(always=True)

    def run_once(self, stop: threading.Event) -> None:
        """One run: connect and read until a recording ends or `stop` is set.

        Raises:
            SourceError: It could not be opened, or broke off.
        """
        self._run_frames, self._run_began_ns = 0, None
        self._standing.become(Link.CONNECTING)
        self._tell()
        try:
            self._connect_and_read(stop)
        except SourceError as error:
            self._standing.fail(error)
            raise

    def watch(self) -> CameraReport | None:
        """For the process's main thread, about once a second: a report if the loop is stuck in the source, else None.

        The loop cannot tell this itself. Nothing is done about it here: closing a source from another thread would
        free memory that its library is using. The loop's beats have stopped, and the supervisor acts on that.
        """
        return self.report() if self._standing.overdue() else None

    def report(self) -> CameraReport:
        """How the camera is; for the process's main thread, once `run` is over and so tells nothing more itself."""
        return self._report()

    def _connect_and_read(self, stop: threading.Event) -> None:
        if self._filming is not None:
            self._filming.begin()
        with self._standing.waiting(self._plan.open_limit_s):
            source = self._opener()
        try:
            ended = self._read(source.pictures(), stop)
        finally:
            if self._filming is not None:
                self._filming.end()
            with self._standing.waiting(self._plan.open_limit_s):
                source.close()
        if ended:
            note = f"; {source.damaged} damaged pictures were skipped" if source.damaged else ""
            self._standing.become(Link.ENDED, f"the recording is at its end{note}")

    def _read(self, pictures: Iterator[Decoded], stop: threading.Event) -> bool:
        """Whether the recording came to its end; False if `stop` was set."""
        plan, run = self._plan, self._new_run()
        timeline, pace = Timeline(self._clock, plan.live), Pace(plan.rate_hz, plan.live)
        while not stop.is_set():
            with self._standing.waiting(plan.read_limit_s):
                picture = next(pictures, None)
            if picture is None:
                if plan.live:
                    raise SourceError(Cause.ENDED, "the stream stopped")
                return True
            if timeline.clock_was_set:
                raise SourceError(Cause.FAILED, "the clock of this machine was set: begun anew, with the right time")
            moment = timeline.mark(picture.pts_s)
            if self._run_began_ns is None:
                self._run_began_ns = self._clock.mono_ns()
                self._standing.become(Link.ONLINE)
            due = pace.due(moment.mono_ns)
            if self._filming is not None:
                self._filming.picture(picture, moment.wall_ns, due=due)
            if due:
                began_ns = self._clock.mono_ns()
                image = picture.image(plan.width_px)
                scaled_s = (self._clock.mono_ns() - began_ns) / _NS
                stamp = Stamp(plan.camera, run, self._run_frames, moment.wall_ns, moment.mono_ns, moment.pts)
                self._run_frames += 1
                self._standing.count_frame(moment.wall_ns)
                self._outlet.send(Frame(stamp, image, scaled_s))
            self._turn()
        return False

    def _pause(self, cause: Cause, stop: threading.Event) -> None:
        now_ns = self._clock.mono_ns()
        if self._run_began_ns is not None and now_ns - self._run_began_ns >= self._plan.healthy_s * _NS:
            self._backoff.reset()
        until_ns = now_ns + round(self._backoff.next_s(cause.patient) * _NS)
        self._standing.retry_at(until_ns)
        self._turn()
        while (left_ns := until_ns - self._clock.mono_ns()) > 0:
            if self._clock.wait(stop, min(left_ns / _NS, _TELL_EVERY_S)):
                return
            self._turn()

    def _turn(self) -> None:
        self._progress += 1
        self._outlet.pump()
        self._tell()

    def _tell(self, always: bool = False) -> None:
        """Report and beat if it is time, or something changed."""
        changed = self._standing.take_change()
        now_ns = self._clock.mono_ns()
        if always or changed or self._told_ns is None or now_ns - self._told_ns >= _TELL_EVERY_S * _NS:
            self._told_ns = now_ns
            self._drops = tuple(self._outlet.drops())
            self._outlet.report(self._report())
            self._outlet.beat(self._progress)

    def _report(self) -> CameraReport:
        size_bytes = None if self._filming is None else self._filming.size_bytes
        return replace(self._standing.report(self._drops), ring_bytes=size_bytes)
