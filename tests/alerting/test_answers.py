"""What people make of events is stored with who and when, and outlives the events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from monitor.alerting.store import EventStore
from monitor.stored import AuditEntry, NotStoredError
from monitor.types import Event

S = 1_000_000_000
NOW_NS = 1_790_000_000 * S
ID = "00000000000000aa"


@pytest.fixture
def store(tmp_path: Path, new_event: Callable[..., Event]) -> Iterator[EventStore]:
    """A store with one event."""
    made = EventStore.open(tmp_path / "events.db")
    made.record([new_event()], {}, NOW_NS)
    yield made
    made.close()


def feedback(store: EventStore) -> str:
    """What is said of the event, as it is listed."""
    listed = store.listed(ID)
    assert listed is not None
    return listed.feedback


def test_protecting_is_audited_once(store: EventStore) -> None:
    """Who protects what is protected already changes nothing."""
    for on in (True, True, False):
        store.protect(ID, on, "cli:ann", NOW_NS)
    assert [(entry.what, entry.where, entry.who) for entry in store.audit()] == [
        ("unprotect", ID, "cli:ann"),
        ("protect", ID, "cli:ann"),
    ]
    with pytest.raises(NotStoredError, match="event 77: expected one in the store, got none"):
        store.protect("77", True, "cli:ann", NOW_NS)


def test_an_event_that_goes_on_stays_protected(store: EventStore, new_event: Callable[..., Event]) -> None:
    """What is stored of it later takes nothing back that people said."""
    store.protect(ID, True, "cli:ann", NOW_NS)
    store.add_feedback(ID, "unusual", "cli:ann", NOW_NS)
    store.record([new_event(frames=9)], {}, NOW_NS)
    listed = store.listed(ID)
    assert listed is not None
    assert (listed.event.frames, listed.protected, listed.feedback) == (9, True, "unusual")


def test_the_last_feedback_that_holds_is_the_events(store: EventStore) -> None:
    """Undone, the one before it holds again; undoing twice changes nothing more."""
    first = store.add_feedback(ID, "normal", "cli:ann", NOW_NS, note="the gardener", body='{"look": [1]}')
    second = store.add_feedback(ID, "unusual", "web:bob", NOW_NS + S)
    assert feedback(store) == "unusual"
    undone = store.undo_feedback(second, "cli:ann", NOW_NS + 2 * S)
    assert (undone.undone_ns, undone.undone_by) == (NOW_NS + 2 * S, "cli:ann")
    assert feedback(store) == "normal"
    store.undo_feedback(first, "cli:ann", NOW_NS + 3 * S)
    assert feedback(store) == ""
    assert store.undo_feedback(second, "web:bob", NOW_NS + 9 * S) == undone
    assert [(each.id, each.kind, each.note, each.body) for each in store.feedbacks("gate")] == [
        (second, "unusual", "", "{}"),
        (first, "normal", "the gardener", '{"look": [1]}'),
    ]
    assert store.feedbacks("yard") == []
    assert len(store.feedbacks()) == 2
    assert [entry.what for entry in store.audit()] == ["undo feedback", "undo feedback", "feedback", "feedback"]
    assert store.audit(1)[0].detail == "camera gate: normal, said by cli:ann"
    with pytest.raises(NotStoredError, match="feedback 99"):
        store.undo_feedback(99, "cli:ann", NOW_NS)
    with pytest.raises(NotStoredError, match="event 77"):
        store.add_feedback("77", "normal", "cli:ann", NOW_NS)


def test_changes_made_elsewhere_are_audited(store: EventStore) -> None:
    """As they were noted, newest first."""
    store.note_audit("web:bob", "budget", "gate", "3 to 5 a day", NOW_NS)
    assert store.audit() == [AuditEntry(1, NOW_NS, "web:bob", "budget", "gate", "3 to 5 a day")]
