"""Clips of RTSP cameras, over TCP with a key: an event ends, a camera dies in one, a capture process is killed."""

from __future__ import annotations

import base64
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

CHROMIUM = Path("/usr/bin/chromium")
FPS = 25
CALM_S, ENDED_S, LENGTH_S = 8.0, 11.0, 45.0
BEFORE_S, AFTER_S = 2.0, 2.0
# Its verdicts are known before anything moves, so that it is known when nothing does any more.
SURE = {
    "detectors": [
        {
            "name": "motion",
            "feature": {"kind": "motion", "flow": False},
            "model": {"kind": "gaussian", "warmup": 10},
            "usual": 1.0,
        }
    ],
    "threshold": {"kind": "fixed", "limit": 1e6},
}
RULE = {"name": "moves", "when": "motion > 0.05", "text": "something moves"}


def write(path: Path, moving_until_s: float) -> Path:
    """A still scene of 640×360 in which a white block runs about from `CALM_S` on; a keyframe every second."""
    scene = np.random.default_rng(0).integers(40, 70, (360, 640, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "tune": "zerolatency"}
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 640, 360, "yuv420p", FPS
        for number in range(round(LENGTH_S * FPS)):
            image = scene.copy()
            if CALM_S * FPS <= number < moving_until_s * FPS:
                left = (number * 24) % 400
                image[60:300, left : left + 240] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path


@dataclass(frozen=True)
class Seen:
    """A clip, decoded: when each picture is shown, and whether the block is on it."""

    times: list[float]
    block: list[bool]


def seen(path: Path) -> Seen:
    """Decode all of a clip."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        assert container.streams.video[0].codec_context.name == "h264"
    block = [bool((frame.to_ndarray(format="gray") > 200).mean() > 0.1) for frame in frames]
    return Seen([float(frame.time) for frame in frames], block)


@dataclass(frozen=True)
class Watched:
    """A daemon with the cameras `gate`, `yard` and `shed`, all of whose events have clips."""

    daemon: Any
    hook: Any
    dying: Any
    again: Callable[[], Any]

    def event(self, camera: str) -> dict[str, Any]:
        """The camera's first event as it is now; empty before there is one."""
        return next((e for e in reversed(self.daemon.status().get("recent", ())) if e["camera"] == camera), {})

    def closing(self, camera: str) -> dict[str, Any]:
        """What the webhook was told of its end; empty before that."""
        told = [t for t in self.hook.got if t["camera"] == camera and t["phase"] == "closed"]
        return told[0] if told else {}


@pytest.fixture(scope="module", name="watched")
def _watched(
    start: Any, hook: Any, rtsp_camera: Any, over_tcp: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Watched:
    folder = tmp_path_factory.mktemp("cameras")
    short, long = write(folder / "short.mp4", ENDED_S), write(folder / "long.mp4", LENGTH_S)
    steady = rtsp_camera("--file", f"gate={short}", "--camera", "shed=h264:320x180@10:snow")
    dying = rtsp_camera("--file", f"yard={long}")
    sources = {"gate": steady.urls[0], "shed": steady.urls[1], "yard": dying.urls[0]}
    told = {
        "cameras": {name: {"source": source} for name, source in sources.items()},
        "transport": over_tcp,
        "rules": [RULE],
        "clips": {"before_s": BEFORE_S, "after_s": AFTER_S, "longest_s": 600},
        "episodes": {"refractory_s": 0},
        **SURE,
        "alerting": {"sinks": [{"kind": "webhook", "name": "hook", "url": hook.url}]},
    }
    again = partial(rtsp_camera, "--file", f"yard={long}", port=dying.port)
    return Watched(start(told), hook, dying, again)


def test_a_camera_that_dies_in_mid_event_leaves_its_clip_and_the_event_its_cause(watched: Watched) -> None:
    """The clip is there before anybody knows that the event is over, up to the last picture; it is told as lost."""
    daemon = watched.daemon
    daemon.until(lambda: watched.event("yard"), 90, "the yard's event opens")
    watched.dying.signal(signal.SIGKILL)
    daemon.until(lambda: watched.event("yard")["clip"], 30, "the clip of the camera that died")
    clip = seen(daemon.data / watched.event("yard")["clip"])
    first = clip.block.index(True)
    assert clip.times[first] >= BEFORE_S - 0.5
    assert all(clip.block[first:])
    assert np.diff(clip.times) == pytest.approx(1 / FPS, abs=0.01)
    watched.again()
    daemon.until(lambda: watched.closing("yard"), 60, "the event of the camera that died is closed")
    assert watched.closing("yard")["cause"] == "camera lost"
    assert watched.closing("yard")["clip"] == watched.event("yard")["clip"]


def test_an_event_is_told_with_its_clip_which_shows_what_came_before(watched: Watched) -> None:
    """Within five seconds of its closing: from before the event until after it, and no picture is missing."""
    daemon = watched.daemon
    daemon.until(lambda: watched.closing("gate"), 60, "the webhook is told of the end")
    path = daemon.data / watched.closing("gate")["clip"]
    closed = next(entry for entry in daemon.log("event closed") if entry["id"] == watched.closing("gate")["id"])
    assert path.stat().st_mtime - datetime.fromisoformat(closed["timestamp"]).timestamp() < 5
    clip = seen(path)
    first, last = clip.block.index(True), len(clip.block) - clip.block[::-1].index(True)
    assert all(clip.block[first:last])
    assert clip.times[first] >= BEFORE_S - 0.5
    assert clip.times[-1] - clip.times[last - 1] == pytest.approx(AFTER_S, abs=0.7)
    assert clip.times[last - 1] - clip.times[first] == pytest.approx(ENDED_S - CALM_S, abs=0.2)
    assert np.diff(clip.times) == pytest.approx(1 / FPS, abs=0.01)
    assert daemon.metric("rareframe_clip_ring_bytes", camera="gate") > 0


def test_the_strongest_picture_is_there_at_the_cameras_own_size(watched: Watched) -> None:
    """The same picture as the snapshot, larger."""
    daemon = watched.daemon
    daemon.until(lambda: watched.event("gate").get("full"), 30, "the full picture")
    event = watched.event("gate")
    full, small = (cv2.imread(str(daemon.data / event[name])) for name in ("full", "snapshot"))
    assert full.shape == (360, 640, 3)
    shrunk = cv2.resize(full, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA)
    assert np.abs(shrunk.astype(np.int16) - small.astype(np.int16)).mean() < 6


def test_a_browser_plays_and_seeks_the_clip(watched: Watched) -> None:
    """A real Chromium shows its first and its last second and knows how long it is."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.is_file():
        pytest.skip(f"no Chromium at {CHROMIUM}: apt-get install chromium")
    path = watched.daemon.data / watched.event("gate")["clip"]
    video = "data:video/mp4;base64," + base64.b64encode(path.read_bytes()).decode()
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = browser.new_page()
        page.set_content(f'<video id="v" muted src="{video}"></video>')
        page.wait_for_function("v.readyState >= 2 || v.error")
        assert page.evaluate("v.error && v.error.message") is None
        assert page.evaluate("[v.videoWidth, v.videoHeight]") == [640, 360]
        length_s = seen(path).times[-1] + 1 / FPS
        assert page.evaluate("v.duration") == pytest.approx(length_s, abs=0.1)
        page.evaluate("v.play()")
        page.wait_for_function("v.currentTime > 0.3")
        page.evaluate(f"v.pause(); v.currentTime = {length_s - 0.5}")
        page.wait_for_function("!v.seeking && v.readyState >= 2")
        assert page.evaluate("v.currentTime") == pytest.approx(length_s - 0.5, abs=0.05)
        browser.close()


def test_if_the_capture_process_is_killed_the_event_closes_and_why_there_is_no_clip_is_said(watched: Watched) -> None:
    """What it had in memory is gone; nothing waits for it for long, and nobody is left untold."""
    daemon = watched.daemon
    daemon.until(lambda: watched.event("shed"), 60, "the shed's event is open")
    assert watched.event("shed")["clip"] is None
    os.kill(daemon.children()["capture"], signal.SIGKILL)
    daemon.until(lambda: watched.closing("shed"), 60, "the event is closed")
    assert watched.closing("shed")["cause"] == "camera lost"
    assert watched.closing("shed")["clip"] is None
    daemon.until(lambda: daemon.metric("rareframe_clips_total", camera="shed", outcome="missing"), 40, "why is counted")
