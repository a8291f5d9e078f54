"""Asking a daemon over HTTP, also one that is not there."""

from __future__ import annotations

import io
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import msgspec

from monitor.terminal import Places, watching
from monitor.terminal.watch import Asking
from monitor.views import Health, Overview, Status, Trouble

OVERVIEW = Overview(
    1, 0, Health(Status.DEGRADED, True, (Trouble("store", "", "full", 1, "make room"),)), (), (), (), ()
)


def _asking(status: int, body: bytes) -> Asking:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body))
    return Asking(httpx.Client(base_url="http://127.0.0.1:1", transport=transport))


def test_the_status_is_read_as_it_was_written() -> None:
    """What the web server encodes is what the terminal decodes."""
    assert _asking(200, msgspec.json.encode(OVERVIEW)).overview() == OVERVIEW


def test_whatever_answers_instead_is_no_status() -> None:
    """An error, another program on the port, or nobody at all: None, never an exception."""
    assert _asking(503, b"").overview() is None
    assert _asking(200, b"<html>").overview() is None
    assert _asking(404, b"no picture").picture("gate") is None
    assert Asking(httpx.Client(base_url="http://127.0.0.1:9", trust_env=False)).overview() is None


def test_plain_lines_come_from_a_running_server() -> None:
    """From `watching` to standard output: the places at once, then what is new; it ends with its block."""
    asked = threading.Event()

    class Status(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(msgspec.json.encode(OVERVIEW))
            if asked.is_set():
                answered.set()
            asked.set()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    answered = threading.Event()
    server = HTTPServer(("127.0.0.1", 0), Status)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    out = io.StringIO()
    places = Places(f"http://127.0.0.1:{server.server_address[1]}", Path("data"), None)
    try:
        with watching(places, ["gate"], live=False, out=out):
            assert answered.wait(10)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    lines = out.getvalue().splitlines()
    assert lines[0] == "watching gate; Ctrl-C stops"
    assert f"dashboard {places.url}/" in lines
    assert f"metrics   {places.url}/metrics" in lines
    assert [line for line in lines if "problem: store: full; make room" in line] == lines[-1:]


def test_the_live_view_ends_with_its_block() -> None:
    """Also while nobody answers."""
    out = io.StringIO()
    before = threading.active_count()
    with watching(Places("http://127.0.0.1:9", Path("data"), None), ["gate"], live=True, out=out):
        pass
    assert threading.active_count() == before
    assert "starting; cameras: gate" in out.getvalue()
