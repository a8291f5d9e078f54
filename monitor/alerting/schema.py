"""The database file: how it is opened, and how an older one is brought up to date. Holds no queries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from monitor.alerting.migrations import MIGRATIONS

# How long a write waits for another process's lock. The alert loop waits with it, so it is short.
_BUSY_S = 1.0
# A command beside the daemon has time.
_PATIENT_S = 10.0
# The journal beside the file is cut to this where it can be.
_JOURNAL_BYTES = 4_000_000
_INCREMENTAL = 2  # as `PRAGMA auto_vacuum` says it
_NO_FILE = "no such file; run the daemon first, or check the data folder"


class StoreError(Exception):
    """The event store cannot be read or written. What was being written is not stored at all; try again later."""


_REMEDIES = {
    "SQLITE_FULL": "the disk is full: make room; what was not stored is tried again by itself",
    "SQLITE_BUSY": "another program holds it locked: close that program (an open sqlite3 shell?)",
    "SQLITE_LOCKED": "another program holds it locked: close that program (an open sqlite3 shell?)",
    "SQLITE_READONLY": "it cannot be written: check owner and permissions of the file and its folder",
    "SQLITE_CANTOPEN": "it cannot be opened: check that its folder exists and may be written",
    "SQLITE_CORRUPT": "the file is damaged: stop rareframe, move it away, restart with a new one",
    "SQLITE_NOTADB": "the file is not an event store: check the data folder in the configuration",
    "SQLITE_IOERR": "the disk fails: check the system log",
}


@contextmanager
def told_as_store_error(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into a StoreError that says which file and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", None) or ""
        remedy = next((text for name, text in _REMEDIES.items() if code.startswith(name)), "see the message")
        raise StoreError(f"event store {path}: {error}; {remedy}") from error


def open_for_writing(path: Path, *, beside: bool = False) -> sqlite3.Connection:
    """Open or make the file, brought up to date; `beside` a daemon that owns it: as it is, and patient with its locks.

    WAL with synchronous=FULL: a committed event survives `kill -9` and a power cut (as far as the disk keeps its
    word). NORMAL would lose the last commits in a power cut; events are few, so the extra fsync costs nothing.

    Raises:
        StoreError: It cannot be opened, or was made by a newer version; `beside`: or an older one, or there is none.
    """
    with told_as_store_error(path):
        if beside and not path.exists():
            raise StoreError(f"event store {path}: {_NO_FILE}")
        wait_s = _PATIENT_S if beside else _BUSY_S
        db = sqlite3.connect(path, timeout=wait_s, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a file that is new: before it has anything in it
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute(f"PRAGMA journal_size_limit = {_JOURNAL_BYTES}")
            if beside:
                _expect_version(db, path, at_least=len(MIGRATIONS))
            else:
                _migrate(db, path)
                _let_it_shrink(db)
        except BaseException:
            db.close()
            raise
        return db


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open an existing file that another process may be writing. Never writes an event.

    Raises:
        StoreError: There is none, or its version is not this program's.
    """
    with told_as_store_error(path):
        if not path.exists():
            raise StoreError(f"event store {path}: {_NO_FILE}")
        db = sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
        try:
            _expect_version(db, path, at_least=len(MIGRATIONS))
        except BaseException:
            db.close()
            raise
        return db


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    version = _expect_version(db, path, at_least=0)
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        try:
            db.executescript(f"BEGIN IMMEDIATE;{script};PRAGMA user_version = {number};COMMIT;")
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _let_it_shrink(db: sqlite3.Connection) -> None:
    """Of a file of before that was thought of, which is written anew once; if it cannot be, it only stays as large."""
    if db.execute("PRAGMA auto_vacuum").fetchone() == (_INCREMENTAL,):
        return
    with suppress(sqlite3.Error):
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("VACUUM")


def _expect_version(db: sqlite3.Connection, path: Path, at_least: int) -> int:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise StoreError(
            f"event store {path}: made by a newer rareframe (version {version}, this one knows {len(MIGRATIONS)}); "
            "install the newer rareframe again"
        )
    if version < at_least:
        raise StoreError(
            f"event store {path}: of version {version}, expected {at_least}; "
            "start the daemon once to bring it up to date"
        )
    return version
