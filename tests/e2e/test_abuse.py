"""Garbage at every endpoint, and the death of the supervisor itself."""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
import zmq

TAKERS = {"frames": "worker", "judgements": "alert", "heartbeats": "supervisor"}
GARBAGE = 5  # messages at each endpoint
ORPHANS_S = 10.0


@pytest.fixture(scope="module", name="daemon")
def _daemon(start: Any) -> Iterator[Any]:
    daemon = start({"cameras": {"park": {"source": "demo:"}}})
    daemon.until(lambda: daemon.metric("rareframe_judgements_total", camera="park"), 30, "frames are judged")
    yield daemon
    assert daemon.left() == []


def _errors(daemon: Any, process: str) -> float:
    return float(daemon.metric("rareframe_wire_errors_total", process=process) or 0)


def test_garbage_is_counted_and_changes_nothing(daemon: Any) -> None:
    """Bytes from a stranger's socket, and messages that are none: each process counts them and goes on."""
    before = {process: _errors(daemon, process) for process in TAKERS.values()}
    pids, noise = daemon.children(), random.Random(0)
    with zmq.Context() as context:
        for name in TAKERS:
            path = next(daemon.runtime.rglob(f"{name}.sock"))
            with socket.socket(socket.AF_UNIX) as raw:
                raw.connect(str(path))
                raw.sendall(noise.randbytes(60))  # dropped by libzmq itself: no message, so none to count
            with context.socket(zmq.DEALER) as stranger:
                stranger.linger = 1000
                stranger.connect(f"ipc://{path}")
                for size in range(GARBAGE):
                    stranger.send_multipart([noise.randbytes(1 + 40 * size) for _ in range(size + 1)])
    for process, errors in before.items():
        told = (process, errors + GARBAGE)
        daemon.until(lambda told=told: _errors(daemon, told[0]) >= told[1], 10, f"{process} has counted")
    judged = daemon.metric("rareframe_judgements_total", camera="park")
    daemon.until(lambda: daemon.metric("rareframe_judgements_total", camera="park") > judged + 10, 10, "it goes on")
    assert daemon.children() == pids
    assert daemon.get("/healthz").status_code == 200


def test_processes_end_with_their_supervisor(daemon: Any) -> None:
    """A supervisor that is killed leaves no process behind: each notices by itself and stops."""
    assert len(daemon.children()) == 3
    os.kill(daemon.process.pid, signal.SIGKILL)
    daemon.process.wait(5)
    until_s = time.monotonic() + ORPHANS_S
    while daemon.left() and time.monotonic() < until_s:
        time.sleep(0.1)
    assert daemon.left() == []
