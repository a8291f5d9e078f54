"""The connections to the event store's file: one that writes, one that reads beside it. Knows no table.

The one that writes is behind one lock, used from the alert loop, the delivery threads and the web threads. What takes
longer to read than to write has a connection of its own, so that nobody who searches keeps an event from being stored.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.alerting.schema import told_as_store_error


class Database:
    """One open file. May be used from several threads."""

    def __init__(self, path: Path, db: sqlite3.Connection, reader: sqlite3.Connection) -> None:
        """`reader` may be the same as `db`."""
        self._path = path
        self._db = db
        self._lock = threading.Lock()
        self._reader = reader
        self._reading = self._lock if reader is db else threading.Lock()

    def close(self) -> None:
        """Close the file. Closing twice is fine."""
        with self._reading:
            self._reader.close()
        with self._lock:
            self._db.close()

    def file_bytes(self) -> int:
        """What the file takes on disk, with those that SQLite keeps beside it."""
        files = (self._path.with_name(self._path.name + suffix) for suffix in ("", "-wal", "-shm"))
        return sum(file.stat().st_size for file in files if file.exists())

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """For whoever keeps something in this file: everything inside is stored, or nothing is.

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
        """Reads only, and little: whoever writes waits.

        Raises:
            StoreError: The store cannot be read.
        """
        with self._lock, told_as_store_error(self._path):
            yield self._db

    @contextmanager
    def searching(self) -> Iterator[sqlite3.Connection]:
        """Reads only, as much as it likes: nobody waits but others who search. All that was stored before is seen.

        Raises:
            StoreError: The store cannot be read.
        """
        with self._reading, told_as_store_error(self._path):
            yield self._reader
