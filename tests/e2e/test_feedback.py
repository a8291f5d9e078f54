"""Feedback given by the command line while the daemon runs reaches the worker, outlives it, and is undone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from monitor.feedback.marks import read

pytestmark = pytest.mark.timeout(240)
HEARD_S = 30.0  # promised are seconds; the worker looks every other one


def rareframe(daemon: Any, *arguments: str) -> str:
    """What a command prints."""
    command = [sys.executable, "-m", "monitor.cli", *arguments, "--data-dir", str(daemon.data)]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def heard(daemon: Any) -> list[int]:
    """How many marks workers were told of, in order."""
    return [entry["marks"] for entry in daemon.log("feedback")]


def test_feedback_reaches_the_worker_and_outlives_it(start: Any) -> None:
    """The event carries its look; the mark is heard without a restart, again after SIGKILL, and gone once undone."""
    daemon = start({"cameras": {"demo": {"source": "demo:?settle_s=40&every_s=20"}}})
    daemon.until(lambda: daemon.camera("demo").get("last_event"), 150, "a first event")
    event = daemon.events()[0]["id"]
    before = daemon.children()
    told = rareframe(daemon, "events", "feedback", event, "normal", "--note", "a test")
    assert told.startswith(f"feedback 1 on event {event}: its like must be stranger")
    daemon.until(lambda: heard(daemon)[-1:] == [1], HEARD_S, "the mark")
    assert daemon.children() == before
    [mark] = read(daemon.data).marks
    assert (mark.event, mark.camera, mark.kind) == (event, "demo", "normal")
    assert mark.look
    os.kill(before["worker"], signal.SIGKILL)
    daemon.until(lambda: heard(daemon) == [1, 1], 60, "a new worker that knows it")
    [listed] = json.loads(rareframe(daemon, "feedback", "list", "--json"))
    assert (listed["state"], listed["note"]) == ("holds", "a test")
    rareframe(daemon, "feedback", "undo", "1")
    daemon.until(lambda: heard(daemon)[-1:] == [0], HEARD_S, "that it holds no more")
    assert [entry["what"] for entry in _audit(daemon)] == ["undo feedback", "feedback"]


def _audit(daemon: Any) -> list[dict[str, Any]]:
    """Who changed what, newest first."""
    import sqlite3  # noqa: PLC0415 - beside a running daemon, as anybody may

    with sqlite3.connect(f"file:{daemon.data / 'events.sqlite'}?mode=ro", uri=True) as db:
        return [{"what": what} for (what,) in db.execute("SELECT what FROM audit ORDER BY id DESC")]
