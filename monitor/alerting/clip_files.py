"""Files that come in parts: collected beside their place, and put there whole. Knows nothing of what is in them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from monitor.alerting.snapshots import event_file
from monitor.types import ClipPart, Event, Piece

# Below the data folder; what is left in it of an earlier life of the process is of no use.
_UNFINISHED = PurePosixPath("events", ".parts")
_SUFFIX = {Piece.CLIP: ".mp4", Piece.FULL: "-full.jpg"}


@dataclass(slots=True)
class _Open:
    path: Path
    file: BinaryIO
    next_number: int = 0


class ClipFiles:
    """Files below the data folder `root`. Not for several threads."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: dict[tuple[str, Piece], _Open] = {}
        for left in (root / _UNFINISHED).glob("*"):
            left.unlink(missing_ok=True)

    def take(self, part: ClipPart) -> bool:
        """Write one part away; whether the file is complete with it. A part without those before it is dropped.

        Raises:
            OSError: It cannot be written; the rest of this file will be dropped.
        """
        key = part.event, part.piece
        try:
            if part.number == 0:
                self._begin(part)
            going_on = self._open.get(key)
            if going_on is None or going_on.next_number != part.number:
                self.drop(part)
                return False
            going_on.file.write(part.data)
            going_on.next_number += 1
            return going_on.next_number == part.count
        except OSError:
            self.drop(part)
            raise

    def keep(self, part: ClipPart, event: Event) -> str:
        """Put the file of which `part` was the last in its place; its name below the data folder.

        Raises:
            OSError: It cannot be put there; it is dropped.
        """
        done = self._open.pop((part.event, part.piece))
        name = event_file(event, _SUFFIX[part.piece])
        try:
            with done.file:
                done.file.flush()
                os.fsync(done.file.fileno())
            (self._root / name).parent.mkdir(parents=True, exist_ok=True)
            done.path.replace(self._root / name)
        except OSError:
            done.path.unlink(missing_ok=True)
            raise
        return str(name)

    def drop(self, part: ClipPart) -> None:
        """Forget what was collected of this file."""
        going_on = self._open.pop((part.event, part.piece), None)
        if going_on is not None:
            going_on.file.close()
            going_on.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Drop what is not complete."""
        for going_on in self._open.values():
            going_on.file.close()
            going_on.path.unlink(missing_ok=True)
        self._open.clear()

    def _begin(self, part: ClipPart) -> None:
        self.drop(part)
        folder = self._root / _UNFINISHED
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / os.urandom(8).hex()
        self._open[part.event, part.piece] = _Open(path, path.open("wb"))
