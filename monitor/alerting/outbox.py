"""What is still to be told to whom, kept in the event store so that it survives a restart. Calls no sink."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from monitor.alerting.store import EventStore
from monitor.types import Event

_EVENT = msgspec.json.Decoder(Event)


@dataclass(frozen=True, slots=True)
class Due:
    """One telling that is to be tried now; `attempts` were made before."""

    id: int
    event: Event
    attempts: int


class Outbox:
    """The deliveries of one sink. Within one event they keep their order; different events do not wait for another."""

    def __init__(self, store: EventStore, sink: str) -> None:
        self.sink = sink
        self._store = store

    def next_due(self, now_ns: int, horizon_ns: int) -> Due | None:
        """The oldest delivery that is due and behind no other of its event.

        Args:
            now_ns: Wall time.
            horizon_ns: No delivery is ever put off for longer; one that seems to be was put off before the wall clock
                was set back, and is due.

        Raises:
            StoreError: The store cannot be read.
        """
        query = """
            SELECT id, body, attempts FROM deliveries AS d
            WHERE sink = ? AND state = 'pending' AND (due_ns <= ? OR due_ns > ?) AND NOT EXISTS (
                SELECT 1 FROM deliveries WHERE sink = d.sink AND event = d.event AND state = 'pending' AND id < d.id)
            ORDER BY id LIMIT 1"""
        with self._store.reading() as db:
            row = db.execute(query, (self.sink, now_ns, now_ns + horizon_ns)).fetchone()
        return None if row is None else Due(row[0], _EVENT.decode(row[1]), row[2])

    def pending(self) -> int:
        """Deliveries not made yet.

        Raises:
            StoreError: The store cannot be read.
        """
        query = "SELECT count(*) FROM deliveries WHERE sink = ? AND state = 'pending'"
        with self._store.reading() as db:
            return int(db.execute(query, (self.sink,)).fetchone()[0])

    def sent(self, due: Due) -> None:
        """It was told.

        Raises:
            StoreError: Not noted; it will be told again.
        """
        self._note(
            "UPDATE deliveries SET state = 'sent', attempts = attempts + 1, error = NULL WHERE id = ?", (due.id,)
        )

    def put_off(self, due: Due, until_ns: int, error: str) -> None:
        """It failed and is tried again at `until_ns`, wall time; unless it was suppressed meanwhile.

        Raises:
            StoreError: Not noted; it is due as before.
        """
        query = (
            "UPDATE deliveries SET attempts = attempts + 1, due_ns = ?, error = ? WHERE id = ? AND state = 'pending'"
        )
        self._note(query, (until_ns, error, due.id))

    def bury(self, due: Due, error: str) -> None:
        """It failed for good: a dead letter, kept for people to look at.

        Raises:
            StoreError: Not noted; it is due as before.
        """
        self._note(
            "UPDATE deliveries SET state = 'dead', attempts = attempts + 1, error = ? WHERE id = ?", (error, due.id)
        )

    def _note(self, query: str, values: tuple[object, ...]) -> None:
        with self._store.transaction() as db:
            db.execute(query, values)
