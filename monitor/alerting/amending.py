"""What an event gets after it was stored, clip and full picture: in the store, and in what is still to be told."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from monitor.alerting.store import EventStore
from monitor.alerting.telling import decode_event
from monitor.types import Event

_TELL_BEFORE = (
    "UPDATE deliveries SET due_ns = min(due_ns, ?) "
    "WHERE event = ? AND phase = 'closed' AND state = 'pending' AND attempts = 0"
)


def amend(store: EventStore, event_id: str, clip: str | None, full: str | None, now_ns: int) -> Event | None:
    """Store the names of an event's files; None if it is not stored (yet).

    A closing that waits for the clip (see `wait_for_clip`) is due at `now_ns`, wall time.

    Raises:
        StoreError: Nothing was changed.
    """
    with store.transaction() as db:
        row = db.execute("SELECT body FROM events WHERE id = ?", (event_id,)).fetchone()
        if row is None:
            return None
        event = replace(decode_event(row[0]), clip=clip, full=full)
        db.execute("UPDATE events SET body = ? WHERE id = ?", (_body(event), event_id))
        query = "SELECT id, body FROM deliveries WHERE event = ? AND state = 'pending'"
        for delivery, body in db.execute(query, (event_id,)).fetchall():
            told = replace(decode_event(body), clip=clip, full=full)
            db.execute("UPDATE deliveries SET body = ? WHERE id = ?", (_body(told), delivery))
        if clip is not None:
            db.execute(_TELL_BEFORE, (now_ns, event_id))
    return event


def wait_for_clip(store: EventStore, event_id: str, until_ns: int) -> None:
    """Do not tell of its closing before `until_ns`, wall time: its clip is on its way.

    Raises:
        StoreError: It is told at once.
    """
    with store.transaction() as db:
        query = (
            "UPDATE deliveries SET due_ns = ? "
            "WHERE event = ? AND phase = 'closed' AND state = 'pending' AND attempts = 0"
        )
        db.execute(query, (until_ns, event_id))


def wait_no_longer(store: EventStore, event_id: str, now_ns: int) -> None:
    """There will be no clip.

    Raises:
        StoreError: It is told a little later.
    """
    with store.transaction() as db:
        db.execute(_TELL_BEFORE, (now_ns, event_id))


def _body(event: Event) -> str:
    return msgspec.json.encode(event).decode()
