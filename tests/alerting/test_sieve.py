"""Filters, quiet hours and rates: what a sink is not told is counted, and what waits is told together, never lost."""

# ruff: noqa: ANN001 - the doubles of conftest.py cannot be imported where tests are not a package

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from detectors.base import Reason
from monitor.alerting.delivery import Route, SinkLoop
from monitor.alerting.outbox import Outbox
from monitor.alerting.store import EventStore
from monitor.deciding.policy import Filter, Policy, Quiet, Rate
from monitor.metrics import Metrics
from monitor.sink import SinkError
from monitor.types import Event, Phase

NIGHT = (Quiet(frozenset(range(7)), time(22), time(6)),)
# The clock of the tests is at 14:13 then.
UNTIL_NIGHT_S = 8 * 3600.0


class Told:
    """One sink with its policy over a real store; `told` is what it got."""

    def __init__(self, folder: Path, clock, sink, registry: CollectorRegistry) -> None:
        self.store = EventStore.open(folder / "events.db", ["hook"])
        self._registry = registry
        self._clock = clock
        self._sink = sink
        self._metrics = Metrics(registry, ["gate"], [], ["hook"], "0").deliveries
        self.policy(Policy())

    def policy(self, policy: Policy) -> None:
        policy = replace(policy, clock=lambda ns: datetime.fromtimestamp(ns / 1e9, UTC))
        outbox = Outbox(self.store, "hook")
        self.loop = SinkLoop(Route(self._sink, policy), outbox, self._metrics, self._clock, random.Random(0))

    def tell(self, *events: Event) -> list[Event]:
        """Store these, and tell what may be told: what the sink got because of it."""
        before = len(self._sink.told)
        self.store.record(events, {}, self._clock.wall_ns())
        while self.loop.run_once():
            pass
        return list(self._sink.told[before:])

    def counted(self, outcome: str) -> float | None:
        return self._registry.get_sample_value("rareframe_deliveries_total", {"sink": "hook", "outcome": outcome})


@pytest.fixture(name="site")
def _site(tmp_path: Path, clock, new_sink) -> Iterator[Told]:
    """A sink that may be told everything."""
    made = Told(tmp_path, clock, new_sink("hook"), CollectorRegistry())
    yield made
    made.store.close()


@pytest.fixture(name="another")
def _another(new_event) -> Callable[..., Event]:
    """Make one more event, each stronger than the one before unless its score is given."""
    count = [0]

    def make(**fields: object) -> Event:
        count[0] += 1
        return new_event(**{"id": f"{count[0]:016x}", "score": 4.0 + count[0], **fields})

    return make


def closed(event: Event) -> Event:
    """Its end."""
    return replace(event, phase=Phase.CLOSED, frames=event.frames + 5, cause="quiet")


def test_what_a_filter_leaves_out_is_counted_and_never_told(site, another) -> None:
    """Neither its opening nor its end; what grows until it passes is told from then on."""
    site.policy(Policy(filter=Filter(least_ratio=3)))
    small, large = another(score=4.0), another(score=9.0)
    assert site.tell(small, large) == [large]
    assert site.tell(closed(small), closed(large)) == [closed(large)]
    assert (site.counted("sent"), site.counted("suppressed")) == (2, 2)
    growing = another(score=4.0)
    grown = replace(growing, phase=Phase.UPDATED, frames=9, score=8.0)
    assert site.tell(growing) == []
    assert site.tell(grown) == [grown]
    assert site.tell(replace(closed(grown), score=4.0)) == [replace(closed(grown), score=4.0)], "told to its end"


def test_beyond_the_rate_the_strongest_is_told_for_all_once_there_is_room(site, another, clock) -> None:
    """Two an hour: of six in a burst two are told, the others as one, with how many they are; none of them is lost."""
    site.policy(Policy(rate=Rate(2, 3600)))
    first, second, *others = (another() for _ in range(6))
    assert site.tell(first) == [first]
    assert site.tell(second) == [second]
    for each in others:
        assert site.tell(each) == []
    assert site.tell(closed(first)) == [closed(first)], "what was told of is told to its end"
    assert site.tell(closed(others[0])) == [], "and of what was not, nothing"
    clock.pass_s(3601)
    [digest] = site.tell()
    assert (digest.id, digest.also, digest.held) == (others[-1].id, 3, "rate limit")
    assert site.tell(closed(others[-1])) == [closed(others[-1])]
    third = another()
    assert site.tell(third) == [third]
    assert (site.counted("sent"), site.counted("suppressed")) == (6, 4)
    assert site.loop.view.pending == 0


def test_trouble_waits_for_no_rate_and_drowns_in_no_digest(site, another) -> None:
    """A camera offline is told though events have used up the hour."""
    site.policy(Policy(rate=Rate(1, 3600)))
    site.tell(another(), another())
    offline = another(reasons=(Reason("camera gate", "offline", None, None, "health"),))
    assert site.tell(offline) == [offline]


def test_what_comes_in_quiet_hours_is_told_together_afterwards(site, another, clock) -> None:
    """Held: nothing in the night, in the morning one telling for all; what began before the night ends after it."""
    site.policy(Policy(quiet=NIGHT))
    evening = another()
    assert site.tell(evening) == [evening]
    clock.pass_s(UNTIL_NIGHT_S)
    night = [another() for _ in range(3)]
    for each in night:
        assert site.tell(each, closed(each)) == []
    assert site.tell(closed(evening)) == []
    clock.pass_s(UNTIL_NIGHT_S)
    digest, its_end, last = site.tell()
    assert (digest.id, digest.phase, digest.also, digest.held) == (night[-1].id, Phase.OPENED, 2, "quiet hours")
    assert (its_end, last) == (closed(night[-1]), closed(evening))


def test_what_comes_in_quiet_hours_may_be_dropped(site, another, clock) -> None:
    """Dropped: never told, also not its end in the morning; what began before the night is told to its end."""
    site.policy(Policy(quiet=NIGHT, hold=False))
    evening, night = another(), another()
    site.tell(evening)
    clock.pass_s(UNTIL_NIGHT_S)
    assert site.tell(night, closed(evening)) == [closed(evening)]
    clock.pass_s(UNTIL_NIGHT_S)
    assert site.tell(closed(night)) == []
    assert site.counted("suppressed") == 2


def test_what_waits_survives_a_restart(site, another, clock) -> None:
    """The rate of the last hour and what waits for it are in the store."""
    site.policy(Policy(rate=Rate(1, 3600)))
    site.tell(another(), another(), another())
    site.policy(Policy(rate=Rate(1, 3600)))
    assert site.tell() == []
    clock.pass_s(3601)
    [digest] = site.tell()
    assert digest.also == 1


def test_a_sink_whose_destination_forgets_is_told_again_of_what_goes_on(tmp_path: Path, clock, another) -> None:
    """So often, only of what it was told of and is not over; after a restart too, for it is read from the store."""

    class Forgets:
        name = "hook"
        refresh_s = 60.0

        def __init__(self) -> None:
            self.refreshed: list[list[str]] = []

        def deliver(self, event: Event) -> str:
            return "taken"

        def refresh(self, going_on, cameras) -> None:
            assert cameras == ("a view",)
            self.refreshed.append([event.id for event in going_on])

        def close(self) -> None:
            """Nothing is held."""

    sink = Forgets()
    site = Told(tmp_path, clock, sink, CollectorRegistry())
    first, second = another(), another()
    site.store.record([first, second], {}, clock.wall_ns())

    def turns() -> list[str]:
        while site.loop.run_once(lambda: ("a view",)):
            pass
        return sink.refreshed[-1]

    assert turns() == [first.id], "at the start, right after the first telling"
    clock.pass_s(61)
    assert turns() == [first.id, second.id]
    clock.pass_s(30)
    assert len(sink.refreshed) == 2
    site.store.record([closed(first)], {}, clock.wall_ns())
    site.policy(Policy())
    turns()
    clock.pass_s(61)
    assert turns() == [second.id]
    site.store.close()


def test_what_could_not_be_told_is_not_made_good_by_having_nothing_to_tell_again(
    tmp_path: Path, clock, another
) -> None:
    """A refresh that works leaves the trouble of a delivery as it is; one that fails is a trouble of its own."""

    class Broken:
        name = "hook"
        refresh_s = 1.0
        fails = ("deliver",)

        def deliver(self, event: Event) -> str:
            if "deliver" in self.fails:
                raise SinkError("not told", retryable=True)
            return "taken"

        def refresh(self, going_on, cameras) -> None:
            if "refresh" in self.fails:
                raise SinkError("not told again", retryable=True)

        def close(self) -> None:
            """Nothing is held."""

    sink = Broken()
    site = Told(tmp_path, clock, sink, CollectorRegistry())
    site.store.record([another()], {}, clock.wall_ns())

    def error() -> str | None:
        site.loop.run_once()
        clock.pass_s(2)
        return site.loop.view.error

    assert [error(), error()] == ["not told", "not told"]
    sink.fails = ("refresh",)
    clock.pass_s(60)
    assert [error(), error()] == ["not told again", "not told again"]
    sink.fails = ()
    assert error() is None
    site.store.close()


def test_a_night_is_a_night(clock) -> None:
    """The hours that these tests rely on."""
    moment = datetime.fromtimestamp(clock.wall_ns() / 1e9, UTC)
    assert not NIGHT[0].covers(moment)
    assert NIGHT[0].covers(moment + timedelta(seconds=UNTIL_NIGHT_S))
    assert not NIGHT[0].covers(moment + timedelta(seconds=2 * UNTIL_NIGHT_S))
