"""Searching the event store: every filter, page by page, out of one index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from detectors.base import Reason
from monitor.alerting.search import page_of
from monitor.alerting.store import EventStore
from monitor.stored import Search
from monitor.types import Event, Phase, State

S = 1_000_000_000
NOW_NS = 1_790_000_000 * S


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    """An empty store."""
    made = EventStore.open(tmp_path / "events.db")
    yield made
    made.close()


@pytest.fixture
def numbered(new_event: Callable[..., Event]) -> Callable[..., Event]:
    """Make event number N, which began N minutes after the first and lasted ten seconds."""

    def make(number: int, **fields: object) -> Event:
        began_ns = NOW_NS + number * 60 * S
        return replace(
            new_event(id=f"{number:016x}", phase=Phase.CLOSED, began_ns=began_ns, ended_ns=began_ns + 10 * S), **fields
        )

    return make


def ids(store: EventStore, wanted: Search) -> list[int]:
    """The numbers of what is found, newest first."""
    return [int(each.event.id, 16) for each in store.search(wanted).events]


def test_each_filter_finds_what_it_names_and_nothing_else(store: EventStore, numbered: Callable[..., Event]) -> None:
    """Camera, time, state, score, held, shadow; and what people made of it."""
    store.record(
        [
            numbered(1),
            numbered(2, camera="yard"),
            numbered(3, state=State.DEGRADED),
            numbered(4, score=40.0),
            numbered(5, shadow=True),
            numbered(6, reasons=(Reason("porch_at_night", "somebody stays", None, None),)),
        ],
        {},
        NOW_NS,
    )
    store.protect("0000000000000001", True, "cli:me", NOW_NS)
    store.add_feedback("0000000000000002", "normal", "cli:me", NOW_NS)
    assert ids(store, Search()) == [6, 4, 3, 2, 1]
    assert ids(store, Search(camera="yard")) == [2]
    assert ids(store, Search(state=State.DEGRADED)) == [3]
    assert ids(store, Search(min_score=39.9)) == [4]
    assert ids(store, Search(shadow=True)) == [5]
    assert ids(store, Search(protected=True)) == [1]
    assert ids(store, Search(protected=False)) == [6, 4, 3, 2]
    assert ids(store, Search(feedback="normal")) == [2]
    assert ids(store, Search(feedback="")) == [6, 4, 3, 1]
    assert ids(store, Search(held=True)) == []
    assert ids(store, Search(text="PORCH stays")) == [6]
    assert ids(store, Search(text="porch moves")) == []
    assert ids(store, Search(since_ns=NOW_NS + 130 * S, until_ns=NOW_NS + 180 * S)) == [3, 2]
    assert ids(store, Search(camera="gate", min_score=5, protected=True)) == []


def test_pages_follow_one_another_whatever_is_stored_meanwhile(
    store: EventStore, numbered: Callable[..., Event]
) -> None:
    """Each event is on one page, and events of one moment keep their order."""
    store.record([numbered(number, began_ns=NOW_NS + number // 3 * S) for number in range(10)], {}, NOW_NS)
    seen, cursor = [], None
    for turn in range(4):
        found = store.search(Search(), 3, cursor)
        seen += [int(each.event.id, 16) for each in found.events]
        cursor = found.next
        store.record([numbered(100 + turn)], {}, NOW_NS)
        assert (cursor is None) == (turn == 3)
    assert seen == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]


@pytest.mark.parametrize("cursor", ["", "next", "12.5-aa", "-"])
def test_a_cursor_that_is_none_is_refused(store: EventStore, cursor: str) -> None:
    """Whoever makes up a cursor is told so."""
    with pytest.raises(ValueError, match="expected the `next` of a page"):
        store.search(Search(), 3, cursor)


def test_what_is_shown_of_an_event_is_found_by_its_id(store: EventStore, numbered: Callable[..., Event]) -> None:
    """With whether it is protected and what was said; ids may be shortened."""
    store.record([numbered(1), numbered(2, shadow=True)], {}, NOW_NS)
    listed = store.listed("0000000000000001")
    assert listed is not None
    assert (listed.event, listed.protected, listed.feedback) == (numbered(1), False, "")
    assert store.listed("00000000000000ff") is None
    assert store.beginning("0000000000000002") == ("0000000000000002",)
    assert len(store.beginning("00")) == 2
    assert store.beginning("f") == ()


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (Search(), "search"),
        (Search(camera="gate"), "of_camera"),
        (Search(since_ns=NOW_NS, until_ns=NOW_NS + S), "search"),
        (Search(state=State.ACTIVE), "search"),
        (Search(min_score=3), "search"),
        (Search(feedback="unusual"), "spoken_of"),
        (Search(feedback=""), "search"),
        (Search(protected=True), "protected"),
        (Search(protected=False), "search"),
        (Search(held=True), "held"),
        (Search(held=False), "search"),
        (Search(shadow=True), "search"),
        (Search(text="porch"), "words"),
        (Search("gate", NOW_NS, NOW_NS, State.ACTIVE, 3, "normal", True, True, False), "protected"),
        (Search("gate", NOW_NS, NOW_NS, State.ACTIVE, 3, "normal", True, True, False, "porch stays"), "words"),
    ],
)
@pytest.mark.parametrize("cursor", [None, f"{NOW_NS}-00000000000000aa"])
def test_no_search_reads_the_table_or_sorts(store: EventStore, wanted: Search, index: str, cursor: str | None) -> None:
    """A page is read from an index that has all that is asked for, in its order: fast however much is stored."""
    query, values = page_of(wanted, 51, cursor)
    with store.searching() as db:
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()]
    assert len(plan) == 1, plan
    assert plan[0].startswith(f"SEARCH events USING COVERING INDEX events_{index}"), plan
