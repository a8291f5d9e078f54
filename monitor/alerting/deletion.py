"""Rows of the event store that go for ever, and the file growing smaller for it. Decides not which, and takes no file.

An event goes only if it is closed, not protected, and nobody waits to be told of it; that is looked at in the same
transaction that deletes it, so that nobody's protection comes too late.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence

from monitor.alerting.answers import audited
from monitor.alerting.database import Database
from monitor.alerting.telling import decode_event
from monitor.stored import KeptError, NotStoredError
from monitor.types import Event, Phase

TakeFiles = Callable[[Event], int]

# Told means: no delivery waits, and no digest either.
_MAY_GO = (
    "phase = 'closed' AND protected = 0 AND telling <> 'waiting' "
    "AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event = events.id AND state = 'pending')"
)
_DELETE = f"DELETE FROM events WHERE id = ? AND {_MAY_GO}"  # noqa: S608 - a fixed text
# So many values are bound, or rows written, at once.
_MOST_AT_ONCE = 200
# The audit keeps so many lines.
_AUDIT_LINES = 100_000


class Deletions(Database):
    """The part of the event store that forgets."""

    def deletable(self, since_ns: int, until_ns: int, limit: int) -> list[Event]:
        """The oldest events that may go and ended between the two, wall time.

        Raises:
            StoreError: The store cannot be read.
        """
        query = (
            f"SELECT body FROM events INDEXED BY events_unprotected WHERE {_MAY_GO} "  # noqa: S608 - a fixed text
            "AND ended_ns BETWEEN ? AND ? ORDER BY ended_ns LIMIT ?"
        )
        with self.searching() as db:
            return [decode_event(body) for (body,) in db.execute(query, (since_ns, until_ns, limit)).fetchall()]

    def delete(self, events: Sequence[Event], take_files: TakeFiles, enough_bytes: float = math.inf) -> int:
        """Delete events and their files, the first of them first, until enough is freed; how many that were.

        Left out is what may not go any more, what went on meanwhile, and what has a file that cannot be taken away. A
        row goes with its last file or not at all: a crash leaves events that may go, with fewer files.

        Args:
            take_files: Takes away the files of an event; the bytes that this freed.

        Raises:
            OSError: A file could not be taken away, and nothing was deleted.
            StoreError: The events are still there.
        """
        gone, fault = 0, None
        with self.transaction() as db:
            for event in events:
                if enough_bytes <= 0:
                    break
                db.execute("SAVEPOINT one")
                try:
                    if db.execute(f"{_DELETE} AND ended_ns = ? RETURNING id", (event.id, event.ended_ns)).fetchall():
                        enough_bytes -= take_files(event)
                        gone += 1
                except OSError as error:
                    db.execute("ROLLBACK TO one")
                    fault = error
                db.execute("RELEASE one")
        if fault is not None and not gone:
            raise fault
        return gone

    def remove(self, event_id: str, take_files: TakeFiles, who: str, now_ns: int) -> Event:
        """Delete one event and its files because somebody wants it; the event as it was.

        Raises:
            NotStoredError: No such event.
            KeptError: It may not go; the message says why and what to do.
            OSError: A file could not be taken away; the event is still there.
            StoreError: The event is still there.
        """
        with self.transaction() as db:
            row = db.execute("SELECT body, protected FROM events WHERE id = ?", (event_id,)).fetchone()
            if row is None:
                raise NotStoredError(
                    f"event {event_id}: expected one in the store, got none; it may be deleted already"
                )
            event = decode_event(row[0])
            if not db.execute(f"{_DELETE} RETURNING id", (event_id,)).fetchall():
                raise KeptError(f"event {event_id}: expected one that may be deleted, {_why_kept(event, *row[1:])}")
            audited(db, who, "delete", event_id, f"camera {event.camera}", now_ns)
            take_files(event)
        return event

    def stored(self, ids: Iterable[str]) -> set[str]:
        """Those of these ids that are in the store.

        Raises:
            StoreError: The store cannot be read.
        """
        asked, found = list(ids), set[str]()
        for start in range(0, len(asked), _MOST_AT_ONCE):
            some = asked[start : start + _MOST_AT_ONCE]
            query = f"SELECT id FROM events WHERE id IN ({', '.join('?' * len(some))})"  # noqa: S608 - marks only
            with self.searching() as db:
                found.update(event_id for (event_id,) in db.execute(query, some).fetchall())
        return found

    def note_sizes(self, sizes: Mapping[str, int]) -> None:
        """How many bytes the files of events take, by id; nothing is written of those that are so already.

        Raises:
            StoreError: Some were not noted.
        """
        query = "UPDATE events SET size_bytes = ?1 WHERE id = ?2 AND size_bytes IS NOT ?1"
        rows = [(size, event_id) for event_id, size in sizes.items()]
        for start in range(0, len(rows), _MOST_AT_ONCE):
            with self.transaction() as db:
                db.executemany(query, rows[start : start + _MOST_AT_ONCE])

    def forget_history(self, before_minute: int) -> None:
        """Delete the minutes before that one, and the oldest of too many lines of the audit.

        Raises:
            StoreError: Some were not deleted.
        """
        with self.searching() as db:
            cameras = [camera for (camera,) in db.execute(_CAMERAS).fetchall()]
        for camera in cameras:
            with self.transaction() as db:
                db.execute("DELETE FROM history WHERE camera = ? AND minute < ?", (camera, before_minute))
        with self.transaction() as db:
            db.execute("DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?", (_AUDIT_LINES,))

    def unused_bytes(self) -> int:
        """How much smaller the file could be.

        Raises:
            StoreError: The store cannot be read.
        """
        with self.reading() as db:
            return _pragma(db, "freelist_count") * _pragma(db, "page_size")

    def shrink(self, pages: int) -> None:
        """Give some unused pages back to the file system.

        Raises:
            StoreError: They stay unused for now.
        """
        # `execute` would stop after the first page: the statement has no columns, and so seems to give no row.
        with self.reading() as db:
            db.executescript(f"PRAGMA incremental_vacuum({int(pages)})")


# Each camera by one look into the primary key, however many minutes it has.
_CAMERAS = """
    WITH RECURSIVE each(camera) AS (
        SELECT min(camera) FROM history
        UNION ALL SELECT (SELECT min(camera) FROM history WHERE camera > each.camera) FROM each WHERE camera IS NOT NULL
    ) SELECT camera FROM each WHERE camera IS NOT NULL"""


def _why_kept(event: Event, protected: int) -> str:
    if protected:
        return "got a protected one; `rareframe events unprotect` it first"
    if event.phase is not Phase.CLOSED:
        return "got one that is still going on; wait until it has closed"
    return "got one that somebody is still to be told of; wait until they were, or correct the sink"


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])
