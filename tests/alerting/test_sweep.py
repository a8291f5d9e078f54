"""What nobody owns goes after a day, and no sooner; what events' files take is known."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.alerting.snapshots import event_file
from monitor.alerting.store import EventStore
from monitor.alerting.sweep import Sweep
from monitor.stored import Minute
from monitor.types import Event, Phase, State

S = 1_000_000_000
DAY_NS = 86_400 * S


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    """An empty store."""
    made = EventStore.open(tmp_path / "events.sqlite")
    yield made
    made.close()


@pytest.fixture
def sweep(store: EventStore, tmp_path: Path, clock: Any) -> Sweep:
    """Of a data folder whose minutes are kept for 30 days."""
    return Sweep(store, tmp_path, 30.0, clock)


def write(root: Path, event: Event, suffix: str, at_ns: int) -> Path:
    """A file of `event` that was written then."""
    path = root / event_file(event, suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 4096)
    os.utime(path, ns=(at_ns, at_ns))
    return path


def finish(sweep: Sweep) -> None:
    """Until there is nothing to do at once."""
    while sweep.run_once():
        pass


def test_files_without_an_event_go_after_a_day(
    sweep: Sweep, store: EventStore, tmp_path: Path, new_event: Callable[..., Event], clock: Any
) -> None:
    """Of a crash, or of a clip that came too late; younger ones may be of an event that waits to be stored."""
    stored, crashed, waiting = (new_event(id=f"{number:016x}", phase=Phase.CLOSED) for number in range(3))
    store.record([stored], {}, clock.wall_ns())
    kept = write(tmp_path, stored, ".jpg", clock.wall_ns() - 9 * DAY_NS)
    old = write(tmp_path, crashed, "-full.jpg", clock.wall_ns() - DAY_NS - S)
    young = write(tmp_path, waiting, ".jpg", clock.wall_ns() - DAY_NS + 60 * S)
    foreign = kept.with_name("readme.txt")
    foreign.write_text("mine")
    finish(sweep)
    assert (kept.exists(), old.exists(), young.exists(), foreign.exists()) == (True, False, True, True)
    with store.reading() as db:
        assert db.execute("SELECT size_bytes FROM events").fetchall() == [(4096,)]
    clock.pass_s(3599)
    finish(sweep)
    assert young.exists()
    clock.pass_s(60)
    finish(sweep)
    assert not young.exists(), "the folder was not forgotten though it did not change"


def test_files_that_somebody_took_away_are_noticed(
    sweep: Sweep, store: EventStore, tmp_path: Path, new_event: Callable[..., Event], clock: Any
) -> None:
    """The event stays, with what is left."""
    event = new_event(phase=Phase.CLOSED)
    store.record([event], {}, clock.wall_ns())
    gone, left = (write(tmp_path, event, suffix, clock.wall_ns()) for suffix in (".jpg", "-overlay.jpg"))
    finish(sweep)
    gone.unlink()
    clock.pass_s(3600)
    finish(sweep)
    with store.reading() as db:
        assert db.execute("SELECT size_bytes FROM events").fetchall() == [(left.stat().st_size,)]


def test_empty_folders_of_past_days_go(
    sweep: Sweep, tmp_path: Path, new_event: Callable[..., Event], clock: Any
) -> None:
    """But not today's, into which somebody may be about to write."""
    past, today = new_event(began_ns=clock.wall_ns() - 9 * DAY_NS), new_event(began_ns=clock.wall_ns())
    folders = [write(tmp_path, event, ".jpg", 0).parent for event in (past, today)]
    for folder in folders:
        for file in folder.iterdir():
            file.unlink()
    finish(sweep)
    assert not folders[0].parent.exists()
    assert folders[1].exists()


def test_old_minutes_go(sweep: Sweep, store: EventStore, clock: Any) -> None:
    """Of every camera, also of one that is no longer there."""
    now = clock.wall_ns() // (60 * S)
    ages = (0, 30 * 1440 - 1, 30 * 1440 + 1)
    store.note_history(
        [Minute(camera, now - age, 1.0, 2.0, 1, 1.0, 0, State.ACTIVE) for camera in ("gate", "yard") for age in ages]
    )
    finish(sweep)
    for camera in ("gate", "yard"):
        assert [now - row.minute for row in store.history(camera, 0, now)] == [30 * 1440 - 1, 0]
