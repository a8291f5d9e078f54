"""Stored events and their files: listed, one by one, and as pictures, clips and bundles. Changes nothing."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Annotated, Literal

from msgspec import Meta
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from monitor.stored import Listed, Search
from monitor.types import Event, State
from monitor.web.answers import RefusedError, has_it, json_answer, missing
from monitor.web.listing import ListedEvent, flat, page
from monitor.web.moments import moment_ns
from monitor.web.source import Archive
from monitor.web.table import JPEG, MP4, ZIP, Call, Taken

_EVENT_ID = re.compile(r"[0-9a-f]{16}")
Short = Annotated[str, Meta(max_length=200)]
# "none": nobody said anything of it.
Feedback = Literal["normal", "unusual", "none"]
Limit = Annotated[int, Meta(ge=1, le=200)]


class EventsQuery(Taken, frozen=True):
    """Which events; what is not said is any. `since` and `until`: ISO 8601 or Unix seconds."""

    camera: Short | None = None
    since: Short | None = None
    until: Short | None = None
    state: State | None = None
    min_score: float | None = None
    feedback: Feedback | None = None
    protected: bool | None = None
    held: bool | None = None
    shadow: bool = False
    q: Short | None = None
    limit: Limit = 50
    cursor: Short | None = None


class EventPages:
    """The handlers."""

    def __init__(
        self,
        archive: Archive,
        data: Path,
        faults: tuple[type[Exception], ...],
        bundle_of: Callable[[Event], PurePath],
    ) -> None:
        """Args: as of `app.Shown`; `faults`: what `archive` may raise."""
        self._faults = faults
        self._archive = archive
        self._data = data.resolve()
        self._bundle_of = bundle_of

    async def events(self, call: Call) -> Response:
        """A page of events."""
        asked: EventsQuery = call.query
        wanted = Search(
            camera=asked.camera,
            since_ns=moment_ns("since", asked.since),
            until_ns=moment_ns("until", asked.until),
            state=asked.state,
            min_score=asked.min_score,
            feedback="" if asked.feedback == "none" else asked.feedback,
            protected=asked.protected,
            held=asked.held,
            shadow=asked.shadow,
            text=asked.q or "",
        )
        try:
            found = await run_in_threadpool(self._archive.search, wanted, asked.limit, asked.cursor)
        except ValueError as error:
            raise RefusedError(400, str(error), "ask without a cursor for the first page") from error
        return json_answer(page(found))

    async def event(self, call: Call) -> Response:
        """One event."""
        return json_answer(await self.find(call))

    async def find(self, call: Call) -> ListedEvent:
        """The event whose id stands in the path.

        Raises:
            RefusedError: 404; there is none.
        """
        event_id = call.part("event")
        found = await run_in_threadpool(self._archive.listed, event_id) if _EVENT_ID.fullmatch(event_id) else None
        if found is None:
            raise missing("no such event", "see /api/v1/events; old ones are deleted to make room")
        return flat(found)

    async def as_listed(self, event: Event) -> ListedEvent:
        """`event` with what people made of it, as far as that can be read."""
        try:
            stored = await run_in_threadpool(self._archive.listed, event.id)
        except self._faults:
            stored = None
        return flat(Listed(event, False, "") if stored is None else replace(stored, event=event))

    async def snapshot(self, call: Call) -> Response:
        """The strongest frame."""
        return await self._file(call, lambda event: event.snapshot, JPEG)

    async def overlay(self, call: Call) -> Response:
        """The same with its heatmap."""
        return await self._file(call, lambda event: event.overlay, JPEG)

    async def normal(self, call: Call) -> Response:
        """One of the ordinary pictures that are most like it; the nearest is 1."""
        number = call.part("number")
        index = int(number) - 1 if number.isascii() and number.isdigit() and len(number) < 3 else -1  # noqa: PLR2004
        return await self._file(
            call, lambda event: event.normals[index] if 0 <= index < len(event.normals) else None, JPEG
        )

    async def clip(self, call: Call) -> Response:
        """The video; parts of it by Range."""
        return await self._file(call, lambda event: event.clip, MP4)

    async def full(self, call: Call) -> Response:
        """The strongest frame at the source's own size."""
        return await self._file(call, lambda event: event.full, JPEG)

    async def bundle(self, call: Call) -> Response:
        """All it was judged by, for `rareframe replay`."""
        return await self._file(call, lambda event: str(self._bundle_of(event)), ZIP)

    async def _file(self, call: Call, name_of: Callable[[ListedEvent], str | None], media_type: str) -> Response:
        name = name_of(await self.find(call))
        found = None if name is None else await run_in_threadpool(self._below, name, media_type)
        if found is None:
            raise missing("that event has no such file", "see its fields: what is null is not there")
        path, about = found
        tag = f'"{about.st_mtime_ns:x}-{about.st_size:x}"'
        headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
        if has_it(call.request, tag):
            return Response(status_code=304, headers=headers)
        return FileResponse(path, headers=headers, media_type=media_type, stat_result=about)

    def _below(self, name: str, media_type: str) -> tuple[Path, os.stat_result] | None:
        """The file of that name, if it is one of ours to show."""
        # The name comes from the store, not from the request; even so nothing outside the data folder is shown.
        try:
            path = (self._data / name).resolve()
            about = path.stat()
        except (OSError, ValueError):
            return None
        ours = path.is_relative_to(self._data) and path.suffix == _SUFFIX[media_type] and stat.S_ISREG(about.st_mode)
        return (path, about) if ours else None


_SUFFIX = {JPEG: ".jpg", MP4: ".mp4", ZIP: ".zip"}
