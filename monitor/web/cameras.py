"""One camera: its life minute by minute, what it learned, and how often it may call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from msgspec import Meta
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from monitor import feedback, learned
from monitor.feedback import Listed as ListedFeedback
from monitor.learned import LearnedChannel
from monitor.stored import Minute, Search
from monitor.types import State
from monitor.web.answers import RefusedError, content, json_answer, missing
from monitor.web.moments import moment_ns
from monitor.web.source import Archive, House, Live, NoBudgetError
from monitor.web.stored import Short
from monitor.web.table import JPEG, Call, Taken

_NS = 1_000_000_000
_MINUTE_NS = 60 * _NS
_DAY_MINUTES = 24 * 60
# A month and a bit: what a page can draw.
_MOST_MINUTES = 35 * _DAY_MINUTES
# The newest of the span: a line of marks is no better with more.
_MOST_EVENTS = 500


class HistoryQuery(Taken, frozen=True):
    """From when to when, ISO 8601 or Unix seconds; without, the last 24 hours."""

    since: Short | None = None
    until: Short | None = None


class BudgetBody(Taken, frozen=True):
    """About so many alerts a day are wanted."""

    alerts_per_day: Annotated[float, Meta(ge=0.2, le=100)]


@dataclass(frozen=True, slots=True)
class Mark:
    """An event in a history: its id, Unix seconds, and why it was held."""

    id: str
    began: float
    ended: float
    held: str


@dataclass(frozen=True, slots=True)
class HistoryBody:
    """A camera's minutes, oldest first, those of which nothing is known left out; each list has one entry a minute.

    Attributes:
        minutes: Unix seconds at which each begins.
        score: Of the strongest frame, and its `limit`; null while unknown.
        state: The last in it; `light` "colour", "infrared", "dark" or "".
        known_s: Seconds with verdicts, 0..60; `frames` that were judged, `anomalous` of them.
        detectors: By name, each one's strongest score in its own units.
        events: What was going on, newest first.
    """

    minutes: list[int]
    score: list[float | None]
    limit: list[float | None]
    state: list[State]
    light: list[str]
    known_s: list[float]
    frames: list[int]
    anomalous: list[int]
    detectors: dict[str, list[float | None]]
    events: list[Mark]


@dataclass(frozen=True, slots=True)
class SnapshotBody:
    """A dated snapshot of what it knew, to roll back to: when, and why it was made."""

    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class LearnedBody:
    """What a camera has learned.

    Attributes:
        learned: Pictures, by the channel that learned most; null before the first checkpoint, made at `at_ns`.
        normals: Where ordinary pictures are that it keeps.
        feedback: What people told it, newest first, with what came of it.
    """

    learned: int | None
    at_ns: int | None
    channels: tuple[LearnedChannel, ...]
    normals: tuple[str, ...]
    snapshots: tuple[SnapshotBody, ...]
    feedback: tuple[ListedFeedback, ...]


@dataclass(frozen=True, slots=True)
class Budget:
    """What is wanted of a camera from now on, and what was before; the daemon obeys within a minute."""

    camera: str
    alerts_per_day: float
    before: float


class CameraPages:
    """The handlers."""

    def __init__(self, live: Live, archive: Archive, house: House, data: Path) -> None:
        """Args: data: the data folder."""
        self._live, self._archive, self._house, self._data = live, archive, house, data

    async def history(self, call: Call) -> Response:
        """Its minutes."""
        camera, asked = self._known(call), call.query
        until_ns = moment_ns("until", asked.until) or time.time_ns()
        since_ns = moment_ns("since", asked.since)
        until = until_ns // _MINUTE_NS
        since = until - _DAY_MINUTES if since_ns is None else since_ns // _MINUTE_NS
        if not 0 <= until - since <= _MOST_MINUTES:
            raise RefusedError(400, "expected `since` before `until`, and at most 35 days", "ask for less")
        return json_answer(await run_in_threadpool(self._history, camera, since, until))

    async def learned(self, call: Call) -> Response:
        """What it has learned."""
        return json_answer(await run_in_threadpool(self._learned, self._known(call)))

    async def normal(self, call: Call) -> Response:
        """One of the ordinary pictures that it keeps."""
        camera, number = self._known(call), call.part("number")
        known = await run_in_threadpool(learned.read, self._data, camera)
        name = f"{learned.FOLDER}/{camera}-{number}.jpg"
        if known is None or name not in known.pictures:
            raise missing("no such picture", "see its list: what a camera has learned")
        try:
            body = await run_in_threadpool((self._data / name).read_bytes)
        except OSError as error:
            raise missing("no such picture", "it may just have been replaced") from error
        return content(call.request, body, JPEG)

    async def set_budget(self, call: Call) -> Response:
        """Another budget."""
        camera, wanted = self._known(call), call.body.alerts_per_day
        try:
            before = await run_in_threadpool(self._house.set_budget, camera, wanted)
        except NoBudgetError as error:
            raise RefusedError(
                409, "this camera has no budget", "remove `budget: null` from its configuration"
            ) from error
        told = f"{before:g} → {wanted:g} alerts a day"
        await run_in_threadpool(self._archive.note_audit, call.who.name, "budget", camera, told, time.time_ns())
        return json_answer(Budget(camera, wanted, before))

    def _known(self, call: Call) -> str:
        name = call.part("camera")
        if name not in {camera.camera for camera in self._live.overview().cameras}:
            raise missing("no such camera", "see /api/v1/overview for the cameras")
        return name

    def _history(self, camera: str, since: int, until: int) -> HistoryBody:
        rows = self._archive.history(camera, since, until)
        wanted = Search(camera=camera, since_ns=since * _MINUTE_NS, until_ns=(until + 1) * _MINUTE_NS)
        events = [each.event for each in self._archive.search(wanted, _MOST_EVENTS, None).events]
        marks = [Mark(each.id, each.began_ns / _NS, each.ended_ns / _NS, each.held) for each in events]
        return _columns(rows, marks)

    def _learned(self, camera: str) -> LearnedBody:
        known = learned.read(self._data, camera)
        pictures = range(1, 1 + (0 if known is None else len(known.pictures)))
        kept = self._house.snapshots(camera)
        return LearnedBody(
            learned=None if known is None else known.learned,
            at_ns=None if known is None else known.at_ns,
            channels=() if known is None else known.channels,
            normals=tuple(f"/api/v1/cameras/{camera}/normal-{number}.jpg" for number in pictures),
            snapshots=tuple(SnapshotBody(each.at, each.why) for each in kept),
            feedback=feedback.listed(self._archive, self._data, now_ns=time.time_ns(), camera=camera),
        )


def _columns(rows: Sequence[Minute], events: list[Mark]) -> HistoryBody:
    names = sorted({name for row in rows for name in row.detectors})
    return HistoryBody(
        minutes=[row.minute * 60 for row in rows],
        score=[row.score for row in rows],
        limit=[row.limit for row in rows],
        state=[row.state for row in rows],
        light=[row.light for row in rows],
        known_s=[row.known_s for row in rows],
        frames=[row.frames for row in rows],
        anomalous=[row.anomalous for row in rows],
        detectors={name: [row.detectors.get(name) for row in rows] for name in names},
        events=events,
    )
