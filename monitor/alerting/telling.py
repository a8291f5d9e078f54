"""Who is told of which event, as rows of the event store: what is delivered, what is held, how much was told lately.

Everything here is a part of its caller's transaction. It decides nothing: that is the valve's business.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import msgspec

from monitor.sink import telling_key
from monitor.types import Event
from monitor.views import Decision, Ground, Tally

TOLD, WAITING, BEHIND = "told", "waiting", "behind"
_S = 1_000_000_000
_DAY_NS = 86_400 * _S


class Valve(Protocol):
    """Which new events are told at once; one of `deciding`."""

    @property
    def digest_s(self) -> float:
        """A held event waits so long for a digest that tells of it."""

    def decide(self, event: Event, tally: Tally) -> Decision:
        """Whether `event`, new now, is told at once; `tally` of its camera, 24 hours back."""

    def digest(self, waiting: Sequence[Event]) -> Event:
        """The one of these held events that is told for all of them, with `also`."""


@dataclass(frozen=True, slots=True)
class Telling:
    """How one event is told.

    Attributes:
        held: As of the event; so is `also`.
        state: TOLD: each phase is delivered. WAITING: held until a digest. BEHIND: another event was told for it.
            Of a shadow's nothing is delivered: TOLD would have been, BEHIND is held.
    """

    ground: Ground
    held: str
    also: int
    state: str


def telling_of(db: sqlite3.Connection, event: Event, valve: Valve | None, now_ns: int) -> Telling:
    """As it was decided when the event was new, which may be now. Without a valve everything is told."""
    row = db.execute("SELECT ground, held, also, telling FROM events WHERE id = ?", (event.id,)).fetchone()
    known = None if row is None else Telling(Ground(row[0]), *row[1:])
    if valve is None or (known is not None and known.state == TOLD):
        return known or Telling(Ground.LIMIT, "", 0, TOLD)
    now = valve.decide(event, tallies(db, now_ns, shadow=event.shadow).get(event.camera, Tally()))
    if known is None:
        held = BEHIND if event.shadow else WAITING
        return Telling(now.ground, now.held, 0, held if now.held else TOLD)
    # A rule that begins to hold within a held event is what people asked for.
    return replace(known, ground=now.ground, state=TOLD) if now.ground is Ground.RULE else known


def tallies(db: sqlite3.Connection, now_ns: int, *, shadow: bool = False) -> dict[str, Tally]:
    """By camera, of the 24 hours before `now_ns`; cameras with nothing new are left out. Of shadows, or of none.

    What lies further ahead than 24 hours is of before the wall clock was set back, and no longer counts.
    """
    query = """
        SELECT camera, sum(held = ''), sum(held = '' AND ground = 'early'), sum(held <> '') FROM events
        WHERE stored_ns > ? AND stored_ns < ? AND ground <> 'rule' AND shadow = ? GROUP BY camera"""
    rows = db.execute(query, (now_ns - _DAY_NS, now_ns + _DAY_NS, shadow)).fetchall()
    return {camera: Tally(told, early, held) for camera, told, early, held in rows}


def deliver(db: sqlite3.Connection, event: Event, sinks: Sequence[str], now_ns: int) -> list[str]:
    """Make the deliveries of `event` as it is; the sinks whose delivery of an earlier phase is thereby not needed."""
    overtaken = db.execute(
        "UPDATE deliveries SET state = 'suppressed' WHERE event = ? AND phase <> 'opened' AND state = 'pending' "
        "RETURNING sink",
        (event.id,),
    ).fetchall()
    body = msgspec.json.encode(event).decode()
    db.executemany(
        "INSERT OR IGNORE INTO deliveries (event, sink, telling, phase, body, due_ns) VALUES (?, ?, ?, ?, ?, ?)",
        [(event.id, sink, telling_key(event), event.phase.value, body, now_ns) for sink in sinks],
    )
    return [sink for (sink,) in overtaken]


def is_due(db: sqlite3.Connection, wait_s: float, now_ns: int) -> bool:
    """Whether some camera's digest is due; cheap, for each second."""
    return bool(_cameras_due(db, wait_s, now_ns))


def digests(db: sqlite3.Connection, valve: Valve, sinks: Sequence[str], now_ns: int) -> Iterator[Event]:
    """Make one delivery for each camera whose held events have waited long enough, and let none of them wait."""
    for camera in _cameras_due(db, valve.digest_s, now_ns):
        rows = db.execute("SELECT body FROM events WHERE camera = ? AND telling = 'waiting'", (camera,)).fetchall()
        told = valve.digest([decode_event(body) for (body,) in rows])
        db.execute("UPDATE events SET telling = 'behind' WHERE camera = ? AND telling = 'waiting'", (camera,))
        db.execute(
            "UPDATE events SET telling = 'told', also = ?, body = ? WHERE id = ?",
            (told.also, msgspec.json.encode(told).decode(), told.id),
        )
        deliver(db, told, sinks, now_ns)
        yield told


def _cameras_due(db: sqlite3.Connection, wait_s: float, now_ns: int) -> list[str]:
    """What was held far in the future was so before the wall clock was set back, and is due."""
    wait_ns = int(wait_s * _S)
    query = """
        SELECT camera, min(stored_ns) AS oldest_ns FROM events WHERE telling = 'waiting'
        GROUP BY camera HAVING oldest_ns <= ? OR oldest_ns > ?"""
    return [camera for camera, _ in db.execute(query, (now_ns - wait_ns, now_ns + wait_ns)).fetchall()]


decode_event: Callable[[str], Event] = msgspec.json.Decoder(Event).decode
