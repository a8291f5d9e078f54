"""Server-sent events: the overview once a second and each telling of an event, to a bounded number of browsers.

One task looks for all of them, and only while somebody listens. A listener that does not keep up is dropped: its
browser comes back by itself, and is told everything anew. Nothing is kept for those who were away, so `Last-Event-ID`
means nothing here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
from starlette.responses import Response, StreamingResponse

from monitor.types import Event
from monitor.views import Overview
from monitor.web.access import Who
from monitor.web.answers import RefusedError
from monitor.web.listing import ListedEvent
from monitor.web.table import STREAM, Call

MOST_LISTENERS = 24
# Messages that wait for one listener; about as many seconds.
MOST_WAITING = 16
LOOK_S = 0.5
# The overview is told no oftener. Unit: seconds.
OVERVIEW_S = 1.0
# A proxy takes a silent connection for a dead one. Unit: seconds.
HEARTBEAT_S = 15.0
# What a browser waits before it comes back. Unit: milliseconds.
_RETRY = b"retry: 3000\n\n"
_HEARTBEAT = b": still here\n\n"
_END = b""


@dataclass(eq=False, slots=True)
class _Listener:
    """One browser, and who looks at it."""

    who: Who
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def put(self, message: bytes) -> bool:
        """False if it does not keep up."""
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            return False
        return True

    def finish(self) -> None:
        """Let it end after what it is sending; what waits is not sent any more."""
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(_END)


class Stream:
    """All listeners. For the server's own thread, but for `close`."""

    def __init__(
        self,
        overview: Callable[[], Overview],
        listed: Callable[[Event], Awaitable[ListedEvent]],
        still: Callable[[Who], bool],
        look_s: float = LOOK_S,
    ) -> None:
        """Make it.

        Args:
            overview: Does not block.
            listed: An event with what is stored of it.
            still: Whether somebody's login holds.
            look_s: So often it is looked. Unit: seconds.
        """
        self._overview = overview
        self._listed = listed
        self._still = still
        self._look_s = look_s
        self._listeners: set[_Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def answer(self, call: Call) -> Response:
        """The endless answer to one browser, until its login is over."""
        if self._closed or len(self._listeners) >= MOST_LISTENERS:
            raise RefusedError(
                503, f"expected at most {MOST_LISTENERS} listeners, got another", "close a page; ask later"
            )
        listener = _Listener(call.who)
        head = call.request.method == "HEAD"
        messages = _nothing() if head else self._messages(listener)
        return StreamingResponse(messages, media_type=STREAM, headers={"X-Accel-Buffering": "no"})

    def close(self) -> None:
        """End all answers within a moment, and begin no other. From any thread."""
        self._closed = True

    async def _messages(self, listener: _Listener) -> AsyncIterator[bytes]:
        overview = self._overview()
        listener.put(_RETRY + _message("overview", overview))
        self._listeners.add(listener)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look(overview))
        try:
            while True:
                message = _HEARTBEAT
                with suppress(TimeoutError):
                    message = await asyncio.wait_for(listener.queue.get(), HEARTBEAT_S)
                if message == _END:
                    return
                yield message
        finally:
            self._listeners.discard(listener)

    async def _look(self, overview: Overview) -> None:
        """Tell what is another than in `overview`, until nobody listens."""
        told, phases, told_s = overview, _phases(overview), asyncio.get_running_loop().time()
        while self._listeners:
            await asyncio.sleep(self._look_s)
            self._part()
            before, overview = overview, self._overview()
            if overview.made_ns != before.made_ns:
                before_phases, phases = phases, _phases(overview)
                for event in reversed(overview.recent):
                    if before_phases.get(event.id) != phases[event.id]:
                        self._tell(_message("event", await self._listed(event)))
            now_s = asyncio.get_running_loop().time()
            if overview.made_ns != told.made_ns and now_s - told_s >= OVERVIEW_S:
                told, told_s = overview, now_s
                self._tell(_message("overview", overview))

    def _part(self) -> None:
        """Let those go whose login is over; all of them at the end."""
        for listener in [each for each in self._listeners if self._closed or not self._still(each.who)]:
            self._drop(listener)

    def _tell(self, message: bytes) -> None:
        for listener in list(self._listeners):
            if not listener.put(message):
                self._drop(listener)

    def _drop(self, listener: _Listener) -> None:
        self._listeners.discard(listener)
        listener.finish()


def _phases(overview: Overview) -> dict[str, tuple[object, ...]]:
    """What tells one telling of each recent event from the next."""
    return {
        event.id: (event.phase, event.frames, event.ended_ns, event.held, event.also, event.clip, event.full)
        for event in overview.recent
    }


def _message(kind: str, value: object) -> bytes:
    # JSON as msgspec writes it has no line break in it, which would end the message.
    return b"event: " + kind.encode() + b"\ndata: " + msgspec.json.encode(value) + b"\n\n"


async def _nothing() -> AsyncIterator[bytes]:
    for _ in ():
        yield _
