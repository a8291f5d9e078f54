"""The machinery: processes, drops, disk, sinks and dead letters, the configuration in force, and who changed what."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from monitor.stored import AuditEntry
from monitor.types import Phase
from monitor.views import CameraView, DeliveryView, DiskView, ProcessView
from monitor.web.answers import json_answer, missing
from monitor.web.source import Archive, DeadLetter, House, Live
from monitor.web.stored import Limit
from monitor.web.table import Call, Taken

# Of each sink; there may be thousands.
_MOST_LETTERS = 50


class AuditQuery(Taken, frozen=True):
    """How many of the newest."""

    limit: Limit = 100


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Who changed what, newest first."""

    audit: tuple[AuditEntry, ...]


@dataclass(frozen=True, slots=True)
class Drops:
    """Frames of one camera since its capture started: read, `dropped` before the worker, `missed` on the way.

    Attributes:
        reasons: Those dropped by why: "newer_frame", "receiver_lost", "closed", as in the metrics.
    """

    frames: int
    dropped: int
    missed: int
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class Letter:
    """A dead letter: a delivery that was given up at `died_ns`, wall time, and why."""

    id: int
    event: str
    camera: str
    phase: Phase
    attempts: int
    error: str
    died_ns: int


@dataclass(frozen=True, slots=True)
class SinkBody:
    """One sink: tellings that wait, stored `dead` letters, the oldest of them, and why it fails, if it does."""

    sink: str
    pending: int
    dead: int
    error: str | None
    letters: tuple[Letter, ...]


@dataclass(frozen=True, slots=True)
class SystemBody:
    """The machinery; `disk` is null until it was looked at, `drops` are by camera, `configuration` has no secrets."""

    version: str
    processes: tuple[ProcessView, ...]
    drops: dict[str, Drops]
    disk: DiskView | None
    sinks: tuple[SinkBody, ...]
    configuration: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Resent:
    """So many dead letters are told again."""

    count: int


class SystemPages:
    """The handlers."""

    def __init__(self, live: Live, archive: Archive, house: House, version: str) -> None:
        """Args: version: of rareframe."""
        self._live, self._archive, self._house, self._version = live, archive, house, version

    async def system(self, _: Call) -> Response:
        """All of it."""
        overview = self._live.overview()
        letters = await run_in_threadpool(self._archive.dead_letters)
        configuration = await run_in_threadpool(self._house.configuration)
        return json_answer(
            SystemBody(
                version=self._version,
                processes=overview.processes,
                drops={each.camera: _drops(each) for each in overview.cameras},
                disk=overview.disk,
                sinks=tuple(_sink(view, letters) for view in overview.deliveries),
                configuration=dict(configuration),
            )
        )

    async def audit(self, call: Call) -> Response:
        """Who changed what."""
        asked: AuditQuery = call.query
        return json_answer(AuditPage(tuple(await run_in_threadpool(self._archive.audit, asked.limit))))

    async def resend(self, call: Call) -> Response:
        """Have a sink's dead letters told after all."""
        sink = call.part("sink")
        if sink not in {view.sink for view in self._live.overview().deliveries}:
            raise missing("no such sink", "see /api/v1/system")
        count = await run_in_threadpool(self._resend, sink, call.who.name)
        return json_answer(Resent(count))

    def _resend(self, sink: str, who: str) -> int:
        now_ns = time.time_ns()
        count = self._archive.resend(sink, None, now_ns)
        self._archive.note_audit(who, "resend", sink, f"{count} dead letters", now_ns)
        return count


def _drops(view: CameraView) -> Drops:
    return Drops(view.frames, view.dropped, view.missed, {drop.label: drop.total for drop in view.drops})


def _sink(view: DeliveryView, everything: Sequence[DeadLetter]) -> SinkBody:
    letters = [each for each in everything if each.sink == view.sink]
    told = tuple(
        Letter(each.id, each.event.id, each.event.camera, each.event.phase, each.attempts, each.error, each.died_ns)
        for each in letters[:_MOST_LETTERS]
    )
    return SinkBody(view.sink, view.pending, len(letters), view.error, told)
