"""Where a camera's frames leave the capture process: a recording waits and says so, a live camera hardly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from monitor.build.joining import Endpoints, endpoints
from monitor.config import load_text
from monitor.roles.outlet import LIVE_CAPACITY, LIVE_PATIENCE_S, RECORDING_CAPACITY, LinkOutlet
from monitor.transport import Context, Receiver
from monitor.types import LOOP_ENDED, CameraReport, Frame, Heartbeat, Link, Stamp

LIMIT_S = 15.0  # for what takes a second or two on an idle machine
WINDOW = 2
Make = Callable[[bool], LinkOutlet]


def frame(seq: int) -> Frame:
    """A small frame."""
    image = np.full((8, 8, 3), seq % 256, np.uint8)
    return Frame(Stamp("gate", "run", seq, seq, seq, None), image)


REPORT = CameraReport("gate", "boot", 1, Link.ONLINE, "", "", False, 3, (), (), None, None)


@pytest.fixture
def places(tmp_path: Path) -> Endpoints:
    """Where the processes of this test meet."""
    text = f"cameras: {{gate: {{source: x.mp4}}}}\ntransport: {{kind: ipc, dir: {tmp_path}/run}}\n"
    return endpoints(load_text(text, "site.yaml"))


@pytest.fixture
def context() -> Iterator[Context]:
    """A context that fails the test if it left a socket open: to end a context waits for its sockets."""
    made = Context()
    yield made
    ending = threading.Thread(target=made.term, daemon=True)  # would wait for ever, and the run has to go on
    ending.start()
    ending.join(5.0)
    assert not ending.is_alive(), "a socket was left open"


@pytest.fixture
def stop() -> threading.Event:
    """The stop signal of the process."""
    return threading.Event()


@pytest.fixture
def outlet(context: Context, places: Endpoints, stop: threading.Event) -> Make:
    """Makes the outlet of camera gate, told whether it is live."""
    return lambda live: LinkOutlet(context, places, "gate", stop.is_set, live=live)


def heard(receiver: Receiver, until: Callable[[list[Heartbeat]], bool]) -> list[Heartbeat]:
    """Heartbeats up to when `until` says so, or time is up."""
    beats: list[Heartbeat] = []
    end_s = time.monotonic() + LIMIT_S
    while time.monotonic() < end_s and not until(beats):
        delivery = receiver.receive(0.1)
        if delivery is not None:
            assert isinstance(delivery.message, Heartbeat)
            beats.append(delivery.message)
            delivery.done()
    return beats


def seqs(receiver: Receiver, count: int) -> list[int]:
    """The numbers of the next `count` frames, each done."""
    found: list[int] = []
    end_s = time.monotonic() + LIMIT_S
    while time.monotonic() < end_s and len(found) < count:
        delivery = receiver.receive(0.1)
        if delivery is not None:
            assert isinstance(delivery.message, Frame)
            found.append(delivery.message.stamp.seq)
            delivery.done()
    return found


def test_a_live_camera_hardly_waits(outlet: Make) -> None:
    """Nobody is there: each frame is held up for no more than its patience, and all but the newest few are counted."""
    live = outlet(True)
    began_s = time.monotonic()
    for seq in range(50):
        live.send(frame(seq))
        live.beat(seq)
    took_s, drops = time.monotonic() - began_s, live.drops()
    live.close()
    assert took_s < 50 * LIVE_PATIENCE_S + 1.0
    assert [(count.label, count.total) for count in drops] == [("newer_frame", 50 - LIVE_CAPACITY)]


def test_a_recording_waits_for_the_worker_and_loses_nothing(outlet: Make, context: Context, places: Endpoints) -> None:
    """Its loop stands still while there is no room, beats on meanwhile, and every frame arrives once, in order."""
    count = 20

    def capture() -> None:
        recorded = outlet(False)
        for seq in range(count):
            recorded.send(frame(seq))
            sent.append(seq)
            recorded.beat(seq + 1)
        assert recorded.drops() == ()
        recorded.close()

    sent: list[int] = []
    thread = threading.Thread(target=capture)
    with Receiver(context, places.heartbeats, window=8) as supervisor:
        thread.start()
        beats = heard(supervisor, lambda beats: len(beats) >= 3)
        assert len(sent) == RECORDING_CAPACITY
        progress = [beat.progress for beat in beats]
        assert progress == sorted(set(progress)), "a loop that waits in order is not one that hangs"
        assert {beat.loop for beat in beats} == {"camera gate"}
        with Receiver(context, places.frames, window=WINDOW) as worker:
            assert seqs(worker, count) == list(range(count))
            last = heard(supervisor, lambda beats: bool(beats) and beats[-1].progress == LOOP_ENDED)
            assert last[-1].progress == LOOP_ENDED
        thread.join(LIMIT_S)
    assert sent == list(range(count))


def test_a_recording_that_waits_can_be_stopped(outlet: Make, stop: threading.Event) -> None:
    """It neither waits for a worker that never comes, nor at its end."""
    recorded = outlet(False)
    for seq in range(RECORDING_CAPACITY):
        recorded.send(frame(seq))
    threading.Timer(0.3, stop.set).start()
    began_s = time.monotonic()
    recorded.send(frame(99))
    recorded.close()
    assert time.monotonic() - began_s < LIMIT_S / 2


def test_reports_arrive_with_the_frames_not_behind_them(outlet: Make, context: Context, places: Endpoints) -> None:
    """How a camera is doing is told even where nobody takes its frames."""
    live = outlet(True)
    with Receiver(context, places.judgements, window=8) as alert:
        live.report(REPORT)
        delivery, end_s = None, time.monotonic() + LIMIT_S
        while delivery is None and time.monotonic() < end_s:
            live.send(frame(0))
            live.pump()
            delivery = alert.receive(0.05)
        assert delivery is not None
        assert delivery.message == REPORT
        delivery.done()
        live.close()
