"""The threads of dead man's switches: each calls its address so often, while the alert process works. Tells no event.

A call that fails is no delivery: it is not stored, nor tried again before it is due. It is in the health, loudly.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from monitor.alerting.clock import Clock
from monitor.metrics import DeliveryMetrics, Outcome
from monitor.sink import SinkError
from monitor.views import DeliveryView, Overview

_S = 1_000_000_000
# What is known of the daemon is made anew twice a second: if it is older, the loop that makes it hangs.
_FRESH_S = 10.0

_log = structlog.get_logger(__name__)


class Switch(Protocol):
    """What is called; one of `sinks`."""

    @property
    def name(self) -> str:
        """Its name in the configuration."""

    @property
    def every_s(self) -> float:
        """So often."""

    def ping(self) -> str:
        """Call once; SinkError if it was not heard."""


class Pulses:
    """All switches, each with a thread of its own."""

    def __init__(self, switches: Sequence[Switch], metrics: DeliveryMetrics, clock: Clock) -> None:
        self._beats = [_Beat(switch, metrics, clock) for switch in switches]

    def start(self, look: Callable[[], Overview]) -> None:
        """Begin to call; `look` is asked from the threads."""
        for beat in self._beats:
            beat.start(look)

    def views(self) -> tuple[DeliveryView, ...]:
        """How each is doing."""
        return tuple(beat.view for beat in self._beats)

    def stop(self, timeout_s: float) -> None:
        """Call no more; a call that is under way has so long."""
        for beat in self._beats:
            beat.stopped.set()
        for beat in self._beats:
            beat.join(timeout_s)


class _Beat:
    """One switch."""

    def __init__(self, switch: Switch, metrics: DeliveryMetrics, clock: Clock) -> None:
        self.view = DeliveryView(switch.name, 0, 0, None)
        self.stopped = threading.Event()
        self._switch = switch
        self._metrics = metrics
        self._clock = clock
        self._thread: threading.Thread | None = None

    def start(self, look: Callable[[], Overview]) -> None:
        self._thread = threading.Thread(target=self._run, args=(look,), name=f"sink {self._switch.name}")
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self, look: Callable[[], Overview]) -> None:
        while not self.stopped.is_set():
            if can_alert(look(), self._clock.mono_ns()):
                self._ping()
            else:
                self._metrics.delivered(self._switch.name, Outcome.SUPPRESSED)
            self.stopped.wait(self._switch.every_s)

    def _ping(self) -> None:
        try:
            self._switch.ping()
        except SinkError as error:
            self._metrics.delivered(self._switch.name, Outcome.FAILED)
            if self.view.error is None:
                _log.error("the heartbeat was not heard", sink=self._switch.name, why=str(error))
            self.view = DeliveryView(self._switch.name, 0, 0, str(error))
            return
        self._metrics.delivered(self._switch.name, Outcome.SENT)
        if self.view.error is not None:
            _log.info("the heartbeat is heard again", sink=self._switch.name)
        self.view = DeliveryView(self._switch.name, 0, 0, None)


def can_alert(overview: Overview, now_ns: int) -> bool:
    """Whether an event would be stored and told now; False too if nobody has looked for long: the loop hangs."""
    return overview.health.can_alert and now_ns - overview.made_mono_ns < _FRESH_S * _S
