"""From a real camera to real destinations: an alert with its picture, and what is told when the camera dies in it."""

from __future__ import annotations

import json
import signal
import subprocess
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
ALERTMANAGER = "{route: {receiver: none}, receivers: [{name: none}]}"
# From the moment an event is stored, on a machine that does other things too.
TOLD_S = 10.0


def _alerts(port: int) -> set[str]:
    """The names of the alerts that fire, by amtool."""
    command = ["amtool", f"--alertmanager.url=http://127.0.0.1:{port}", "alert", "query", "--output=json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {alert["labels"]["alertname"] for alert in json.loads(done.stdout)}


@pytest.mark.timeout(300)  # some ten processes; on a busy machine they take their time
def test_everybody_is_told_of_an_event_and_of_a_camera_that_dies_in_it(
    start: Any, rtsp_camera: Callable[..., Any], hook: Any, mosquitto: Any, listen: Any, post: Any, alertmanager: Any
) -> None:
    """MQTT, Alertmanager, a webhook and mail get the event with its picture; then its end, and that it is offline."""
    broker, manager = mosquitto("allow_anonymous true"), alertmanager(ALERTMANAGER)
    heard = listen(broker.port, "rareframe/#")
    camera = rtsp_camera("--camera", f"door={CAMERA}")
    sinks = [
        {"kind": "mqtt", "host": "127.0.0.1", "port": broker.port},
        {"kind": "alertmanager", "urls": [f"http://127.0.0.1:{manager.port}"]},
        {"kind": "webhook", "url": hook.url},
        {"kind": "apprise", "url_env": "MAIL"},
        {"kind": "heartbeat", "url": hook.url, "every_s": 0.5, "method": "POST"},
    ]
    mail = f"mailto://me:s3cret@127.0.0.1:{post.port}?from=a@example.org&to=b@example.org&mode=insecure"
    told = {
        "cameras": {"door": {"source": camera.urls[0], **NERVOUS}},
        "alerting": {"sinks": sinks, "notices": {"after_s": 2, "over_s": 2}},
    }
    daemon = start(told, MAIL=mail)

    def tellings(kind: str, phase: str) -> list[Any]:
        return [body for body in hook.got if body.get("kind") == kind and body["phase"] == phase]

    daemon.until(lambda: daemon.camera("door").get("open_event"), 120, "an event is open")
    daemon.until(lambda: heard.newest("rareframe/door/anomaly") == b"ON", TOLD_S, "MQTT is told")
    daemon.until(lambda: "CameraAnomaly" in _alerts(manager.port), TOLD_S, "Alertmanager is told")
    daemon.until(lambda: tellings("anomaly", "opened"), TOLD_S, "the webhook is told")
    daemon.until(lambda: post.got, TOLD_S, "a mail has come")
    [event] = [body["id"] for body in tellings("anomaly", "opened")]
    assert tellings("anomaly", "opened")[0]["snapshot_jpeg_base64"].startswith("/9j/")
    assert heard.newest("rareframe/door/snapshot").startswith(b"\xff\xd8\xff")
    assert [part.get_content()[:3] for part in post.got[0].iter_attachments()] == [b"\xff\xd8\xff"]
    assert heard.newest("rareframe/available") == b"online"

    camera.signal(signal.SIGKILL)
    daemon.until(lambda: "CameraOffline" in _alerts(manager.port), 30, "the camera's death is told")
    daemon.until(lambda: tellings("health", "opened"), TOLD_S, "and to the webhook")
    daemon.until(lambda: tellings("anomaly", "closed"), 60, "the event is closed")
    assert (tellings("anomaly", "closed")[0]["id"], tellings("anomaly", "closed")[0]["cause"]) == (event, "camera lost")
    daemon.until(lambda: heard.newest("rareframe/door/anomaly") == b"OFF", TOLD_S, "and to MQTT")
    daemon.until(lambda: _alerts(manager.port) == {"CameraOffline"}, TOLD_S, "resolved in Alertmanager")
    subjects = [mail["subject"] for mail in post.got]
    assert any(subject.startswith("rareframe trouble: camera door:") for subject in subjects), subjects

    rtsp_camera("--camera", f"door={CAMERA}", port=camera.port)
    daemon.until(lambda: tellings("health", "closed"), 60, "its return is told")
    daemon.until(lambda: "CameraOffline" not in _alerts(manager.port), TOLD_S, "and it is resolved")
    assert daemon.stop() == 0
    assert heard.newest("rareframe/available") == b"offline"
    kept = [path for path in Path(daemon.data).rglob("*") if path.is_file()]
    assert not [path for path in kept if b"s3cret" in path.read_bytes()]
    assert "s3cret" not in daemon.output()
