"""Server-sent events: what browsers hear, and what becomes of those that do not listen."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from monitor.types import Event, Phase
from monitor.web import stream as streaming
from monitor.web.listing import flat
from monitor.web.stream import MOST_LISTENERS, MOST_WAITING, Stream

S = 1_000_000_000
STREAM = "/api/v1/stream"


def messages(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    """The kind and the data of each; comments as ("", text)."""
    kind = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))
        elif line.startswith(":"):
            yield "", line


def test_the_overview_comes_at_once_and_whenever_it_is_made_anew(client: Any, now: Any) -> None:
    """As /api/v1/overview gives it; whatever a browser says that it heard last."""
    for last in ("7", "\u00fc", "x" * 1000):
        with client.stream("GET", STREAM, headers=[(b"Last-Event-ID", last.encode())]) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            heard = messages(answer)
            assert next(heard) == ("overview", client_overview(client))
            now.made_ns += S
            kind, body = next(heard)
            assert (kind, body["made_ns"]) == ("overview", now.made_ns)


def client_overview(client: httpx.Client) -> Any:
    """Asked for once."""
    return client.get("/api/v1/overview").json()


def test_each_telling_of_an_event_is_heard(client: Any, now: Any, store: Any) -> None:
    """As it is listed, with what people made of it; those of before one came are not told again."""
    [event] = store.events()
    with client.stream("GET", STREAM) as answer:
        heard = (message for message in messages(answer) if message[0] == "event")
        for phase, frames in ((Phase.OPENED, 1), (Phase.UPDATED, 2), (Phase.CLOSED, 2)):
            other = replace(event, id="00000000000000bb", phase=phase, frames=frames)
            store.record([other], {}, 0)
            if phase is Phase.UPDATED:
                store.protect(other.id, True, "otto", 0)
            now.recent, now.made_ns = (other, event), now.made_ns + S
            _, body = next(heard)
            assert (body["id"], body["phase"], body["frames"]) == (other.id, phase.value, frames)
            assert body["protected"] is (phase is not Phase.OPENED)
            assert body == client.get(f"/api/v1/events/{other.id}").json()


def test_silence_is_broken_by_comments(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no proxy takes a quiet scene for a dead connection."""
    monkeypatch.setattr(streaming, "HEARTBEAT_S", 0.1)
    with client.stream("GET", STREAM) as answer:
        heard = messages(answer)
        assert next(heard)[0] == "overview"
        assert [next(heard)[0] for _ in range(2)] == ["", ""]


def test_there_is_room_for_so_many_and_again_when_one_leaves(client: Any, serve: Any, now: Any) -> None:
    """The next one is refused, and everything else goes on."""
    browsers = [client.stream("GET", STREAM) for _ in range(MOST_LISTENERS)]
    heard = [messages(browser.__enter__()) for browser in browsers]
    assert {next(each)[0] for each in heard} == {"overview"}
    assert client.get(STREAM).status_code == 503
    assert client.get("/healthz").status_code == 200
    browsers[0].__exit__(None, None, None)
    deadline_s = time.monotonic() + 10
    status = 503
    while status == 503 and time.monotonic() < deadline_s:
        with client.stream("GET", STREAM) as again:
            status = again.status_code
    assert status == 200
    for browser in browsers[1:]:
        browser.__exit__(None, None, None)


def test_a_stream_ends_with_its_login(closed: Any) -> None:
    """Whoever logged out hears nothing any more; nor does anybody who never logged in."""
    assert closed.browser().get(STREAM).status_code == 401
    browser = closed.browser()
    browser.log_in("vera")
    with browser.stream("GET", STREAM) as answer:
        heard = messages(answer)
        assert next(heard)[0] == "overview"
        assert browser.post("/api/v1/logout").status_code == 200
        assert list(heard) == []


def test_a_stop_does_not_wait_for_listeners(serve: Any) -> None:
    """Their answers end, and so does the server."""
    served = serve()
    with served.browser().stream("GET", STREAM) as answer:
        heard = messages(answer)
        assert next(heard)[0] == "overview"
        served.app.close()
        assert list(heard) == []


def test_whoever_does_not_listen_is_dropped(now: Any) -> None:
    """Its messages do not pile up: it is let go, and what waited for it is forgotten."""

    async def listed(event: Event) -> Any:
        return flat(event)  # type: ignore[arg-type]  # never called: nothing is told of events here

    async def run() -> None:
        stream = Stream(now.overview, listed, lambda _: True, look_s=0.0)
        call = Call()
        slow = await stream.answer(call)  # type: ignore[arg-type]
        body = slow.body_iterator  # type: ignore[attr-defined]
        await anext(body)
        for _ in range(MOST_WAITING + 2):
            stream._tell(b"news")
        assert [message async for message in body] == []
        assert not stream._listeners

    asyncio.run(run())


class Call:
    """What the stream looks at of a call."""

    request = SimpleNamespace(method="GET")
    who = None


def test_a_client_that_does_not_read_is_cut_off(serve: Any, now: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server does not keep what it cannot send."""
    monkeypatch.setattr("monitor.web.protocol.READ_S", 0.3)
    monkeypatch.setattr(streaming, "OVERVIEW_S", 0.0)
    now.cameras = tuple(replace(now.cameras[0], camera=f"camera{number}", reason="x" * 50_000) for number in range(100))
    served = serve()
    connections = served.server._server.server_state.connections
    with socket.create_connection(("127.0.0.1", served.port)) as deaf:
        deaf.sendall(f"GET {STREAM} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert deaf.recv(64)
        assert len(connections) == 1
        deadline_s = time.monotonic() + 20
        while connections and time.monotonic() < deadline_s:
            now.made_ns += S
            time.sleep(0.1)
        assert not connections
    assert served.browser().get("/healthz").status_code == 200
