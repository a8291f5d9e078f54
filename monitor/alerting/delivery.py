"""The one retry stage: what is due is told, failures are put off with growing jittered back-off, then buried.

Every sink has its own thread, so that one that hangs delays no other. At least once, never exactly once: a crash
between telling and noting tells again, with the same key. It stores no event and makes none.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from monitor.alerting.clock import Clock
from monitor.alerting.outbox import Due, Outbox
from monitor.alerting.sieve import Sieve, SinkPolicy
from monitor.alerting.store import EventStore, StoreError
from monitor.metrics import DeliveryMetrics, Outcome
from monitor.sink import Refreshing, Sink, SinkError
from monitor.views import CameraView, DeliveryView

_S = 1_000_000_000
# With nothing due, the outbox is looked at this often; a new event wakes it at once.
_LOOK_S = 1.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Retry:
    """How failures are put off: `first_s`, doubled each time, up to `most_s`, each ± half at random.

    With the defaults a delivery is tried for about 2.8 hours.
    """

    attempts: int = 20
    first_s: float = 1.0
    most_s: float = 900.0

    def wait_s(self, failures: int, asked_s: float | None, rng: random.Random) -> float:
        """Seconds to wait after `failures` in a row (1 or more); at least what the destination asked, within reason."""
        wait_s = min(self.most_s, self.first_s * 2.0 ** min(failures - 1, 30)) * rng.uniform(0.5, 1.5)
        return max(wait_s, min(asked_s or 0.0, self.most_s))

    @property
    def horizon_s(self) -> float:
        """No delivery is put off for longer."""
        return self.most_s * 1.5


@dataclass(frozen=True, slots=True)
class Route:
    """One sink, what it is to be told of and when, and how often it is tried."""

    sink: Sink
    policy: SinkPolicy
    retry: Retry = field(default_factory=Retry)


# All cameras as they are now.
Look = Callable[[], Sequence[CameraView]]


class SinkLoop:
    """Tells one sink what is due for it."""

    def __init__(
        self, route: Route, outbox: Outbox, metrics: DeliveryMetrics, clock: Clock, rng: random.Random
    ) -> None:
        self._sink = route.sink
        self._outbox = outbox
        self._sieve = Sieve(outbox, route.policy, metrics)
        self._metrics = metrics
        self._clock = clock
        self._rng = rng
        self._retry = route.retry
        self._view = DeliveryView(route.sink.name, 0, 0, None)
        self._refresh_ns = 0
        # Apart: that there was nothing to tell again does not make good what could not be told.
        self._delivery_error: str | None = None
        self._refresh_error: str | None = None

    @property
    def view(self) -> DeliveryView:
        """What is still to be told; may be read from any thread."""
        return self._view

    def run_once(self, look: Look = tuple) -> bool:
        """Try one delivery that is due, and tell again what holds if that is due; False if no delivery was.

        Raises:
            StoreError: The outbox cannot be read or written.
        """
        horizon_ns = int(self._retry.horizon_s * _S)
        due = self._sieve.next_due(self._clock.wall_ns(), horizon_ns)
        if due is not None:
            self._try(due)
        self._refresh_if_due(look)
        self._tell_pending()
        return due is not None

    def _try(self, due: Due) -> None:
        began_ns = self._clock.mono_ns()
        try:
            self._sink.deliver(due.event)
        except SinkError as error:
            self._failed(due, error)
            return
        self._metrics.took((self._clock.mono_ns() - began_ns) / _S)
        self._outbox.sent(due, self._clock.wall_ns())
        self._metrics.delivered(self._sink.name, Outcome.SENT)
        self._remember(None)

    def _failed(self, due: Due, error: SinkError) -> None:
        failures, why = due.attempts + 1, self._why(error)
        if not error.retryable or failures >= self._retry.attempts:
            self._outbox.bury(due, why, self._clock.wall_ns())
            self._metrics.delivered(self._sink.name, Outcome.DEAD)
            _log.error("delivery given up", sink=self._sink.name, id=due.event.id, attempts=failures, why=why)
            self._delivery_error = why
            self._view = replace(self._view, error=why)
            return
        wait_s = self._retry.wait_s(failures, error.after_s, self._rng)
        self._outbox.put_off(due, self._clock.wall_ns() + int(wait_s * _S), why)
        self._metrics.delivered(self._sink.name, Outcome.FAILED)
        self._remember(why)

    def _refresh_if_due(self, look: Look) -> None:
        if not isinstance(self._sink, Refreshing) or self._clock.mono_ns() < self._refresh_ns:
            return
        self._refresh_ns = self._clock.mono_ns() + int(self._sink.refresh_s * _S)
        try:
            self._sink.refresh(self._outbox.going_on(), look())
        except SinkError as error:
            self._metrics.delivered(self._sink.name, Outcome.FAILED)
            self._refresh_error = self._why(error)
        else:
            self._refresh_error = None
        self._remember(self._delivery_error)

    def _why(self, error: SinkError) -> str:
        """Without the sink's name, beside which it is always shown."""
        return str(error).removeprefix(f"sink {self._sink.name}: ")

    def _remember(self, delivery_error: str | None) -> None:
        """Logged when it changes and when it ends, not at each attempt."""
        self._delivery_error = delivery_error
        error = delivery_error or self._refresh_error
        if error is not None and error != self._view.error:
            _log.warning("delivery failed", sink=self._sink.name, why=error)
        if error is None and self._view.error is not None:
            _log.info("delivery works again", sink=self._sink.name)
        self._view = replace(self._view, error=error)

    def _tell_pending(self) -> None:
        waiting = self._outbox.waiting()
        self._view = replace(self._view, pending=waiting.pending, dead=waiting.dead)
        self._metrics.waiting(self._sink.name, waiting.pending, waiting.dead)


class _SinkThread:
    """Runs one loop until told to stop."""

    def __init__(self, sink: Sink, loop: SinkLoop) -> None:
        self.loop = loop
        self._look: Look = tuple
        self._sink = sink
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sink {sink.name}")

    def start(self, look: Look) -> None:
        self._look = look
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def ask_to_stop(self) -> None:
        self._stop.set()
        self._wake.set()

    def view(self) -> DeliveryView:
        """A fault in one sink's code ends its thread and no other; that must not go unseen."""
        view = self.loop.view
        if self._thread.ident is None or self._thread.is_alive() or self._stop.is_set():
            return view
        return replace(view, error="a fault in this sink ended its thread: restart the alert process, report the bug")

    def join(self, timeout_s: float) -> bool:
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._wake.clear()
                if not self._turn():
                    self._wake.wait(_LOOK_S)
        finally:
            self._sink.close()

    def _turn(self) -> bool:
        try:
            return self.loop.run_once(self._look)
        except StoreError as error:
            _log.warning("outbox cannot be used", sink=self._sink.name, why=str(error))
            return False


class Delivery:
    """All sinks, each told by a thread of its own. The sinks are closed by their threads."""

    def __init__(
        self,
        store: EventStore,
        routes: Sequence[Route],
        metrics: DeliveryMetrics,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._threads = [
            _SinkThread(each.sink, SinkLoop(each, Outbox(store, each.sink.name), metrics, clock, rng))
            for each in routes
        ]

    def start(self, look: Look = tuple) -> None:
        """Start telling, beginning with what was left over; `look` is asked from the threads."""
        for thread in self._threads:
            thread.start(look)

    def wake(self) -> None:
        """Something was stored."""
        for thread in self._threads:
            thread.wake()

    def views(self) -> tuple[DeliveryView, ...]:
        """How each sink is doing."""
        return tuple(thread.view() for thread in self._threads)

    def stop(self, timeout_s: float) -> bool:
        """Let each sink finish the delivery it is at; what is left stays in the store.

        Returns:
            False if a sink did not come back in time.
        """
        for thread in self._threads:
            thread.ask_to_stop()
        came_back = [thread.join(timeout_s) for thread in self._threads]
        return all(came_back)
