"""What feedback did: how often each mark quieted or raised something, written by the worker and read by whoever lists.

One small file a camera. It is for people; nothing is judged by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog

from monitor.files import whole

FOLDER = "feedback"
_MOST_BYTES = 1_000_000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Counted:
    """What one mark did.

    Attributes:
        times: Happenings that it quieted, or of an unusual one raised.
        last_ns: Wall time of the last one; None before the first.
        fits: Whether the camera's detectors can compare with it; not if they were changed since.
    """

    times: int = 0
    last_ns: int | None = None
    fits: bool = True


@dataclass(frozen=True, slots=True)
class Tallies:
    """Of one camera, by the mark's id."""

    marks: Mapping[int, Counted] = field(default_factory=dict)


def read(data_dir: Path, camera: str) -> Tallies:
    """Nothing where nothing was counted, or it cannot be read: it is no more than a count."""
    try:
        with _path(data_dir, camera).open("rb") as file:
            return msgspec.json.decode(file.read(_MOST_BYTES), type=Tallies)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Tallies()


class Counter:
    """Writes one camera's counts down when they changed. Never raises for the file: it logs once, and goes on."""

    def __init__(self, data_dir: Path, camera: str) -> None:
        self._data_dir = data_dir
        self._camera = camera
        self._written: Tallies | None = None
        self._faulty = False

    def write(self, tallies: Tallies) -> None:
        """Replace the file, if they are others than those written last."""
        if tallies == self._written:
            return
        path = _path(self._data_dir, self._camera)
        try:
            with whole(path, lasting=False) as file:
                file.write(msgspec.json.encode(tallies))
        except OSError as error:
            if not self._faulty:
                _log.warning("feedback_not_counted", path=str(path), error=error.strerror, do="make room on the disk")
            self._faulty = True
            return
        self._faulty = False
        self._written = tallies


def _path(data_dir: Path, camera: str) -> Path:
    return data_dir / FOLDER / f"{camera}.json"
