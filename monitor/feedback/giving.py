"""Feedback given, undone and listed: in the event store first, then in the file that the worker reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from monitor.feedback import counts, marks
from monitor.feedback.counts import Counted
from monitor.feedback.marks import MOST_MARKS, FeedbackError, Mark
from monitor.stored import Feedback, Kind
from monitor.types import Event

# So long a mark holds; marking its like again makes a new one. Unit: days.
HOLDS_DAYS = 90
MOST_NOTE = 1000
_NS = 1_000_000_000
_HOLDS_NS = HOLDS_DAYS * 86_400 * _NS


class Store(Protocol):
    """Where feedback is kept: the event store, open for writing; each change is in its audit."""

    def event(self, event_id: str) -> Event | None:
        """The event of this id."""

    def feedbacks(self, camera: str | None = None) -> Sequence[Feedback]:
        """All that was ever given, newest first; of one camera, or of all."""


class Writable(Store, Protocol):
    """The same, to be changed."""

    def add_feedback(self, event_id: str, kind: Kind, who: str, now_ns: int, note: str = "", body: str = "{}") -> int:
        """Keep it; its id."""

    def undo_feedback(self, feedback_id: int, who: str, now_ns: int) -> object:
        """It does not hold any more."""


@dataclass(frozen=True, slots=True)
class Given:
    """Feedback that was taken.

    Attributes:
        id: Under which it is listed and undone.
        effect: What it does, in a sentence for people.
    """

    id: int
    effect: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One feedback and what came of it.

    Attributes:
        state: "holds", "undone", "expired", "no effect" (there was nothing to compare) or "does not fit" (the camera's
            detectors were changed since).
        times: Happenings that it quieted, or of an unusual one raised; `last_ns` the last one's wall time.
        text: All of it in a sentence, for people.
    """

    id: int
    event: str
    camera: str
    kind: Kind
    who: str
    at_ns: int
    note: str
    undone_ns: int | None
    undone_by: str | None
    state: str
    times: int
    last_ns: int | None
    text: str


@dataclass(frozen=True, slots=True)
class _Body:
    """What the store keeps beside the columns: the look, so that the mark outlives its event."""

    look: tuple[float, ...] = ()


def give(store: Writable, data_dir: Path, event_id: str, kind: Kind, *, who: str, now_ns: int, note: str = "") -> Given:
    """Say something of an event; holds at once, over restarts, until it is undone or `HOLDS_DAYS` are over.

    What was said of the same event before is undone by it; the same said again changes nothing.

    Args:
        store: Where it is kept.
        data_dir: Where the worker reads it.
        event_id: Of a stored event.
        kind: What of it.
        who: Says so.
        now_ns: Wall time.
        note: Why, for people; at most `MOST_NOTE` characters.

    Raises:
        FeedbackError: There is no such event, too much feedback, or the file cannot be written (then it is stored).
        Exception: Of the store; nothing was changed.
    """
    event = store.event(event_id)
    if event is None:
        raise FeedbackError(f"event {event_id}: expected a stored event, got none; `rareframe events list` shows them")
    if len(note) > MOST_NOTE:
        raise FeedbackError(f"note: expected at most {MOST_NOTE} characters, got {len(note)}; shorten it")
    holding = [row for row in store.feedbacks(event.camera) if _holds(row, now_ns)]
    before = [row for row in holding if row.event == event.id]
    same = next((row for row in before if row.kind == kind), None)
    if same is None and len(holding) - len(before) >= MOST_MARKS:
        raise FeedbackError(
            f"camera {event.camera}: expected at most {MOST_MARKS} feedbacks that hold, got as many already; "
            "undo some: `rareframe feedback list` shows them"
        )
    if same is None:
        for row in before:
            store.undo_feedback(row.id, who, now_ns)
        body = msgspec.json.encode(_Body(event.look)).decode()
        given = store.add_feedback(event.id, kind, who, now_ns, note, body)
    publish(store, data_dir, now_ns)
    return Given(given if same is None else same.id, _effect(kind, event.look))


def undo(store: Writable, data_dir: Path, feedback_id: int, *, who: str, now_ns: int) -> None:
    """It does not hold any more: what is like it is judged as if it had never been given.

    Raises:
        FeedbackError: There is none of this id that holds, or the file cannot be written (then it is stored).
        Exception: Of the store; nothing was changed.
    """
    row = next((row for row in store.feedbacks() if row.id == feedback_id), None)
    if row is None or row.undone_ns is not None:
        got = "none" if row is None else f"one that {row.undone_by or 'somebody'} undid"
        raise FeedbackError(
            f"feedback {feedback_id}: expected one that holds, got {got}; `rareframe feedback list` shows them"
        )
    store.undo_feedback(feedback_id, who, now_ns)
    publish(store, data_dir, now_ns)


def publish(store: Store, data_dir: Path, now_ns: int) -> None:
    """Write what holds where the workers read it; also at the start of the daemon, should the file be lost.

    Raises:
        FeedbackError: The file cannot be written.
    """
    with marks.alone(data_dir):  # or who read the store first could write last
        holding = [mark_of(row) for row in store.feedbacks() if _holds(row, now_ns)]
        marks.write(data_dir, sorted(holding, key=lambda mark: mark.id))


def listed(store: Store, data_dir: Path, *, now_ns: int, camera: str | None = None) -> tuple[Listed, ...]:
    """All that was ever said, newest first, with what came of it."""
    rows = store.feedbacks(camera)
    told = {name: counts.read(data_dir, name).marks for name in {row.camera for row in rows}}
    return tuple(_listed(row, told[row.camera].get(row.id, Counted()), now_ns) for row in rows)


def mark_of(row: Feedback) -> Mark:
    """A stored feedback as the worker gets it."""
    try:
        look = msgspec.json.decode(row.body, type=_Body).look
    except (msgspec.DecodeError, UnicodeDecodeError):
        look = ()
    return Mark(row.id, row.event, row.camera, row.kind, row.who, row.at_ns, look)


def _holds(row: Feedback, now_ns: int) -> bool:
    return row.undone_ns is None and now_ns - row.at_ns < _HOLDS_NS


def _effect(kind: Kind, look: tuple[float, ...]) -> str:
    if not look:
        return "it is kept, and changes no verdict: the event is of a rule or of the camera itself, or of before"
    if kind == "unusual":
        return "its like is told of at once"
    return "its like must be stranger to be told of; after three such events it is quiet, unless it is much stranger"


def _listed(row: Feedback, did: Counted, now_ns: int) -> Listed:
    state = _state(row, did, now_ns)
    return Listed(
        row.id,
        row.event,
        row.camera,
        row.kind,
        row.who,
        row.at_ns,
        row.note,
        row.undone_ns,
        row.undone_by,
        state,
        did.times,
        did.last_ns,
        _text(row, state, did),
    )


def _state(row: Feedback, did: Counted, now_ns: int) -> str:
    if row.undone_ns is not None:
        return "undone"
    if not _holds(row, now_ns):
        return "expired"
    if not mark_of(row).look:
        return "no effect"
    return "holds" if did.fits else "does not fit"


def _text(row: Feedback, state: str, did: Counted) -> str:
    said = "normal here" if row.kind == "normal" else "really unusual"
    deed = "quieted" if row.kind == "normal" else "raised"
    last = "" if did.last_ns is None else f", last at {_utc(did.last_ns)}"
    done = f"{deed} {did.times} times since{last}" if did.times else f"{deed} nothing so far"
    told = f"{row.who or 'somebody'} called event {row.event} {said} at {_utc(row.at_ns)}; {done}"
    match state:
        case "undone":
            return f"{told}; undone by {row.undone_by or 'somebody'} at {_utc(row.undone_ns or 0)}"
        case "expired":
            return f"{told}; expired after {HOLDS_DAYS} days"
        case "no effect":
            return f"{told}; it has nothing to be compared with"
        case "does not fit":
            return f"{told}; the camera's detectors were changed since: mark such an event anew"
        case _:
            return told


def _utc(wall_ns: int) -> str:
    return datetime.fromtimestamp(wall_ns / _NS, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
