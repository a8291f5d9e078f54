"""Bundles find their events, whatever came first, and what belongs to none goes."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from monitor.alerting.claims import UNCLAIMED_S, Claims
from monitor.alerting.store import EventStore
from monitor.types import Event, Phase

S = 1_000_000_000
BUNDLE = "events/2026-09-21/gate/00000000000000aa-bundle.zip"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[EventStore]:
    """Empty."""
    with closing(EventStore.open(tmp_path / "events.sqlite")) as opened:
        yield opened


@pytest.fixture
def claims(tmp_path: Path, store: EventStore, clock: object) -> Claims:
    """Of that store."""
    return Claims(tmp_path, tmp_path / "takes", store, clock)  # type: ignore[arg-type]


def take(folder: Path, first_ns: int, last_ns: int, camera: str = "gate") -> Path:
    """What the worker leaves."""
    path = folder / "takes" / f"{camera}.{first_ns:020d}.{last_ns:020d}.zip"
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", "{}")
    return path


def test_a_take_is_moved_to_the_event_that_began_in_it_once_that_is_over(
    tmp_path: Path, store: EventStore, claims: Claims, clock: object, new_event: Callable[..., Event]
) -> None:
    """With the event and its pictures in it; while the event goes on it waits."""
    event = new_event(snapshot="events/x.jpg", normals=("events/n.jpg",), overlay="events/none.jpg")
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "x.jpg").write_bytes(b"picture")
    (tmp_path / "events" / "n.jpg").write_bytes(b"normal")
    path = take(tmp_path, event.began_ns - S, event.began_ns + 5 * S)
    claims.run_once()
    store.record([event], {}, 1)
    claims.run_once()
    assert path.exists()
    closed = replace(event, phase=Phase.CLOSED, cause="quiet")
    store.record([closed], {}, 2)
    claims.run_once()
    assert not path.exists()
    with zipfile.ZipFile(tmp_path / BUNDLE) as archive:
        assert archive.namelist() == ["manifest.json", "event.json", "snapshot.jpg", "normal-1.jpg"]
        assert msgspec.json.decode(archive.read("event.json"), type=Event) == replace(closed)
        assert archive.read("snapshot.jpg") == b"picture"


def test_a_take_is_of_its_own_camera_and_of_the_time_in_which_an_event_began(
    tmp_path: Path, store: EventStore, claims: Claims, clock: object, new_event: Callable[..., Event]
) -> None:
    """Others stay, and go when nobody has claimed them for long."""
    event = new_event(phase=Phase.CLOSED, cause="quiet")
    store.record([event], {}, 1)
    others = [
        take(tmp_path, event.began_ns - 9 * S, event.began_ns - S),
        take(tmp_path, event.began_ns + S, event.began_ns + 9 * S),
        take(tmp_path, event.began_ns, event.began_ns + S, camera="gate.2"),
    ]
    claims.run_once()
    assert all(path.exists() for path in others)
    clock.pass_s(UNCLAIMED_S + 20)  # type: ignore[attr-defined]
    claims.run_once()
    assert not any(path.exists() for path in others)
    assert not (tmp_path / BUNDLE).exists()


def test_what_is_no_take_is_left_or_removed_and_nothing_stops(
    tmp_path: Path, store: EventStore, claims: Claims, new_event: Callable[..., Event]
) -> None:
    """Files of other names are not ours; one that is no zip is."""
    event = new_event(phase=Phase.CLOSED, cause="quiet")
    store.record([event], {}, 1)
    broken = take(tmp_path, event.began_ns, event.began_ns + S)
    broken.write_text("none")
    other = tmp_path / "takes" / "gate.part"
    other.write_text("half")
    claims.run_once()
    assert not broken.exists()
    assert other.exists()
