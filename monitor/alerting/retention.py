"""How long events are kept: by age, by the room they may take, and by the room that is left on the disk.

The oldest go first; protected ones, open ones and those that somebody is still to be told of never do. It works in
small pieces: between two of them whoever stores an event has its turn. What is left of events that were never stored
is `sweep`'s business.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from monitor.alerting.clock import Clock
from monitor.alerting.disk import DiskWatch, Room
from monitor.alerting.shelf import Shelf
from monitor.alerting.store import EventStore
from monitor.types import Event
from monitor.views import DiskView, Trouble

_S = 1_000_000_000
_DAY_S = 86_400.0
_LATEST_NS = 2**63 - 1
# One piece of work: some milliseconds of the store's time.
_MOST_AT_ONCE = 8
# It looks again so often, at least and at most. Unit: seconds.
_LOOK_S = 2.0
_HURRY_S = 0.1
_PAGES_AT_ONCE = 128
# For lack of room on the disk, whoever fills it, nothing of the last day goes: it may be what somebody looks for now.
_RECENT_S = _DAY_S

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept.

    Attributes:
        days: Events go this long after they ended; None: age does not matter.
        quota_bytes: Everything below `events/` and the event store take no more.
        keep_free_bytes: So much of the disk is left to others.
        settled_s: An event is left alone for so long after it ended: it may go on, and its clip is on its way.
    """

    days: float | None
    quota_bytes: int
    keep_free_bytes: int
    settled_s: float

    @property
    def wanted_bytes(self) -> int:
        """Below the quota by what may come between two looks: a twentieth, but at least 16 MB or a quarter of it."""
        return self.quota_bytes - max(self.quota_bytes // 20, min(self.quota_bytes // 4, 16_000_000))


class Counts(Protocol):
    """Told of what is measured and deleted; the metrics."""

    def looked(self, view: DiskView) -> None:
        """The disk was looked at."""

    def deleted(self, reason: str, events: int) -> None:
        """So many events were deleted: "age", "quota" or "room"."""


class Retention:
    """The deleting, piece by piece. For one thread; `view` and `trouble` may be read from any."""

    def __init__(self, store: EventStore, root: Path, limits: Limits, counts: Counts, clock: Clock) -> None:
        """Args: root: the data folder."""
        self._store, self._root, self._limits = store, root, limits
        self._counts, self._clock = counts, clock
        self._shelf = Shelf(root)
        self._watch = DiskWatch(limits.quota_bytes, limits.keep_free_bytes)
        self._stuck = False
        self._measured: tuple[int, int] | None = None  # bytes used, and when: monotonic
        self._view: DiskView | None = None
        self._trouble: Trouble | None = None
        self._next_look_s = _LOOK_S

    @property
    def view(self) -> DiskView | None:
        """The room as last measured; None before the first time."""
        return self._view

    @property
    def trouble(self) -> Trouble | None:
        """What is wrong with the room; None if nothing is."""
        return self._trouble

    @property
    def next_look_s(self) -> float:
        """In how many seconds to look again: sooner when much is written and little room is left, 0.1 to 2."""
        return self._next_look_s

    def run_once(self) -> bool:
        """One piece of work; whether there is more to do at once.

        Raises:
            OSError: The folder cannot be read, or no file of what should go be taken away.
            StoreError: The store cannot be read or written.
        """
        room = self._measure()
        unused = self._store.unused_bytes()
        deleted = self._too_old() or self._too_much(room.used_bytes - unused) or self._too_full(room)
        if unused:
            self._store.shrink(_PAGES_AT_ONCE)
        return deleted or unused > 0

    def _measure(self) -> Room:
        now_ns = self._clock.wall_ns()
        used_bytes = self._shelf.used_bytes(now_ns) + self._store.file_bytes()
        room = Room(shutil.disk_usage(self._root).free, used_bytes)
        self._next_look_s = self._pace(used_bytes, self._clock.mono_ns())
        self._view = self._watch.look(room, self._clock.mono_ns())
        self._counts.looked(self._view)
        self._trouble = _crowded(room, now_ns) if self._stuck else self._watch.trouble(self._view, now_ns)
        return room

    def _pace(self, used_bytes: int, mono_ns: int) -> float:
        """Half of the time in which what was written of late would fill what is left of the quota."""
        before, self._measured = self._measured, (used_bytes, mono_ns)
        if before is None or mono_ns <= before[1]:
            return _LOOK_S
        written_a_s = (used_bytes - before[0]) * _S / (mono_ns - before[1])
        left_s = (self._limits.quota_bytes - used_bytes) / written_a_s if written_a_s > 0 else math.inf
        # Slower again only step by step: deleting hides what is written.
        return min(_LOOK_S, max(_HURRY_S, min(left_s / 2, self._next_look_s * 1.1)))

    def _too_old(self) -> bool:
        if self._limits.days is None:
            return False
        kept_ns = int(max(self._limits.days * _DAY_S, self._limits.settled_s) * _S)
        old = self._store.deletable(0, self._clock.wall_ns() - kept_ns, _MOST_AT_ONCE)
        return self._delete(old, "age") > 0

    def _too_much(self, used_bytes: int) -> bool:
        over = used_bytes - self._limits.wanted_bytes
        if over <= 0:
            self._stuck = False
            return False
        self._stuck = self._delete(self._oldest(self._limits.settled_s), "quota", over) == 0
        return not self._stuck

    def _too_full(self, room: Room) -> bool:
        short = self._limits.keep_free_bytes - room.free_bytes
        if short <= 0:
            return False
        return self._delete(self._oldest(max(_RECENT_S, self._limits.settled_s)), "room", short) > 0

    def _oldest(self, rested_s: float) -> Sequence[Event]:
        """What seems to be of the future was stored before the wall clock was set back, and goes last."""
        now_ns, rested_ns = self._clock.wall_ns(), int(rested_s * _S)
        past = self._store.deletable(0, now_ns - rested_ns, _MOST_AT_ONCE)
        return past or self._store.deletable(now_ns + rested_ns, _LATEST_NS, _MOST_AT_ONCE)

    def _delete(self, events: Sequence[Event], reason: str, enough_bytes: float = math.inf) -> int:
        gone = self._store.delete(events, self._shelf.remove, enough_bytes) if events else 0
        if gone:
            self._counts.deleted(reason, gone)
            _log.info("events deleted", reason=reason, events=gone)
        return gone


def _crowded(room: Room, now_ns: int) -> Trouble:
    what = f"the quota is used up, {room.used_bytes / 1e6:.0f} MB, by events that are protected, open or not told yet"
    remedy = "raise retention.quota_mb, or unprotect some: rareframe events list --protected"
    return Trouble("disk", "", what, now_ns, remedy)
