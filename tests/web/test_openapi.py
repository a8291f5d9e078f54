"""The document says what is served, and nothing else; and no request, however odd, is answered with a 500."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PARTS = {"camera": "gate", "event": "00000000000000aa", "number": "1", "sink": "ops", "path": "index.html"}
BODIES: dict[str, Any] = {
    "/api/v1/login": {"user": "vera", "password": "vera's password"},
    "/api/v1/cameras/{camera}/budget": {"alerts_per_day": 5},
    "/api/v1/events/{event}/feedback": {"kind": "normal", "note": "the postman"},
    "/api/v1/events/{event}/protected": {"protected": True},
}
# Endless, so asked in its own tests; and what would end the session that the others need.
LEFT_OUT = {"/api/v1/stream", "/api/v1/logout"}


@pytest.fixture
def document(client: httpx.Client) -> Any:
    """As it is served."""
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Path, method and description of each."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def misfits(document: Any, operation: Any, answer: httpx.Response) -> list[str]:
    """What of an answer is not as the document says."""
    told = operation["responses"].get(str(answer.status_code), operation["responses"]["default"])
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if media_type not in told["content"] and not (media_type and "text/html" in told["content"]):
        return [f"{answer.status_code} {media_type}"]
    schema = told["content"].get(media_type, {}).get("schema")
    if schema is None:
        return []
    whole = {**schema, "components": document["components"]}
    return [error.message for error in jsonschema.Draft202012Validator(whole).iter_errors(answer.json())]


def test_each_route_is_in_it_and_no_other(closed: Any, document: Any) -> None:
    """With its method, and the role that it asks for."""
    served = {(re.sub(r":\w+", "", e.path), e.method.lower(), e.role.name.lower()) for e in closed.app.table}
    assert {(path, method, operation["x-role"]) for path, method, operation in operations(document)} == served


def test_each_answer_fits_its_schema(closed: Any, document: Any) -> None:
    """Asked as an operator, and once more as nobody: both the answer and the refusal are as described."""
    browser = closed.browser()
    browser.log_in("otto")
    for path, method, operation in operations(document):
        if path in LEFT_OUT or path == "/api/v1/login":
            continue
        for asking in (browser, closed.browser()):
            answer = asking.request(method, path.format(**PARTS), json=BODIES.get(path))
            assert misfits(document, operation, answer) == [], (method, path, answer.text)
    answer = closed.browser().post("/api/v1/login", json=BODIES["/api/v1/login"], headers={"X-CSRF-Token": "x"})
    assert misfits(document, document["paths"]["/api/v1/login"]["post"], answer) == []


def test_an_answer_that_does_not_fit_is_noticed(client: httpx.Client, document: Any) -> None:
    """A field of another type, one that is missing, a status that is none of the document's kinds."""
    operation = document["paths"]["/api/v1/me"]["get"]
    good = client.get("/api/v1/me")
    assert misfits(document, operation, good) == []
    for wrong in ({**good.json(), "login_required": "no"}, {"user": None}):
        broken = httpx.Response(200, json=wrong)
        assert misfits(document, operation, broken) != []
    assert misfits(document, operation, httpx.Response(500, text="Internal Server Error")) != []


odd = st.one_of(st.text(max_size=40), st.sampled_from(["", "..", "%00", "nan", "1e999", "-1", "9" * 30, "'", "\ud7ff"]))
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | odd,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(odd, below, max_size=3),
    max_leaves=6,
)
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@FUZZ
@given(data=st.data())
def test_no_request_makes_it_stumble(client: httpx.Client, document: Any, data: st.DataObject) -> None:
    """Odd ids, queries and bodies on any route: answered or refused, never a 500, always as the document says."""
    path, method, operation = data.draw(st.sampled_from(sorted(operations(document), key=lambda each: each[:2])))
    if path in LEFT_OUT:
        return
    parts = {name: httpx.QueryParams({"x": data.draw(odd)}).__str__()[2:] or "x" for name in PARTS}
    names = [each["name"] for each in operation["parameters"] if each["in"] == "query"]
    query = data.draw(st.dictionaries(st.sampled_from([*names, "other"]), odd, max_size=4))
    body = data.draw(st.one_of(st.binary(max_size=50), anything.map(lambda value: json.dumps(value).encode())))
    headers = {"X-CSRF-Token": "x", "Content-Type": "application/json"}
    place = path.format(**parts) if data.draw(st.booleans()) else path.format(**PARTS)
    answer = client.request(method, place, params=query, content=body if method != "get" else None, headers=headers)
    assert answer.status_code < 500 or answer.status_code == 503, (method, place, query, body)
    if answer.status_code not in {304, 404, 405, 421}:
        assert misfits(document, operation, answer) == []


def test_a_body_is_bounded(client: httpx.Client) -> None:
    """Too much is refused before it is all there."""
    answer = client.put(
        "/api/v1/events/00000000000000aa/protected",
        content=b'{"protected": true, "x": "' + b"a" * 100_000,
        headers={"X-CSRF-Token": "x", "Content-Type": "application/json"},
    )
    assert answer.status_code == 413
