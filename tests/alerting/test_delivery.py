"""The retry stage: at least once, growing waits, dead letters, and no sink waits for another."""

# ruff: noqa: ANN001 - the doubles of conftest.py cannot be imported where tests are not a package

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from monitor.alerting.delivery import Delivery, Retry, Route, SinkLoop
from monitor.alerting.outbox import Outbox
from monitor.alerting.store import EventStore
from monitor.deciding.policy import Policy
from monitor.metrics import DeliveryMetrics, StageMetrics
from monitor.sink import SinkError
from monitor.types import Event, Phase

PATIENCE_S = 5.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    """A store with two sinks."""
    made = EventStore.open(tmp_path / "events.db", ["hook", "lines"])
    yield made
    made.close()


@pytest.fixture
def registry() -> CollectorRegistry:
    """What is counted."""
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> DeliveryMetrics:
    """Those of two sinks."""
    return DeliveryMetrics(registry, ["hook", "lines"], StageMetrics(registry))


@pytest.fixture
def loop_of(store: EventStore, metrics: DeliveryMetrics, clock) -> Callable[..., SinkLoop]:
    """The loop of one sink, without a thread."""

    def make(sink, retry: Retry | None = None, policy: Policy | None = None) -> SinkLoop:
        rng = random.Random(0)  # spreads retries, guards nothing
        route = Route(sink, policy or Policy(), retry or Retry())
        return SinkLoop(route, Outbox(store, sink.name), metrics, clock, rng)

    return make


def outcomes(registry: CollectorRegistry, sink: str = "hook") -> dict[str, float | None]:
    """What was counted for one sink."""
    return {
        outcome: registry.get_sample_value("rareframe_deliveries_total", {"sink": sink, "outcome": outcome})
        for outcome in ("sent", "failed", "dead", "suppressed")
    }


def test_what_is_due_is_told_once_in_order(store, loop_of, new_sink, new_event, registry, clock) -> None:
    """Opening, then closing, each once; then there is nothing to do."""
    store.record([new_event(), new_event(phase=Phase.CLOSED, frames=9)], {}, clock.wall_ns())
    sink = new_sink("hook")
    loop = loop_of(sink)
    assert [loop.run_once() for _ in range(3)] == [True, True, False]
    assert [event.phase for event in sink.told] == [Phase.OPENED, Phase.CLOSED]
    assert outcomes(registry) == {"sent": 2, "failed": 0, "dead": 0, "suppressed": 0}
    assert loop.view.pending == 0


def test_a_failure_is_put_off_for_longer_each_time(store, loop_of, new_sink, new_event, registry, clock) -> None:
    """Not tried again before half of the doubled wait, and surely after one and a half; a success ends the trouble."""
    store.record([new_event()], {}, clock.wall_ns())
    sink = new_sink("hook", [SinkError("sink hook: answered 500", retryable=True)] * 4)
    loop = loop_of(sink)
    for wait_s in (1, 2, 4, 8):
        assert loop.run_once()
        assert loop.view.error == "answered 500"
        clock.pass_s(0.49 * wait_s)
        assert not loop.run_once()
        clock.pass_s(1.02 * wait_s)
    assert outcomes(registry)["failed"] == 4
    assert loop.run_once()
    assert len(sink.told) == 1
    assert loop.view.error is None


@pytest.mark.parametrize("failures", [1, 2, 5, 11, 40])
def test_waits_grow_within_bounds(failures: int) -> None:
    """Each wait lies within half and one and a half of its doubling, capped; never beyond the horizon."""
    retry = Retry(first_s=1, most_s=900)
    middle_s = min(900.0, 2.0 ** (failures - 1))
    for seed in range(50):
        wait_s = retry.wait_s(failures, None, random.Random(seed))
        assert 0.5 * middle_s <= wait_s <= 1.5 * middle_s
        assert wait_s <= retry.horizon_s


def test_the_destinations_wish_is_honoured_within_reason() -> None:
    """Retry-After lengthens a wait, up to the longest one, and never shortens it."""
    rng = random.Random(0)
    assert Retry().wait_s(1, 120.0, rng) == 120.0
    assert Retry().wait_s(1, 1e9, rng) == Retry().most_s
    assert Retry().wait_s(9, 0.0, rng) >= 128


def test_what_cannot_succeed_is_buried_at_once(store, loop_of, new_sink, new_event, registry, clock) -> None:
    """A failure that is final is not tried again, and does not hold up what follows."""
    store.record([new_event(), new_event(phase=Phase.CLOSED, frames=9)], {}, clock.wall_ns())
    sink = new_sink("hook", [SinkError("answered 400", retryable=False)])
    loop = loop_of(sink)
    while loop.run_once():
        pass
    assert [event.phase for event in sink.told] == [Phase.CLOSED]
    assert outcomes(registry) == {"sent": 1, "failed": 0, "dead": 1, "suppressed": 0}
    assert (loop.view.dead, loop.view.pending) == (1, 0)


def test_after_enough_attempts_it_is_buried(store, loop_of, new_sink, new_event, registry, clock) -> None:
    """Nothing is tried for ever."""
    store.record([new_event()], {}, clock.wall_ns())
    sink = new_sink("hook", [SinkError("down", retryable=True)] * 10)
    loop = loop_of(sink, Retry(attempts=3))
    for _ in range(10):
        loop.run_once()
        clock.pass_s(10)
    assert outcomes(registry) == {"sent": 0, "failed": 2, "dead": 1, "suppressed": 0}
    assert len(sink.errors) == 7


def test_a_crash_between_telling_and_noting_tells_again(store, loop_of, new_sink, new_event, clock) -> None:
    """At least once: the same event and phase comes again after a restart."""

    class DiesAfterTelling(new_sink):
        def deliver(self, event: Event) -> None:
            super().deliver(event)
            raise KeyboardInterrupt

    store.record([new_event()], {}, clock.wall_ns())
    dying = DiesAfterTelling("hook")
    with pytest.raises(KeyboardInterrupt):
        loop_of(dying).run_once()
    sink = new_sink("hook")
    assert loop_of(sink).run_once()
    assert dying.told == sink.told == [new_event()]


def test_a_sink_that_hangs_delays_no_other(store, metrics, new_sink, new_event, clock) -> None:
    """With one sink stuck, the other is told at once; stopping waits for the stuck one and closes both."""
    hanging, release = threading.Event(), threading.Event()

    class Hangs(new_sink):
        def deliver(self, event: Event) -> None:
            hanging.set()
            release.wait(PATIENCE_S)
            super().deliver(event)

    stuck, lines = Hangs("hook"), new_sink("lines")
    delivery = Delivery(store, [Route(stuck, Policy()), Route(lines, Policy())], metrics, clock, random.Random(0))
    delivery.start()
    store.record([new_event()], {}, clock.wall_ns())
    delivery.wake()
    assert hanging.wait(PATIENCE_S)
    until_s = time.monotonic() + PATIENCE_S
    while not lines.told and time.monotonic() < until_s:
        time.sleep(0.01)
    assert lines.told == [new_event()]
    assert stuck.told == []
    assert not delivery.stop(0.05), "the stuck one is still at it"
    release.set()
    assert delivery.stop(PATIENCE_S)
    assert stuck.told == [new_event()]
    assert stuck.closed
    assert lines.closed


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the fault under test
def test_a_fault_in_a_sink_does_not_go_unseen(store, metrics, new_sink, new_event, clock) -> None:
    """A sink that raises anything but SinkError ends its own thread only, and its view says so."""

    class Faulty(new_sink):
        def deliver(self, event: Event) -> None:
            raise ZeroDivisionError

    faulty, lines = Faulty("hook"), new_sink("lines")
    store.record([new_event()], {}, clock.wall_ns())
    delivery = Delivery(store, [Route(faulty, Policy()), Route(lines, Policy())], metrics, clock, random.Random(0))
    delivery.start()
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s and not (lines.told and delivery.views()[0].error):
        time.sleep(0.01)
    views = delivery.views()
    assert delivery.stop(PATIENCE_S)
    assert "fault in this sink" in (views[0].error or "")
    assert views[1].error is None
