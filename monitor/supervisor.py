"""Keeps the processes of the daemon alive: starts, hears, restarts and stops them. Does no work of theirs.

A child is started anew when it dies, and killed when one of its loops stops getting anywhere, with a growing, capped
back-off that begins again after a healthy spell. Exit code 2 means that the configuration is wrong: then everything
stops. Any other exit, 0 included, counts as a death: a role has nothing to finish.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from monitor.processes import Process, spawn
from monitor.transport import Receiver
from monitor.types import LOOP_ENDED, Heartbeat, ProcessReport

CONFIGURATION_ERROR = 2  # the exit code of a role whose configuration cannot work
_MAX_LOOPS = 256  # heard of one child
_MAX_BEATS = 1024  # heard in one go
_TICK_S = 0.2
# A start that took too long is given twice as long the next time, so many times at most.
_MOST_DOUBLINGS = 4
_HEAD_START_S = 10.0  # a child waits no longer for the one that it is to come after

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One process to keep alive.

    Attributes:
        name: What its reports and heartbeats call it.
        argv: The program and its arguments.
        order: Stopped from the lowest to the highest, started the other way round.
        after: The child that is heard before this one is started for the first time, as what it sends would be in
            vain; waited for only so long.
    """

    name: str
    argv: tuple[str, ...]
    order: int
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient the supervisor is, in seconds.

    Attributes:
        startup_s: From the start of a child to its first heartbeat; twice as long after each start that had none: a
            machine that is busy for hours starts slowly, and must not be kept from starting at all.
        silence_s: Without progress of a loop that was heard before.
        stop_s: From SIGTERM to SIGKILL.
        first_delay_s: Before the first restart; doubles with each further one, up to `longest_delay_s`.
        healthy_s: A child that was heard and lived this long starts again with the first delay.
        report_s: Between reports while nothing changes.
    """

    startup_s: float = 60.0
    silence_s: float = 30.0
    stop_s: float = 10.0
    first_delay_s: float = 0.5
    longest_delay_s: float = 60.0
    healthy_s: float = 60.0
    report_s: float = 5.0


@dataclass(slots=True)
class _Child:
    """Where one child stands. Times are of the supervisor's clock."""

    spec: ChildSpec
    due_s: float = float("-inf")  # when to start it, while `process` is None
    process: Process | None = None
    begun: bool = False  # started at least once
    started_s: float = 0.0
    loops: dict[str, tuple[int, float]] = field(default_factory=dict)  # progress, and since when it stands there
    heard: bool = False  # any loop, in this life
    kill_s: float | None = None  # when SIGKILL follows; None unless SIGTERM was sent
    killed: bool = False
    failures: int = 0  # in a row
    unheard: int = 0  # starts in a row that took too long
    restarts: int = 0  # in all


def heartbeats_from(receiver: Receiver) -> Callable[[float], list[Heartbeat]]:
    """A `hear` for `Supervisor.run`: waits on `receiver`, then takes what else is there. Other messages are ignored."""

    def hear(timeout_s: float) -> list[Heartbeat]:
        heard: list[Heartbeat] = []
        delivery = receiver.receive(timeout_s)
        while delivery is not None:
            if isinstance(delivery.message, Heartbeat):
                heard.append(delivery.message)
            delivery.done()
            delivery = receiver.receive(0.0) if len(heard) < _MAX_BEATS else None
        return heard

    return hear


class Supervisor:
    """Keeps children alive, turn by turn, until told to stop."""

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        *,
        report: Callable[[ProcessReport], object],
        boot: str,
        limits: Limits | None = None,
        spawn: Callable[[Sequence[str]], Process] = spawn,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Start nothing yet.

        Args:
            specs: The children.
            report: Told of each child at every change, and again and again.
            boot: Unique to the life of this process; goes into the reports.
            limits: Its patience; the defaults if None.
            spawn: Starts a child.
            wall_ns: The wall clock, for reports.
        """
        self._report, self._boot, self._limits = report, boot, limits or Limits()
        self._spawn, self._wall_ns = spawn, wall_ns
        self._children = [_Child(spec) for spec in sorted(specs, key=lambda spec: -spec.order)]
        self._exit_code: int | None = None  # None: not stopping
        self._report_due_s = float("-inf")

    @property
    def exit_code(self) -> int:
        """What the supervisor's process should exit with once `run_once` returned False."""
        return self._exit_code or 0

    def run(
        self,
        stop: Callable[[], bool],
        hear: Callable[[float], Iterable[Heartbeat]],
        clock: Callable[[], float] = time.monotonic,
    ) -> int:
        """Turn until everything has stopped, which begins when `stop` says so.

        Args:
            stop: Asked in every turn.
            hear: Waits up to the given seconds for heartbeats; see `heartbeats_from`.
            clock: Monotonic seconds.

        Returns:
            The exit code: 0, or 2 if a child found the configuration wrong.
        """
        while True:
            beats = hear(_TICK_S)
            if stop():
                self.stop()
            if not self.run_once(clock(), beats):
                return self.exit_code

    def stop(self, exit_code: int = 0) -> None:
        """Begin the ordered stop; the following turns carry it out. The first exit code asked for holds."""
        if self._exit_code is None:
            self._exit_code = exit_code

    def run_once(self, now: float, beats: Iterable[Heartbeat] = ()) -> bool:
        """One turn, which never waits.

        Args:
            now: Monotonic seconds.
            beats: Heard since the turn before.

        Returns:
            False once a stop was asked for and every child has ended.
        """
        for beat in beats:
            self._hear(beat, now)
        for child in self._children:
            self._bury(child, now)
        if self._exit_code is None:
            for child in self._children:
                self._watch(child, now)
        else:
            self._stop_next(now)
        if now >= self._report_due_s:
            self._report_due_s = now + self._limits.report_s
            for child in self._children:
                self._tell(child)
        return self._exit_code is None or any(child.process is not None for child in self._children)

    def _hear(self, beat: Heartbeat, now: float) -> None:
        for child in self._children:
            if child.process is None or child.process.pid != beat.pid:
                continue  # the pid tells this life from the one before it
            if child.kill_s is None:  # who is told to stop has not started in time, though it may be about to
                child.heard, child.unheard = True, 0
            if beat.progress == LOOP_ENDED:
                child.loops.pop(beat.loop, None)
            elif beat.loop in child.loops or len(child.loops) < _MAX_LOOPS:
                progress, since_s = child.loops.get(beat.loop, (None, now))
                child.loops[beat.loop] = (beat.progress, since_s if beat.progress == progress else now)

    def _bury(self, child: _Child, now: float) -> None:
        """Notice that a child has ended, and settle what follows."""
        if child.process is None or (code := child.process.poll()) is None:
            return
        log = _log.warning if self._exit_code is None else _log.info
        log("child_ended", process=child.spec.name, pid=child.process.pid, exit_code=code)
        child.process = None
        if code == CONFIGURATION_ERROR:
            self.stop(CONFIGURATION_ERROR)
        if self._exit_code is None:
            self._put_off(child, now)
        self._tell(child)

    def _put_off(self, child: _Child, now: float) -> None:
        """Set when a child that died, or could not be started, is due again."""
        if child.heard and now - child.started_s >= self._limits.healthy_s:
            child.failures = 0
        # The exponent is bounded so that a child that fails for a year does not overflow a float.
        delay_s = min(self._limits.longest_delay_s, self._limits.first_delay_s * 2.0 ** min(child.failures, 60))
        child.failures += 1
        child.due_s = now + delay_s
        _log.info("child_restarts", process=child.spec.name, in_s=delay_s, failures=child.failures)

    def _watch(self, child: _Child, now: float) -> None:
        if child.process is None:
            if now >= child.due_s and self._may_start(child, now):
                self._start(child, now)
        elif child.kill_s is not None:
            self._kill_if_due(child, now)
        elif (fault := self._fault(child, now)) is not None:
            _log.warning("child_hangs", process=child.spec.name, pid=child.process.pid, fault=fault)
            child.unheard += not child.heard
            self._terminate(child, now)

    def _may_start(self, child: _Child, now: float) -> bool:
        before = next((other for other in self._children if other.spec.name == child.spec.after), None)
        if before is None or child.begun or before.heard:
            return True
        return before.begun and now - before.started_s > _HEAD_START_S

    def _start(self, child: _Child, now: float) -> None:
        child.begun = True
        child.started_s, child.heard, child.kill_s, child.killed = now, False, None, False
        child.loops.clear()
        try:
            child.process = self._spawn(child.spec.argv)
        except OSError as error:
            _log.warning("child_not_started", process=child.spec.name, error=str(error))
            self._put_off(child, now)
            return
        child.restarts += child.failures > 0
        _log.info("child_started", process=child.spec.name, pid=child.process.pid)
        self._tell(child)

    def _fault(self, child: _Child, now: float) -> str | None:
        """Why a running child counts as hung; None if it does not."""
        if not child.heard:
            waited_s = now - child.started_s
            patience_s = self._limits.startup_s * 2.0 ** min(child.unheard, _MOST_DOUBLINGS)
            return f"no heartbeat {waited_s:.0f} s after its start" if waited_s > patience_s else None
        for loop, (progress, since_s) in child.loops.items():
            if now - since_s > self._limits.silence_s:
                return f"{loop}: no progress beyond {progress} for {now - since_s:.0f} s"
        return None

    def _stop_next(self, now: float) -> None:
        """Carry the ordered stop on: those of the lowest order that still run are told; the others wait."""
        running = [child for child in self._children if child.process is not None]
        order = min((child.spec.order for child in running), default=0)
        for child in running:
            if child.spec.order == order and child.kill_s is None:
                self._terminate(child, now)
            elif child.kill_s is not None:
                self._kill_if_due(child, now)

    def _terminate(self, child: _Child, now: float) -> None:
        child.kill_s = now + self._limits.stop_s
        self._signal(child, signal.SIGTERM)

    def _kill_if_due(self, child: _Child, now: float) -> None:
        if child.kill_s is None or now < child.kill_s:
            return
        if child.killed and self._exit_code is not None:
            _log.error("child_left_behind", process=child.spec.name)  # the kernel holds it; the others must still stop
            child.process = None
            return
        _log.warning("child_killed", process=child.spec.name)
        child.kill_s, child.killed = now + self._limits.stop_s, True
        self._signal(child, signal.SIGKILL)

    def _signal(self, child: _Child, number: int) -> None:
        """One child that cannot be signalled must not keep the others from being."""
        try:
            if child.process is not None:
                child.process.send_signal(number)
        except OSError as error:
            _log.warning("child_not_signalled", process=child.spec.name, signal=number, error=str(error))

    def _tell(self, child: _Child) -> None:
        if child.process is None and (self._exit_code is not None or not child.begun):
            return  # its turn to start has not come, or it was told to stop: no trouble to be told of
        self._report(
            ProcessReport(
                process=child.spec.name,
                boot=self._boot,
                wall_ns=self._wall_ns(),
                pid=child.process.pid if child.process is not None else 0,
                up=child.process is not None,
                restarts=child.restarts,
                rss_bytes=None,
                wire_errors=0,
                dropped=0,
            )
        )
