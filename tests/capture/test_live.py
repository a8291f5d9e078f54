"""Real streams on loopback: RTSP from a real server, multipart JPEG over HTTP. Real clocks, bounded in time."""

from __future__ import annotations

import base64
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

import cv2
import numpy as np
import pytest

from monitor.capture.backoff import Delays
from monitor.capture.camera import Camera, Plan
from monitor.capture.open import SourceOptions, open_source, probe
from monitor.capture.source import Cause, SourceError
from monitor.clock import SystemClock
from monitor.types import Link

CAMERA = ("--camera", "door=h264:320x240@25")
# How much later than its limit a hang may be noticed: one poll of libav, on a busy machine.
HANG_GRACE_S = 1.5
PATIENCE_S = 15.0


def read(options: SourceOptions, pictures: int) -> list[Any]:
    """The first so many pictures' images."""
    source = open_source(options)
    try:
        return [picture.image(160) for picture, _ in zip(source.pictures(), range(pictures), strict=False)]
    finally:
        source.close()


def cause_of(options: SourceOptions) -> Cause:
    """Why it cannot be opened."""
    with pytest.raises(SourceError) as caught:
        probe(options)
    return caught.value.cause


def end_of(options: SourceOptions) -> tuple[int, Cause, float]:
    """How many pictures came, why there were no more, and how long after the last one that was noticed."""
    source, came, last_s = open_source(options), 0, time.monotonic()
    try:
        for _ in source.pictures():
            came, last_s = came + 1, time.monotonic()
    except SourceError as error:
        return came, error.cause, time.monotonic() - last_s
    finally:
        source.close()
    raise AssertionError("a live source ended like a recording")


@pytest.mark.parametrize(
    ("backend", "transport"), [("pyav", "tcp"), ("pyav", "udp"), ("opencv", "tcp")], ids=["tcp", "udp", "opencv"]
)
def test_rtsp_pictures_come(rtsp_server: Any, backend: Any, transport: Any) -> None:
    """H.264 comes at analysis size over TCP and UDP, and by the second back end."""
    server = rtsp_server(*CAMERA)
    images = read(SourceOptions(server.urls[0], backend=backend, transport=transport), 5)
    assert [image.shape for image in images] == [(120, 160, 3)] * 5


def test_rtsp_logins_and_paths(rtsp_server: Any) -> None:
    """A right login works with any characters in it; a wrong one, none, and a wrong path each have their cause."""
    password = "p@s:s/w?r d#é"
    server = rtsp_server(*CAMERA, "--login", f"cam:{password}")
    url = server.urls[0]
    assert read(SourceOptions(url, "cam", password), 1)
    assert cause_of(SourceOptions(url, "cam", "wrong")) is Cause.LOGIN
    assert cause_of(SourceOptions(url)) is Cause.LOGIN
    assert cause_of(SourceOptions(url + "x", "cam", password)) is Cause.NOT_FOUND


class Listener:
    """An outlet that lets a test wait for what it needs."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.reports: list[Any] = []
        self.news = threading.Condition()

    def send(self, frame: Any) -> None:
        with self.news:
            self.frames.append(frame)
            self.news.notify_all()

    def pump(self) -> None: ...

    def report(self, report: Any) -> None:
        with self.news:
            self.reports.append(report)
            self.news.notify_all()

    def beat(self, progress: int) -> None: ...

    def drops(self) -> tuple[()]:
        return ()

    def wait(self, told: Callable[[Any], bool]) -> None:
        """Until a report that is `told` comes."""
        with self.news:
            begin = len(self.reports)
            assert self.news.wait_for(lambda: any(told(r) for r in self.reports[begin:]), PATIENCE_S), self.reports[-3:]


@pytest.fixture
def watched() -> Iterator[Callable[[SourceOptions], Listener]]:
    """Starts a camera's loop in a thread, with short delays; stops it after the test."""
    stop, threads = threading.Event(), []

    def start(options: SourceOptions) -> Listener:
        listener = Listener()
        plan = Plan("door", True, 160, 10.0, read_limit_s=options.read_timeout_s, delays=Delays(0.2, 0.4, 0.2, 0.4))
        camera = Camera(plan, partial(open_source, options), listener, SystemClock(), Random(0), "boot")
        threads.append(threading.Thread(target=camera.run, args=(stop,), name="camera door"))
        threads[-1].start()
        return listener

    yield start
    stop.set()
    for thread in threads:
        thread.join(PATIENCE_S)


def online(report: Any) -> bool:
    """Whether it tells of a camera that gives pictures."""
    return report.link is Link.ONLINE


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_killed_camera_is_noticed_and_comes_back(rtsp_server: Any, watched: Any, transport: Any) -> None:
    """SIGKILL is told as ended, then refused; a restart at the same port gives a new run."""
    server = rtsp_server(*CAMERA)
    listener = watched(SourceOptions(server.urls[0], transport=transport, open_timeout_s=3.0, read_timeout_s=2.0))
    listener.wait(online)
    server.signal(signal.SIGKILL)
    listener.wait(lambda report: report.cause == "ended")
    listener.wait(lambda report: report.cause == "refused")
    server.close()
    rtsp_server(*CAMERA, port=server.port)
    listener.wait(online)
    runs = [frame.stamp.run for frame in listener.frames]
    assert len(set(runs)) == 2
    for run in set(runs):
        seqs = [frame.stamp.seq for frame in listener.frames if frame.stamp.run == run]
        assert seqs == list(range(len(seqs)))


def test_a_hung_camera_is_noticed_and_recovers(rtsp_server: Any, watched: Any) -> None:
    """SIGSTOP is told as hung within the watchdog time; SIGCONT brings the camera back."""
    limit_s = 1.5
    server = rtsp_server(*CAMERA)
    listener = watched(SourceOptions(server.urls[0], open_timeout_s=1.5, read_timeout_s=limit_s))
    listener.wait(online)
    server.signal(signal.SIGSTOP)
    began_s = time.monotonic()
    listener.wait(lambda report: report.cause == "hung")
    assert time.monotonic() - began_s <= limit_s + HANG_GRACE_S
    listener.wait(lambda report: report.cause == "timeout")
    server.signal(signal.SIGCONT)
    listener.wait(online)


@pytest.mark.parametrize(("number", "cause"), [(signal.SIGKILL, Cause.ENDED), (signal.SIGSTOP, Cause.HUNG)])
def test_opencv_notices_too(rtsp_server: Any, number: int, cause: Cause) -> None:
    """The second back end tells a vanished camera from a hung one."""
    server = rtsp_server(*CAMERA)
    source = open_source(SourceOptions(server.urls[0], backend="opencv", read_timeout_s=1.0))
    pictures = source.pictures()
    next(pictures)
    server.signal(number)
    with pytest.raises(SourceError) as caught:
        for _ in pictures:
            pass
    source.close()
    assert caught.value.cause is cause


class MotionJpeg(BaseHTTPRequestHandler):
    """Ten pictures a tenth of a second apart; /hang goes on saying nothing, /login asks for one."""

    def do_GET(self) -> None:
        if self.path == "/login":
            expected = "Basic " + base64.b64encode(b"cam:p@ss").decode()
            if self.headers.get("Authorization") != expected:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.end_headers()
                return
        elif self.path not in {"/video", "/hang"}:
            self.send_error({"/busy": 503, "/mine": 403}.get(self.path, 404))
            return
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=part")
        self.end_headers()
        for number in range(10):
            data = cv2.imencode(".jpg", np.full((120, 160, 3), 20 * number, np.uint8))[1].tobytes()
            head = f"--part\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
            self.wfile.write(head.encode() + data + b"\r\n")
            self.server.released.wait(0.05)
        if self.path == "/hang":
            self.server.released.wait(PATIENCE_S)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture
def http_camera() -> Iterator[str]:
    """The address of a multipart JPEG camera."""
    with ThreadingHTTPServer(("127.0.0.1", 0), MotionJpeg) as server:
        server.released = threading.Event()
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.released.set()
        server.shutdown()
        thread.join(PATIENCE_S)


@pytest.mark.parametrize("backend", ["pyav", "opencv"])
def test_motion_jpeg_ends_and_hangs(http_camera: str, backend: Any) -> None:
    """Multipart JPEG comes whole; its end is a disconnect, its silence a hang noticed in time."""
    came, cause, _ = end_of(SourceOptions(f"{http_camera}/video", backend=backend))
    assert (came, cause) == (10, Cause.ENDED)
    came, cause, seconds = end_of(SourceOptions(f"{http_camera}/hang", backend=backend, read_timeout_s=0.8))
    assert (came, cause) == (10, Cause.HUNG)
    assert seconds <= 0.8 + HANG_GRACE_S


def test_motion_jpeg_has_no_times(http_camera: str) -> None:
    """The library invents 25 pictures a second for it; we say that there is no pts."""
    source = open_source(SourceOptions(f"{http_camera}/video"))
    assert [picture.pts_s for picture, _ in zip(source.pictures(), range(3), strict=False)] == [None] * 3
    source.close()


def test_http_answers(http_camera: str) -> None:
    """Login, path and server errors each have their cause."""
    assert read(SourceOptions(f"{http_camera}/login", "cam", "p@ss"), 1)
    assert cause_of(SourceOptions(f"{http_camera}/login", "cam", "wrong")) is Cause.LOGIN
    assert cause_of(SourceOptions(f"{http_camera}/mine")) is Cause.LOGIN
    assert cause_of(SourceOptions(f"{http_camera}/none")) is Cause.NOT_FOUND
    assert cause_of(SourceOptions(f"{http_camera}/busy")) is Cause.REJECTED
