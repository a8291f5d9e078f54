"""Events as the API lists them: one flat object each, with the names that `monitor.types.Event` gives."""

from __future__ import annotations

from dataclasses import dataclass, fields

from monitor.stored import Found, Listed
from monitor.types import Event


@dataclass(frozen=True, slots=True)
class ListedEvent(Event):
    """A stored event: all of `Event`, and what people made of it.

    Attributes:
        protected: It is never deleted to make room.
        feedback: "normal" or "unusual" if somebody said so last and it holds, else "".
    """

    protected: bool = False
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, newest first; `next` is the cursor of the page after, null if there is none."""

    events: tuple[ListedEvent, ...]
    next: str | None


def page(found: Found) -> EventPage:
    """One page of a search."""
    return EventPage(tuple(flat(each) for each in found.events), found.next)


def flat(listed: Listed) -> ListedEvent:
    """One event."""
    told = {field.name: getattr(listed.event, field.name) for field in fields(Event)}
    told["look"] = ()  # some hundred numbers that only feedback reads
    return ListedEvent(**told, protected=listed.protected, feedback=listed.feedback)
