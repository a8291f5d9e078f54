"""A dead man's switch: pinged while events can be told, silent else, and its own failures are loud."""

# ruff: noqa: ANN001 - the doubles of conftest.py cannot be imported where tests are not a package

from __future__ import annotations

import time
from dataclasses import replace

from prometheus_client import CollectorRegistry

from monitor.alerting.pulses import Pulses, can_alert
from monitor.metrics import Metrics
from monitor.sink import SinkError
from monitor.views import Health, Overview, Status

PATIENCE_S = 5.0
WELL = Overview(0, 0, Health(Status.READY, can_alert=True, troubles=()), (), (), (), ())


class Switch:
    """Counts its pings; fails while `broken`."""

    name = "beat"
    every_s = 0.01

    def __init__(self) -> None:
        self.pings = 0
        self.broken = False

    def ping(self) -> str:
        self.pings += 1
        if self.broken:
            raise SinkError("sink beat: answered 500", retryable=True)
        return "answered 200"


def until(done) -> None:
    """Wait for it."""
    until_s = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < until_s
        time.sleep(0.005)


def test_it_beats_only_while_events_can_be_told(clock) -> None:
    """A store that fails stops it though the process lives, and so does a working loop that hangs."""
    assert can_alert(WELL, 9_000_000_000)
    assert not can_alert(WELL, 10_000_000_000), "nobody has looked for ten seconds"
    assert not can_alert(replace(WELL, health=replace(WELL.health, can_alert=False)), 0)
    switch, registry = Switch(), CollectorRegistry()
    now = [replace(WELL, health=replace(WELL.health, can_alert=False))]
    pulses = Pulses([switch], Metrics(registry, [], [], ["beat"], "0").deliveries, clock)
    pulses.start(lambda: now[0])

    def counted(outcome: str) -> float:
        return registry.get_sample_value("rareframe_deliveries_total", {"sink": "beat", "outcome": outcome}) or 0.0

    until(lambda: counted("suppressed") >= 2)
    assert switch.pings == 0
    now[0] = WELL
    until(lambda: counted("sent") >= 2)
    pulses.stop(PATIENCE_S)


def test_a_ping_that_fails_is_in_the_health_until_one_is_heard(clock) -> None:
    """It is a trouble of that sink while it lasts, and no delivery: nothing waits and nothing is given up."""
    switch = Switch()
    switch.broken = True
    pulses = Pulses([switch], Metrics(CollectorRegistry(), [], [], ["beat"], "0").deliveries, clock)
    pulses.start(lambda: WELL)
    until(lambda: pulses.views()[0].error is not None)
    view = pulses.views()[0]
    assert (view.sink, view.pending, view.dead, view.error) == ("beat", 0, 0, "sink beat: answered 500")
    switch.broken = False
    until(lambda: pulses.views()[0].error is None)
    pulses.stop(PATIENCE_S)
