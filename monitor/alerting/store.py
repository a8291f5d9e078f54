"""Events at rest: stored before anyone is told, listed afterwards. Sends nothing; see `outbox` for what is to be sent.

Whether a new event is told at once is decided in the transaction that stores it: no crash comes between the two. What
is found again is `search`'s, what people say of it `answers`', what is about time `history`'s, what goes `deletion`'s.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from monitor.alerting.answers import Answers
from monitor.alerting.deletion import Deletions
from monitor.alerting.history import Histories
from monitor.alerting.letters import Letters
from monitor.alerting.schema import StoreError, open_for_reading, open_for_writing
from monitor.alerting.search import Searches, words_of
from monitor.alerting.telling import TOLD, Valve, deliver, digests, is_due, tallies, telling_of
from monitor.types import Event, Phase
from monitor.views import Tally

__all__ = ["EventStore", "Recorded", "StoreError"]

_CHAPTER = {Phase.OPENED: 0, Phase.UPDATED: 1, Phase.CLOSED: 2}
# Not REPLACE, which would delete the event's deliveries with it.
_RECORD = """
    INSERT INTO events (
        id, camera, phase, began_ns, ended_ns, frames, body, stored_ns, ground, held, also, telling, shadow,
        score, limit_, p_value, state, words
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        phase = excluded.phase, ended_ns = excluded.ended_ns, frames = excluded.frames, body = excluded.body,
        ground = excluded.ground, telling = excluded.telling, score = excluded.score, limit_ = excluded.limit_,
        p_value = excluded.p_value, state = excluded.state, words = excluded.words"""


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


class EventStore(Searches, Answers, Histories, Deletions, Letters):
    """The event store of one daemon. The alert process records in it; any other process may open it beside that."""

    def __init__(
        self, path: Path, db: sqlite3.Connection, reader: sqlite3.Connection, sinks: Sequence[str] = ()
    ) -> None:
        """Use one of the ways to open it. Every event recorded is to be told to all of `sinks`."""
        super().__init__(path, db, reader)
        self._sinks = tuple(sinks)

    @classmethod
    def open(cls, path: Path, sinks: Sequence[str] = ()) -> EventStore:
        """Open or make the store at `path`, whose folder exists.

        Raises:
            StoreError: It cannot be opened.
        """
        db = open_for_writing(path)
        try:
            return cls(path, db, open_for_reading(path), sinks)
        except StoreError:
            db.close()
            raise

    @classmethod
    def open_beside(cls, path: Path) -> EventStore:
        """Open an existing store, running daemon or not, to change what people may change. Records no event.

        Raises:
            StoreError: It cannot be opened.
        """
        db = open_for_writing(path, beside=True)
        return cls(path, db, db)

    @classmethod
    def open_read_only(cls, path: Path) -> EventStore:
        """Open an existing store, running daemon or not, without ever writing to it.

        Raises:
            StoreError: It cannot be opened.
        """
        db = open_for_reading(path)
        return cls(path, db, db)

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

    def episodes(self) -> dict[str, bytes]:
        """The episode states stored last, by camera."""
        with self.reading() as db:
            return dict(db.execute("SELECT camera, state FROM episodes").fetchall())

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
        db.execute(
            _RECORD,
            (
                *(event.id, event.camera, event.phase.value, event.began_ns, event.ended_ns, event.frames, body),
                *(now_ns, telling.ground.value, telling.held, telling.also, telling.state, event.shadow),
                *(event.score, event.limit, event.p_value, event.state.value, words_of(event)),
            ),
        )
        told = telling.state == TOLD and not event.shadow
        return event, deliver(db, event, self._sinks, now_ns) if told else []
