"""What a camera had learned on the days before, on disk, to roll back to. Nothing goes on from these by itself.

The same files as checkpoints, in a folder of their own; names say when, in UTC, and why:
`CAMERA.20261105T140532Z.daily.npz`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from detectors.base import StateDict, StateView
from monitor.scoring.checkpoints import FORMAT, About, CheckpointError, read_file, remove, write_file

_TIME = "%Y%m%dT%H%M%SZ"
_NS = 1_000_000_000


class Why(StrEnum):
    """Why a dated snapshot was made. All but the first are of right before something was changed."""

    DAILY = "daily"
    NEW_NORMAL = "before-new-normal"
    NEW_VIEW = "before-new-view"
    ROLL_BACK = "before-roll-back"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One dated snapshot. `at`: when it was made, in UTC, to the second."""

    path: Path
    at: datetime
    why: Why


class Dated:
    """One camera's dated snapshots: the newest of each day, and the newest from before changes."""

    def __init__(self, folder: Path, camera: str, fingerprint: str, daily: int, before: int) -> None:
        """Args: folder: made if absent; camera; fingerprint: see `About`; daily, before: how many are kept of each."""
        self._folder = folder
        self._camera = camera
        self._fingerprint = fingerprint
        self._daily = daily
        self._before = before

    def keeps(self, why: Why) -> bool:
        """Whether any of this kind are kept."""
        return self._kept(why) > 0

    def write(self, state: StateView, why: Why, wall_ns: int, learned: int) -> Path:
        """Write a snapshot that survives a crash and a power cut, then remove the oldest of its kind.

        Raises:
            CheckpointError: The disk is full, not writable, …; those written before are still there.
        """
        at = datetime.fromtimestamp(wall_ns // _NS, UTC)
        while (path := self._folder / f"{self._camera}.{at.strftime(_TIME)}.{why.value}.npz").exists():
            at += timedelta(seconds=1)
        write_file(path, About(FORMAT, self._camera, self._fingerprint, wall_ns, learned), state)
        self._remove_old(why, path)
        return path

    def newest_first(self) -> Sequence[Snapshot]:
        """Those there are; none if the folder is absent or cannot be read."""
        try:
            found = [self._named(path) for path in self._folder.iterdir()]
        except OSError:
            return []
        return sorted((each for each in found if each is not None), key=lambda each: (each.at, each.why), reverse=True)

    def read(self, name: str) -> StateDict:
        """The state in the file of this name.

        Raises:
            ForeignError: It is of another configuration.
            CheckpointError: There is no such file, or it is broken.
        """
        for snapshot in self.newest_first():
            if snapshot.path.name == name:
                return read_file(snapshot.path, self._camera, self._fingerprint)[1]
        raise CheckpointError(
            f"camera {self._camera}: expected the name of a dated snapshot in {self._folder}, got {name}"
        )

    def _named(self, path: Path) -> Snapshot | None:
        found = re.fullmatch(rf"{re.escape(self._camera)}\.(\d{{8}}T\d{{6}}Z)\.([a-z-]+)\.npz", path.name)
        try:
            return found and Snapshot(path, datetime.strptime(found[1], _TIME).replace(tzinfo=UTC), Why(found[2]))
        except ValueError:  # no such day, or nothing that this version makes
            return None

    def _kept(self, why: Why) -> int:
        return self._daily if why is Why.DAILY else self._before

    def _remove_old(self, why: Why, newest: Path) -> None:
        """The oldest of its kind; never the one just written, whatever the clock says."""
        daily = why is Why.DAILY
        others = [s.path for s in self.newest_first() if (s.why is Why.DAILY) is daily and s.path != newest]
        half = self._folder.glob(f"{self._camera}.{'[0-9]' * 8}T{'[0-9]' * 6}Z.*.part")
        remove([*others[max(0, self._kept(why) - 1) :], *half])
