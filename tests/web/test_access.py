"""Every route asks for the role that the table names, and no other site's page can change anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from monitor.web.roles import Role
from monitor.web.table import Endpoint

# Answers of the endpoints themselves: they were reached.
REACHED = frozenset({200, 206, 304, 400, 404, 409, 503})
ENDLESS = "/api/v1/stream"
PARTS = {"{path:path}": "x.js", "{camera}": "gate", "{event}": "00000000000000aa", "{number}": "1", "{sink}": "jsonl"}


def address(endpoint: Endpoint) -> str:
    """A path that the route takes; what it names need not be there."""
    path = endpoint.path
    for part, name in PARTS.items():
        path = path.replace(part, name)
    return path


def askers(closed: Any, tokens: dict[str, str]) -> Iterator[tuple[str, Role, Any]]:
    """Nobody, and each role by cookie and by token."""
    yield "nobody", Role.NOBODY, closed.browser()
    for user, role in (("vera", Role.VIEWER), ("otto", Role.OPERATOR)):
        browser = closed.browser()
        browser.log_in(user)
        yield f"{user} by cookie", role, browser
    for name, role in (("prometheus", Role.VIEWER), ("robot", Role.OPERATOR)):
        browser = closed.browser()
        browser.headers["Authorization"] = f"Bearer {tokens[name]}"
        yield f"{name} by token", role, browser


def holes(table: Sequence[Endpoint], who: str, role: Role, browser: Any) -> list[str]:
    """The routes that let somebody in who may not, or keep somebody out who may."""
    found = []
    for endpoint in table:
        if endpoint.path in {ENDLESS, "/api/v1/logout", "/api/v1/login"}:
            continue  # see the tests of stream and login; logging out would end the walk
        more = {} if endpoint.body is None else {"json": {}}
        status = browser.request(endpoint.method, address(endpoint), **more).status_code
        expected = REACHED if role >= endpoint.role else {401} if role is Role.NOBODY else {403}
        if status not in expected:
            found.append(f"{who}: {endpoint.method} {endpoint.path} gave {status}")
    return found


def test_every_route_asks_for_its_role(closed: Any, tokens: dict[str, str]) -> None:
    """Each route × nobody, viewers and operators, by cookie and by token."""
    for who, role, browser in askers(closed, tokens):
        assert holes(closed.app.table, who, role, browser) == []


def test_the_walk_finds_a_route_that_asks_for_too_little(closed: Any, tokens: dict[str, str]) -> None:
    """A table that names higher roles than the server was made of: each missing check is found."""
    stricter = [replace(each, role=Role.OPERATOR) for each in closed.app.table if each.role is Role.VIEWER]
    for who, role, browser in askers(closed, tokens):
        wanted = [each for each in stricter if each.path != ENDLESS and role is Role.VIEWER]
        assert len(holes(stricter, who, role, browser)) == len(wanted)


def test_the_table_is_what_is_served(closed: Any) -> None:
    """No route beside it, and none that anybody may use but those that show nothing of anybody's."""
    assert {(route.path, *sorted(route.methods)) for route in closed.app.asgi.routes} == {
        (each.path, *sorted({each.method, *(["HEAD"] if each.method == "GET" else [])})) for each in closed.app.table
    }
    assert {each.path for each in closed.app.table if each.role is Role.NOBODY} == {
        "/",
        "/static/{path:path}",
        "/api/v1/me",
        "/api/v1/login",
        "/api/v1/logout",
        "/api/v1/openapi.json",
    }
    assert all(
        each.role is Role.OPERATOR for each in closed.app.table if each.method != "GET" and each.role > Role.NOBODY
    )


OTHERS = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "null"},
    {"Origin": "http://[::1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", OTHERS)
@pytest.mark.parametrize("kind", ["open", "cookie"])
def test_another_sites_page_changes_nothing(client: Any, closed: Any, kind: str, headers: dict[str, str]) -> None:
    """Its visitor's browser may send the cookie and guess the header; it cannot hide where the page is from."""
    browser = client if kind == "open" else closed.browser()
    if kind == "cookie":
        browser.log_in("otto")
    answer = browser.post("/api/v1/logout", headers={"X-CSRF-Token": "open", **headers})
    assert answer.status_code == 403
    ours = {"Origin": f"http://127.0.0.1:{browser.base_url.port}", "Sec-Fetch-Site": "same-origin"}
    assert browser.post("/api/v1/logout", headers=ours).status_code == 200


def test_a_form_of_another_site_changes_nothing(client: Any) -> None:
    """What a form can send, an old browser without Origin even: no header, and no JSON."""
    assert client.post("/api/v1/logout", data={"a": "b"}).status_code == 403
    answer = client.post("/api/v1/login", content=b"{}", headers={"X-CSRF-Token": "x", "Content-Type": "text/plain"})
    assert answer.status_code == 400


def test_a_name_of_the_configuration_is_ours(serve: Any, doors: Any) -> None:
    """Behind a proxy, pages come from its name, whatever Host it passes on."""
    browser = serve(replace(doors, hosts=doors.hosts | {"nvr.example.org"})).browser()
    browser.log_in("otto")
    for origin, status in (("https://nvr.example.org", 200), ("https://other.example.org", 403)):
        assert browser.post("/api/v1/logout", headers={"Origin": origin}).status_code == status
    assert browser.get("/api/v1/me", headers={"Host": "nvr.example.org"}).status_code == 200


@pytest.mark.parametrize("proxies", [[], ["127.0.0.1"]])
@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "203.0.113.7"}, {"Forwarded": "for=203.0.113.7"}])
def test_where_nobody_logs_in_a_proxy_lets_nobody_in(serve: Any, proxies: list[str], headers: dict[str, str]) -> None:
    """It is on this machine, and those for whom it asks are not, whether it is trusted or not."""
    served = serve(proxies=proxies)
    browser = served.browser()
    assert browser.get("/api/v1/me").json()["role"] == "operator"
    for endpoint in served.app.table:
        if endpoint.role > Role.NOBODY or endpoint.path == "/api/v1/me":
            answer = browser.request(endpoint.method, address(endpoint), headers=headers)
            assert (answer.status_code, answer.json()["error"]["do"]) == (403, "add `users` to `alerting.web`")
