"""Feedback is stored, handed to the workers, listed with what it did, and undone; with a real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor import feedback
from monitor.alerting.store import EventStore
from monitor.feedback.counts import Counted, Counter, Tallies
from monitor.feedback.giving import HOLDS_DAYS
from monitor.feedback.marks import FILE, read
from monitor.types import Event, Phase, State

S = 1_000_000_000
NOW_NS = 1_790_000_000 * S
DAY_NS = 86_400 * S
LOOK = (1.0, 0.25, 3.0)


def event(name: str, camera: str = "gate", look: tuple[float, ...] = LOOK) -> Event:
    """One that has closed."""
    times = (NOW_NS - 9 * S, NOW_NS - 2 * S, 0.0, 7.0, NOW_NS - 5 * S)
    told = (2.0, 1.0, 0.001, 30, State.ACTIVE, (), "quiet", None, None, None)
    return Event(name, camera, Phase.CLOSED, *times, *told, look=look)


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[EventStore]:
    """With three events on two cameras, one of them of a rule."""
    store = EventStore.open(tmp_path / "events.sqlite")
    store.record([event("one"), event("two", "yard"), event("three", look=())], {}, NOW_NS)
    yield store
    store.close()


def give(store: EventStore, folder: Path, name: str = "one", kind: feedback.Kind = "normal") -> feedback.Given:
    """Ann says so."""
    return feedback.give(store, folder, name, kind, who="ann", now_ns=NOW_NS, note="the cat")


def only(store: EventStore, folder: Path, now_ns: int = NOW_NS) -> feedback.Listed:
    """The one that is listed."""
    [listed] = feedback.listed(store, folder, now_ns=now_ns)
    return listed


def test_what_is_given_reaches_the_workers(store: EventStore, tmp_path: Path) -> None:
    """With the event's look, so that it outlives the event."""
    given = give(store, tmp_path)
    assert read(tmp_path).marks == (feedback.Mark(given.id, "one", "gate", "normal", "ann", NOW_NS, LOOK),)
    assert "after three such events it is quiet" in given.effect


def test_the_same_said_again_changes_nothing(store: EventStore, tmp_path: Path) -> None:
    """Three presses on one event are one event, not three."""
    first = give(store, tmp_path)
    assert give(store, tmp_path) == first
    assert len(read(tmp_path).marks) == 1


def test_the_last_word_on_an_event_holds(store: EventStore, tmp_path: Path) -> None:
    """Called unusual after it was called normal, the first is undone."""
    give(store, tmp_path)
    second = give(store, tmp_path, kind="unusual")
    assert [(mark.id, mark.kind) for mark in read(tmp_path).marks] == [(second.id, "unusual")]
    assert [each.state for each in feedback.listed(store, tmp_path, now_ns=NOW_NS)] == ["holds", "undone"]


def test_undone_it_is_gone_from_the_file_and_still_listed(store: EventStore, tmp_path: Path) -> None:
    """With who undid it; undone twice is an error that says so."""
    given = give(store, tmp_path)
    feedback.undo(store, tmp_path, given.id, who="bob", now_ns=NOW_NS + S)
    assert read(tmp_path).marks == ()
    assert "undone by bob at 2026-09-21 14:13:21Z" in only(store, tmp_path).text
    with pytest.raises(feedback.FeedbackError, match="one that bob undid"):
        feedback.undo(store, tmp_path, given.id, who="eve", now_ns=NOW_NS)
    with pytest.raises(feedback.FeedbackError, match="expected one that holds, got none"):
        feedback.undo(store, tmp_path, 99, who="eve", now_ns=NOW_NS)


def test_who_and_when_is_audited(store: EventStore, tmp_path: Path) -> None:
    """Each change is a line of the audit."""
    given = give(store, tmp_path)
    feedback.undo(store, tmp_path, given.id, who="bob", now_ns=NOW_NS + S)
    lines = [(entry.who, entry.what, entry.where, entry.at_ns) for entry in store.audit()]
    assert lines == [("bob", "undo feedback", "one", NOW_NS + S), ("ann", "feedback", "one", NOW_NS)]


def test_an_event_that_is_not_there_is_said(store: EventStore, tmp_path: Path) -> None:
    """Nothing is stored of it."""
    with pytest.raises(feedback.FeedbackError, match="event nine: expected a stored event, got none"):
        give(store, tmp_path, "nine")
    assert feedback.listed(store, tmp_path, now_ns=NOW_NS) == ()


def test_an_event_of_a_rule_is_kept_and_said_to_change_nothing(store: EventStore, tmp_path: Path) -> None:
    """What no score found has no look to compare with."""
    assert "changes no verdict" in give(store, tmp_path, "three").effect
    assert only(store, tmp_path).state == "no effect"


def test_it_is_listed_with_what_it_did(store: EventStore, tmp_path: Path) -> None:
    """How often and when last, as the worker counted; of another camera nothing."""
    given = give(store, tmp_path)
    assert "quieted nothing so far" in only(store, tmp_path).text
    Counter(tmp_path, "gate").write(Tallies({given.id: Counted(12, NOW_NS)}))
    Counter(tmp_path, "yard").write(Tallies({given.id: Counted(99, NOW_NS)}))
    told = only(store, tmp_path)
    assert (told.times, told.last_ns) == (12, NOW_NS)
    assert "ann called event one normal here" in told.text
    assert "quieted 12 times since, last at 2026-09-21 14:13:20Z" in told.text


def test_what_does_not_fit_the_detectors_any_more_is_said(store: EventStore, tmp_path: Path) -> None:
    """With what to do."""
    given = give(store, tmp_path)
    Counter(tmp_path, "gate").write(Tallies({given.id: Counted(fits=False)}))
    assert only(store, tmp_path).state == "does not fit"
    assert "mark such an event anew" in only(store, tmp_path).text


def test_it_expires(store: EventStore, tmp_path: Path) -> None:
    """Who wants it on says so again, of a newer event."""
    give(store, tmp_path)
    later_ns = NOW_NS + HOLDS_DAYS * DAY_NS
    feedback.publish(store, tmp_path, later_ns - 1)
    assert len(read(tmp_path).marks) == 1
    feedback.publish(store, tmp_path, later_ns)
    assert read(tmp_path).marks == ()
    assert only(store, tmp_path, later_ns).state == "expired"


def test_a_lost_file_is_written_anew(store: EventStore, tmp_path: Path) -> None:
    """The store is what counts."""
    give(store, tmp_path)
    before = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).unlink()
    feedback.publish(store, tmp_path, NOW_NS)
    assert (tmp_path / FILE).read_bytes() == before


def test_a_long_note_is_refused(store: EventStore, tmp_path: Path) -> None:
    """Before anything is stored."""
    with pytest.raises(feedback.FeedbackError, match="at most 1000 characters"):
        feedback.give(store, tmp_path, "one", "normal", who="ann", now_ns=NOW_NS, note="x" * 1001)
    assert feedback.listed(store, tmp_path, now_ns=NOW_NS) == ()


def test_counts_that_are_garbage_are_none(store: EventStore, tmp_path: Path) -> None:
    """They are for people; nothing fails for them."""
    give(store, tmp_path)
    (tmp_path / "feedback").mkdir()
    (tmp_path / "feedback" / "gate.json").write_bytes(b"\xff{")
    assert only(store, tmp_path).times == 0
