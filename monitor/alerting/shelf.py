"""The files of events on disk: how much room they take, and taking them away. Knows no row of the event store.

They lie as `events/DATE/CAMERA/ID.*` and `ID-*`, see `snapshots.event_file`; an entry may be a folder. What begins with
a dot is unfinished.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from monitor.alerting.snapshots import event_file
from monitor.types import Event

_S = 1_000_000_000
_OWNER = re.compile(r"\.?([0-9a-f]{16})[.-]")
# A folder's time changes with its entries, not with what an entry grows by; so it is looked at again after this, until
# nothing has changed in it for so long that nobody writes there any more.
_LOOK_AGAIN_S = 600.0
_AT_REST_S = 86_400.0
# File systems tell times in steps: a folder that was just written may be written again in the same step.
_STEP_S = 2.0
_BLOCK = 512  # bytes; what st_blocks counts, whatever the file system has


@dataclass(frozen=True, slots=True)
class Files:
    """Those of one event in one folder: bytes that they take, and the wall time of the newest."""

    size_bytes: int
    newest_ns: int


@dataclass(frozen=True, slots=True)
class _Measured:
    changed_ns: int
    at_ns: int
    size_bytes: int


class Shelf:
    """Everything below `root/events`. Not for several threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._top = root / "events"
        self._measured: dict[Path, _Measured] = {}

    def used_bytes(self, now_ns: int) -> int:
        """What everything takes; only folders that changed since the last time are read. `now_ns`: wall time.

        Raises:
            OSError: It cannot be read.
        """
        before, self._measured = self._measured, {}
        total = 0
        for folder in self._folders():
            with suppress(FileNotFoundError):  # taken away meanwhile
                found = self._measure(folder, before.get(folder), now_ns)
                self._measured[folder] = found
                total += found.size_bytes
        return total

    def folders(self) -> Iterator[tuple[Path, int]]:
        """Each folder of one camera and day, with the wall time at which its entries changed last."""
        for day in _subfolders(self._top):
            for folder in _subfolders(day):
                with suppress(FileNotFoundError):
                    yield folder, folder.stat().st_mtime_ns

    def events_in(self, folder: Path) -> Mapping[str, Files]:
        """By id, what a folder has of events; other files are not ours to judge.

        Raises:
            OSError: It cannot be read.
        """
        found: dict[str, Files] = {}
        for entry in _entries(folder):
            owner = _OWNER.match(entry.name)
            if owner is not None:
                size, newest_ns = _tree(entry)
                before = found.get(owner[1], Files(0, 0))
                found[owner[1]] = Files(before.size_bytes + size, max(before.newest_ns, newest_ns))
        return found

    def remove(self, event: Event) -> int:
        """Take away all files of `event`, if there are any; the bytes that this freed.

        Raises:
            OSError: One could not be taken away; those before it were.
        """
        place = self._root / event_file(event, "")
        return self.remove_from(place.parent, place.name)

    def remove_from(self, folder: Path, event_id: str) -> int:
        """As `remove`, by folder and id."""
        freed = 0
        for entry in list(_entries(folder)):
            owner = _OWNER.match(entry.name)
            if owner is not None and owner[1] == event_id:
                freed += _tree(entry)[0]
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    Path(entry.path).unlink(missing_ok=True)
        return freed

    def remove_if_empty(self, folder: Path) -> None:
        """A camera's day without events, and the day if it has no other camera."""
        with suppress(OSError):  # it is not empty, or gone
            folder.rmdir()
            folder.parent.rmdir()

    def _folders(self) -> Iterator[Path]:
        """Those that are measured one by one: of each camera and day, and whatever else lies beside them."""
        yield self._top
        for day in _subfolders(self._top):
            yield day
            yield from _subfolders(day)

    def _measure(self, folder: Path, before: _Measured | None, now_ns: int) -> _Measured:
        changed_ns = folder.stat().st_mtime_ns
        if before is not None and before.changed_ns == changed_ns and not _is_stale(before, now_ns):
            return before
        deep = folder.parent.parent == self._top  # a camera's day; those above are read level by level
        size = 0
        for entry in _entries(folder):
            if deep or not entry.is_dir(follow_symlinks=False):
                size += _tree(entry)[0]
            else:
                with suppress(FileNotFoundError):
                    size += _size(entry.stat(follow_symlinks=False))
        return _Measured(changed_ns, now_ns, size)


def _is_stale(before: _Measured, now_ns: int) -> bool:
    age_s, rested_s = (now_ns - before.at_ns) / _S, (before.at_ns - before.changed_ns) / _S
    return age_s < 0 or rested_s < _STEP_S or (age_s >= _LOOK_AGAIN_S and rested_s < _AT_REST_S)


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Nothing of a folder that is not there."""
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return


def _subfolders(folder: Path) -> Iterator[Path]:
    for entry in _entries(folder):
        if entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)


def _tree(entry: os.DirEntry[str]) -> tuple[int, int]:
    """Bytes and newest time of a file, or of a folder with all that is in it; no link is followed."""
    try:
        stat = entry.stat(follow_symlinks=False)
    except FileNotFoundError:  # taken away, or given its last name, meanwhile
        return 0, 0
    size, newest_ns = _size(stat), stat.st_mtime_ns
    if entry.is_dir(follow_symlinks=False):
        for inner in _entries(Path(entry.path)):
            more, time_ns = _tree(inner)
            size, newest_ns = size + more, max(newest_ns, time_ns)
    return size, newest_ns


def _size(stat: os.stat_result) -> int:
    """As `du` counts, but never less than what can be read of it, which some file systems compress."""
    return max(stat.st_size, stat.st_blocks * _BLOCK)
