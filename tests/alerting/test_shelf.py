"""The files of events: measured as they are, and taken away without touching others'."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.alerting.shelf import Shelf
from monitor.alerting.snapshots import event_file
from monitor.types import Event

S = 1_000_000_000
HOUR_NS = 3600 * S


def write(root: Path, event: Event, suffix: str, size: int = 10_000) -> Path:
    """One file of `event`."""
    path = root / event_file(event, suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    return path


def du(folder: Path) -> int:
    """What everything below takes, counted plainly."""
    return sum(max(s.st_size, s.st_blocks * 512) for s in (path.lstat() for path in folder.rglob("*")))


def test_what_is_used_is_what_is_there(tmp_path: Path, new_event: Callable[..., Event]) -> None:
    """New files, larger ones, folders in folders and foreign files count; what was taken away does not."""
    shelf, event = Shelf(tmp_path), new_event()
    assert shelf.used_bytes(0) == 0
    picture = write(tmp_path, event, ".jpg")
    write(tmp_path, event, "-bundle/frames/1.jpg")
    (tmp_path / "events" / ".parts").mkdir()
    (tmp_path / "events" / ".parts" / "half").write_bytes(b"x" * 5000)
    (tmp_path / "events" / "note.txt").write_text("mine")
    now_ns = picture.stat().st_mtime_ns + 1000
    assert shelf.used_bytes(now_ns) == du(tmp_path / "events")
    write(tmp_path, event, ".mp4", 100_000)
    assert shelf.used_bytes(now_ns) == du(tmp_path / "events"), "written in the same moment"
    picture.unlink()
    assert shelf.used_bytes(now_ns + 10 * S) == du(tmp_path / "events")
    write(tmp_path, event, ".mp4", 900_000)
    assert shelf.used_bytes(now_ns + HOUR_NS) == du(tmp_path / "events"), "a file that grew in its place"


def test_folders_that_did_not_change_are_not_read_again(
    tmp_path: Path, new_event: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many events lie in them."""
    shelf, event = Shelf(tmp_path), new_event()
    path = write(tmp_path, event, ".jpg")
    later_ns = path.stat().st_mtime_ns + 10 * S
    used = shelf.used_bytes(later_ns)
    read = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: read.append(Path(folder)) or scandir(folder))
    assert shelf.used_bytes(later_ns + S) == used
    assert path.parent not in read


def test_only_the_files_of_one_event_are_removed(tmp_path: Path, new_event: Callable[..., Event]) -> None:
    """All of them, folders and unfinished ones too; what is freed is what they took. Links lead nowhere."""
    shelf = Shelf(tmp_path)
    event, other = new_event(), new_event(id="00000000000000ab")
    outside = tmp_path / "outside.txt"
    outside.write_text("precious")
    mine = [write(tmp_path, event, suffix) for suffix in (".jpg", "-overlay.jpg", ".mp4", "-bundle/a/b.npz")]
    (mine[0].parent / f".{event.id}-full.jpg.part").write_bytes(b"x")
    (mine[0].parent / f"{event.id}-bundle" / "link").symlink_to(outside)
    theirs = write(tmp_path, other, ".jpg")
    foreign = mine[0].parent / "readme.txt"
    foreign.write_text("mine")
    before = du(tmp_path / "events")
    freed = shelf.remove(event)
    assert freed == before - du(tmp_path / "events")
    assert sorted(path.name for path in theirs.parent.iterdir()) == [theirs.name, "readme.txt"]
    assert outside.read_text() == "precious"
    assert shelf.remove(event) == 0, "nothing is left of it"


def test_what_events_have_in_a_folder(tmp_path: Path, new_event: Callable[..., Event]) -> None:
    """By id; files of others are nobody's."""
    shelf, event = Shelf(tmp_path), new_event()
    first, second = write(tmp_path, event, ".jpg", 8192), write(tmp_path, event, "-full.jpg", 4096)
    os.utime(first, ns=(1, 5 * S))
    os.utime(second, ns=(1, 9 * S))
    (first.parent / "readme.txt").write_text("mine")
    [(folder, changed_ns)] = shelf.folders()
    assert (folder, changed_ns) == (first.parent, first.parent.stat().st_mtime_ns)
    found = shelf.events_in(folder)
    assert list(found) == [event.id]
    assert (found[event.id].size_bytes, found[event.id].newest_ns) == (8192 + 4096, 9 * S)
