"""What is kept, and what has to go: never what is protected, open, or still to be told."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.alerting.outbox import Outbox
from monitor.alerting.retention import Limits, Retention
from monitor.alerting.snapshots import event_file
from monitor.alerting.store import EventStore, StoreError
from monitor.alerting.upkeep import Upkeep
from monitor.stored import KeptError, NotStoredError, Search
from monitor.types import Event, Phase
from monitor.views import DiskView

S = 1_000_000_000
DAY_NS = 86_400 * S
MB = 1_000_000
NOW_NS = 1_790_000_000 * S
SETTLED_S = 600.0


@dataclass
class Clock:
    """Both hands move only by hand."""

    now_ns: int = NOW_NS

    def wall_ns(self) -> int:
        return self.now_ns

    def mono_ns(self) -> int:
        return self.now_ns


@dataclass
class Counts:
    """Remembers what was deleted and measured."""

    gone: dict[str, int] = field(default_factory=dict)
    view: DiskView | None = None

    def looked(self, view: DiskView) -> None:
        self.view = view

    def deleted(self, reason: str, events: int) -> None:
        self.gone[reason] = self.gone.get(reason, 0) + events


class Place:
    """A data folder with a store, and the retention of it."""

    def __init__(
        self, root: Path, make: Callable[..., Event], sinks: Sequence[str] = ("hook",), **limits: float | None
    ) -> None:
        self.root, self.make = root, make
        self.store = EventStore.open(root / "events.sqlite", sinks)
        self.clock, self.counts = Clock(), Counts()
        named = {"days": None, "quota_bytes": 10**12, "keep_free_bytes": 0, "settled_s": SETTLED_S, **limits}
        self.retention = Retention(self.store, root, Limits(**named), self.counts, self.clock)  # type: ignore[arg-type]

    def add(self, number: int, *, age_s: float, size: int = 1000, told: bool = True, **fields: object) -> Event:
        """Store event `number`, that ended `age_s` ago and has a picture of `size` bytes."""
        ended_ns = self.clock.now_ns - int(age_s * S)
        fields = {"phase": Phase.CLOSED, "began_ns": ended_ns - S, "ended_ns": ended_ns, **fields}
        event = self.make(id=f"{number:016x}", **fields)
        path = self.root / event_file(event, ".jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
        self.store.record([event], {}, self.clock.now_ns)
        outbox = Outbox(self.store, "hook")
        for due in outbox.due(self.clock.now_ns, S) if told else ():
            outbox.sent(due, self.clock.now_ns)
        return event

    def work(self) -> None:
        """Until there is nothing to do at once."""
        for _ in range(10_000):
            if not self.retention.run_once():
                return
        raise AssertionError("it never ends")

    def left(self) -> list[int]:
        """The numbers of the events that are still stored, oldest first; their files are, and no others."""
        found = [event.id for event in self.store.events(limit=100_000)[::-1]]
        files = sorted(path.stem for path in (self.root / "events").rglob("*.jpg"))
        assert sorted(found) == files
        return [int(each, 16) for each in found]


@pytest.fixture
def place(tmp_path: Path, new_event: Callable[..., Event]) -> Iterator[Callable[..., Place]]:
    """Make a place with these limits."""
    made: list[Place] = []

    def make(**limits: float | None) -> Place:
        made.append(Place(tmp_path, new_event, **limits))
        return made[-1]

    yield make
    for each in made:
        each.store.close()


def test_what_is_too_old_goes_with_its_files_and_deliveries(place: Callable[..., Place]) -> None:
    """And nothing that is younger; protected, open or waiting events stay however old they are."""
    here = place(days=30.0)
    here.add(1, age_s=31 * 86_400)
    here.add(2, age_s=29 * 86_400)
    here.store.protect(here.add(3, age_s=90 * 86_400).id, True, "cli:me", NOW_NS)
    here.add(4, age_s=90 * 86_400, phase=Phase.OPENED)
    here.add(5, age_s=90 * 86_400, told=False)
    here.work()
    assert sorted(here.left()) == [2, 3, 4, 5]
    assert here.counts.gone == {"age": 1}
    with here.store.reading() as db:
        assert db.execute("SELECT count(*) FROM deliveries WHERE event = ?", (f"{1:016x}",)).fetchone() == (0,)


def test_an_event_that_waits_for_a_digest_stays(place: Callable[..., Place]) -> None:
    """Nobody was told of it yet."""
    here = place(days=30.0)
    event = here.add(1, age_s=90 * 86_400)
    with here.store.transaction() as db:
        db.execute("UPDATE events SET telling = 'waiting'")
    here.work()
    assert here.left() == [1]
    assert here.store.delete([event], lambda _: 0) == 0


def test_the_oldest_go_until_the_rest_fits(place: Callable[..., Place]) -> None:
    """Below the quota by what may come before it is looked again; the youngest are kept, and what is protected."""
    here = place(quota_bytes=20 * MB)
    for number in range(30):
        here.add(number, age_s=(100 - number) * 3600, size=MB)
    here.store.protect(f"{0:016x}", True, "cli:me", NOW_NS)
    here.work()
    left = here.left()
    assert left == [0, *range(left[1], 30)], "an unbroken stretch of the newest, and the protected one"
    assert here.counts.view is not None
    assert 13 * MB < here.counts.view.used_bytes <= 15 * MB
    assert here.retention.trouble is None


def test_the_store_gives_its_room_back(place: Callable[..., Place]) -> None:
    """The file shrinks when events go, not only the folder of pictures."""
    here = place(days=30.0)
    old = here.add(1, age_s=90 * 86_400, cause="x" * 20_000)
    many = [replace(old, id=f"{number:016x}") for number in range(2, 60)]
    here.store.record(many, {}, NOW_NS)
    with here.store.transaction() as db:
        db.execute("UPDATE deliveries SET state = 'sent'")
    before = _settled_bytes(here.store)
    here.work()
    assert here.left() == []
    assert here.store.unused_bytes() == 0
    assert _settled_bytes(here.store) < before / 4


def _settled_bytes(store: EventStore) -> int:
    """What the file takes without its journal, which is emptied now and then by itself."""
    with store.reading() as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return store.file_bytes()


def test_recent_events_are_left_alone_and_that_is_told(place: Callable[..., Place]) -> None:
    """An event that may go on stays even where the quota is used up; the trouble says what is in the way."""
    here = place(quota_bytes=2 * MB)
    here.add(1, age_s=SETTLED_S - 60, size=2 * MB)
    here.work()
    assert here.left() == [1]
    here.work()
    trouble = here.retention.trouble
    assert trouble is not None
    assert trouble.kind == "disk"
    assert "by events that are protected, open or not told yet" in trouble.what
    here.clock.now_ns += 120 * S
    here.work()
    assert here.left() == []
    here.work()
    assert here.retention.trouble is None


def test_a_full_disk_makes_old_events_go_but_none_of_the_last_day(
    place: Callable[..., Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever fills it: yesterday goes for today, today does not go for a stranger."""
    here = place(keep_free_bytes=500 * MB)
    for number in range(4):
        here.add(number, age_s=(4 - number) * 0.75 * 86_400)
    usage = shutil.disk_usage(here.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100 * MB))
    here.work()
    assert here.left() == [3]
    assert here.counts.gone == {"room": 3}
    assert here.retention.trouble is not None
    assert "the disk is filling up: 100 MB left" in here.retention.trouble.what


def test_events_of_a_clock_that_was_wrong_go_last_but_go(place: Callable[..., Place]) -> None:
    """What ended in the far future does not fill the quota for ever."""
    here = place(quota_bytes=4 * MB)
    here.add(1, age_s=-900 * 86_400, size=4 * MB)
    here.work()
    assert here.left() == []


def test_a_file_that_cannot_be_taken_away_keeps_its_event(
    place: Callable[..., Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row stays and the others go; if none can, that is an error and not an empty list of events."""
    here = place(days=30.0)
    for number in range(3):
        here.add(number, age_s=90 * 86_400)
    unlink = Path.unlink

    def stubborn(path: Path, missing_ok: bool = False) -> None:
        if path.stem == f"{1:016x}":
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", stubborn)
    upkeep = Upkeep(here.retention, [])
    assert upkeep.run_once()
    while upkeep.run_once():
        pass
    assert here.left() == [1]
    [trouble] = upkeep.troubles(NOW_NS)
    assert "old events cannot be deleted: [Errno 13] Permission denied" in trouble.what
    monkeypatch.undo()
    upkeep.run_once()
    assert here.left() == []
    assert upkeep.troubles(NOW_NS) == []


def test_a_crash_between_files_and_row_leaves_an_event_that_still_goes(place: Callable[..., Place]) -> None:
    """The row stays until the last file is gone; the next turn finds it again."""
    here = place(days=30.0)
    event = here.add(1, age_s=90 * 86_400)

    def killed(event: Event) -> int:
        (here.root / event_file(event, ".jpg")).unlink()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        here.store.delete([event], killed)
    assert here.store.event(event.id) == event
    here.work()
    assert here.left() == []


def test_a_protection_that_comes_in_between_is_not_too_late(place: Callable[..., Place]) -> None:
    """What was to go and is protected now, or has gone on, stays with its files."""
    here = place()
    first, second = here.add(1, age_s=90 * 86_400), here.add(2, age_s=90 * 86_400)
    here.store.protect(first.id, True, "cli:me", NOW_NS)
    here.store.record([replace(second, frames=99, ended_ns=NOW_NS)], {}, NOW_NS)
    assert here.store.delete([first, second], lambda _: pytest.fail("its files were taken")) == 0
    assert here.left() == [1, 2]


def test_people_delete_what_may_go_and_are_told_why_if_not(place: Callable[..., Place]) -> None:
    """With a line in the audit; a protected, open or waiting event stays."""
    here = place()
    here.add(1, age_s=60)
    here.store.protect(here.add(2, age_s=60).id, True, "cli:me", NOW_NS)
    here.add(3, age_s=60, phase=Phase.OPENED)
    here.add(4, age_s=60, told=False)
    taken: list[str] = []

    def take(event: Event) -> int:
        taken.append(event.id)
        return 0

    assert here.store.remove(f"{1:016x}", take, "cli:me", NOW_NS).id == f"{1:016x}"
    for number, why in ((2, "unprotect` it first"), (3, "still going on"), (4, "still to be told of")):
        with pytest.raises(KeptError, match=why):
            here.store.remove(f"{number:016x}", take, "cli:me", NOW_NS)
    with pytest.raises(NotStoredError, match="deleted already"):
        here.store.remove(f"{1:016x}", take, "cli:me", NOW_NS)
    assert taken == [f"{1:016x}"]
    assert [(entry.what, entry.where) for entry in here.store.audit(1)] == [("delete", f"{1:016x}")]


def test_a_store_that_cannot_be_used_ends_no_thread(place: Callable[..., Place]) -> None:
    """It is told, tried again, and told no longer when it works."""
    here = place(days=30.0)
    here.add(1, age_s=90 * 86_400)
    upkeep = Upkeep(here.retention, [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(here.store, "deletable", _locked)
        assert not upkeep.run_once()
        assert "cannot be deleted: event store locked" in upkeep.troubles(NOW_NS)[0].what
    upkeep.run_once()
    assert here.left() == []


def _locked(*_: object) -> Sequence[Event]:
    raise StoreError("event store locked")


def test_it_looks_more_often_while_much_is_written(place: Callable[..., Place]) -> None:
    """So that what comes between two looks does not go beyond the quota; and calms down again."""
    here = place(quota_bytes=20 * MB)
    here.retention.run_once()
    assert here.retention.next_look_s == 2.0
    here.clock.now_ns += S
    here.add(1, age_s=0, size=10 * MB)
    here.retention.run_once()
    assert 0.1 <= here.retention.next_look_s < 0.5
    for _ in range(60):
        here.clock.now_ns += S
        here.retention.run_once()
    assert here.retention.next_look_s == 2.0


def test_the_thread_works_until_it_is_stopped(place: Callable[..., Place]) -> None:
    """In a thread of its own, and comes back in time."""
    here = place(days=30.0)
    for number in range(20):
        here.add(number, age_s=90 * 86_400)
    upkeep = Upkeep(here.retention, [])
    upkeep.start()
    for _ in range(500):
        if here.counts.gone.get("age") == 20:
            break
        os.sched_yield()
        upkeep._stop.wait(0.01)
    assert upkeep.stop(10)
    assert here.left() == []
    assert upkeep.troubles(NOW_NS) == []


def test_no_order_of_things_deletes_what_is_to_stay(new_event: Callable[..., Event]) -> None:
    """Storing, protecting, ageing and deleting in any order: protected and open events stay, and the rest fits."""
    steps = st.lists(
        st.one_of(
            st.tuples(st.just("closed"), st.integers(1, 400)),
            st.tuples(st.just("opened"), st.integers(1, 400)),
            st.tuples(st.just("protect"), st.integers(0, 20)),
            st.tuples(st.just("wait"), st.integers(0, 2_000)),
            st.tuples(st.just("retain"), st.just(0)),
        ),
        max_size=20,
    )

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(steps)
    def holds(doings: list[tuple[str, int]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            _play(Place(Path(folder), new_event, (), quota_bytes=2 * MB), doings)

    holds()


def _play(here: Place, doings: list[tuple[str, int]]) -> None:
    stay: dict[int, int] = {}
    for number, (doing, value) in enumerate(doings):
        match doing:
            case "closed" | "opened":
                here.add(number, age_s=0, size=value * 1000, phase=Phase(doing))
                if doing == "opened":
                    stay[number] = value * 1000
            case "protect" if here.store.event(f"{value:016x}") is not None:
                here.store.protect(f"{value:016x}", True, "cli:me", NOW_NS)
                stay[value] = (here.root / event_file(here.store.event(f"{value:016x}"), ".jpg")).stat().st_size  # type: ignore[arg-type]
            case "wait":
                here.clock.now_ns += value * S
            case _:
                here.work()
                assert set(stay) <= set(here.left())
    here.clock.now_ns += int(SETTLED_S + 1) * S
    here.work()
    here.work()
    left = set(here.left())
    assert set(stay) <= left
    assert here.counts.view is not None
    others = [each for each in left if each not in stay]
    assert not others or here.counts.view.used_bytes <= 2 * MB, "what may go went until it fitted"
    found = {int(each.event.id, 16) for each in here.store.search(Search(protected=True), 1000).events}
    assert found <= left
    here.store.close()
