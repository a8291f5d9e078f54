"""A shadow that is promoted while the daemon runs, and what a killed worker still knows of it. With real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(150)
OBEYED_S = 10.0  # promised are five seconds
MOTION = {"feature": {"kind": "motion", "flow": False}, "model": {"kind": "gaussian", "warmup": 30}}


@pytest.fixture(scope="module", name="daemon")
def _daemon(start: Any) -> Any:
    """A daemon whose camera and shadow have given first scores; their only detectors have other names."""
    own, candidate = ({"detectors": [{"name": name, **MOTION}]} for name in ("own", "candidate"))
    camera = {"source": "demo:?settle_s=20&every_s=20", **own, "shadow": {**candidate, "budget": {"alerts_per_day": 9}}}
    running = start({"cameras": {"demo": camera}})
    running.until(lambda: running.camera("demo").get("score") is not None, 60, "a first score")
    running.until(lambda: saved(running, "shadow/"), 20, "what the shadow learned is saved")
    return running


def promote(daemon: Any, *arguments: str) -> None:
    """As a person does."""
    command = [sys.executable, "-m", "monitor.cli", "promote", "demo", *arguments, "--config", str(daemon.config)]
    subprocess.run([*command, "--data-dir", str(daemon.data)], capture_output=True, check=True)


def judging(daemon: Any) -> list[tuple[str, bool]]:
    """Who judges live, and whether it knows its scene."""
    return [(score["name"], score["value"] is not None) for score in daemon.camera("demo").get("scores", ())]


def saved(daemon: Any, folder: str = "") -> list[str]:
    """The checkpoints of one of the two."""
    return [path.name for path in (daemon.data / "checkpoints" / folder).glob("demo.*.npz")]


def test_the_shadow_judges_beside_the_camera(daemon: Any) -> None:
    """As many frames, at a cost that is measured; live is the camera's own."""
    name = "rareframe_shadow_inference_duration_seconds_count"
    judged = daemon.metric("rareframe_judgements_total", camera="demo")
    daemon.until(lambda: daemon.metric(name, camera="demo") >= judged, 10, "the shadow keeps up")
    assert judging(daemon) == [("own", True)]


def test_promoted_it_is_live_at_once_and_knows_its_scene(daemon: Any) -> None:
    """No process starts anew, its score is there, its budget holds, and the one before goes on as its shadow."""
    before = daemon.children()
    promote(daemon)
    daemon.until(lambda: judging(daemon)[:1] == [("candidate", True)], OBEYED_S, "it is live")
    assert daemon.metric("rareframe_budget_alerts_per_day", camera="demo") == 9
    judged = daemon.metric("rareframe_shadow_inference_duration_seconds_count", camera="demo")
    count = "rareframe_shadow_inference_duration_seconds_count"
    daemon.until(lambda: daemon.metric(count, camera="demo") > judged + 5, 10, "the other goes on")
    assert daemon.children() == before


def test_a_killed_worker_still_obeys_and_has_forgotten_nothing(daemon: Any) -> None:
    """The worker that comes after SIGKILL begins with the candidate live, and with what both had learned."""
    restored, worker = len(daemon.log("checkpoint_restored")), daemon.children()["worker"]
    os.kill(worker, signal.SIGKILL)
    daemon.until(lambda: len(daemon.log("checkpoint_restored")) == restored + 2, 30, "a new worker")
    assert all(entry["learned"] >= 30 for entry in daemon.log("checkpoint_restored")[restored:])
    daemon.until(lambda: len(daemon.log("promoted")) == 2, 10, "it obeys")
    assert judging(daemon) == [("candidate", True)]


def test_undone_the_camera_s_own_is_live_again(daemon: Any) -> None:
    """With what it learned meanwhile."""
    promote(daemon, "--undo")
    daemon.until(lambda: judging(daemon)[:1] == [("own", True)], OBEYED_S, "its own is live")
    assert daemon.stop() == 0
    assert daemon.log("shadow_off") == []
