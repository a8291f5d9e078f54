"""The tables of the event store, from the first version to this one. Opens no file."""

from __future__ import annotations

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
    """
    -- What is asked for often and is rare has an index of its own, with the columns of events_search.
    DROP INDEX events_of_camera;
    CREATE INDEX events_of_camera ON events
        (shadow, camera, began_ns, id, state, score, feedback, protected, held, ended_ns);
    CREATE INDEX events_protected ON events
        (shadow, began_ns, id, camera, state, score, feedback, protected, held, ended_ns) WHERE protected = 1;
    CREATE INDEX events_spoken_of ON events
        (shadow, began_ns, id, camera, state, score, feedback, protected, held, ended_ns) WHERE feedback <> '';
    CREATE INDEX events_held ON events
        (shadow, began_ns, id, camera, state, score, feedback, protected, held, ended_ns) WHERE held <> '';
    """,
)
