"""What the event store is asked for and what it gives, as values; nothing else. Events themselves are in `types`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from monitor.types import Event, State

# What people say of an event: such a thing is ordinary here, or it really was unusual.
Kind = Literal["normal", "unusual"]


class NotStoredError(LookupError):
    """No such event or feedback is in the store; the message says which. Nothing was changed."""


class KeptError(Exception):
    """An event may not be deleted; the message says why and what to do. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Search:
    """Which events are looked for; None: any.

    Attributes:
        since_ns: Only those that were going on then or later, `until_ns` then or earlier; wall time.
        state: The camera's state at the strongest frame.
        min_score: The strongest frame's score is at least this.
        feedback: "" looks for events that nobody said anything of.
        held: Whether nobody was told of it at once.
        shadow: Those of shadows, or those of none; never both.
        text: Each word of it is somewhere in what is said of the event: camera, reasons, detectors and rules, cause.
    """

    camera: str | None = None
    since_ns: int | None = None
    until_ns: int | None = None
    state: State | None = None
    min_score: float | None = None
    feedback: Kind | Literal[""] | None = None
    protected: bool | None = None
    held: bool | None = None
    shadow: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """An event with what people made of it.

    Attributes:
        protected: It is never deleted, whatever its age and however full the disk.
        feedback: What was said of it last and holds; "" if nothing.
    """

    event: Event
    protected: bool
    feedback: Kind | Literal[""]


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search, newest first; `next` asks for the page after it, None if this is the last."""

    events: tuple[Listed, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody said of an event, which may be gone by now.

    Attributes:
        id: Rises.
        who: As the audit names people.
        at_ns: Wall time.
        undone_ns: When it was undone, by `undone_by`; None while it holds.
        body: JSON, for whoever makes a model of it; the store does not look into it.
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
    body: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who changed what.

    Attributes:
        id: Rises.
        at_ns: Wall time.
        who: A user of the pages, or "cli:USER".
        what: A few fixed words: "protect", "unprotect", "delete", "feedback", "undo feedback" …
        where: Which event, camera or sink.
        detail: Anything else worth knowing, for people.
    """

    id: int
    at_ns: int
    who: str
    what: str
    where: str
    detail: str


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of one camera, out of its live judgements.

    Attributes:
        minute: Minutes since the Unix epoch, by the wall time of the frames.
        score: The strongest frame's; None while unknown. `limit` is that frame's.
        frames: Judged; `anomalous` of them were.
        known_s: Seconds with verdicts, 0..60.
        state: The last one in the minute, and so `light`; "" if that is not known.
        detectors: By name, each one's strongest score, in its own units.
    """

    camera: str
    minute: int
    score: float | None
    limit: float | None
    frames: int
    known_s: float
    anomalous: int
    state: State
    light: str = ""
    detectors: dict[str, float] = field(default_factory=dict)
