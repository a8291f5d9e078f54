"""Events at rest: stored before anyone is told, listed afterwards. Sends nothing; see `outbox` for what is to be sent.

One connection behind one lock, used from the alert loop, the delivery threads and the web threads.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from monitor.alerting.schema import StoreError, open_for_reading, open_for_writing, told_as_store_error
from monitor.sink import telling_key
from monitor.types import Event, Phase

__all__ = ["EventStore", "StoreError"]

_CHAPTER = {Phase.OPENED: 0, Phase.UPDATED: 1, Phase.CLOSED: 2}


class EventStore:
    """The event store of one daemon. The alert process writes it; any other process may open it to read."""

    def __init__(self, path: Path, db: sqlite3.Connection, sinks: Sequence[str]) -> None:
        """Use `open` or `open_read_only`. Every event recorded is to be told to all of `sinks`."""
        self._path = path
        self._db = db
        self._sinks = tuple(sinks)
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path, sinks: Sequence[str] = ()) -> EventStore:
        """Open or make the store at `path`, whose folder exists.

        Raises:
            StoreError: It cannot be opened.
        """
        return cls(path, open_for_writing(path), sinks)

    @classmethod
    def open_read_only(cls, path: Path) -> EventStore:
        """Open an existing store, running daemon or not, without ever writing to it.

        Raises:
            StoreError: It cannot be opened.
        """
        return cls(path, open_for_reading(path), ())

    def record(self, events: Sequence[Event], episodes: Mapping[str, bytes], now_ns: int) -> tuple[str, ...]:
        """Store events, their deliveries and the episode states they came from: all or nothing.

        An event that was stored already, or that is older than what is stored of it, changes nothing.

        Args:
            episodes: By camera; replaces what was stored.
            now_ns: Wall time from which the deliveries are due.

        Returns:
            The sink of each delivery that was suppressed: an UPDATED not sent yet, of an event that has gone on since.

        Raises:
            StoreError: Nothing was stored.
        """
        with self.transaction() as db:
            suppressed = [sink for event in events for sink in self._record_one(db, event, now_ns)]
            for camera, state in episodes.items():
                db.execute("INSERT OR REPLACE INTO episodes VALUES (?, ?)", (camera, state))
        return tuple(suppressed)

    def events(
        self,
        *,
        camera: str | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
        limit: int = 100,
    ) -> list[Event]:
        """The newest events, newest first, that overlap [since, until] in wall time."""
        where, values = ["1"], list[object]()
        for clause, value in (("camera = ?", camera), ("ended_ns >= ?", since_ns), ("began_ns <= ?", until_ns)):
            if value is not None:
                where.append(clause)
                values.append(value)
        # Only the fixed clauses above are put together; every value is bound.
        query = f"SELECT body FROM events WHERE {' AND '.join(where)} ORDER BY began_ns DESC, id LIMIT ?"  # noqa: S608
        return self._bodies(query, (*values, limit))

    def event(self, event_id: str) -> Event | None:
        """The event of this id in its newest phase, or None."""
        found = self._bodies("SELECT body FROM events WHERE id = ?", (event_id,))
        return found[0] if found else None

    def open_events(self) -> list[Event]:
        """Every event that has not closed."""
        return self._bodies("SELECT body FROM events WHERE phase <> 'closed' ORDER BY began_ns", ())

    def episodes(self) -> dict[str, bytes]:
        """The episode states stored last, by camera."""
        with self.reading() as db:
            return dict(db.execute("SELECT camera, state FROM episodes").fetchall())

    def close(self) -> None:
        """Close the file. Closing twice is fine."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """For the outbox, which lives in the same file: everything inside is stored, or nothing is.

        Raises:
            StoreError: Nothing was stored.
        """
        with self._lock, told_as_store_error(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """For the outbox: reads only."""
        with self._lock, told_as_store_error(self._path):
            yield self._db

    def _record_one(self, db: sqlite3.Connection, event: Event, now_ns: int) -> list[str]:
        row = db.execute("SELECT phase, frames FROM events WHERE id = ?", (event.id,)).fetchone()
        if row is not None and (_CHAPTER[event.phase], event.frames) <= (_CHAPTER[Phase(row[0])], row[1]):
            return []
        if row is not None and row[0] == Phase.CLOSED:
            return []
        body = msgspec.json.encode(event).decode()
        db.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "phase = excluded.phase, ended_ns = excluded.ended_ns, frames = excluded.frames, body = excluded.body",
            (event.id, event.camera, event.phase.value, event.began_ns, event.ended_ns, event.frames, body),
        )
        suppressed = db.execute(
            "UPDATE deliveries SET state = 'suppressed' WHERE event = ? AND phase = 'updated' AND state = 'pending' "
            "RETURNING sink",
            (event.id,),
        ).fetchall()
        db.executemany(
            "INSERT OR IGNORE INTO deliveries (event, sink, telling, phase, body, due_ns) VALUES (?, ?, ?, ?, ?, ?)",
            [(event.id, sink, telling_key(event), event.phase.value, body, now_ns) for sink in self._sinks],
        )
        return [sink for (sink,) in suppressed]

    def _bodies(self, query: str, values: Sequence[object]) -> list[Event]:
        with self.reading() as db:
            rows = db.execute(query, tuple(values)).fetchall()
        return [_DECODE(body) for (body,) in rows]


_DECODE: Callable[[str], Event] = msgspec.json.Decoder(Event).decode
