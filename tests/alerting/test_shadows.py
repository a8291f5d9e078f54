"""Shadows over a real store: never told, never among what is told, kept to their own budget; and their promotion."""

# ruff: noqa: ANN001, ANN201 - the doubles of conftest.py cannot be imported where tests are not a package

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace

import pytest

from monitor.alerting import schema
from monitor.alerting.outbox import Outbox
from monitor.alerting.store import EventStore, StoreError
from monitor.deciding.valve import DIGEST_S, OVER_BUDGET, Budget, Valve
from monitor.types import Event, Link, Phase
from monitor.views import Tally

S = 1_000_000_000
HOUR_NS = 3600 * S
DAY_NS = 24 * HOUR_NS
NOW_NS = 1_790_000_000 * S


@pytest.fixture
def site(house, new_sink):
    """A house whose camera gate has a shadow that opens at the first frame; three alerts a day of it at most."""
    house.sinks = [new_sink("hook")]
    house.shadows = ("gate",)
    house.shadow_rules = replace(house.rules, open_m=1, open_n=1)
    house.shadow_budget = Budget(alerts_per_day=1.0, early_alerts=3)
    house.restart()
    return house


@pytest.fixture
def play(site, clock, new_judgement, new_report) -> Callable[..., None]:
    """Play a second of verdicts of the live one and of the shadow: "A" anomalous, "N" normal, " " nothing."""

    def run(live: str, shadow: str, *, first: int = 0, promoted: bool = False) -> None:
        for seq, pair in enumerate(zip(live, shadow, strict=True), start=first):
            clock.now_ns = seq * S
            site.desk.handle(new_report())
            for verdict, is_shadow in zip(pair, (False, True), strict=True):
                if verdict != " ":
                    judgement = new_judgement(seq, anomalous=verdict == "A")
                    site.desk.handle(replace(judgement, shadow=is_shadow, promoted=promoted))
            site.desk.tick()

    return run


def told(site) -> list[tuple[str, str]]:
    """What the sink is told: event and phase."""
    outbox, found = Outbox(site.store, "hook"), []
    while (due := next(iter(outbox.due(site.clock.wall_ns(), DAY_NS)), None)) is not None:
        outbox.sent(due, site.clock.wall_ns())
        found.append((due.event.id, due.event.phase.value))
    return found


def test_nobody_is_told_of_what_a_shadow_raises_and_no_list_has_it(site, play) -> None:
    """Neither sinks nor lists, pages, counts or metrics of alerts; it is stored apart, with its picture."""
    play("NNNNNNNNNNNN", "NNAANNNNNNNN")
    assert told(site) == []
    assert site.store.events() == []
    assert site.store.tallies(site.clock.wall_ns()) == {}
    assert site.desk.overview.recent == ()
    gate = site.desk.overview.cameras[0]
    assert (gate.open_event, gate.last_event, gate.told_24h, gate.held_24h) == (None, None, 0, 0)
    assert site.value("rareframe_events_total", camera="gate") == 0
    assert site.value("rareframe_judgements_total", camera="gate", verdict="anomalous") is None
    [event] = site.store.events(shadow=True)
    assert (event.shadow, event.phase, event.cause, event.frames) == (True, Phase.CLOSED, "quiet", 2)
    assert (site.data / event.snapshot).is_file()
    assert (site.data / event.overlay).is_file()
    assert site.value("rareframe_shadow_alerts_total", camera="gate") == 1
    assert site.value("rareframe_shadow_inference_duration_seconds_count", camera="gate") == 12


def test_the_live_events_are_the_same_beside_a_shadow(site, play, house) -> None:
    """Both open on the very same frame: two events with two ids, and the live one is told as ever."""
    play("NAAAANNNNNN", "NAAAANNNNNN")
    [live], [shadow] = site.store.events(), site.store.events(shadow=True)
    assert (live.began_ns, live.shadow) == (shadow.began_ns, False)
    assert live.id != shadow.id
    assert told(site) == [(live.id, "opened"), (live.id, "closed")]


def test_a_shadow_has_a_budget_of_its_own_and_no_digest(site, play, clock) -> None:
    """Beyond three times its budget its events are held, without a word to anybody even an hour later."""
    for at_s in range(0, 5 * 60, 60):
        play("N", "A", first=at_s)
    assert [e.held for e in site.store.events(shadow=True)] == [OVER_BUDGET, OVER_BUDGET, "", "", ""]
    assert site.value("rareframe_shadow_alerts_total", camera="gate") == 3
    assert site.value("rareframe_events_held_total", camera="gate", reason=OVER_BUDGET) is None
    clock.pass_s(DIGEST_S + 60)
    site.desk.tick()
    assert told(site) == []
    play("NAAAN", "NNNNN", first=int(clock.now_ns / S) + 60)
    assert [phase for _, phase in told(site)] == ["opened"], "what the shadow used up is not the live one's"


def test_budgets_change_with_the_configuration_that_they_are_of(site, play) -> None:
    """Whoever of the two is live."""
    play("N", "N")
    site.desk.set_budget("gate", 8.0, candidate=True)
    assert site.shadow_valve.alerts_per_day("gate") == 8.0
    play("N", "N", first=1, promoted=True)
    assert site.valve.alerts_per_day("gate") == 8.0
    site.desk.set_budget("gate", 9.0, candidate=True)
    assert site.valve.alerts_per_day("gate") == 9.0
    assert site.shadow_valve.alerts_per_day("gate") is None


def test_promoted_it_is_told_by_its_own_rules_and_what_was_open_ends(site, play) -> None:
    """With the very judgement that says so: no event is half of one and half of the other; and back again."""
    play("NAAA", "NAAA")
    play("NNANNNNN", "AAAAAAAA", first=4, promoted=True)
    events = {(e.began_ns // S % 100, e.shadow): e.cause for e in site.store.events() + site.store.events(shadow=True)}
    began = site.store.events()[-1].began_ns // S % 100
    assert events[began, False] == events[began, True] == "promoted"
    assert events[began + 5, False] == "quiet", "one frame opens, as the candidate's rules say"
    assert events[began + 3, True] is None, "and three of five the shadow's, which are the camera's own now"
    phases = [phase for _, phase in told(site)]
    assert phases == ["opened", "closed", "opened", "closed"]
    play("NANNN", "NNNNN", first=12, promoted=False)
    assert len(site.store.events()) == 2, "one frame does not open any more"


def test_after_a_restart_of_the_alert_process_who_is_live_is_heard_again(site, play) -> None:
    """The first judgement says it, and rules and budget are the candidate's at once."""
    play("N", "N", promoted=True)
    site.restart()
    play("ANNNNN", "NNNNNN", first=1, promoted=True)
    assert [e.cause for e in site.store.events()] == ["quiet"]
    assert site.valve.alerts_per_day("gate") == 1.0


def test_a_shadow_s_open_event_does_not_outlive_the_process(site, play) -> None:
    """It is closed as interrupted, and is nowhere shown."""
    play("NNN", "NAA")
    site.restart()
    assert [(e.phase, e.cause) for e in site.store.events(shadow=True)] == [(Phase.CLOSED, "interrupted")]
    assert site.desk.overview.recent == ()
    assert told(site) == []


@pytest.mark.parametrize("link", [Link.ONLINE, Link.ENDED])
def test_a_shadow_s_event_closes_when_nothing_is_heard(site, play, clock, new_report, link: Link) -> None:
    """A shadow that was turned off, or a recording at its end."""
    play("NNN", "NAA")
    clock.pass_s(20)
    site.desk.handle(new_report(link=link))
    site.desk.tick()
    [event] = site.store.events(shadow=True)
    assert event.cause == ("source ended" if link is Link.ENDED else "not judged")


def test_it_is_noted_how_long_both_watched(site, play) -> None:
    """Of cameras with a shadow, by the hour, also at a stop."""
    play("N" * 30, "N" * 20 + " " * 10)
    site.desk.stop()
    hour = site.clock.wall_ns() // HOUR_NS
    assert site.store.watched(hour) == {("gate", False, hour): 29.0, ("gate", True, hour): 19.0}
    assert site.value("rareframe_shadow_watched_seconds_total", camera="gate") == 19
    assert site.store.watched(hour + 1) == {}


def test_a_store_that_fails_costs_the_shadow_and_not_the_camera(site, play, monkeypatch) -> None:
    """Nothing is raised; once it works the event is stored in its next phase."""

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(site.store, "record", full)
        play("NNN", "NAA")
    play("NNNNNN", "NNNNNN", first=3)
    assert [e.phase for e in site.store.events(shadow=True)] == [Phase.CLOSED]


def test_a_camera_without_a_shadow_is_not_touched(site, new_judgement) -> None:
    """A judgement of a shadow that this process knows nothing of is left aside."""
    for seq in range(5):
        site.desk.handle(replace(new_judgement(seq, anomalous=True, camera="yard"), shadow=True, promoted=True))
    assert site.store.events() == site.store.events(shadow=True) == []


def test_a_store_of_before_there_were_shadows_goes_on(tmp_path, new_event: Callable[..., Event]) -> None:
    """Its events are live ones, told and counted as before."""
    path = tmp_path / "events.db"
    old = sqlite3.connect(path)
    old.executescript(f"{schema.MIGRATIONS[0]};{schema.MIGRATIONS[1]};PRAGMA user_version = 2;")
    body = '{"id":"aa","camera":"gate","phase":"closed","began_ns":1,"ended_ns":2,"began_pts":null,"ended_pts":null,' \
        '"peak_ns":1,"score":4,"limit":2,"p_value":null,"frames":3,"state":"active","reasons":[],"cause":"quiet",' \
        '"snapshot":null,"overlay":null,"clip":null}'  # fmt: skip
    old.execute(
        "INSERT INTO events VALUES ('aa', 'gate', 'closed', 1, 2, 3, ?, ?, 'limit', '', 0, 'told')", (body, NOW_NS)
    )
    old.commit()
    old.close()
    store = EventStore.open(path)
    assert [(e.id, e.shadow) for e in store.events()] == [("aa", False)]
    assert store.tallies(NOW_NS + 1) == {"gate": Tally(told=1)}
    store.record([new_event(shadow=True)], {}, NOW_NS, Valve({"gate": None}))
    assert len(store.events()) == len(store.events(shadow=True)) == 1
    store.close()
