"""A budget changed while the daemon runs, and what a killed worker still knows of it. With real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.timeout(150)
OBEYED_S = 30.0  # promised are five minutes; both processes look every five seconds


@pytest.fixture(scope="module", name="daemon")
def _daemon(start: Any) -> Any:
    """A daemon on its own demo camera, three alerts a day wanted."""
    demo = {"source": "demo:?settle_s=20&every_s=20", "budget": {"alerts_per_day": 3.0}}
    running = start({"cameras": {"demo": demo}})
    running.until(lambda: running.camera("demo").get("score") is not None, 60, "a first score")
    return running


def rareframe(daemon: Any, *arguments: str) -> str:
    """What `rareframe budget` prints."""
    command = [sys.executable, "-m", "monitor.cli", "budget", *arguments, "--config", str(daemon.config)]
    done = subprocess.run([*command, "--data-dir", str(daemon.data)], capture_output=True, check=True, text=True)
    return done.stdout


def heard(daemon: Any) -> list[float]:
    """The budgets that workers were told, in order."""
    return [entry["alerts_per_day"] for entry in daemon.log("budget")]


def test_a_budget_changed_at_run_time_is_obeyed(daemon: Any) -> None:
    """Worker and alert process take the new number, without a restart of either."""
    before = daemon.children()
    assert rareframe(daemon, "7") == "demo: about 7 alerts a day (the configuration says 3)\n"
    daemon.until(lambda: daemon.metric("rareframe_budget_alerts_per_day", camera="demo") == 7, OBEYED_S, "the valve")
    daemon.until(lambda: heard(daemon)[-1:] == [7.0], OBEYED_S, "the levels")
    assert daemon.children() == before


def test_a_killed_worker_still_obeys(daemon: Any) -> None:
    """The worker that comes after SIGKILL takes up the changed number, not that of the configuration."""
    told, worker = len(heard(daemon)), daemon.children()["worker"]
    os.kill(worker, signal.SIGKILL)
    daemon.until(lambda: len(heard(daemon)) > told, 60, "a new worker")
    assert heard(daemon)[-1] == 7.0


def test_reset_is_the_configuration_again(daemon: Any) -> None:
    """`--reset` gives the number of the configuration back."""
    assert rareframe(daemon, "--reset") == "demo: about 3 alerts a day\n"
    daemon.until(lambda: daemon.metric("rareframe_budget_alerts_per_day", camera="demo") == 3, OBEYED_S, "the valve")
