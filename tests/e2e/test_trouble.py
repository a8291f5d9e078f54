"""Cameras that vanish, hang and refuse, told apart and told of; and an ordered stop in the middle of an event."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WRONG = "Wr0ng-and-secret"
EMBEDDED = "emb3dded-secret"
# From the start: connecting twice, or until the silence is noticed (2 s), and up to 2.6 s of waiting for the next try.
NOTICED_S = 10.0
CAMERA = "h264:320x240@15"
# Nearly every second frame is above this, so that an event is soon open, and stays so.
NERVOUS = {
    "analysis": {"fps": 15},
    "threshold": {"kind": "zscore", "z": 0.01, "warmup": 2},
    "budget": None,
    "learning": {"every_s": 0.05, "delay_s": 0.5},
    "episodes": {"open_m": 2, "open_n": 5, "quiet_s": 20.0, "refractory_s": 0.0},
}


@pytest.fixture(scope="module", name="street")
def _street(start: Any, rtsp_camera: Callable[..., Any], tmp_path_factory: Any) -> tuple[Any, Any, Any]:
    """A daemon, the server of its camera `door`, and that of `yard`; `gate` and `lane` have wrong passwords."""
    door, yard = (rtsp_camera("--camera", f"{name}={CAMERA}") for name in ("door", "yard"))
    locked = rtsp_camera("--camera", f"gate={CAMERA}", "--login", "viewer:right")
    secret = tmp_path_factory.mktemp("secret") / "password"
    secret.write_text(f"{WRONG}\n")
    cameras = {
        "door": {"source": door.urls[0]},
        "yard": {"source": yard.urls[0]},
        "gate": {"source": locked.urls[0], "user": "viewer", "password_file": str(secret)},
        "lane": {"source": locked.urls[0].replace("//", f"//viewer:{EMBEDDED}@")},
        "busy": {"source": yard.urls[0], **NERVOUS},
    }
    daemon = start({"cameras": cameras})
    daemon.until(lambda: _up(daemon, "door") and _up(daemon, "yard"), 30, "both cameras are up")
    return daemon, door, yard


def _up(daemon: Any, camera: str) -> bool:
    return daemon.metric("rareframe_camera_up", camera=camera) == 1


def _failures(daemon: Any, camera: str, **cause: str) -> float:
    return float(daemon.metric("rareframe_source_failures_total", camera=camera, **cause) or 0)


def test_a_refused_login_is_told_and_not_hurried(street: tuple[Any, Any, Any]) -> None:
    """The cause is the login, `/status` says so in words, and it is tried seldom."""
    daemon = street[0]
    for name in ("gate", "lane"):
        daemon.until(lambda name=name: _failures(daemon, name, cause="login"), NOTICED_S, f"{name} is refused")
    assert daemon.metric("rareframe_camera_up", camera="gate") == 0
    gate = daemon.camera("gate")
    assert gate["state"] == "blind"
    assert "login" in gate["reason"]


def test_an_event_is_open_before_the_trouble(street: tuple[Any, Any, Any]) -> None:
    """The camera `busy` has an event going on."""
    daemon = street[0]
    daemon.until(lambda: daemon.camera("busy").get("open_event"), 40, "an event is open")


def test_a_camera_that_vanishes_and_one_that_hangs_are_noticed_and_come_back(
    street: tuple[Any, Any, Any], rtsp_camera: Callable[..., Any]
) -> None:
    """Both go down in `/metrics` within the watchdog's time, each with its cause; both are up again by themselves."""
    daemon, door, yard = street
    ended, hung = _failures(daemon, "door"), _failures(daemon, "yard", cause="hung")
    door.signal(signal.SIGKILL)
    yard.signal(signal.SIGSTOP)
    daemon.until(lambda: not _up(daemon, "door"), NOTICED_S, "the vanished camera is down")
    daemon.until(lambda: not _up(daemon, "yard"), NOTICED_S, "the hung camera is down")
    daemon.until(lambda: _failures(daemon, "yard", cause="hung") > hung, NOTICED_S, "it is told as hung")
    assert _failures(daemon, "door") > ended
    assert daemon.get("/healthz").json()["status"] == "degraded"
    rtsp_camera("--camera", f"door={CAMERA}", port=door.port)
    yard.signal(signal.SIGCONT)
    daemon.until(lambda: _up(daemon, "door"), 2 * NOTICED_S, "the vanished camera is back")
    daemon.until(lambda: _up(daemon, "yard"), 2 * NOTICED_S, "the hung camera is back")
    assert all(view["restarts"] == 0 for view in daemon.status()["processes"])


def test_it_stops_in_order_and_closes_what_is_open(street: tuple[Any, Any, Any]) -> None:
    """Ctrl-C: exit code 0, the open event is closed as stopped, no process and no socket is left, no problem told."""
    daemon = street[0]
    daemon.until(lambda: daemon.camera("busy").get("open_event"), 40, "an event is open")
    open_id = daemon.camera("busy")["open_event"]["id"]
    assert any(daemon.runtime.rglob("*.sock"))
    assert daemon.stop() == 0
    causes = {event["id"]: event["cause"] for event in daemon.events() if event["camera"] == "busy"}
    assert causes[open_id] == "stopped"
    assert [entry["process"] for entry in daemon.log("child_ended")] == ["capture", "worker", "alert"]
    assert daemon.left() == []
    assert list(daemon.runtime.iterdir()) == []
    assert "is down" not in daemon.output()


def test_no_password_is_ever_told(street: tuple[Any, Any, Any]) -> None:
    """Neither on the terminal, nor in a log, nor in any file that is kept."""
    daemon = street[0]
    said = daemon.output()
    assert "gate" in said
    kept = [path for path in Path(daemon.data).rglob("*") if path.is_file()]
    with sqlite3.connect(daemon.data / "events.sqlite") as store:
        dumped = "\n".join(store.iterdump())
    for secret in (WRONG, EMBEDDED):
        assert secret not in said + dumped
        assert not [path for path in kept if secret.encode() in path.read_bytes()]
