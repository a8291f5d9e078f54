"""From a real camera to real destinations: an alert with its picture, and what is told when the camera dies in it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

# Nearly every second frame is above this, so that an event is soon open, and stays so.
NERVOUS = {
    "analysis": {"fps": 10},
    "threshold": {"kind": "zscore", "z": 0.01, "warmup": 2},
    "learning": {"every_s": 0.05, "delay_s": 0.5},
    "episodes": {"open_m": 2, "open_n": 5, "quiet_s": 20.0, "refractory_s": 0.0},
}
CAMERA = "h264:320x240@15"
# From the moment an event is stored, on a machine that does other things too.
TOLD_S = 10.0


@pytest.mark.timeout(300)  # some ten processes; on a busy machine they take their time
def test_everybody_is_told_of_an_event_and_of_a_camera_that_dies_in_it(
    start: Any, rtsp_camera: Callable[..., Any], destinations: Any
) -> None:
    """MQTT, Alertmanager, a webhook and mail get the event with its picture; then its end, and that it is offline."""
    heard, post, alerts, tellings = destinations.heard, destinations.post, destinations.alerts, destinations.tellings
    camera = rtsp_camera("--camera", f"door={CAMERA}")
    heartbeat = {"kind": "heartbeat", "url": destinations.hook.url, "every_s": 0.5, "method": "POST"}
    told = {
        "cameras": {"door": {"source": camera.urls[0], **NERVOUS}},
        "alerting": {"sinks": [*destinations.sinks, heartbeat], "notices": {"after_s": 2, "over_s": 2}},
    }
    daemon = start(told, **destinations.environ)

    daemon.until(lambda: daemon.camera("door").get("open_event"), 120, "an event is open")
    daemon.until(lambda: heard.newest("rareframe/door/anomaly") == b"ON", TOLD_S, "MQTT is told")
    daemon.until(lambda: "CameraAnomaly" in alerts(), TOLD_S, "Alertmanager is told")
    daemon.until(lambda: tellings("anomaly", "opened"), TOLD_S, "the webhook is told")
    daemon.until(lambda: post.got, TOLD_S, "a mail has come")
    [event] = [body["id"] for body in tellings("anomaly", "opened")]
    assert tellings("anomaly", "opened")[0]["snapshot_jpeg_base64"].startswith("/9j/")
    assert heard.newest("rareframe/door/snapshot").startswith(b"\xff\xd8\xff")
    assert [part.get_content()[:3] for part in post.got[0].iter_attachments()] == [b"\xff\xd8\xff"]
    assert heard.newest("rareframe/available") == b"online"

    camera.signal(signal.SIGKILL)
    daemon.until(lambda: "CameraOffline" in alerts(), 30, "the camera's death is told")
    daemon.until(lambda: tellings("health", "opened"), TOLD_S, "and to the webhook")
    daemon.until(lambda: tellings("anomaly", "closed"), 60, "the event is closed")
    assert (tellings("anomaly", "closed")[0]["id"], tellings("anomaly", "closed")[0]["cause"]) == (event, "camera lost")
    daemon.until(lambda: heard.newest("rareframe/door/anomaly") == b"OFF", TOLD_S, "and to MQTT")
    daemon.until(lambda: alerts() == {"CameraOffline"}, TOLD_S, "resolved in Alertmanager")
    subjects = [mail["subject"] for mail in post.got]
    assert any(subject.startswith("rareframe trouble: camera door:") for subject in subjects), subjects

    rtsp_camera("--camera", f"door={CAMERA}", port=camera.port)
    daemon.until(lambda: tellings("health", "closed"), 60, "its return is told")
    daemon.until(lambda: "CameraOffline" not in alerts(), TOLD_S, "and it is resolved")
    assert daemon.stop() == 0
    assert heard.newest("rareframe/available") == b"offline"
    kept = [path for path in Path(daemon.data).rglob("*") if path.is_file()]
    assert not [path for path in kept if b"s3cret" in path.read_bytes()]
    assert "s3cret" not in daemon.output()
