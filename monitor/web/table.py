"""One line for each route: what it needs, takes and gives. Routes and the OpenAPI document are both made from these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from monitor.web.access import Who
from monitor.web.answers import Done
from monitor.web.roles import Role

JPEG, MP4, ZIP, TEXT, HTML, STREAM, JSON = (
    "image/jpeg",
    "video/mp4",
    "application/zip",
    "text/plain",
    "text/html",
    "text/event-stream",
    "application/json",
)


class Taken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a request brings with it, as its query or its body: what is not foreseen is refused."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was let in; `query` and `body` are of the types that its endpoint names."""

    request: Request
    who: Who
    query: Any = None
    body: Any = None

    def part(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route.

    Attributes:
        method: Of HTTP; GET answers HEAD too.
        path: As starlette writes it; its parts are plain texts.
        role: The least that may ask.
        summary: One sentence for the document.
        handle: Answers a request that was let in; raises `RefusedError`.
        gives: What a 200 holds: a type, as JSON; or a media type.
        query, body: What it takes; None for nothing.
        public: The word of `Doors.public` that opens it to everybody; "" if none does.
        others: Statuses beside 200 that are no refusals.
    """

    method: str
    path: str
    role: Role
    summary: str
    handle: Callable[[Call], Awaitable[Response]]
    gives: Any = Done
    query: type[Taken] | None = None
    body: type[Taken] | None = None
    public: str = ""
    others: tuple[int, ...] = ()
