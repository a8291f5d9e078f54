"""What is promised of a camera's loop as it is built: above all, which run a recording belongs to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.build.capturing import camera_loop
from monitor.config import of_source
from monitor.types import CameraReport, Count, Frame


class Taking:
    """An outlet that keeps the runs it saw."""

    def __init__(self) -> None:
        self.runs: set[str] = set()

    def send(self, frame: Frame) -> None:
        self.runs.add(frame.stamp.run)

    def pump(self) -> None:
        pass

    def report(self, report: CameraReport) -> None:
        pass

    def beat(self, progress: int) -> None:
        pass

    def drops(self) -> Sequence[Count]:
        return ()


def _runs(path: Path, life: str) -> set[str]:
    outlet = Taking()
    camera = of_source(str(path)).cameras["camera"]
    camera_loop("camera", camera, {}, lambda _: outlet, "boot", life).run(threading.Event())
    return outlet.runs


def test_a_recording_has_one_run_in_the_life_of_a_daemon(small_video: Path) -> None:
    """Read anew after a crash it is the same run, so that what was judged is known; another daemon begins another."""
    first, again, other = (_runs(small_video, life) for life in ("one", "one", "two"))
    assert first == again
    assert len(first | other) == 2


@pytest.mark.parametrize("source", ["demo:?fps=50"])
def test_each_connection_to_a_live_camera_is_a_run(source: str) -> None:
    """Nothing goes on over a gap in what a camera saw."""
    runs = set()
    for _ in range(2):
        stop = threading.Event()

        class Once(Taking):
            def send(self, frame: Frame, stop: threading.Event = stop) -> None:
                super().send(frame)
                stop.set()

        outlet = Once()
        loop = camera_loop("door", of_source(source).cameras["camera"], {}, lambda _, o=outlet: o, "boot", "one")
        loop.run(stop)
        runs |= outlet.runs
    assert len(runs) == 2
