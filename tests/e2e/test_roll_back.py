"""A camera goes back to a dated snapshot while the daemon runs, and after SIGKILL goes on from there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(150)
OBEYED_S = 30.0


def rareframe(daemon: Any, *arguments: str) -> str:
    """What a command prints."""
    command = [sys.executable, "-m", "monitor.cli", *arguments, "--config", str(daemon.config)]
    done = subprocess.run([*command, "--data-dir", str(daemon.data)], capture_output=True, check=True, text=True)
    return done.stdout


def test_a_camera_goes_back_without_a_restart(start: Any) -> None:
    """It knows as many pictures as then; the way back is kept; a killed worker does not obey a second time."""
    daemon = start({"cameras": {"demo": {"source": "demo:?settle_s=20&every_s=20"}}})
    daemon.until(lambda: daemon.log("snapshot_kept"), 60, "the first dated snapshot")
    then = daemon.log("snapshot_kept")[0]["learned"]
    daemon.until(lambda: daemon.camera("demo").get("score") is not None, 60, "a first score")
    before = daemon.children()
    [_, daily] = json.loads(rareframe(daemon, "models", "demo", "--json"))
    assert (daily["why"], daily["learned"]) == ("daily", then)
    rareframe(daemon, "rollback", "demo", daily["at"], "--yes")
    daemon.until(lambda: daemon.log("rolled_back"), OBEYED_S, "the roll-back")
    assert daemon.log("rolled_back")[0]["learned"] == then
    assert daemon.children() == before
    daemon.until(lambda: daemon.camera("demo").get("score") is not None, 60, "a score of what it knew")
    kept = {row["why"]: row["learned"] for row in json.loads(rareframe(daemon, "models", "--json"))}
    assert kept["before-roll-back"] > then
    os.kill(before["worker"], signal.SIGKILL)
    daemon.until(lambda: daemon.log("checkpoint_restored"), 60, "a new worker")
    daemon.until(lambda: len(daemon.log("checkpoint_restored")) > 0 and daemon.camera("demo").get("fps"), 30, "frames")
    assert len(daemon.log("rolled_back")) == 1
