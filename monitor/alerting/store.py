"""Events at rest: stored before anyone is told, listed afterwards. Sends nothing; see `outbox` for what is to be sent.

Whether a new event is told at once is decided in the transaction that stores it: no crash comes between the two. One
connection behind one lock, used from the alert loop, the delivery threads and the web threads.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from monitor.alerting.schema import StoreError, open_for_reading, open_for_writing, told_as_store_error
from monitor.alerting.telling import TOLD, Valve, decode_event, deliver, digests, is_due, tallies, telling_of
from monitor.types import Event, Phase
from monitor.views import Tally

__all__ = ["EventStore", "Recorded", "StoreError"]

_CHAPTER = {Phase.OPENED: 0, Phase.UPDATED: 1, Phase.CLOSED: 2}


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of events that were to be stored.

    Attributes:
        events: Those that were new, as they were stored: with why they are held, if they are.
        overtaken: The sink of each delivery that is not needed any more: one that was not sent yet, of an event that
            has gone on since.
    """

    events: tuple[Event, ...]
    overtaken: tuple[str, ...]


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

    def record(
        self, events: Sequence[Event], episodes: Mapping[str, bytes], now_ns: int, valve: Valve | None = None
    ) -> Recorded:
        """Store events, their deliveries and the episode states they came from: all or nothing.

        An event that was stored already, or that is older than what is stored of it, changes nothing. One that is
        held, or a shadow's, is stored without a delivery.

        Args:
            episodes: By camera; replaces what was stored, or if empty deletes it.
            now_ns: Wall time from which the deliveries are due.
            valve: Decides which new events are held; None: none is.

        Raises:
            StoreError: Nothing was stored.
        """
        stored, overtaken = list[Event](), list[str]()
        with self.transaction() as db:
            for event in events:
                told = self._record_one(db, event, valve, now_ns)
                if told is not None:
                    stored.append(told[0])
                    overtaken += told[1]
            for camera, state in episodes.items():
                if state:
                    db.execute("INSERT OR REPLACE INTO episodes VALUES (?, ?)", (camera, state))
                else:
                    db.execute("DELETE FROM episodes WHERE camera = ?", (camera,))
        return Recorded(tuple(stored), tuple(overtaken))

    def digest(self, valve: Valve, now_ns: int) -> tuple[Event, ...]:
        """Of each camera whose held events have waited long enough: the one that is now told for all of them.

        Raises:
            StoreError: They wait as before.
        """
        with self.reading() as db:
            if not is_due(db, valve.digest_s, now_ns):
                return ()
        with self.transaction() as db:
            return tuple(digests(db, valve, self._sinks, now_ns))

    def tallies(self, now_ns: int) -> dict[str, Tally]:
        """What was told and held in the last 24 hours, by camera; those with nothing are left out.

        Raises:
            StoreError: The store cannot be read.
        """
        with self.reading() as db:
            return tallies(db, now_ns)

    def events(
        self,
        *,
        camera: str | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
        limit: int = 100,
        shadow: bool = False,
    ) -> list[Event]:
        """The newest events, newest first, that overlap [since, until] in wall time; of shadows, or of none."""
        where, values = ["shadow = ?"], list[object]([shadow])
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
        """Every event that has not closed, shadows' too."""
        return self._bodies("SELECT body FROM events WHERE phase <> 'closed' ORDER BY began_ns", ())

    def note_watched(self, seconds: Mapping[tuple[str, bool, int], float]) -> None:
        """Add to how long cameras and their shadows had verdicts, by camera, whether the shadow, and hour.

        Raises:
            StoreError: Nothing was added.
        """
        query = (
            "INSERT INTO watched VALUES (?, ?, ?, ?) "
            "ON CONFLICT (camera, shadow, hour) DO UPDATE SET seconds = seconds + excluded.seconds"
        )
        with self.transaction() as db:
            db.executemany(query, [(*key, each) for key, each in seconds.items()])

    def watched(self, since_hour: int) -> dict[tuple[str, bool, int], float]:
        """What `note_watched` was told of `since_hour`, hours since the Unix epoch, and later.

        Raises:
            StoreError: The store cannot be read.
        """
        query = "SELECT camera, shadow, hour, seconds FROM watched WHERE hour >= ?"
        with self.reading() as db:
            rows = db.execute(query, (since_hour,)).fetchall()
        return {(camera, bool(shadow), hour): seconds for camera, shadow, hour, seconds in rows}

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

    def _record_one(
        self, db: sqlite3.Connection, event: Event, valve: Valve | None, now_ns: int
    ) -> tuple[Event, list[str]] | None:
        """The event as it was stored and the sinks of overtaken deliveries; None if it was no news."""
        row = db.execute("SELECT phase, frames FROM events WHERE id = ?", (event.id,)).fetchone()
        if row is not None and (event.frames, _CHAPTER[event.phase]) <= (row[1], _CHAPTER[Phase(row[0])]):
            return None
        telling = telling_of(db, event, valve, now_ns)
        event = replace(event, held=telling.held, also=telling.also)
        body = msgspec.json.encode(event).decode()
        # Not REPLACE, which would delete the event's deliveries with it.
        db.execute(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "phase = excluded.phase, ended_ns = excluded.ended_ns, frames = excluded.frames, body = excluded.body, "
            "ground = excluded.ground, telling = excluded.telling",
            (
                *(event.id, event.camera, event.phase.value, event.began_ns, event.ended_ns, event.frames, body),
                *(now_ns, telling.ground.value, telling.held, telling.also, telling.state, event.shadow),
            ),
        )
        told = telling.state == TOLD and not event.shadow
        return event, deliver(db, event, self._sinks, now_ns) if told else []

    def _bodies(self, query: str, values: Sequence[object]) -> list[Event]:
        with self.reading() as db:
            rows = db.execute(query, tuple(values)).fetchall()
        return [decode_event(body) for (body,) in rows]
