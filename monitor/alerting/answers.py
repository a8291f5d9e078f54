"""What people make of stored events: protected ones, feedback, and who changed what. Deletes nothing."""

from __future__ import annotations

import sqlite3

from monitor.alerting.database import Database
from monitor.stored import AuditEntry, Feedback, Kind, NotStoredError

_FEEDBACK = "SELECT id, event, camera, kind, who, at_ns, note, undone_ns, undone_by, body FROM feedback"


class Answers(Database):
    """The part of the event store that people write. Each change and its line in the audit are one."""

    def protect(self, event_id: str, on: bool, who: str, now_ns: int) -> None:
        """Keep an event for ever, or (`on` False) no longer. What is so already changes nothing.

        Raises:
            NotStoredError: No such event.
            StoreError: Nothing was changed.
        """
        with self.transaction() as db:
            camera, before = _event(db, event_id, "protected")
            if bool(before) == on:
                return
            db.execute("UPDATE events SET protected = ? WHERE id = ?", (on, event_id))
            audited(db, who, "protect" if on else "unprotect", event_id, f"camera {camera}", now_ns)

    def add_feedback(self, event_id: str, kind: Kind, who: str, now_ns: int, note: str = "", body: str = "{}") -> int:
        """What `who` says of an event; its number. What was said of it before holds beside it.

        Raises:
            NotStoredError: No such event.
            StoreError: Nothing was stored.
        """
        query = "INSERT INTO feedback (event, camera, kind, who, at_ns, note, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
        with self.transaction() as db:
            camera, _ = _event(db, event_id, "feedback")
            number = db.execute(query, (event_id, camera, kind, who, now_ns, note, body)).lastrowid
            db.execute("UPDATE events SET feedback = ? WHERE id = ?", (kind, event_id))
            audited(db, who, "feedback", event_id, f"camera {camera}: {kind}" + (f": {note}" if note else ""), now_ns)
        if number is None:  # an INSERT always has one
            raise AssertionError
        return number

    def undo_feedback(self, feedback_id: int, who: str, now_ns: int) -> Feedback:
        """It no longer holds; as it then is. What was undone already stays as it was undone first.

        Raises:
            NotStoredError: No such feedback.
            StoreError: Nothing was changed.
        """
        with self.transaction() as db:
            before = _feedback(db, feedback_id)
            if before.undone_ns is None:
                db.execute("UPDATE feedback SET undone_ns = ?, undone_by = ? WHERE id = ?", (now_ns, who, feedback_id))
                holds = "SELECT kind FROM feedback WHERE event = ? AND undone_ns IS NULL ORDER BY id DESC LIMIT 1"
                db.execute(
                    f"UPDATE events SET feedback = coalesce(({holds}), '') WHERE id = ?",  # noqa: S608 - fixed texts
                    (before.event, before.event),
                )
                detail = f"camera {before.camera}: {before.kind}, said by {before.who}"
                audited(db, who, "undo feedback", before.event, detail, now_ns)
            return _feedback(db, feedback_id)

    def feedbacks(self, camera: str | None = None) -> list[Feedback]:
        """All that was said, of one camera's events or of any, also what was undone; newest first.

        Raises:
            StoreError: The store cannot be read.
        """
        query = f"{_FEEDBACK} WHERE ?1 IS NULL OR camera = ?1 ORDER BY id DESC"
        with self.searching() as db:
            return [Feedback(*row) for row in db.execute(query, (camera,)).fetchall()]

    def note_audit(self, who: str, what: str, where: str, detail: str, now_ns: int) -> None:
        """Note a change that was made elsewhere.

        Raises:
            StoreError: Nothing was noted.
        """
        with self.transaction() as db:
            audited(db, who, what, where, detail, now_ns)

    def audit(self, limit: int = 100) -> list[AuditEntry]:
        """The newest changes, newest first.

        Raises:
            StoreError: The store cannot be read.
        """
        query = "SELECT id, at_ns, who, what, where_, detail FROM audit ORDER BY id DESC LIMIT ?"
        with self.searching() as db:
            return [AuditEntry(*row) for row in db.execute(query, (limit,)).fetchall()]


def audited(db: sqlite3.Connection, who: str, what: str, where: str, detail: str, now_ns: int) -> None:
    """A line in the audit, as a part of the caller's transaction."""
    query = "INSERT INTO audit (at_ns, who, what, where_, detail) VALUES (?, ?, ?, ?, ?)"
    db.execute(query, (now_ns, who, what, where, detail))


def _event(db: sqlite3.Connection, event_id: str, column: str) -> tuple[str, object]:
    """The event's camera and one of its columns."""
    row = db.execute(f"SELECT camera, {column} FROM events WHERE id = ?", (event_id,)).fetchone()  # noqa: S608 - ours
    if row is None:
        raise NotStoredError(f"event {event_id}: expected one in the store, got none; it may have been deleted")
    return row[0], row[1]


def _feedback(db: sqlite3.Connection, feedback_id: int) -> Feedback:
    row = db.execute(f"{_FEEDBACK} WHERE id = ?", (feedback_id,)).fetchone()
    if row is None:
        raise NotStoredError(f"feedback {feedback_id}: expected one in the store, got none; list what there is")
    return Feedback(*row)
