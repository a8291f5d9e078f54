"""Files that belong to no stored event go, after a day; what files take is noted with their events. Deletes no event.

Such files are left by a crash between a picture and its event, or by a clip that came after its event was deleted. A
row whose files somebody else took away stays, with nothing to show and a size of 0, until it is old enough to go.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import structlog

from monitor.alerting.clock import Clock
from monitor.alerting.shelf import Files, Shelf
from monitor.alerting.store import EventStore

_S = 1_000_000_000
_EVERY_NS = 3600 * _S
# While the store fails, events wait in memory and their files are there already.
_ORPHAN_NS = 86_400 * _S
# An empty folder of a day goes when nobody can be about to write there.
_EMPTY_DAYS = 2

_log = structlog.get_logger(__name__)


class Sweep:
    """One folder of a camera's day after the other, each hour those that changed. For one thread."""

    def __init__(self, store: EventStore, root: Path, history_days: float, clock: Clock) -> None:
        """Args: root: the data folder; history_days: the minutes of cameras go after this."""
        self._store, self._shelf, self._clock = store, Shelf(root), clock
        self._history_days = history_days
        self._swept: dict[Path, int] = {}
        self._to_do: list[tuple[Path, int]] = []
        self._due_mono_ns: int | None = None

    def run_once(self) -> bool:
        """One folder, if it is time; whether there are more.

        Raises:
            OSError: A folder cannot be read, or a file be taken away.
            StoreError: The store cannot be read or written.
        """
        now_ns = self._clock.mono_ns()
        if self._due_mono_ns is None or now_ns >= self._due_mono_ns:
            self._due_mono_ns = now_ns + _EVERY_NS
            self._begin()
        if self._to_do:
            self._folder(*self._to_do.pop())
        return bool(self._to_do)

    def _begin(self) -> None:
        self._store.forget_history(int((self._clock.wall_ns() / _S - self._history_days * 86_400) / 60))
        there = dict(self._shelf.folders())
        self._swept = {folder: at_ns for folder, at_ns in self._swept.items() if folder in there}
        self._to_do = [(folder, at_ns) for folder, at_ns in there.items() if self._swept.get(folder) != at_ns]

    def _folder(self, folder: Path, changed_ns: int) -> None:
        files = self._shelf.events_in(folder)
        stored = self._store.stored(files)
        self._store.note_sizes({event_id: each.size_bytes for event_id, each in files.items() if event_id in stored})
        young = self._orphans(folder, {event_id: each for event_id, each in files.items() if event_id not in stored})
        if not files and _is_past(folder.parent.name, self._clock.wall_ns()):
            self._shelf.remove_if_empty(folder)
        if not young:
            self._swept[folder] = changed_ns

    def _orphans(self, folder: Path, orphans: Mapping[str, Files]) -> bool:
        """Take away those that are old enough; whether some are not."""
        now_ns = self._clock.wall_ns()
        old = [event_id for event_id, each in orphans.items() if each.newest_ns < now_ns - _ORPHAN_NS]
        for event_id in old:
            self._shelf.remove_from(folder, event_id)
            _log.info("files without an event deleted", id=event_id, folder=str(folder))
        return len(old) < len(orphans)


def _is_past(day: str, now_ns: int) -> bool:
    with suppress(ValueError):
        return date.fromisoformat(day) + timedelta(days=_EMPTY_DAYS) < datetime.fromtimestamp(now_ns / _S, UTC).date()
    return False
