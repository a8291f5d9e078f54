"""Dead letters: deliveries that were given up, for people to look at and have told after all. A part of the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.alerting.database import Database
from monitor.alerting.telling import decode_event
from monitor.types import Event


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One delivery that was given up.

    Attributes:
        id: Of the delivery.
        event: As it was to be told.
        attempts: That were made.
        error: Why the last one failed; it holds no secret.
        died_ns: Wall time at which it was given up; 0 if that was not noted.
    """

    id: int
    sink: str
    event: Event
    attempts: int
    error: str
    died_ns: int


class Letters(Database):
    """The dead letters of all sinks."""

    def dead_letters(self, sink: str | None = None) -> list[DeadLetter]:
        """Of one sink or of all, also of sinks that are configured no more; oldest first.

        Raises:
            StoreError: The store cannot be read.
        """
        query = """
            SELECT id, sink, body, attempts, coalesce(error, ''), done_ns FROM deliveries
            WHERE state = 'dead' AND sink = coalesce(?, sink) ORDER BY id"""
        with self.searching() as db:
            rows = db.execute(query, (sink,)).fetchall()
        return [DeadLetter(row[0], row[1], decode_event(row[2]), *row[3:]) for row in rows]

    def resend(self, sink: str | None, ids: Sequence[int] | None, now_ns: int) -> int:
        """Let dead letters be told after all: from now on they are tried as if they were new.

        Args:
            sink: Of this sink only; None: of all.
            ids: Only these deliveries; None: whatever is dead.
            now_ns: Wall time.

        Returns:
            How many there were.

        Raises:
            StoreError: Nothing was changed.
        """
        with self.transaction() as db:
            rows = db.execute("SELECT id, sink FROM deliveries WHERE state = 'dead'").fetchall()
            chosen = [i for i, name in rows if sink in {None, name} and (ids is None or i in ids)]
            db.executemany(
                "UPDATE deliveries SET state = 'pending', attempts = 0, due_ns = ?, done_ns = 0 WHERE id = ?",
                [(now_ns, each) for each in chosen],
            )
        return len(chosen)

    def told(self) -> dict[str, dict[str, int]]:
        """By sink and state (pending, sent, suppressed, dead): how many deliveries of the stored events there are.

        Raises:
            StoreError: The store cannot be read.
        """
        found: dict[str, dict[str, int]] = {}
        with self.searching() as db:
            rows = db.execute("SELECT sink, state, count(*) FROM deliveries GROUP BY sink, state").fetchall()
        for sink, state, number in rows:
            found.setdefault(sink, {})[state] = number
        return found
