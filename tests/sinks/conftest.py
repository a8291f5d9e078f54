"""Real servers on loopback that the tests of sinks can make misbehave: HTTP and syslog; a broker for all of them."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Hook:
    """What the server is to answer, and what it got.

    Attributes:
        drip_s: Send one byte of the answer each so many seconds; 0 for all at once.
        raw: The bodies as they came; `got` has them as JSON where they are.
    """

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang: bool = False
    drip_s: float = 0.0
    got: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    raw: list[tuple[str, bytes]] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/s3cret-path?token=s3cret-token"


def _serve(hook: Hook) -> ThreadingHTTPServer:
    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with contextlib.suppress(ValueError):
                hook.got.append((dict(self.headers), json.loads(body)))
            hook.raw.append((self.command, body))
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

        def do_GET(self) -> None:
            self.do_POST()

        def do_PUT(self) -> None:
            self.do_POST()

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


@pytest.fixture(scope="session", name="broker")
def _broker(mosquitto: Callable[..., Any]) -> Any:
    """A broker that lets everybody in."""
    return mosquitto("allow_anonymous true")


@pytest.fixture(scope="session", autouse=True)
def one_thread_of_apprise() -> None:
    """Apprise keeps a thread for the next message: it is there before tests count threads."""
    from apprise.apprise import get_shared_executor  # noqa: PLC0415 - half a second

    get_shared_executor().submit(int).result()


@pytest.fixture(name="collector")
def _collector(tmp_path: Path) -> Iterator[Callable[[str], tuple[str, list[bytes]]]]:
    """Start a syslog server: `collector("udp")` (or tcp, unix) gives its address and what it gets."""
    ending = contextlib.ExitStack()

    def start(kind: str) -> tuple[str, list[bytes]]:
        got: list[bytes] = []
        if kind == "tcp":
            server = socket.create_server(("127.0.0.1", 0))
        elif kind == "udp":
            server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            server.bind(("127.0.0.1", 0))
        else:
            server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            server.bind(str(tmp_path / "log"))
        stop = threading.Event()
        server.settimeout(0.05)

        def take() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    if kind != "tcp":
                        got.append(server.recv(65_536))
                        continue
                    with server.accept()[0].makefile("rb") as peer:
                        got.append(peer.read())

        thread = threading.Thread(target=take)
        thread.start()
        ending.callback(server.close)
        ending.callback(thread.join)
        ending.callback(stop.set)
        place = str(tmp_path / "log") if kind == "unix" else f"127.0.0.1:{server.getsockname()[1]}"
        return f"{kind}://{place}", got

    with ending:
        yield start
