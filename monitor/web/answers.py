"""What goes back to whoever asks: JSON, pictures, and refusals that say what is wrong and what to do."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from starlette.requests import Request
from starlette.responses import Response


class RefusedError(Exception):
    """A request that is not answered as it was asked; becomes an `ErrorBody` with this status."""

    def __init__(self, status: int, what: str, do: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(what)
        self.status = status
        self.what = what
        self.do = do
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Fault:
    """`what` is wrong, and what to `do` about it."""

    what: str
    do: str


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The body of every answer that is a refusal."""

    error: Fault


@dataclass(frozen=True, slots=True)
class Done:
    """A change was made; nothing else is to be said."""

    done: bool = field(default=True)


def json_answer(value: object, status: int = 200) -> Response:
    """`value` as JSON; a number that is not finite is null."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def refusal(error: RefusedError) -> Response:
    """The answer to a request that was refused."""
    response = json_answer(ErrorBody(Fault(error.what, error.do)), error.status)
    response.headers.update(error.headers)
    return response


def missing(what: str, do: str = "see the list of what there is") -> RefusedError:
    """404."""
    return RefusedError(404, what, do)


def content(request: Request, body: bytes, media_type: str, caching: str = "private, no-cache") -> Response:
    """`body`, or 304 if whoever asks has it already."""
    tag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": caching}
    if has_it(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)


def has_it(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` names this tag."""
    told = request.headers.get("if-none-match", "")
    return tag in {each.strip().removeprefix("W/") for each in told.split(",")}
