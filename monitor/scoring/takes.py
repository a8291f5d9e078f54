"""Takes become bundles on disk, by a thread of its own that gives way to judging. Knows no event.

They lie in the folder `takes` as `CAMERA.FIRST.LAST.zip`, the wall times of the first strange frame and of the last
frame, until the alert process finds the event they belong to.
"""

from __future__ import annotations

import hashlib
import os
import queue
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import numpy as np
import structlog

from detectors.base import Grid, StateDict
from detectors.state import with_prefix
from monitor.bundles.archive import write
from monitor.bundles.arrays import packed
from monitor.bundles.manifest import (
    LESSONS,
    MANIFEST,
    STATE,
    GridOfLesson,
    LessonOf,
    Machine,
    Manifest,
    Shot,
    encode,
)
from monitor.scoring.tape import Seen, Take

# Takes that wait to be written; the next ones are given up, so that memory is bounded.
MOST_WAITING = 2
# Files of one camera that nobody has fetched.
MOST_KEPT = 20
# What no score depends on: the diary, the views, the pictures shown to people, what feedback compares with.
_IDLE = ("budget/", "view/", "examples/", "looks/")
_NICE = 10
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose takes they are, see `Manifest`."""

    camera: str
    fingerprint: str
    sections: bytes
    machine: Machine


class TakeWriter:
    """Writes takes one after another. Never raises for the disk: it logs, and goes on."""

    def __init__(self, folder: Path) -> None:
        """Args: folder: made if absent."""
        self._folder = folder
        self._waiting: queue.Queue[tuple[Origin, Take] | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None  # from the first take on

    def keep(self, origin: Origin, take: Take) -> None:
        """Have it written; returns at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="takes", daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait((origin, take))
        except queue.Full:
            _log.warning("take_given_up", camera=origin.camera, why="others are still being written")

    def close(self, timeout_s: float) -> None:
        """Write what waits, for so long at most."""
        if self._thread is None:
            return
        try:
            self._waiting.put(None, timeout=timeout_s)
        except queue.Full:
            return
        self._thread.join(timeout_s)

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while (item := self._waiting.get()) is not None:
            origin, take = item
            try:
                self._write(origin, take)
            except Exception as error:
                _log.warning("take_not_written", camera=origin.camera, error=str(error), do="make room on the disk")

    def _write(self, origin: Origin, take: Take) -> None:
        first, last = take.seen[0].frame.stamp.wall_ns, take.seen[-1].frame.stamp.wall_ns
        write(self._folder / f"{origin.camera}.{first:020d}.{last:020d}.zip", files_of(origin, take))
        mine = sorted(self._folder.glob(f"{origin.camera}.{'[0-9]' * 20}.{'[0-9]' * 20}.zip"))
        for old in mine[:-MOST_KEPT]:
            old.unlink(missing_ok=True)


def files_of(origin: Origin, take: Take) -> dict[str, bytes]:
    """The files of a take's bundle by name, the manifest first."""
    height, width = take.seen[0].frame.image.shape[:2]
    seen = (*take.before, *take.seen)
    grids: list[Grid] = []
    shots = tuple(_shot(index, each, grids) for index, each in enumerate(seen))
    needed = {name: array for name, array in take.state.items() if not name.startswith(_IDLE)}
    files = {
        STATE: packed(with_prefix({"state": needed, "standing": dict(take.standing)})),
        LESSONS: packed(_arrays(grids)),
        **{shot.file: _png(each) for shot, each in zip(shots, seen, strict=True)},
    }
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = Manifest(
        camera=origin.camera,
        fingerprint=origin.fingerprint,
        sections=msgspec.Raw(origin.sections),
        machine=origin.machine,
        height=height,
        width=width,
        before=len(take.before),
        shots=shots,
        ended=take.ended,
        hashes=hashes,
    )
    return {MANIFEST: encode(manifest), **files}


def _shot(index: int, seen: Seen, grids: list[Grid]) -> Shot:
    """Of one frame; the grids of its lessons are put behind `grids`."""
    lessons = []
    for channel, by_feature in seen.lessons:
        told = []
        for feature, grid in by_feature.items():
            told.append(GridOfLesson(feature, len(grids), bool(grid.infrared)))
            grids.append(grid)
        lessons.append(LessonOf(channel, tuple(told)))
    return Shot(f"frames/{index:06d}.png", seen.frame.stamp, seen.told, tuple(lessons))


def _arrays(grids: Iterable[Grid]) -> StateDict:
    arrays: StateDict = {}
    for number, grid in enumerate(grids):
        arrays[f"{number}.values"], arrays[f"{number}.mask"] = grid.values, grid.mask
    return arrays


def _png(seen: Seen) -> bytes:
    done, encoded = cv2.imencode(".png", np.asarray(seen.frame.image), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise ValueError(f"cannot encode a picture of shape {seen.frame.image.shape} as PNG")
    return encoded.tobytes()
