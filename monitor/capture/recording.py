"""A recording's frames for whoever reads it on the spot, without a thread, a link or a second try."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from detectors.base import Picture
from monitor.capture.filming import Filming
from monitor.capture.open import SourceOptions, open_source
from monitor.capture.source import PacketListener, Source
from monitor.capture.timing import Pace, Timeline
from monitor.types import Frame, Stamp


class _NoClock:
    """Time as a recording has it: it begins at 0, and so the same file gives the same stamps."""

    def wall_ns(self) -> int:
        return 0

    def mono_ns(self) -> int:
        return 0

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        raise NotImplementedError("a recording is never waited for")


def open_recording(path: Path, image_rate_hz: float, listener: PacketListener | None = None) -> Source:
    """Open a file or a folder of images, taken at `image_rate_hz`; `listener` hears its packets if it has any.

    Raises:
        SourceError: It cannot be opened.
    """
    return open_source(SourceOptions(str(path), live=False, image_rate_hz=image_rate_hz), listener=listener)


def due_frames(
    source: Source, camera: str, width_px: int, rate_hz: float, filming: Filming | None = None
) -> Generator[Frame, None, None]:
    """The frames due for analysis, of one run called after the camera, times from 0; closes the source.

    `filming` sees every picture before its frame is there.

    Raises:
        SourceError: While iterating: it broke off.
    """
    timeline, pace, seq = Timeline(_NoClock(), live=False), Pace(rate_hz, live=False), 0
    with closing(source):
        for picture in source.pictures():
            moment = timeline.mark(picture.pts_s)
            due = pace.due(moment.mono_ns)
            if filming is not None:
                filming.picture(picture, moment.wall_ns, due=due)
            if due:
                stamp = Stamp(camera, camera, seq, moment.wall_ns, moment.mono_ns, moment.pts)
                yield Frame(stamp, picture.image(width_px))
                seq += 1


def all_pictures(source: Source, width_px: int) -> Generator[Picture, None, None]:
    """Every picture at analysis size, times from 0; closes the source.

    Those that cannot be decoded are held: the one before stands for them, so that labels count the same frames.

    Raises:
        SourceError: While iterating: it broke off.
    """
    timeline, before, damaged = Timeline(_NoClock(), live=False), None, 0
    with closing(source):
        for picture in source.pictures():
            now = Picture(picture.image(width_px), timeline.mark(picture.pts_s).mono_ns / 1e9)
            missing, damaged = source.damaged - damaged, source.damaged
            if before is not None:
                yield from _held(before, now.at_s, missing)
            yield now
            before = now


def _held(before: Picture, until_s: float, count: int) -> Generator[Picture, None, None]:
    """The picture `count` times, evenly until the next."""
    step_s = (until_s - before.at_s) / (count + 1)
    yield from (Picture(before.image, before.at_s + step_s * place) for place in range(1, count + 1))
