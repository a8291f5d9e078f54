"""What people make of events: protect them, say that they are normal here or really unusual, take that back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

from msgspec import Meta
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from monitor import feedback
from monitor.feedback import FeedbackError, Kind
from monitor.feedback import Listed as ListedFeedback
from monitor.feedback.giving import MOST_NOTE
from monitor.web.answers import Done, RefusedError, json_answer, missing
from monitor.web.source import Archive
from monitor.web.stored import EventPages, Short
from monitor.web.table import Call, Taken

_Result = TypeVar("_Result")
# An id of the store's is a 64-bit number.
_MOST_DIGITS = 18


class FeedbackBody(Taken, frozen=True):
    """What somebody says of an event, and why."""

    kind: Kind
    note: Annotated[str, Meta(max_length=MOST_NOTE)] = ""


class FeedbackQuery(Taken, frozen=True):
    """Of one camera's events only."""

    camera: Short | None = None


class ProtectedBody(Taken, frozen=True):
    """Whether an event is never deleted to make room."""

    protected: bool


@dataclass(frozen=True, slots=True)
class FeedbackPage:
    """All that was said, newest first, with what came of it; also what was undone."""

    feedback: tuple[ListedFeedback, ...]


@dataclass(frozen=True, slots=True)
class GivenFeedback:
    """Feedback that was taken: under which id it can be undone, and in a sentence what it does."""

    id: int
    effect: str


class AnswerPages:
    """The handlers; the store audits each change."""

    def __init__(self, archive: Archive, events: EventPages, data: Path) -> None:
        """Args: data: the data folder, where the workers read what was said."""
        self._archive, self._events, self._data = archive, events, data

    async def protect(self, call: Call) -> Response:
        """Keep an event, or no longer."""
        event = await self._events.find(call)
        on: bool = call.body.protected
        await run_in_threadpool(self._archive.protect, event.id, on, call.who.name, time.time_ns())
        return json_answer(Done())

    async def give(self, call: Call) -> Response:
        """Say something of an event."""
        event = await self._events.find(call)
        asked: FeedbackBody = call.body
        give = partial(feedback.give, who=call.who.name, now_ns=time.time_ns(), note=asked.note)
        given = await _refusing(partial(give, self._archive, self._data, event.id, asked.kind))
        return json_answer(GivenFeedback(given.id, given.effect))

    async def undo(self, call: Call) -> Response:
        """Take it back."""
        number = call.part("number")
        if not (number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS):
            raise missing("no such feedback", "see /api/v1/feedback")
        undo = partial(feedback.undo, who=call.who.name, now_ns=time.time_ns())
        await _refusing(partial(undo, self._archive, self._data, int(number)))
        return json_answer(Done())

    async def said(self, call: Call) -> Response:
        """All that was said."""
        listed = partial(feedback.listed, self._archive, self._data, now_ns=time.time_ns(), camera=call.query.camera)
        return json_answer(FeedbackPage(await run_in_threadpool(listed)))


async def _refusing(work: Callable[[], _Result]) -> _Result:
    """What cannot be done as things are is a conflict: the message says why."""
    try:
        return await run_in_threadpool(work)
    except FeedbackError as error:
        raise RefusedError(409, str(error), "see /api/v1/feedback") from error
