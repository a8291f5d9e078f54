"""How steady the daemon is over time: four cameras at default rates. Run by `make soak`; minutes by environment."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

MINUTES = float(os.environ.get("RAREFRAME_SOAK_MINUTES", "10"))
# The networks' memory of pieces to learn again is full after two minutes; the rest is slack.
SETTLED_S = min(240.0, MINUTES * 24)
# Least-squares slope of the resident memory of each process after that. A day of it would be 1.4 GB: it is a bound on
# what ten noisy minutes can show, not on what is allowed.
MOST_MB_PER_MINUTE = 1.0
SAMPLE_S = 5.0
SAY_S = min(60.0, MINUTES * 6)
NOTICED_S = 25.0  # the default watchdog's 15 s, and a look
RECONNECTED_S = 60.0
CAMERA = "h264:640x360@25"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


def _memory_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_MB


def _cpu_s(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _TICKS


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the figures are what a soak is run for


class Watch:
    """Samples the processes' memory while it waits, and tells what it saw."""

    def __init__(self, daemon: Any) -> None:
        self.daemon = daemon
        self.pids = {**daemon.children(), "supervisor": daemon.process.pid}
        self.began_s = time.monotonic()
        self.cpu_s = {name: _cpu_s(pid) for name, pid in self.pids.items()}
        self.samples: list[tuple[float, dict[str, float]]] = []

    def until(self, share: float) -> None:
        """Sample until this share of the time is over."""
        said_s = -SAY_S
        while (now_s := time.monotonic() - self.began_s) < share * MINUTES * 60:
            assert self.daemon.process.poll() is None, self.daemon.output()
            self.samples.append((now_s, {name: _memory_mb(pid) for name, pid in self.pids.items()}))
            if now_s - said_s >= SAY_S:
                said_s = now_s
                dropped = self.daemon.metric("rareframe_frames_dropped_total") or 0
                judged = self.daemon.metric("rareframe_judgements_total") or 0
                _say(f"{now_s / 60:.1f} min: {judged:.0f} judged, {dropped:.0f} dropped, load {os.getloadavg()[0]:.1f}")
            time.sleep(SAMPLE_S)

    def tell(self) -> dict[str, float]:
        """Print memory and computing; the slope of each process's memory in MB a minute."""
        passed_s, slopes = time.monotonic() - self.began_s, {}
        for name, pid in self.pids.items():
            late = [(at_s / 60, memory[name]) for at_s, memory in self.samples if at_s >= SETTLED_S]
            slopes[name] = float(np.polyfit(*zip(*late, strict=True), 1)[0])
            marks = [min(self.samples, key=lambda s: abs(s[0] - MINUTES * 60 * share)) for share in (0.2, 0.5, 1.0)]
            shown = ", ".join(f"{memory[name]:.1f} MB at {at_s / 60:.1f} min" for at_s, memory in marks)
            cpu = (_cpu_s(pid) - self.cpu_s[name]) / passed_s
            _say(f"{name}: {shown}; {slopes[name]:+.2f} MB/min after {SETTLED_S:.0f} s; {cpu:.1%} of one core")
        return slopes


@pytest.mark.soak
@pytest.mark.timeout(MINUTES * 60 + 300)
def test_four_cameras_for_ten_minutes(start: Any, rtsp_camera: Callable[..., Any]) -> None:
    """No frame is dropped, no memory grows, a killed camera reconnects, a hung one is noticed: all told in /metrics."""
    two = rtsp_camera("--camera", f"a={CAMERA}", "--camera", f"b={CAMERA}:smpte")
    killed, hung = (rtsp_camera("--camera", f"{name}={CAMERA}") for name in ("c", "d"))
    urls = dict(zip("abcd", [*two.urls, *killed.urls, *hung.urls], strict=True))
    daemon = start({"cameras": {name: {"source": url} for name, url in urls.items()}}, quick=False)

    def up(camera: str) -> bool:
        return bool(daemon.metric("rareframe_camera_up", camera=camera) == 1)

    def failures(camera: str) -> float:
        return float(daemon.metric("rareframe_source_failures_total", camera=camera) or 0)

    daemon.until(lambda: all(map(up, "abcd")), 60, "all cameras are up")
    watch = Watch(daemon)
    watch.until(0.4)
    assert not any(map(failures, "abcd"))
    killed.signal(signal.SIGKILL)
    _say(f"killed: down in {daemon.until(lambda: not up('c'), NOTICED_S, 'noticed'):.1f} s")
    rtsp_camera("--camera", f"c={CAMERA}", port=killed.port)
    _say(f"killed: up again in {daemon.until(lambda: up('c'), RECONNECTED_S, 'reconnected'):.1f} s")
    watch.until(0.6)
    hung.signal(signal.SIGSTOP)
    _say(f"hung: down in {daemon.until(lambda: not up('d'), NOTICED_S, 'noticed'):.1f} s")
    hung.signal(signal.SIGCONT)
    _say(f"hung: up again in {daemon.until(lambda: up('d'), RECONNECTED_S, 'reconnected'):.1f} s")
    watch.until(1.0)
    slopes = watch.tell()
    losses = 0.0
    for camera in "abcd":
        frames, judged, dropped, missed = (
            daemon.metric(f"rareframe_{name}_total", camera=camera) or 0
            for name in ("frames", "judgements", "frames_dropped", "frames_missed")
        )
        _say(f"camera {camera}: {frames:.0f} due, {judged:.0f} judged, {dropped:.0f} dropped, {missed:.0f} missed")
        losses += dropped + missed
    assert losses == 0
    assert failures("c") >= 1
    assert daemon.metric("rareframe_source_failures_total", camera="d", cause="hung") >= 1
    assert all(view["restarts"] == 0 for view in daemon.status()["processes"])
    assert max(slopes.values()) <= MOST_MB_PER_MINUTE, slopes
    assert daemon.stop() == 0
