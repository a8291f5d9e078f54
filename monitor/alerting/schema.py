"""The database file: how it is opened, its tables, and how an older file is brought up to date. Holds no queries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

# Each entry brings a file from version i to i + 1 (`PRAGMA user_version`). Never edit one that was released.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE events (
        id TEXT PRIMARY KEY,
        camera TEXT NOT NULL,
        phase TEXT NOT NULL CHECK (phase IN ('opened', 'updated', 'closed')),
        began_ns INTEGER NOT NULL,
        ended_ns INTEGER NOT NULL,
        frames INTEGER NOT NULL,
        body TEXT NOT NULL           -- the Event as JSON
    ) STRICT;
    CREATE INDEX events_newest ON events (began_ns DESC);
    CREATE INDEX events_of_camera ON events (camera, began_ns DESC);
    CREATE INDEX events_open ON events (camera) WHERE phase <> 'closed';
    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        event TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
        sink TEXT NOT NULL,
        telling TEXT NOT NULL,       -- telling_key: one telling of one event
        phase TEXT NOT NULL,
        body TEXT NOT NULL,          -- the Event as it was to be told
        state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'suppressed', 'dead')),
        attempts INTEGER NOT NULL DEFAULT 0,
        due_ns INTEGER NOT NULL,     -- wall time: it must mean something after a restart
        error TEXT,
        UNIQUE (sink, telling)
    ) STRICT;
    CREATE INDEX deliveries_pending ON deliveries (sink, event, id) WHERE state = 'pending';
    CREATE INDEX deliveries_of_event ON deliveries (event);
    CREATE TABLE episodes (
        camera TEXT PRIMARY KEY,
        state BLOB NOT NULL
    ) STRICT;
    """,
    """
    ALTER TABLE events ADD COLUMN stored_ns INTEGER NOT NULL DEFAULT 0;    -- wall time at which it was told or held
    ALTER TABLE events ADD COLUMN ground TEXT NOT NULL DEFAULT 'limit' CHECK (ground IN ('limit', 'early', 'rule'));
    ALTER TABLE events ADD COLUMN held TEXT NOT NULL DEFAULT '';           -- why it was not told at once
    ALTER TABLE events ADD COLUMN also INTEGER NOT NULL DEFAULT 0;         -- held events that it is told for
    -- told: each phase is delivered; waiting: held until a digest; behind: another event was told for it.
    ALTER TABLE events ADD COLUMN telling TEXT NOT NULL DEFAULT 'told' CHECK (telling IN ('told', 'waiting', 'behind'));
    UPDATE events SET stored_ns = began_ns;
    CREATE INDEX events_of_day ON events (stored_ns);
    CREATE INDEX events_waiting ON events (camera, stored_ns) WHERE telling = 'waiting';
    """,
    """
    -- 1: raised by a camera's shadow; never delivered, and held ones are never told in a digest.
    ALTER TABLE events ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0 CHECK (shadow IN (0, 1));
    CREATE INDEX events_of_shadow ON events (camera, began_ns) WHERE shadow = 1;
    CREATE TABLE watched (           -- of cameras with a shadow: how long each of the two had verdicts
        camera TEXT NOT NULL,
        shadow INTEGER NOT NULL CHECK (shadow IN (0, 1)),
        hour INTEGER NOT NULL,       -- hours since the Unix epoch, wall time of the frames
        seconds REAL NOT NULL,
        PRIMARY KEY (camera, shadow, hour)
    ) STRICT;
    """,
    """
    -- What events are searched by; the first four out of the body, as of the strongest frame.
    ALTER TABLE events ADD COLUMN score REAL NOT NULL DEFAULT 0;
    ALTER TABLE events ADD COLUMN limit_ REAL NOT NULL DEFAULT 0;
    ALTER TABLE events ADD COLUMN p_value REAL;
    ALTER TABLE events ADD COLUMN state TEXT NOT NULL DEFAULT '';
    ALTER TABLE events ADD COLUMN words TEXT NOT NULL DEFAULT '';          -- all that is said of it, case folded
    ALTER TABLE events ADD COLUMN protected INTEGER NOT NULL DEFAULT 0 CHECK (protected IN (0, 1));
    ALTER TABLE events ADD COLUMN feedback TEXT NOT NULL DEFAULT '' CHECK (feedback IN ('', 'normal', 'unusual'));
    ALTER TABLE events ADD COLUMN size_bytes INTEGER;                      -- of its files; NULL: not looked at yet
    UPDATE events SET
        score = coalesce(json_extract(body, '$.score'), 0),
        limit_ = coalesce(json_extract(body, '$.limit'), 0),
        p_value = json_extract(body, '$.p_value'),
        state = coalesce(json_extract(body, '$.state'), ''),
        words = lower(camera || ' ' || coalesce(json_extract(body, '$.cause'), '') || ' ' || held || ' ' || coalesce((
            SELECT group_concat(json_extract(value, '$.detector') || ' ' || json_extract(value, '$.text'), ' ')
            FROM json_each(body, '$.reasons')), ''));
    -- Every filter is answered out of one index, whatever they are together; searched words have a wider one.
    CREATE INDEX events_search ON events
        (shadow, began_ns, id, camera, state, score, feedback, protected, held, ended_ns);
    CREATE INDEX events_words ON events
        (shadow, began_ns, id, words, camera, state, score, feedback, protected, held, ended_ns);
    CREATE INDEX events_unprotected ON events (ended_ns) WHERE phase = 'closed' AND protected = 0;
    DROP INDEX events_newest;                                              -- events_search is as good
    -- No reference to its event: what people said outlives it.
    CREATE TABLE feedback (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        event TEXT NOT NULL,
        camera TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('normal', 'unusual')),
        who TEXT NOT NULL,
        at_ns INTEGER NOT NULL,
        note TEXT NOT NULL,
        undone_ns INTEGER,           -- NULL: it holds
        undone_by TEXT,
        body TEXT NOT NULL           -- JSON, of whoever makes a model of it
    ) STRICT;
    CREATE INDEX feedback_of_event ON feedback (event);
    CREATE INDEX feedback_of_camera ON feedback (camera, id);
    CREATE TABLE audit (             -- who changed what; only ever added to, the oldest go
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ns INTEGER NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        where_ TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT;
    CREATE TABLE history (           -- one camera's minute, of live judgements
        camera TEXT NOT NULL,
        minute INTEGER NOT NULL,     -- minutes since the Unix epoch, wall time of the frames
        score REAL,                  -- the strongest; NULL while unknown, and so the limit
        limit_ REAL,
        frames INTEGER NOT NULL,
        known_s REAL NOT NULL,       -- seconds with verdicts
        anomalous INTEGER NOT NULL,  -- frames
        state TEXT NOT NULL,         -- the last in it
        light TEXT NOT NULL,
        detectors TEXT NOT NULL,     -- JSON {name: peak}
        PRIMARY KEY (camera, minute)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE deliveries ADD COLUMN done_ns INTEGER NOT NULL DEFAULT 0;  -- wall time: sent, suppressed or given up
    CREATE INDEX deliveries_sent ON deliveries (sink, done_ns) WHERE state = 'sent';
    CREATE INDEX deliveries_dead ON deliveries (sink, id) WHERE state = 'dead';
    """,
)

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
