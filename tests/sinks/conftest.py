"""A real HTTP server on loopback that a webhook's tests can make misbehave."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass
class Hook:
    """What the server is to answer, and what it got.

    Attributes:
        drip_s: Send one byte of the answer each so many seconds; 0 for all at once.
    """

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drip_s: float = 0.0
    got: list[tuple[dict[str, str], dict[str, object]]] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/s3cret-path?token=s3cret-token"


def _serve(hook: Hook) -> ThreadingHTTPServer:
    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.got.append((dict(self.headers), json.loads(body)))
            if hook.hang:
                hook.done.wait(20)
                return
            if hook.drip_s:
                with contextlib.suppress(OSError):
                    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
                        self.wfile.write(bytes([byte]))
                        if hook.done.wait(hook.drip_s):
                            return
                return
            self.send_response(hook.status)
            for name, value in hook.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    return ThreadingHTTPServer(("127.0.0.1", 0), Answer)


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A running server and what it does."""
    made = Hook()
    server = _serve(made)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.done.set()
    server.shutdown()
    thread.join()
    server.server_close()
