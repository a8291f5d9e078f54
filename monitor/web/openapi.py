"""The OpenAPI document, made from the same table as the routes. Nothing in it is written by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from monitor.web.answers import ErrorBody, content
from monitor.web.roles import Role
from monitor.web.table import JSON, Call, Endpoint

# JSON.
Schema = dict[str, Any]
_PART = re.compile(r"\{(\w+)(?::\w+)?\}")
_REF = "#/components/schemas/{name}"
_SECURITY: Schema = {
    "token": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": "rareframe_session"},
}


class Description:
    """The document of a table, made when it is first asked for."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._table: Sequence[Endpoint] = ()
        self._body: bytes | None = None

    def of(self, table: Sequence[Endpoint]) -> None:
        """Of these routes; they have the way to this document among them."""
        self._table = table

    async def answer(self, call: Call) -> Response:
        """The document."""
        if self._body is None:
            self._body = await run_in_threadpool(self._made)
        return content(call.request, self._body, JSON)

    def _made(self) -> bytes:
        return msgspec.json.encode(document(self._table, self._version))


def document(table: Sequence[Endpoint], version: str) -> Schema:
    """OpenAPI 3.1 of all endpoints."""
    types = [each for endpoint in table for each in (endpoint.gives, endpoint.body) if isinstance(each, type)]
    schemas, components = msgspec.json.schema_components([*types, ErrorBody], ref_template=_REF)
    by_type = dict(zip([*types, ErrorBody], schemas, strict=True))
    paths: dict[str, Schema] = {}
    for endpoint in table:
        path = _PART.sub(r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "rareframe", "version": version},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SECURITY},
    }


def _operation(endpoint: Endpoint, by_type: dict[type, Schema]) -> Schema:
    operation: Schema = {
        "summary": endpoint.summary,
        "x-role": endpoint.role.word,
        "parameters": [*_parts(endpoint), *_parameters(endpoint)],
        "responses": _responses(endpoint, by_type),
    }
    if endpoint.role > Role.NOBODY:
        operation["security"] = [{name: []} for name in _SECURITY]
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": by_type[endpoint.body]}}}
    return operation


def _parts(endpoint: Endpoint) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PART.findall(endpoint.path)
    ]


def _parameters(endpoint: Endpoint) -> list[Schema]:
    if endpoint.query is None:
        return []
    fields = msgspec.json.schema(endpoint.query)
    found = fields["$defs"][endpoint.query.__name__]["properties"]
    return [
        {"name": name, "in": "query", "required": False, "schema": _inlined(schema, fields["$defs"])}
        for name, schema in found.items()
    ]


def _inlined(schema: Schema, definitions: Schema) -> Schema:
    """Parameters are small: what they refer to stands in them."""
    if "$ref" in schema:
        return dict(definitions[schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return {**schema, "anyOf": [_inlined(each, definitions) for each in schema["anyOf"]]}
    return schema


def _responses(endpoint: Endpoint, by_type: dict[type, Schema]) -> Schema:
    gives = endpoint.gives
    content_ = {JSON: {"schema": by_type[gives]}} if isinstance(gives, type) else {gives: {}}
    refused = {
        "description": "Refused: why, and what to do.",
        "content": {JSON: {"schema": by_type[ErrorBody]}},
    }
    given = {str(status): {"description": "As asked.", "content": content_} for status in (200, *endpoint.others)}
    return {**given, "default": refused}
