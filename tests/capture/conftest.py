"""Stand-ins for what the loop round a camera is given: a clock that tests move, a scripted source, an outlet."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.capture.source import SourceError, SourceInfo
from monitor.types import CameraReport, Count, Frame

NS = 1_000_000_000


class ManualClock:
    """Moves when told, and by itself while waited on. Its wall clock can be stepped."""

    def __init__(self) -> None:
        self.now_ns = 5 * NS
        self.step_ns = 1_700_000_000 * NS
        self.waits: list[float] = []

    def wall_ns(self) -> int:
        return self.now_ns + self.step_ns

    def mono_ns(self) -> int:
        return self.now_ns

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        self.waits.append(seconds)
        if not stop.is_set():
            self.advance(seconds)
        return stop.is_set()

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * NS)


@dataclass
class ScriptedPicture:
    """A picture of one grey; counts how often it was converted."""

    pts_s: float | None
    size_px: tuple[int, int] = (64, 48)
    conversions: int = 0
    while_converted: Callable[[], object] = lambda: None

    def image(self, width_px: int | None) -> np.ndarray:
        self.conversions += 1
        self.while_converted()
        image = np.zeros((48, 64, 3), np.uint8)
        image.setflags(write=False)
        return image


@dataclass
class ScriptedSource:
    """Plays steps: a picture, an error to raise, or something to call (a clock that moves, a thread that waits)."""

    steps: Sequence[ScriptedPicture | SourceError | Callable[[], object]]
    damaged: int = 0
    closed: int = 0
    info: SourceInfo = field(default_factory=lambda: SourceInfo("scripted", None))

    def pictures(self) -> Iterator[ScriptedPicture]:
        for step in self.steps:
            if isinstance(step, ScriptedPicture):
                yield step
            elif isinstance(step, SourceError):
                raise step
            else:
                step()

    def close(self) -> None:
        self.closed += 1


@dataclass
class ListeningOutlet:
    """Remembers all it is given; `on_report` and `on_frame` let a test act in the middle of the loop."""

    frames: list[Frame] = field(default_factory=list)
    reports: list[CameraReport] = field(default_factory=list)
    beats: list[int] = field(default_factory=list)
    pumps: int = 0
    on_frame: Callable[[Frame], object] = lambda frame: None
    on_report: Callable[[CameraReport], object] = lambda report: None

    def send(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.on_frame(frame)

    def pump(self) -> None:
        self.pumps += 1

    def report(self, report: CameraReport) -> None:
        self.reports.append(report)
        self.on_report(report)

    def beat(self, progress: int) -> None:
        self.beats.append(progress)

    def drops(self) -> Sequence[Count]:
        return [Count("newer frame", 3)]


@pytest.fixture
def clock() -> ManualClock:
    """A clock that only the test moves."""
    return ManualClock()


@pytest.fixture(scope="session")
def clock_class() -> type[ManualClock]:
    """The manual clock's class, for tests that need a fresh one for each example."""
    return ManualClock


@pytest.fixture
def outlet() -> ListeningOutlet:
    """An outlet that remembers."""
    return ListeningOutlet()


@pytest.fixture
def picture() -> type[ScriptedPicture]:
    """The scripted picture's class."""
    return ScriptedPicture


@pytest.fixture
def scripted() -> type[ScriptedSource]:
    """The scripted source's class."""
    return ScriptedSource


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50 lossless images, 320×240: a red bar grows from the left by 6 px each."""
    folder = tmp_path_factory.mktemp("images")
    for number in range(50):
        image = np.full((240, 320, 3), 12, np.uint8)
        image[:, : 6 * (number + 1), 2] = 225
        cv2.imwrite(str(folder / f"{number:03}.png"), image)
    return folder
