"""The way from a request to its endpoint: who asks, what they bring, refusals; the same for all. Answers nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from monitor.web.access import Access
from monitor.web.answers import RefusedError, refusal
from monitor.web.roles import Role
from monitor.web.table import Call, Endpoint, Taken

# All that is ever sent to us is a few words.
MOST_BODY_BYTES = 64 * 1024
# And it is there at once. Unit: seconds.
BODY_S = 10.0
_MOST_QUERY = 32
_Brought = TypeVar("_Brought", bound=Taken)


def route(endpoint: Endpoint, access: Access, faults: tuple[type[Exception], ...]) -> Route:
    """The route of an endpoint, with every check before it; `faults` are told with their own words, and as passing."""
    least = Role.NOBODY if endpoint.public in access.doors.public else endpoint.role

    async def serve(request: Request) -> Response:
        try:
            who = access.admit(request, least)
            query = None if endpoint.query is None else _query(request, endpoint.query)
            body = None if endpoint.body is None else await _body(request, endpoint.body)
            return await endpoint.handle(Call(request, who, query, body))
        except RefusedError as error:
            return refusal(error)
        except faults as error:
            return refusal(RefusedError(503, str(error), "try again; if it recurs, see /healthz and the log"))

    return Route(endpoint.path, serve, methods=[endpoint.method])


def no_such_route() -> dict[Any, Callable[[Request, Exception], Awaitable[Response]]]:
    """What starlette is to do about paths and methods that no endpoint has."""

    async def answer(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        what = "this cannot be asked in this way" if status == 405 else "there is nothing here"  # noqa: PLR2004
        headers = error.headers if isinstance(error, HTTPException) else None
        return refusal(RefusedError(status, what, "see /api/v1/openapi.json", headers))

    return {HTTPException: answer}


def _query(request: Request, kind: type[_Brought]) -> _Brought:
    given = request.query_params.multi_items()
    if len(given) > _MOST_QUERY or len({key for key, _ in given}) < len(given):
        raise RefusedError(400, "a parameter is given twice", "give each once")
    try:
        # An empty field of a form says nothing.
        return msgspec.convert({key: value for key, value in given if value}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise RefusedError(400, f"the query: {error}", "see /api/v1/openapi.json") from error


async def _body(request: Request, kind: type[_Brought]) -> _Brought:
    # Another site's form cannot send this type, which is one more lock on the door.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise RefusedError(400, "expected a body of Content-Type application/json", "send JSON")
    try:
        return msgspec.json.decode(await _read(request), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError(400, f"the body: {error}", "see /api/v1/openapi.json") from error


async def _read(request: Request) -> bytes:
    read = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                read += chunk
                if len(read) > MOST_BODY_BYTES:
                    raise RefusedError(413, f"expected at most {MOST_BODY_BYTES} bytes, got more", "send less")
    except TimeoutError as error:
        raise RefusedError(408, f"the body did not come within {BODY_S:.0f} s", "try again") from error
    except ClientDisconnect as error:
        raise RefusedError(400, "the connection was closed before the body was sent", "try again") from error
    return bytes(read)
