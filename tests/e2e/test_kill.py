"""`kill -9` of each process in turn, while a camera is watched and a recording is judged: nothing of it is lost."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

DUE = 900  # 90 s at 10 frames a second
# Slow enough to be killed in the middle of, and it has something to lose.
SLOW = {"name": "prediction", "feature": {"kind": "pixels"}, "model": {"kind": "autoencoder", "warmup": 30}}
# Something of the recording is told of whatever was learned when a process was killed.
TOLD = {"name": "there", "when": "brightness > 0.01", "text": "there is a picture"}
BACK_S = 15.0  # a process needs some three seconds to start on a busy machine


@pytest.fixture(scope="module", name="daemon")
def _daemon(start: Any, demo_video: Any, rtsp_camera: Callable[..., Any]) -> Iterator[Any]:
    cameras = {
        "tape": {"source": str(demo_video[0]), "detectors": [SLOW], "rules": [TOLD]},
        "door": {"source": rtsp_camera("--camera", "door=h264:320x240@10").urls[0]},
    }
    daemon = start({"cameras": cameras})
    daemon.until(lambda: len(daemon.children()) == 3, 20, "three processes run")
    yield daemon
    assert daemon.stop() == 0


def _judged(daemon: Any, camera: str) -> float:
    return float(daemon.metric("rareframe_judgements_total", camera=camera) or 0)


def _kill_and_wait(daemon: Any, role: str) -> None:
    """Kill one; wait until it is back; the others must not have noticed."""
    before = daemon.children()
    os.kill(before[role], signal.SIGKILL)
    daemon.until(lambda: daemon.children().get(role) not in {None, before[role]}, BACK_S, f"{role} comes back")
    after = daemon.children()
    assert {name: pid for name, pid in after.items() if name != role} == {
        name: pid for name, pid in before.items() if name != role
    }
    restarted = {"process": role}
    daemon.until(lambda: daemon.metric("rareframe_process_restarts_total", **restarted) == 1, BACK_S, "it is told")


def test_the_worker_goes_on_where_it_was(daemon: Any) -> None:
    """It continues from its checkpoint, with what it had learned of both cameras, and judges the rest."""
    daemon.until(lambda: _judged(daemon, "door") > 0, 20, "the camera is judged")
    daemon.until(lambda: _judged(daemon, "tape") > 150, 40, "a part of the recording is judged")
    daemon.until(lambda: daemon.metric("rareframe_checkpoint_timestamp_seconds", camera="door"), 5, "it is saved")
    _kill_and_wait(daemon, "worker")
    now = _judged(daemon, "tape")
    assert now < DUE
    daemon.until(lambda: _judged(daemon, "tape") > now, BACK_S, "the recording is judged further")
    learned = {entry["camera"]: entry["learned"] for entry in daemon.log("checkpoint_restored")}
    assert learned["tape"] >= 30
    assert learned["door"] > 0
    daemon.until(lambda: daemon.camera("tape")["state"] != "warming", BACK_S, "it knows enough to go on")


def test_the_capture_process_reads_on(daemon: Any) -> None:
    """The camera is connected anew; the recording is read anew, and what was judged before is not judged again."""
    assert _judged(daemon, "tape") < DUE
    _kill_and_wait(daemon, "capture")
    now = _judged(daemon, "door")
    daemon.until(lambda: _judged(daemon, "door") > now + 10, BACK_S, "the camera is judged again")


def test_every_frame_of_the_recording_was_judged_once(daemon: Any) -> None:
    """Both processes before the alert process were killed meanwhile, and yet no frame is missing or counted twice."""
    daemon.until(lambda: daemon.camera("tape").get("ended"), 60, "the recording is judged to its end")
    assert _judged(daemon, "tape") == DUE
    assert not daemon.metric("rareframe_frames_dropped_total", camera="tape")
    assert daemon.metric("rareframe_frames_missed_total", camera="tape") == 0


def test_the_alert_process_forgets_no_event(daemon: Any) -> None:
    """What was stored is there under the same ids, nobody is told of it as new, and judging goes on."""
    before = {event["id"]: event for event in daemon.events() if event["camera"] == "tape"}
    assert before
    _kill_and_wait(daemon, "alert")
    daemon.until(lambda: _judged(daemon, "door") > 10, BACK_S, "the camera is judged again")
    assert {event["id"]: event for event in daemon.events() if event["camera"] == "tape"} == before
    lines = [json.loads(line) for line in (daemon.data / "events.jsonl").read_text().splitlines()]
    opened = [line["id"] for line in lines if line["phase"] == "opened" and line["camera"] == "tape"]
    assert sorted(opened) == sorted(before)


def test_a_recording_that_has_ended_stays_so(daemon: Any) -> None:
    """Reading it anew after a crash makes no second events of it."""
    before = {event["id"] for event in daemon.events()}
    daemon.until(lambda: daemon.camera("tape").get("ended"), 10, "the new alert process knows that it has ended")
    read = daemon.metric("rareframe_frames_total", camera="tape")
    os.kill(daemon.children()["capture"], signal.SIGKILL)
    again = read + DUE
    daemon.until(lambda: daemon.metric("rareframe_frames_total", camera="tape") == again, 40, "all is read again")
    daemon.until(lambda: daemon.camera("tape").get("ended"), 20, "the recording is at its end again")
    assert {event["id"] for event in daemon.events() if event["camera"] == "tape"} <= before
