"""How soon people know: the seconds from a rare event on a real camera to each destination, and to its clip playing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from monitor.capture.demo import parse_demo, scene_of, write_video

# Nothing rare comes before the shipped detectors have their limits.
SCENE = "demo:?settle_s=170&every_s=60"
LENGTH_S, FPS = 240.0, 15
LOOK_S = 0.02
TOLD_WITHIN_S = 3.0
PLAYS_WITHIN_S = 5.0
BEFORE_S, AFTER_S = 5.0, 3.0  # of a clip, by default
STEP_S = 0.1  # between analysed pictures


def _first_seen(looks: dict[str, Callable[[], object]], within_s: float) -> dict[str, float]:
    """The wall time at which each was first true; fails if one never was."""
    seen: dict[str, float] = {}
    until_s = time.monotonic() + within_s
    while len(seen) < len(looks):
        for name, look in looks.items():
            if name not in seen and look():
                seen[name] = time.time()
        assert time.monotonic() < until_s, f"not within {within_s:g} s: {set(looks) - set(seen)}"
        time.sleep(LOOK_S)
    return seen


def _wall_s(told: str) -> float:
    return datetime.fromisoformat(told).timestamp()


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_an_alert_is_there_within_three_seconds_and_its_clip_plays_within_five_of_its_end(
    start: Any, rtsp_camera: Callable[..., Any], destinations: Any, chromium: Any, tmp_path: Path
) -> None:
    """With the shipped defaults, of a drawn scene that is sent over RTSP; when something rare begins is known."""
    truth = write_video(tmp_path / "scene.mp4", scene_of(parse_demo(SCENE)), LENGTH_S, FPS)
    camera = rtsp_camera("--file", f"door={tmp_path / 'scene.mp4'}")
    heard, post, tellings = destinations.heard, destinations.post, destinations.tellings
    config = {"cameras": {"door": {"source": camera.urls[0]}}, "alerting": {"sinks": [*destinations.sinks]}}
    daemon = start(config, quick=False, **destinations.environ)
    page = chromium.new_page()
    daemon.until(daemon.status, 20, "the pages answer")
    page.goto(daemon.url)
    seen = _first_seen(
        {
            "MQTT": lambda: heard.newest("rareframe/door/anomaly") == b"ON",
            "MQTT, picture": lambda: heard.newest("rareframe/door/snapshot"),
            "Alertmanager": lambda: "CameraAnomaly" in destinations.alerts(),
            "webhook": lambda: tellings("anomaly", "opened"),
            "mail": lambda: post.got,
        },
        LENGTH_S + 60,
    )
    event = tellings("anomaly", "opened")[0]
    late_s = min((event["began_pts"] - rare.began_s for rare in truth), key=abs)
    began_s = _wall_s(event["began"]) - late_s
    told = _first_seen({"its end": lambda: tellings("anomaly", "closed")}, 120)["its end"]
    ended_s = _wall_s(tellings("anomaly", "closed")[0]["ended"])
    length_s = _played(page, f"{daemon.url}/#/event/{event['id']}")
    plays_s = time.time() - ended_s
    page.context.close()

    console = Console(width=120)
    console.print(f"\n{event['reasons'][0]['text']}; first strange frame {late_s:.2f} s after it began")
    for name, at_s in seen.items():
        console.print(f"{name:14} {at_s - began_s:5.2f} s after it began")
    own_s = ended_s - _wall_s(event["began"])
    console.print(f"{'end told':14} {told - ended_s:5.2f} s after its end")
    console.print(f"{'clip plays':14} {plays_s:5.2f} s after its end; {length_s:.1f} s of an event of {own_s:.1f} s")
    assert event["snapshot_jpeg_base64"].startswith("/9j/")
    assert [part.get_content()[:3] for part in post.got[0].iter_attachments()] == [b"\xff\xd8\xff"]
    assert late_s >= -STEP_S  # or it is another's: something that was not rare
    assert length_s > BEFORE_S + own_s + AFTER_S - 3 * STEP_S
    assert max(seen.values()) - began_s < TOLD_WITHIN_S
    assert plays_s < PLAYS_WITHIN_S


def _played(page: Any, address: str) -> float:
    """Open an event's page and wait until its clip plays there; the clip's length in seconds."""
    page.goto(address)
    page.wait_for_function("() => document.querySelector('video')?.currentTime > 0.1", timeout=30_000)
    return float(page.evaluate("() => document.querySelector('video').duration"))
