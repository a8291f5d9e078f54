"""Every sink keeps every promise of `monitor.sinks.checks`, and every check has a broken sink that it catches."""

from __future__ import annotations

import gc
import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from monitor.sink import Sink, SinkError
from monitor.sinks import checks
from monitor.sinks.alertmanager import Alertmanager
from monitor.sinks.checks import SINK_CHECKS, Subject
from monitor.sinks.discovery import Topics
from monitor.sinks.jsonl import JsonLines
from monitor.sinks.mqtt import Broker, Mqtt
from monitor.sinks.notifier import Notifier
from monitor.sinks.syslog import Syslog
from monitor.sinks.webhook import Webhook
from monitor.types import Event

TIMEOUT_S = 0.4


class HttpSubject:
    """Something that asks an HTTP server, and the server."""

    timeout_s = TIMEOUT_S
    secret = "s3cret"

    def __init__(self, request: pytest.FixtureRequest, _folder: Path) -> None:
        self._hook = request.getfixturevalue("hook")
        self._free_port = request.getfixturevalue("free_port")
        self.sink = self._made(self._hook.port)

    def _made(self, port: int) -> Sink:
        raise NotImplementedError

    def received(self) -> Sequence[str]:
        return [headers["Idempotency-Key"] for headers, _ in self._hook.got]

    def refuse(self) -> None:
        self.sink = self._made(self._free_port())

    def reject(self) -> bool:
        self._hook.status = 400
        return True

    def hang(self) -> bool:
        self._hook.hang = True
        return True

    def close(self) -> None:
        """The fixtures close what they opened."""


class WebhookSubject(HttpSubject):
    """A webhook that is signed and has a token."""

    def _made(self, port: int) -> Sink:
        url = self._hook.url.replace(str(self._hook.port), str(port))
        headers = {"Authorization": "Bearer s3cret"}
        return Webhook("hook", url, headers=headers, secret="s3cret-key", timeout_s=TIMEOUT_S)


class DrippingSubject(WebhookSubject):
    """A server that sends a byte now and then, each well within any time-out."""

    def hang(self) -> bool:
        self._hook.drip_s = 0.1
        return True


class AlertmanagerSubject(HttpSubject):
    """Something that answers as Alertmanager does; the real one is asked in test_alertmanager.py."""

    def _made(self, port: int) -> Sink:
        headers = {"Authorization": "Bearer s3cret"}
        return Alertmanager("am", [f"http://127.0.0.1:{port}/s3cret"], headers=headers, timeout_s=TIMEOUT_S)

    def received(self) -> Sequence[str]:
        return [alert["annotations"]["key"] for _, body in self._hook.got for alert in body]


class JsonLinesSubject:
    """Lines in a file."""

    timeout_s = TIMEOUT_S
    secret = ""

    def __init__(self, _request: pytest.FixtureRequest, folder: Path) -> None:
        self._path = folder / "events.jsonl"
        self._open = ExitStack()
        self.sink: Sink = JsonLines("lines", self._path, timeout_s=TIMEOUT_S)

    def received(self) -> Sequence[str]:
        return [json.loads(line)["key"] for line in self._path.read_text().splitlines()]

    def refuse(self) -> None:
        self._path.with_name("file").write_text("")
        self.sink = JsonLines("lines", self._path.with_name("file") / "events.jsonl", timeout_s=TIMEOUT_S)

    def reject(self) -> bool:
        self._path.mkdir()
        return True

    def hang(self) -> bool:
        os.mkfifo(self._path)
        reader = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        self._open.callback(os.close, reader)
        writer = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
        self._open.callback(os.close, writer)
        try:
            while True:
                os.write(writer, b"x" * 4096)
        except BlockingIOError:
            return True

    def close(self) -> None:
        self._open.close()


class MqttSubject:
    """A real mosquitto."""

    timeout_s = TIMEOUT_S
    secret = "s3cret"

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        self._request = request
        self._prefix = folder.name.replace("[", "-").replace("]", "-")
        self._heard = request.getfixturevalue("listen")(self._port("broker"), f"{self._prefix}/events")
        self.sink: Sink = self._made(self._port("broker"))

    def _port(self, name: str) -> int:
        return int(self._request.getfixturevalue(name).port)

    def _made(self, port: int) -> Sink:
        broker = Broker("127.0.0.1", port, "me", "s3cret")
        return Mqtt("mq", broker, Topics(self._prefix, None), ["gate"], timeout_s=TIMEOUT_S)

    def received(self) -> Sequence[str]:
        until_s = time.monotonic() + 0.3  # the broker had them all; they are still on their way here
        while time.monotonic() < until_s:
            time.sleep(0.02)
        return [json.loads(payload)["key"] for _, payload in self._heard.got]

    def refuse(self) -> None:
        self.sink = self._made(self._request.getfixturevalue("free_port")())

    def reject(self) -> bool:
        self.sink = self._made(self._port("locked_broker"))
        return True

    def hang(self) -> bool:
        self.sink = self._made(self._request.getfixturevalue("silent_port"))
        return True

    def close(self) -> None:
        self.sink.close()


class MailSubject:
    """A real SMTP server, by Apprise."""

    timeout_s = 3.0  # several turns, each of which may wait for a busy machine
    secret = "s3cret"

    def __init__(self, request: pytest.FixtureRequest, _folder: Path) -> None:
        self._request = request
        self._post = request.getfixturevalue("post")
        self.sink: Sink = self._made(self._post.port)

    def _made(self, port: int) -> Sink:
        url = f"mailto://me:s3cret@127.0.0.1:{port}?from=a@example.org&to=b@example.org&mode=insecure"
        return Notifier("mail", url, timeout_s=self.timeout_s)

    def received(self) -> Sequence[str]:
        texts = [mail.get_body(("plain", "html")).get_content() for mail in self._post.got]
        return [key for text in texts for key in re.findall(r"event ([0-9a-f]{16}/[a-z0-9-]+)", text)]

    def refuse(self) -> None:
        self.sink = self._made(self._request.getfixturevalue("free_port")())

    def reject(self) -> bool:
        return False  # Apprise does not say whether another try is worth it

    def hang(self) -> bool:
        self.sink = self._made(self._request.getfixturevalue("silent_port"))
        return True

    def close(self) -> None:
        self.sink.close()


class SyslogSubject:
    """A real receiver of syslog over UDP."""

    timeout_s = TIMEOUT_S
    secret = ""
    kind = "udp"

    def __init__(self, request: pytest.FixtureRequest, folder: Path) -> None:
        self._request = request
        self._folder = folder
        self._address, self._got = request.getfixturevalue("collector")(self.kind)
        self.sink: Sink = Syslog("log", self._address, timeout_s=TIMEOUT_S)
        self._open = ExitStack()

    def received(self) -> Sequence[str]:
        time.sleep(0.2)  # for the receiver's thread
        return [key for message in self._got for key in re.findall(r' key="([^"]+)"', message.decode())]

    def refuse(self) -> None:
        port = self._request.getfixturevalue("free_port")()
        self.sink = Syslog("log", f"{self.kind}://127.0.0.1:{port}", timeout_s=TIMEOUT_S)

    def reject(self) -> bool:
        return False  # syslog never answers

    def hang(self) -> bool:
        return False  # nor does it notice whether anybody reads

    def close(self) -> None:
        self._open.close()


class TcpSyslogSubject(SyslogSubject):
    """The same over TCP."""

    kind = "tcp"


class LocalSyslogSubject(SyslogSubject):
    """The same over a socket of this host."""

    kind = "unix"

    def refuse(self) -> None:
        self.sink = Syslog("log", f"unix://{self._folder}/nobody", timeout_s=TIMEOUT_S)

    def hang(self) -> bool:
        full = self._open.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        full.bind(str(self._folder / "full"))
        writer = self._open.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        writer.setblocking(False)
        writer.connect(str(self._folder / "full"))
        try:
            while True:
                writer.send(b"x")
        except BlockingIOError:
            self.sink = Syslog("log", f"unix://{self._folder}/full", timeout_s=TIMEOUT_S)
            return True


SUBJECTS = (
    WebhookSubject,
    DrippingSubject,
    AlertmanagerSubject,
    JsonLinesSubject,
    MqttSubject,
    MailSubject,
    SyslogSubject,
    TcpSyslogSubject,
    LocalSyslogSubject,
)


@pytest.fixture(scope="session", name="locked_broker")
def _locked_broker(mosquitto):  # noqa: ANN001, ANN202 - the fixture's Server cannot be imported
    """A broker that lets nobody in."""
    return mosquitto("allow_anonymous false")


@pytest.mark.parametrize("check", SINK_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", SUBJECTS)
def test_every_sink_keeps_every_promise(
    kind: Callable[..., Any], check: Callable[[Subject], None], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The contract, over real destinations."""
    subject = kind(request, tmp_path)
    try:
        check(subject)
    finally:
        subject.close()


class Working:
    """The smallest sink that keeps every promise; those below break one each."""

    name = "small"
    timeout_s = 0.1
    secret = "s3cret"

    def __init__(self) -> None:
        self.sink: Sink = self
        self.keys: list[str] = []
        self.mode = ""

    def deliver(self, event: Event) -> None:
        if self.mode == "hang":
            time.sleep(self.timeout_s)
        if self.mode:
            raise SinkError(f"sink {self.name}: {self.mode}", retryable=self.mode != "reject")
        self.keys.append(checks.telling_key(event))

    def close(self) -> None:
        """Nothing is held."""

    def received(self) -> Sequence[str]:
        return self.keys

    def refuse(self) -> None:
        self.mode = "refuse"

    def reject(self) -> bool:
        self.mode = "reject"
        return True

    def hang(self) -> bool:
        self.mode = "hang"
        return True


class ForgetsClosings(Working):
    def deliver(self, event: Event) -> None:
        if event.phase != "closed":
            super().deliver(event)


class NewKeyEachTime(Working):
    def deliver(self, event: Event) -> None:
        super().deliver(event)
        if self.keys.count(self.keys[-1]) > 1:
            self.keys[-1] += str(len(self.keys))


class GivesUpAtOnce(Working):
    def deliver(self, event: Event) -> None:
        if self.mode == "refuse":
            raise SinkError(f"sink {self.name}: refused", retryable=False)
        super().deliver(event)


class TriesForEver(Working):
    def deliver(self, event: Event) -> None:
        if self.mode == "reject":
            raise SinkError(f"sink {self.name}: answered 400", retryable=True)
        super().deliver(event)


class Hangs(Working):
    def deliver(self, event: Event) -> None:
        if self.mode == "hang":
            threading.Event().wait(self.timeout_s + 1.2)
        super().deliver(event)


class TellsItsSecret(Working):
    def deliver(self, event: Event) -> None:
        if self.mode:
            raise SinkError(f"sink {self.name}: token {self.secret} refused", retryable=True)
        super().deliver(event)


class ClosesOnce(Working):
    closed = False

    def close(self) -> None:
        if self.closed:
            raise ValueError("closed twice")
        self.closed = True


BROKEN: dict[type[Working], Callable[[Subject], None]] = {
    ForgetsClosings: checks.check_every_phase_arrives,
    NewKeyEachTime: checks.check_the_same_twice_is_told_by_one_key,
    GivesUpAtOnce: checks.check_refused_is_retryable,
    TriesForEver: checks.check_rejected_is_final,
    Hangs: checks.check_returns_within_its_timeout,
    TellsItsSecret: checks.check_errors_tell_no_secret,
    ClosesOnce: checks.check_close_twice,
}


@pytest.mark.parametrize("check", SINK_CHECKS, ids=lambda check: check.__name__)
def test_the_smallest_sink_passes(check: Callable[[Subject], None]) -> None:
    """The checks ask for no more than the contract."""
    check(Working())


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_broken_sinks_are_caught(broken: type[Working]) -> None:
    """Each check fails on the sink that breaks its promise."""
    with pytest.raises((AssertionError, ValueError)):
        BROKEN[broken](broken())


def test_every_check_has_a_fault_it_catches() -> None:
    """A check that nothing can fail proves nothing."""
    assert set(BROKEN.values()) == set(SINK_CHECKS)


@pytest.fixture(autouse=True)
def no_file_left_open() -> Iterator[None]:
    """A sink holds no file between two deliveries."""
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # counts, and iterates nothing
    yield
    gc.collect()  # a client of paho's holds itself
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # noqa: PTH208  # the server's own of the hook fixture
