"""Every sink keeps every promise of `monitor.sinks.checks`, and every check has a broken sink that it catches."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from monitor.sink import Sink, SinkError
from monitor.sinks import checks
from monitor.sinks.checks import SINK_CHECKS, Subject
from monitor.sinks.jsonl import JsonLines
from monitor.sinks.webhook import Webhook
from monitor.types import Event

TIMEOUT_S = 0.4


class WebhookSubject:
    """A webhook with a real server."""

    timeout_s = TIMEOUT_S
    secret = "s3cret"

    def __init__(self, hook, tmp_path: Path) -> None:  # noqa: ANN001  # the fixture's Hook cannot be imported
        self._hook = hook
        self._port = hook.port
        headers = {"Authorization": "Bearer s3cret"}
        self.sink: Sink = Webhook("hook", hook.url, headers=headers, timeout_s=TIMEOUT_S)

    def received(self) -> Sequence[str]:
        return [headers["Idempotency-Key"] for headers, _ in self._hook.got]

    def refuse(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:  # a port at which nobody listens
            port = free.getsockname()[1]
        url = self._hook.url.replace(str(self._port), str(port))
        self.sink = Webhook("hook", url, headers={"Authorization": "Bearer s3cret"}, timeout_s=TIMEOUT_S)

    def reject(self) -> bool:
        self._hook.status = 400
        return True

    def hang(self) -> bool:
        self._hook.hang = True
        return True


class DrippingSubject(WebhookSubject):
    """A server that sends a byte now and then, each well within any time-out."""

    def hang(self) -> bool:
        self._hook.drip_s = 0.1
        return True


class JsonLinesSubject:
    """Lines in a file."""

    timeout_s = TIMEOUT_S
    secret = ""

    def __init__(self, _hook: object, tmp_path: Path) -> None:
        self._path = tmp_path / "events.jsonl"
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


SUBJECTS = (WebhookSubject, DrippingSubject, JsonLinesSubject)


@pytest.mark.parametrize("check", SINK_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("kind", SUBJECTS)
def test_every_sink_keeps_every_promise(kind, check: Callable[[Subject], None], hook, tmp_path: Path) -> None:  # noqa: ANN001
    """The contract, over real destinations."""
    subject = kind(hook, tmp_path)
    check(subject)
    if isinstance(subject, JsonLinesSubject):
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
    assert len(os.listdir("/proc/self/fd")) <= before + 2  # noqa: PTH208  # the server's own of the hook fixture
