"""What cameras did minute by minute, and how long they and their shadows had verdicts. Holds no event."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from monitor.alerting.database import Database
from monitor.stored import Minute
from monitor.types import State

_MINUTE = "SELECT camera, minute, score, limit_, frames, known_s, anomalous, state, light, detectors FROM history"
_peaks = msgspec.json.Decoder(dict[str, float]).decode


class Histories(Database):
    """The part of the event store that is about time, not events."""

    def note_history(self, rows: Sequence[Minute]) -> None:
        """Add to what is known of these minutes: a minute that was interrupted by a restart comes in parts.

        Raises:
            StoreError: Nothing was added.
        """
        query = "INSERT OR REPLACE INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        with self.transaction() as db:
            for row in rows:
                before = _minutes(db, "WHERE camera = ? AND minute = ?", (row.camera, row.minute))
                whole = joined(before[0], row) if before else row
                db.execute(
                    query,
                    (
                        *(whole.camera, whole.minute, whole.score, whole.limit, whole.frames, whole.known_s),
                        *(whole.anomalous, whole.state.value, whole.light),
                        msgspec.json.encode(whole.detectors).decode(),
                    ),
                )

    def history(self, camera: str, since_minute: int, until_minute: int) -> list[Minute]:
        """The minutes of one camera from `since_minute` to `until_minute`, both included, oldest first.

        Minutes since the Unix epoch. Those of which nothing is known are left out.

        Raises:
            StoreError: The store cannot be read.
        """
        where = "WHERE camera = ? AND minute BETWEEN ? AND ? ORDER BY minute"
        with self.searching() as db:
            return _minutes(db, where, (camera, since_minute, until_minute))

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


def joined(first: Minute, then: Minute) -> Minute:
    """Two parts of one minute of one camera, as one."""
    stronger = then if first.score is None or (then.score is not None and then.score > first.score) else first
    peaks = {
        name: max(each[name] for each in (first.detectors, then.detectors) if name in each)
        for name in (*first.detectors, *then.detectors)
    }
    return Minute(
        first.camera,
        first.minute,
        stronger.score,
        stronger.limit,
        first.frames + then.frames,
        first.known_s + then.known_s,
        first.anomalous + then.anomalous,
        then.state,
        then.light or first.light,
        peaks,
    )


def _minutes(db: sqlite3.Connection, where: str, values: tuple[object, ...]) -> list[Minute]:
    rows = db.execute(f"{_MINUTE} {where}", values).fetchall()
    return [
        Minute(camera, minute, score, limit, frames, known_s, anomalous, State(state), light, _peaks(peaks))
        for camera, minute, score, limit, frames, known_s, anomalous, state, light, peaks in rows
    ]
