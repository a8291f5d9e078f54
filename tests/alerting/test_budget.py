"""The valve at work over a real store: who is told, what is held, what a digest brings, and that nothing is lost."""

# ruff: noqa: ANN001, ANN201 - the doubles of conftest.py cannot be imported where tests are not a package

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.base import Reason
from monitor.alerting.outbox import Outbox
from monitor.alerting.store import EventStore
from monitor.deciding.valve import DIGEST_S, OVER_BUDGET, STILL_LEARNING, Budget, Valve
from monitor.types import Event, Judgement, Phase, State
from monitor.views import Tally

S = 1_000_000_000
HOUR_S = 3600
NOW_NS = 1_790_000_000 * S
RULE = Reason("porch", "somebody stays on the porch", None, None, "rules")


def drained(store: EventStore, now_ns: int) -> list[Event]:
    """Everything that is to be told now, as told."""
    hook, told = Outbox(store, "hook"), []
    while (due := next(iter(hook.due(now_ns, 10 * HOUR_S * S)), None)) is not None:
        hook.sent(due, now_ns)
        told.append(due.event)
    return told


@pytest.fixture
def site(house, new_sink):
    """A house with one sink and a budget of one alert a day: three are told at once."""
    house.sinks = [new_sink("hook")]
    house.budget = Budget(alerts_per_day=1.0, early_alerts=2)
    house.restart()
    return house


@pytest.fixture
def happen(site, clock, new_judgement: Callable[..., Judgement]) -> Callable[..., list[Event]]:
    """Let something happen `at_s`, long enough after the last thing; what the sink is told because of it."""

    def run(at_s: int, *, score: float = 4.0, frames: int = 3, **fields: object) -> list[Event]:
        for seq in range(at_s, at_s + frames):
            clock.now_ns = seq * S
            judgement = replace(new_judgement(seq, anomalous=True, score=score), **fields)  # type: ignore[arg-type]
            site.desk.handle(judgement)
        site.desk.tick()
        return drained(site.store, clock.wall_ns())

    return run


def phases(events: Sequence[Event]) -> list[str]:
    """What is told, in short."""
    return [event.phase.value for event in events]


def test_beyond_three_times_the_budget_events_are_stored_and_nobody_is_told(site, happen) -> None:
    """They are listed with the reason, counted and shown; those told before are told on."""
    told = [phases(happen(at_s)) for at_s in range(0, 300, 60)]
    # Each begins with the closing of the one before.
    assert told == [["opened"], ["closed", "opened"], ["closed", "opened"], ["closed"], []]
    assert [event.held for event in site.store.events()] == [OVER_BUDGET, OVER_BUDGET, "", "", ""]
    assert site.value("rareframe_events_held_total", camera="gate", reason=OVER_BUDGET) == 2
    assert site.value("rareframe_alerts_told_24h", camera="gate") == 3
    assert site.value("rareframe_budget_alerts_per_day", camera="gate") == 1
    view = site.desk.overview.cameras[0]
    assert (view.told_24h, view.held_24h, view.alerts_per_day) == (3, 2, 1.0)
    assert view.open_event.held == view.last_event.held == OVER_BUDGET
    assert [event.held for event in site.desk.overview.recent] == [OVER_BUDGET, OVER_BUDGET, "", "", ""]
    assert site.desk.overview.cameras[1].told_24h == 0, "cameras do not share a budget"


def test_a_few_are_told_while_the_camera_is_still_learning(site, happen) -> None:
    """The rest is held with that reason."""
    told = [happen(at_s, state=State.CALIBRATING) for at_s in range(0, 240, 60)]
    assert [phases(events)[-1:] for events in told] == [["opened"], ["opened"], ["closed"], []]
    assert {event.state for events in told for event in events} == {State.CALIBRATING}
    assert [event.held for event in site.store.events()] == [STILL_LEARNING, STILL_LEARNING, "", ""]


def test_after_a_day_there_is_room_again(site, happen) -> None:
    """It is the last 24 hours that count, not a date."""
    for at_s in range(0, 240, 60):
        happen(at_s)
    assert "opened" in phases(happen(24 * HOUR_S + 10))


def test_a_camera_without_a_budget_holds_nothing(site, happen) -> None:
    """Whoever keeps no count is told of everything."""
    site.budget = None
    site.restart()
    for at_s in range(0, 1200, 60):
        assert phases(happen(at_s, state=State.CALIBRATING))[-1:] == ["opened"]
    assert site.desk.overview.cameras[0].alerts_per_day is None


def test_a_rule_is_told_however_much_was_told(site, happen) -> None:
    """It needs no budget and takes none: neither of what comes after, nor of what is shown."""
    for at_s in range(0, 600, 60):
        assert phases(happen(at_s, reasons=(RULE,)))[-1:] == ["opened"]
    assert site.desk.overview.cameras[0].told_24h == 0
    for at_s in range(600, 900, 60):
        happen(at_s)
    assert "opened" in phases(happen(900, reasons=(RULE,)))


def test_a_rule_that_begins_to_hold_within_a_held_event_is_told(site, happen, clock, new_judgement) -> None:
    """From then on the event is told like any other."""
    for at_s in range(0, 240, 60):
        happen(at_s)
    site.desk.handle(replace(new_judgement(183, anomalous=True, score=1.0), reasons=(RULE,)))
    [told] = drained(site.store, clock.wall_ns())
    assert (told.phase, told.reasons[0], told.held) == (Phase.UPDATED, RULE, OVER_BUDGET)
    for seq in range(184, 190):
        site.desk.handle(new_judgement(seq, anomalous=False))
    assert phases(drained(site.store, clock.wall_ns())) == ["closed"]


def test_an_hour_later_one_telling_stands_for_all_that_was_held(site, happen, clock) -> None:
    """It is the strongest of them; then none of them waits any more, and the next hour begins with the next one."""
    for at_s in range(0, 180, 60):
        happen(at_s)
    for at_s, score in ((180, 5.0), (240, 9.0), (300, 7.0)):
        assert "opened" not in phases(happen(at_s, score=score))
    clock.now_ns = (182 + HOUR_S) * S - 1
    site.desk.tick()
    assert "opened" not in phases(drained(site.store, clock.wall_ns()))
    for _ in range(3):
        clock.pass_s(1)
        site.desk.tick()
    [digest] = drained(site.store, clock.wall_ns())
    assert (digest.score, digest.also, digest.held, digest.phase) == (9.0, 2, OVER_BUDGET, Phase.CLOSED)
    assert {event.also for event in site.desk.overview.recent} == {0, 2}
    assert happen(2 * HOUR_S) == []
    clock.pass_s(HOUR_S)
    site.desk.tick()
    [digest] = drained(site.store, clock.wall_ns())
    assert digest.also == 0
    assert len(site.store.events()) == 7, "nothing is lost"
    assert site.value("rareframe_events_held_total", camera="gate", reason=OVER_BUDGET) == 4


def test_an_event_of_a_digest_is_told_on(site, happen, clock) -> None:
    """Its later phases too, and still how many others stand behind it."""
    for at_s in range(0, 240, 60):
        happen(at_s)
    happen(240, score=9.0, frames=HOUR_S)
    clock.pass_s(60)
    site.desk.tick()
    told = drained(site.store, clock.wall_ns())
    assert phases(told) == ["closed"]
    assert phases(happen(240 + HOUR_S + 5, score=20.0)) == ["updated"]
    assert site.store.events()[0].also == told[-1].also == 1


def test_the_budget_can_be_changed_at_run_time(site, happen) -> None:
    """What opens next is told by the new one, and it is shown."""
    for at_s in range(0, 240, 60):
        happen(at_s)
    site.desk.set_budget("gate", 2.0)
    assert phases(happen(240)) == ["opened"]
    assert site.desk.overview.cameras[0].alerts_per_day == 2.0
    assert site.value("rareframe_budget_alerts_per_day", camera="gate") == 2
    with pytest.raises(ValueError, match="stranger"):
        site.desk.set_budget("stranger", 2.0)


def test_what_waits_in_memory_is_counted_when_it_is_stored(site, happen, clock) -> None:
    """A store that is locked for a while lets nobody be told of more than three times the budget."""
    assert [phases(happen(at_s))[-1:] for at_s in (0, 60)] == [["opened"], ["opened"]]
    other = sqlite3.connect(site.data / "events.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for at_s in (120, 180):
        assert happen(at_s) == []
    other.execute("ROLLBACK")
    other.close()
    clock.pass_s(40)
    site.desk.tick()
    assert phases(drained(site.store, clock.wall_ns())).count("opened") == 1
    assert [event.held for event in site.store.events()] == [OVER_BUDGET, "", "", ""]
    assert [event.held for event in site.desk.overview.recent] == [OVER_BUDGET, "", "", ""]


def test_a_clock_that_was_set_back_by_days_holds_nobody_up(site, happen, clock) -> None:
    """What was told in a future that is not to come does not count, and what waits since then is told."""
    for at_s in range(30 * 24 * HOUR_S, 30 * 24 * HOUR_S + 240, 60):
        happen(at_s)
    clock.now_ns = 0
    site.desk.tick()
    told = drained(site.store, clock.wall_ns())
    assert [event.held for event in told] == [OVER_BUDGET]
    assert site.desk.overview.cameras[0].told_24h == 0


@dataclass(frozen=True)
class Happening:
    """One event of a life, some hours after the one before."""

    passed_h: float
    camera: str
    state: State
    score: float
    by_rule: bool


LIVES = st.lists(
    st.builds(
        Happening,
        passed_h=st.floats(0.01, 5),
        camera=st.sampled_from(["gate", "gate", "yard"]),
        state=st.sampled_from([State.ACTIVE, State.CALIBRATING]),
        score=st.floats(2, 100),
        by_rule=st.sampled_from([False, False, False, True]),
    ),
    max_size=40,
)
BUDGET = Budget(alerts_per_day=0.5, early_alerts=2)


def lived(life: Sequence[Happening], new_event: Callable[..., Event], *, restarts: bool) -> list[tuple[float, Event]]:
    """(hours, telling) of all that was told of this life; every event of it is in the store at the end."""
    valve, told, at_h = Valve({"gate": BUDGET, "yard": BUDGET}), list[tuple[float, Event]](), 0.0
    with TemporaryDirectory() as folder:
        path = Path(folder, "events.db")
        store = EventStore.open(path, ["hook"])
        for number, one in enumerate(life):
            at_h += one.passed_h
            now_ns = NOW_NS + int(at_h * HOUR_S * S)
            reasons = (RULE,) if one.by_rule else ()
            event = new_event(
                id=f"{number:016x}", camera=one.camera, state=one.state, score=one.score, began_ns=now_ns,
                ended_ns=now_ns, reasons=reasons,
            )  # fmt: skip
            store.digest(valve, now_ns)
            store.record([event], {}, now_ns, valve)
            if restarts:
                store.close()
                store = EventStore.open(path, ["hook"])
            told += [(at_h, event) for event in drained(store, now_ns)]
        assert {event.id for event in store.events(limit=1000)} == {f"{n:016x}" for n in range(len(life))}
        last_ns = NOW_NS + int((at_h + 1) * HOUR_S * S)
        store.digest(valve, last_ns)
        told += [(at_h + 1, event) for event in drained(store, last_ns)]
        store.close()
    return told


@settings(max_examples=25, deadline=None)
@given(life=LIVES)
def test_for_any_life_people_are_not_flooded_and_nothing_is_lost(life: list[Happening]) -> None:
    """At once at most three times the budget in 24 hours; a digest an hour at most; told or stood for, every event.

    A restart after each event changes nothing of it.
    """
    event = msgspec.convert(EVENT, Event)

    def new_event(**fields: object) -> Event:
        return replace(event, **fields)  # type: ignore[arg-type]  # any of the fields, by name

    told = lived(life, new_event, restarts=False)
    for camera in ("gate", "yard"):
        mine = [(at_h, one) for at_h, one in told if one.camera == camera]
        at_once = [at_h for at_h, one in mine if not one.held and one.reasons == ()]
        digests = [at_h for at_h, one in mine if one.held]
        assert all(sum(0 <= at_h - since_h < 24 for at_h in at_once) <= 3 for since_h in at_once)
        assert all(after - before >= 1 - 1e-6 for before, after in pairwise(digests))
        assert sum(1 + one.also for _, one in mine) == sum(one.camera == camera for one in life)
    assert lived(life, new_event, restarts=True) == told


EVENT = {
    "id": "00000000000000aa", "camera": "gate", "phase": "opened", "began_ns": NOW_NS, "ended_ns": NOW_NS,
    "began_pts": None, "ended_pts": None, "peak_ns": NOW_NS, "score": 4.0, "limit": 2.0, "p_value": None, "frames": 3,
    "state": "active", "reasons": [], "cause": None, "snapshot": None, "overlay": None, "clip": None,
}  # fmt: skip

KILLED = """
import os, signal, sys
from pathlib import Path
import msgspec
from monitor.alerting.store import EventStore
from monitor.deciding.valve import Budget, Valve
from monitor.types import Event
store = EventStore.open(Path(sys.argv[1]), ["hook"])
valve = Valve({"gate": Budget(1.0, 0)})
for event in msgspec.json.decode(sys.argv[2], type=list[Event]):
    store.record([event], {}, event.began_ns, valve)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_changes_no_count(tmp_path: Path) -> None:
    """What was told and held before a process died in the middle is told and held after it."""
    path = tmp_path / "events.db"
    event = msgspec.convert(EVENT, Event)
    events = [replace(event, id=f"{n:016x}", began_ns=NOW_NS + n * S) for n in range(4)]
    body = msgspec.json.encode(events).decode()
    child = subprocess.run([sys.executable, "-c", KILLED, str(path), body], timeout=60, check=False)
    assert child.returncode == -signal.SIGKILL
    store = EventStore.open(path, ["hook"])
    assert store.tallies(NOW_NS + 4 * S) == {"gate": Tally(told=3, held=1)}
    valve = Valve({"gate": Budget(1.0, 0)})
    [last] = store.record([replace(event, id=f"{9:016x}")], {}, NOW_NS + 4 * S, valve).events
    assert last.held == OVER_BUDGET
    [digest] = store.digest(valve, NOW_NS + int(DIGEST_S + 3) * S)
    assert digest.also == 1
    store.close()
