"""Dead letters: listed with why, and told after all when somebody asks for it."""

# ruff: noqa: ANN001 - the doubles of conftest.py cannot be imported where tests are not a package

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from monitor.alerting.delivery import Delivery, Retry, Route, SinkLoop
from monitor.alerting.outbox import Outbox
from monitor.alerting.store import EventStore
from monitor.clock import SystemClock
from monitor.deciding.policy import Policy
from monitor.metrics import Metrics
from monitor.sink import SinkError

NOTICED_S = 5.0


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    """Where the store is."""
    return tmp_path / "events.db"


@pytest.fixture(name="store")
def _store(path: Path) -> Iterator[EventStore]:
    """A store with two sinks."""
    made = EventStore.open(path, ["hook", "lines"])
    yield made
    made.close()


def bury(store: EventStore, sink, clock, registry: CollectorRegistry) -> SinkLoop:
    """Let a sink fail for good with all that is due."""
    metrics = Metrics(registry, ["gate"], [], ["hook", "lines"], "0").deliveries
    loop = SinkLoop(
        Route(sink, Policy(), Retry(attempts=1)), Outbox(store, sink.name), metrics, clock, random.Random(0)
    )
    while loop.run_once():
        pass
    return loop


def test_a_dead_letter_says_what_when_and_why(store, new_sink, new_event, clock) -> None:
    """Each with a number, its sink, the event as it was to be told, the attempts and the last error; counted."""
    store.record([new_event()], {}, clock.wall_ns())
    registry = CollectorRegistry()
    loop = bury(store, new_sink("hook", [SinkError("answered 400", retryable=False)]), clock, registry)
    [letter] = store.dead_letters()
    assert (letter.sink, letter.event, letter.attempts) == ("hook", new_event(), 1)
    assert (letter.error, letter.died_ns) == ("answered 400", clock.wall_ns())
    assert store.dead_letters("lines") == []
    assert store.told() == {"hook": {"dead": 1}, "lines": {"pending": 1}}
    assert loop.view.dead == registry.get_sample_value("rareframe_dead_letters", {"sink": "hook"}) == 1


def test_what_is_sent_again_is_tried_as_if_it_were_new(store, path, new_sink, new_event, clock) -> None:
    """By another process too, while this one has the store; the rest stays dead."""
    events = [new_event(id=f"{number:016x}") for number in range(3)]
    store.record(events, {}, clock.wall_ns())
    refusals = [SinkError("answered 400", retryable=False) for _ in events]
    sink = new_sink("hook", refusals)
    loop = bury(store, sink, clock, CollectorRegistry())
    beside = EventStore.open_beside(path)
    chosen = [letter.id for letter in beside.dead_letters()][:2]
    assert beside.resend("lines", None, clock.wall_ns()) == 0
    assert beside.resend("hook", chosen, clock.wall_ns()) == 2
    assert beside.resend(None, chosen, clock.wall_ns()) == 0, "they are alive"
    beside.close()
    while loop.run_once():
        pass
    assert sink.told == events[:2]
    assert loop.view.dead == 1


def test_a_running_daemon_notices_within_seconds(store, path, new_sink, new_event) -> None:
    """Nobody wakes it: what another process asks for is seen by itself."""
    clock = SystemClock()
    store.record([new_event()], {}, clock.wall_ns())
    sink = new_sink("hook", [SinkError("answered 400", retryable=False)])
    metrics = Metrics(CollectorRegistry(), ["gate"], [], ["hook", "lines"], "0").deliveries
    delivery = Delivery(store, [Route(sink, Policy())], metrics, clock, random.Random(0))
    delivery.start()
    try:
        until_s = time.monotonic() + NOTICED_S
        while not store.dead_letters() and time.monotonic() < until_s:
            time.sleep(0.02)
        beside = EventStore.open_beside(path)
        assert beside.resend("hook", None, clock.wall_ns()) == 1
        beside.close()
        until_s = time.monotonic() + NOTICED_S
        while not sink.told and time.monotonic() < until_s:
            time.sleep(0.02)
    finally:
        assert delivery.stop(NOTICED_S)
    assert sink.told == [new_event()]
