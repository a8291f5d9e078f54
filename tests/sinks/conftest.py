"""Real servers on loopback that the tests of sinks can make misbehave: HTTP, MQTT, mail, syslog."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 10.0


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


@pytest.fixture(name="free_port")
def _free_port() -> Callable[[], int]:
    """A port at which nobody listens."""

    def find() -> int:
        with socket.create_server(("127.0.0.1", 0)) as free:
            return int(free.getsockname()[1])

    return find


class Server:
    """A program that listens at `port`, started and ended by the tests."""

    def __init__(self, command: list[str], port: int) -> None:
        self.port = port
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                return
            time.sleep(0.02)
        raise AssertionError(f"{command[0]} did not listen within {PATIENCE_S:g} s")

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session", name="mosquitto")
def _mosquitto(tmp_path_factory: Any) -> Iterator[Callable[..., Server]]:
    """Start MQTT brokers: `mosquitto("allow_anonymous true", …, port=0)`, lines of its configuration."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.skip("mosquitto is absent: apt-get install mosquitto")
    started: list[Server] = []

    def start(*lines: str, port: int = 0) -> Server:
        if not port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
        file = tmp_path_factory.mktemp("mosquitto") / "mosquitto.conf"
        file.write_text("\n".join(["user root", f"listener {port} 127.0.0.1", *lines]) + "\n")
        started.append(Server([program, "-c", str(file)], port))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="session", name="broker")
def _broker(mosquitto: Callable[..., Server]) -> Server:
    """A broker that lets everybody in."""
    return mosquitto("allow_anonymous true")


class Listener:
    """Somebody who listens at a broker: what was published below a topic, in order, retained messages too."""

    def __init__(self, port: int, topic: str) -> None:
        from paho.mqtt.client import Client  # noqa: PLC0415 - only here
        from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion  # noqa: PLC0415

        self.got: list[tuple[str, bytes]] = []
        self._news, self._ready = threading.Condition(), threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = self._heard
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(PATIENCE_S)

    def _heard(self, _client: object, _data: object, message: Any) -> None:
        with self._news:
            self.got.append((message.topic, message.payload))
            self._news.notify_all()

    def until(self, done: Callable[[list[tuple[str, bytes]]], bool], what: str) -> list[tuple[str, bytes]]:
        """Wait for it."""
        with self._news:
            assert self._news.wait_for(lambda: done(self.got), PATIENCE_S), f"{what}; got {self.got}"
            return list(self.got)

    def newest(self, topic: str) -> bytes | None:
        """What was published there last."""
        return next((payload for name, payload in reversed(self.got) if name == topic), None)

    def close(self) -> None:
        """Listen no more."""
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_message = self._client.on_subscribe = self._client.on_connect = None


@pytest.fixture(name="listen")
def _listen() -> Iterator[Callable[..., Listener]]:
    """Listen at a broker: `listen(port, "rareframe/#")`."""
    started: list[Listener] = []

    def start(port: int, topic: str) -> Listener:
        started.append(Listener(port, topic))
        return started[-1]

    yield start
    for listener in started:
        listener.close()


@pytest.fixture(scope="session", autouse=True)
def one_thread_of_apprise() -> None:
    """Apprise keeps a thread for the next message: it is there before tests count threads."""
    from apprise.apprise import get_shared_executor  # noqa: PLC0415 - half a second

    get_shared_executor().submit(int).result()


@dataclass
class Post:
    """A mail server and what it got."""

    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)


@pytest.fixture(name="post")
def _post(free_port: Callable[[], int]) -> Iterator[Post]:
    """A real SMTP server that wants a login and takes any."""
    controllers = pytest.importorskip("aiosmtpd.controller")
    smtp = pytest.importorskip("aiosmtpd.smtp")
    post = Post()

    class Box:
        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd
            post.got.append(BytesParser(policy=default).parsebytes(envelope.content))  # type: ignore[arg-type]
            return "250 taken"

    controller = controllers.Controller(
        Box(),
        hostname="127.0.0.1",
        port=free_port(),
        auth_require_tls=False,
        authenticator=lambda *_: smtp.AuthResult(success=True),
    )
    controller.start()
    post.port = controller.port
    yield post
    controller.stop()


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
