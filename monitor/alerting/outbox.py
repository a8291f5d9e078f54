"""What is still to be told to whom, kept in the event store so that it survives a restart. Calls no sink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from monitor.alerting.store import EventStore
from monitor.alerting.telling import decode_event
from monitor.types import Event

# So many are looked at in one go.
_MOST = 64
# Why a telling was suppressed, and with it the whole event: another was told for it, or it came in quiet hours.
BEHIND, QUIET = "told with another", "quiet hours"
_DUE = """
    SELECT id, body, attempts,
        EXISTS (SELECT 1 FROM deliveries WHERE sink = d.sink AND event = d.event AND state IN ('sent', 'dead')),
        EXISTS (SELECT 1 FROM deliveries WHERE sink = d.sink AND event = d.event AND state = 'suppressed'
            AND error IN (?, ?))
    FROM deliveries AS d
    WHERE sink = ? AND state = 'pending' AND (due_ns <= ? OR due_ns > ?) AND NOT EXISTS (
        SELECT 1 FROM deliveries WHERE sink = d.sink AND event = d.event AND state = 'pending' AND id < d.id)
    ORDER BY id LIMIT ?"""
_BEGAN = """
    SELECT count(*) FROM deliveries AS d WHERE sink = ? AND state = 'sent' AND done_ns > ? AND done_ns <= ?
    AND NOT EXISTS (
        SELECT 1 FROM deliveries WHERE sink = d.sink AND event = d.event AND state = 'sent' AND id < d.id)"""
_GOING_ON = """
    SELECT d.body FROM events AS e JOIN deliveries AS d ON d.event = e.id
    WHERE e.phase <> 'closed' AND d.sink = ? AND d.state = 'sent' AND NOT EXISTS (
        SELECT 1 FROM deliveries WHERE sink = d.sink AND event = d.event AND state = 'sent' AND id > d.id)
    ORDER BY d.id"""


@dataclass(frozen=True, slots=True)
class Due:
    """One telling that is to be tried now; `attempts` were made before.

    Attributes:
        heard: The sink was told of this event before.
        behind: Nobody is to be told of this event: another was told for it, or it began in quiet hours.
    """

    id: int
    event: Event
    attempts: int
    heard: bool = False
    behind: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many deliveries are not made yet, and how many were given up."""

    pending: int
    dead: int


class Outbox:
    """The deliveries of one sink. Within one event they keep their order; different events do not wait for another."""

    def __init__(self, store: EventStore, sink: str) -> None:
        self.sink = sink
        self._store = store

    def due(self, now_ns: int, horizon_ns: int) -> list[Due]:
        """The deliveries that are due and behind no other of their event, oldest first, the first few.

        Args:
            now_ns: Wall time.
            horizon_ns: No delivery is ever put off for longer; one that seems to be was put off before the wall clock
                was set back, and is due.

        Raises:
            StoreError: The store cannot be read.
        """
        with self._store.reading() as db:
            values = (BEHIND, QUIET, self.sink, now_ns, now_ns + horizon_ns, _MOST)
            rows = db.execute(_DUE, values).fetchall()
        return [Due(row[0], decode_event(row[1]), row[2], bool(row[3]), bool(row[4])) for row in rows]

    def began(self, since_ns: int, until_ns: int) -> int:
        """Of how many events the first telling was made in this time.

        Raises:
            StoreError: The store cannot be read.
        """
        with self._store.reading() as db:
            return int(db.execute(_BEGAN, (self.sink, since_ns, until_ns)).fetchone()[0])

    def going_on(self) -> list[Event]:
        """The events that this sink was told of and that are not over, as it was told last.

        Raises:
            StoreError: The store cannot be read.
        """
        with self._store.reading() as db:
            return [decode_event(body) for (body,) in db.execute(_GOING_ON, (self.sink,)).fetchall()]

    def waiting(self) -> Waiting:
        """What is not told.

        Raises:
            StoreError: The store cannot be read.
        """
        query = "SELECT count(*) FROM deliveries WHERE sink = ? AND state = "
        with self._store.reading() as db:
            pending = int(db.execute(query + "'pending'", (self.sink,)).fetchone()[0])
            return Waiting(pending, int(db.execute(query + "'dead'", (self.sink,)).fetchone()[0]))

    def sent(self, due: Due, now_ns: int) -> None:
        """It was told.

        Raises:
            StoreError: Not noted; it will be told again.
        """
        query = "UPDATE deliveries SET state = 'sent', attempts = attempts + 1, error = NULL, done_ns = ? WHERE id = ?"
        self._note(query, (now_ns, due.id))

    def put_off(self, due: Due, until_ns: int, error: str) -> None:
        """It failed and is tried again at `until_ns`, wall time; unless it was suppressed meanwhile.

        Raises:
            StoreError: Not noted; it is due as before.
        """
        query = (
            "UPDATE deliveries SET attempts = attempts + 1, due_ns = ?, error = ? WHERE id = ? AND state = 'pending'"
        )
        self._note(query, (until_ns, error, due.id))

    def bury(self, due: Due, error: str, now_ns: int) -> None:
        """It failed for good: a dead letter, kept for people to look at.

        Raises:
            StoreError: Not noted; it is due as before.
        """
        query = "UPDATE deliveries SET state = 'dead', attempts = attempts + 1, error = ?, done_ns = ? WHERE id = ?"
        self._note(query, (error, now_ns, due.id))

    def suppress(self, due: Due, why: str, now_ns: int) -> None:
        """Nobody is told of it.

        Raises:
            StoreError: Not noted; it is due as before.
        """
        query = "UPDATE deliveries SET state = 'suppressed', error = ?, done_ns = ? WHERE id = ? AND state = 'pending'"
        self._note(query, (why, now_ns, due.id))

    def gather(self, told: Due, others: Sequence[Due], now_ns: int) -> None:
        """Tell `told`, as it now is, for all of `others`.

        Raises:
            StoreError: Not noted; all are due as before.
        """
        body = msgspec.json.encode(told.event).decode()
        with self._store.transaction() as db:
            db.execute("UPDATE deliveries SET body = ? WHERE id = ?", (body, told.id))
            db.executemany(
                "UPDATE deliveries SET state = 'suppressed', error = ?, done_ns = ? WHERE id = ?",
                [(BEHIND, now_ns, each.id) for each in others],
            )

    def _note(self, query: str, values: tuple[object, ...]) -> None:
        with self._store.transaction() as db:
            db.execute(query, values)
