"""The server: on loopback only, and it stops."""

from __future__ import annotations

import socket
import time

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from monitor.web.server import WebError, WebServer

PATIENCE_S = 5.0


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    """The smallest application."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_it_serves_on_loopback_and_stops(host: str) -> None:
    """Answers while it runs; afterwards its port is free and its thread gone."""
    try:
        server = WebServer(hello, host, 0)
    except WebError:
        if host == "::1":
            pytest.skip("no IPv6 here")
        raise
    address = "[::1]" if host == "::1" else "127.0.0.1"
    with server:
        answer = httpx.get(f"http://{address}:{server.port}/", timeout=PATIENCE_S, trust_env=False)
        assert answer.text == "hello"
        assert "server" not in answer.headers
        port = server.port
    assert server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{address}:{port}/", timeout=1, trust_env=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_beyond_loopback_is_refused(host: str) -> None:
    """Without a login nothing is served to other machines, and the message says what to do instead."""
    with pytest.raises(WebError, match=r"there is no login yet.*SSH tunnel"):
        WebServer(hello, host, 0)


def test_a_port_in_use_is_said_at_once() -> None:
    """Before any thread is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(WebError, match=f"127.0.0.1:{port} cannot be taken"):
            WebServer(hello, "127.0.0.1", port)


def test_stopping_does_not_wait_for_a_client_that_says_nothing() -> None:
    """An open connection holds up the end for a moment only."""
    server = WebServer(hello, "127.0.0.1", 0)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port)) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: 127")
        started_s = time.monotonic()
        assert server.stop(PATIENCE_S)
        assert time.monotonic() - started_s < PATIENCE_S


def test_stopping_before_starting_is_fine() -> None:
    """An order that a failing start may bring."""
    assert WebServer(hello, "127.0.0.1", 0).stop()
