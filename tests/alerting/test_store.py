"""The event store: nothing told is lost, nothing comes twice, and errors say what to do."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import msgspec
import pytest

from monitor.alerting import schema
from monitor.alerting.outbox import Outbox
from monitor.alerting.store import EventStore, StoreError
from monitor.sink import telling_key
from monitor.stored import Search
from monitor.types import Event, Phase
from monitor.views import Tally

S = 1_000_000_000
NOW_NS = 1_790_000_000 * S


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store is."""
    return tmp_path / "events.db"


@pytest.fixture
def store(path: Path) -> Iterator[EventStore]:
    """A store with two sinks."""
    made = EventStore.open(path, ["hook", "lines"])
    yield made
    made.close()


def test_what_was_recorded_comes_back_equal(store: EventStore, new_event: Callable[..., Event]) -> None:
    """An event and its episode state are read as they were written."""
    event = new_event()
    store.record([event], {"gate": b"state"}, NOW_NS)
    assert store.event(event.id) == event
    assert store.open_events() == [event]
    assert store.episodes() == {"gate": b"state"}
    assert store.event("ffffffffffffffff") is None


def test_phases_replace_one_another_and_never_go_back(store: EventStore, new_event: Callable[..., Event]) -> None:
    """A repeat or a late earlier phase changes nothing; each telling is to be delivered once to each sink."""
    opened, closed = new_event(), new_event(phase=Phase.CLOSED, cause="quiet", frames=9)
    updated = new_event(phase=Phase.UPDATED, frames=6)
    for event in (opened, opened, updated, closed, updated, opened, new_event(phase=Phase.UPDATED, frames=9)):
        store.record([event], {}, NOW_NS)
    assert store.events() == [closed]
    assert store.open_events() == []
    hook = Outbox(store, "hook")
    told = []
    while (due := next(iter(hook.due(NOW_NS, S)), None)) is not None:
        told.append(due.event)
        hook.sent(due, NOW_NS)
    assert told == [opened, closed], "the update was not sent yet when the end came"


def test_a_closed_event_that_goes_on_is_told_on_and_closes_again(
    store: EventStore, new_event: Callable[..., Event]
) -> None:
    """Closed, updated, closed: each is delivered, under a key of its own."""
    hook, told = Outbox(store, "hook"), []
    for event in (
        new_event(),
        new_event(phase=Phase.CLOSED, cause="quiet", frames=9),
        new_event(phase=Phase.UPDATED, frames=12),
        new_event(phase=Phase.CLOSED, cause="quiet", frames=12),
    ):
        store.record([event], {}, NOW_NS)
        assert store.events() == [event]
        assert bool(store.open_events()) == (event.phase is not Phase.CLOSED)
        due = next(iter(hook.due(NOW_NS, S)), None)
        assert due is not None
        told.append(telling_key(due.event).partition("/")[2])
        hook.sent(due, NOW_NS)
    assert told == ["opened", "closed-9", "updated-12", "closed-12"]


def test_an_update_that_was_overtaken_is_suppressed(store: EventStore, new_event: Callable[..., Event]) -> None:
    """`record` says for which sinks a telling was replaced by a newer one; a closing too, if the event went on."""
    store.record([new_event()], {}, NOW_NS)
    assert store.record([new_event(phase=Phase.UPDATED, frames=4)], {}, NOW_NS).overtaken == ()
    for phase, frames in ((Phase.CLOSED, 8), (Phase.UPDATED, 12)):
        recorded = store.record([new_event(phase=phase, frames=frames)], {}, NOW_NS)
        assert sorted(recorded.overtaken) == ["hook", "lines"]


def test_lists_are_newest_first_and_can_be_narrowed(store: EventStore, new_event: Callable[..., Event]) -> None:
    """By camera, by time with overlap counted, and by number."""
    events = [
        new_event(
            id=f"{number:016x}",
            camera="gate" if number % 2 else "yard",
            began_ns=NOW_NS + number * 10 * S,
            ended_ns=NOW_NS + (number * 10 + 5) * S,
        )
        for number in range(6)
    ]
    store.record(events, {}, NOW_NS)
    assert store.events() == events[::-1]
    assert store.events(limit=2) == [events[5], events[4]]
    assert store.events(camera="gate") == [events[5], events[3], events[1]]
    assert store.events(since_ns=NOW_NS + 23 * S, until_ns=NOW_NS + 30 * S) == [events[3], events[2]]


def test_record_is_all_or_nothing(store: EventStore, new_event: Callable[..., Event]) -> None:
    """An error in the middle leaves neither the event nor its deliveries nor the state."""
    with pytest.raises(StoreError):
        store.record([new_event(), new_event(id="00000000000000bb", began_ns="not a time")], {"gate": b""}, NOW_NS)
    assert store.events() == []
    assert store.episodes() == {}
    assert Outbox(store, "hook").waiting().pending == 0


KILLED = """
import os, signal, sys
from pathlib import Path
import msgspec
from monitor.alerting.store import EventStore
from monitor.types import Event
store = EventStore.open(Path(sys.argv[1]), ["hook"])
event = msgspec.json.decode(sys.argv[2], type=Event)
for _ in range(2):
    store.record([event], {"gate": b"s"}, 0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_recorded_survives_kill_9(path: Path, new_event: Callable[..., Event]) -> None:
    """A process that dies right after `record` returned has lost nothing, its deliveries included."""
    child = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), msgspec.json.encode(new_event()).decode()],
        timeout=60,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    store = EventStore.open(path, ["hook"])
    assert store.open_events() == [new_event()]
    assert Outbox(store, "hook").waiting().pending == 1
    store.close()


def test_commits_are_synced_to_disk(store: EventStore) -> None:
    """WAL with synchronous=FULL: a power cut loses nothing that was recorded."""
    with store.reading() as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_reading_beside_a_running_daemon(store: EventStore, path: Path, new_event: Callable[..., Event]) -> None:
    """A second process reads what the first has stored, and cannot write."""
    store.record([new_event()], {}, NOW_NS)
    reader = EventStore.open_read_only(path)
    assert reader.events() == [new_event()]
    with pytest.raises(StoreError, match="cannot be written"):
        reader.record([new_event(id="00000000000000bb")], {}, NOW_NS)
    reader.close()


def test_people_change_things_beside_a_running_daemon(
    store: EventStore, path: Path, new_event: Callable[..., Event]
) -> None:
    """A second process waits for the first one's writes and does not lose them; it makes no file and no tables."""
    store.record([new_event()], {}, NOW_NS)
    beside = EventStore.open_beside(path)
    with store.transaction() as db:
        db.execute("UPDATE events SET frames = 4")
        writing = Thread(target=beside.protect, args=(new_event().id, True, "cli:ann", NOW_NS))
        writing.start()
        writing.join(0.1)
        assert writing.is_alive()
    writing.join(10)
    listed = store.listed(new_event().id)
    assert listed is not None
    assert listed.protected
    beside.close()
    with pytest.raises(StoreError, match="no such file"):
        EventStore.open_beside(path.with_name("absent.db"))
    assert not path.with_name("absent.db").exists()


def test_reading_what_is_not_there_makes_no_file(path: Path) -> None:
    """A command with a wrong path says so and leaves nothing behind."""
    with pytest.raises(StoreError, match="no such file"):
        EventStore.open_read_only(path)
    assert not path.exists()


def test_a_locked_store_says_so_and_works_again(store: EventStore, path: Path, new_event: Callable[..., Event]) -> None:
    """Another program's lock is one StoreError with what to do; afterwards all is well."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="close that program"):
        store.record([new_event()], {}, NOW_NS)
    other.execute("ROLLBACK")
    other.close()
    store.record([new_event()], {}, NOW_NS)
    assert len(store.events()) == 1


def test_a_full_disk_says_so_and_works_again(store: EventStore, new_event: Callable[..., Event]) -> None:
    """A full disk is one StoreError with what to do; nothing is half stored."""
    with store.reading() as db:  # SQLite's own limit gives the same error as a full disk
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
    many = [new_event(id=f"{number:016x}") for number in range(200)]
    with pytest.raises(StoreError, match="make room"):
        store.record(many, {}, NOW_NS)
    assert store.events() == []
    with store.reading() as db:
        db.execute("PRAGMA max_page_count = 100000")
    store.record(many, {}, NOW_NS)
    assert len(store.events(limit=1000)) == 200


@pytest.mark.parametrize("content", [b"this is no database, it is only some text" * 50])
def test_a_file_that_is_no_store_says_so(path: Path, content: bytes) -> None:
    """A foreign file is refused and left as it is."""
    path.write_bytes(content)
    with pytest.raises(StoreError, match="not an event store"):
        EventStore.open(path)
    assert path.read_bytes() == content


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    """A path that cannot be opened names the folder's rights as the thing to check."""
    with pytest.raises(StoreError, match="check that its folder exists"):
        EventStore.open(tmp_path / "absent" / "events.db")


def test_a_newer_store_is_refused(store: EventStore, path: Path) -> None:
    """A file of a later version is not touched by an earlier one."""
    with store.reading() as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer rareframe"):
        EventStore.open(path)


def test_an_older_store_is_brought_up_to_date(
    store: EventStore, path: Path, new_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Migrations that the file has not seen are applied in order, once, and keep what is in it."""
    store.record([new_event()], {}, NOW_NS)
    store.close()
    added = "CREATE TABLE later (x INTEGER); INSERT INTO later VALUES (1)"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, added))
    for opened in (EventStore.open_read_only, EventStore.open_beside):
        with pytest.raises(StoreError, match="start the daemon once"):
            opened(path)
    for _ in range(2):
        migrated = EventStore.open(path)
        with migrated.reading() as db:
            assert db.execute("SELECT count(*) FROM later").fetchone() == (1,)
        assert migrated.events() == [new_event()]
        migrated.close()


def test_a_store_of_the_first_release_goes_on(path: Path, new_event: Callable[..., Event]) -> None:
    """Its events were told: they count as told when they began, and their next phases are delivered."""
    event = new_event(began_ns=NOW_NS)
    old = sqlite3.connect(path)
    old.executescript(f"{schema.MIGRATIONS[0]};PRAGMA user_version = 1;")
    body = msgspec.json.encode(event).decode()
    old.execute("INSERT INTO events VALUES (?, ?, 'opened', ?, ?, 3, ?)", (event.id, "gate", NOW_NS, NOW_NS, body))
    old.commit()
    old.close()
    store = EventStore.open(path, ["hook"])
    assert store.events() == [event]
    assert store.tallies(NOW_NS + S) == {"gate": Tally(told=1)}
    for wanted in (Search(state=event.state), Search(min_score=event.score), Search(text="motion NOTHING")):
        assert [each.event for each in store.search(wanted).events] == [event], "the new columns are filled"
    store.record([new_event(phase=Phase.CLOSED, frames=9)], {}, NOW_NS)
    assert Outbox(store, "hook").waiting().pending == 1
    store.close()


def test_an_empty_episode_state_is_forgotten(store: EventStore) -> None:
    """Of a camera that was removed."""
    store.record([], {"gate": b"state", "yard": b"state"}, NOW_NS)
    store.record([], {"gate": b""}, NOW_NS)
    assert store.episodes() == {"yard": b"state"}


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    store: EventStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a migration is none."""
    store.close()
    broken = "CREATE TABLE half (x INTEGER); SELECT * FROM nowhere"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
    with pytest.raises(StoreError):
        EventStore.open(path)
    monkeypatch.undo()
    again = EventStore.open(path)
    with again.reading() as db:
        assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'half'").fetchone() == (0,)
    again.close()


def test_the_outbox_keeps_the_order_within_an_event(store: EventStore, new_event: Callable[..., Event]) -> None:
    """While an opening waits for another try its closing waits too; other events do not."""
    first, second = new_event(), new_event(id="00000000000000bb")
    store.record([first, new_event(phase=Phase.CLOSED, frames=9), second], {}, NOW_NS)
    hook = Outbox(store, "hook")
    due = next(iter(hook.due(NOW_NS, 100 * S)), None)
    assert due is not None
    assert due.event == first
    hook.put_off(due, NOW_NS + 60 * S, "answered 500")
    other = next(iter(hook.due(NOW_NS, 100 * S)), None)
    assert other is not None
    assert other.event == second
    hook.sent(other, NOW_NS)
    assert next(iter(hook.due(NOW_NS, 100 * S)), None) is None
    again = next(iter(hook.due(NOW_NS + 60 * S, 100 * S)), None)
    assert again is not None
    assert (again.event, again.attempts) == (first, 1)
    hook.bury(again, "answered 400", NOW_NS)
    closing = next(iter(hook.due(NOW_NS + 60 * S, 100 * S)), None)
    assert closing is not None
    assert closing.event.phase is Phase.CLOSED
    assert Outbox(store, "lines").waiting().pending == 3, "sinks are independent"


def test_a_clock_that_was_set_back_holds_up_no_delivery(store: EventStore, new_event: Callable[..., Event]) -> None:
    """What seems to be put off beyond the longest wait is due."""
    store.record([new_event()], {}, NOW_NS)
    hook = Outbox(store, "hook")
    due = next(iter(hook.due(NOW_NS, 100 * S)), None)
    assert due is not None
    hook.put_off(due, NOW_NS + 50 * S, "answered 500")
    assert next(iter(hook.due(NOW_NS, 100 * S)), None) is None
    assert next(iter(hook.due(NOW_NS - 3600 * S, 100 * S)), None) is not None
