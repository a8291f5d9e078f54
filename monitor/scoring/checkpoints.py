"""What a camera's detectors learned, on disk: written whole or not at all, read without pickle, older ones kept.

A checkpoint is a NumPy `.npz` (its zip members carry CRC-32 sums) with the arrays of a state and one JSON text about
them. It says nothing about events: those are in the store.
"""

from __future__ import annotations

import contextlib
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import structlog

from detectors.base import StateDict, StateView
from monitor.files import whole

FORMAT = 1
ABOUT = "about.json"  # no array has this name: arrays are PART/ARRAY
# What reading a damaged file ends in: zipfile raises RuntimeError where a flipped bit asks for a password or another
# compression, and numpy MemoryError where one makes an array endless.
_BROKEN = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    EOFError,
    RuntimeError,
    MemoryError,
    zipfile.BadZipFile,
    zlib.error,
)
_log = structlog.get_logger(__name__)


class CheckpointError(Exception):
    """A checkpoint cannot be written or read; the message says which, why and what to do."""


class ForeignError(CheckpointError):
    """A checkpoint is sound, but of another camera, configuration or version."""


@dataclass(frozen=True, slots=True)
class About:
    """What a checkpoint is of.

    Attributes:
        format: `FORMAT` at the time of writing.
        camera: The camera's name.
        fingerprint: Of everything in the configuration that shapes the arrays.
        wall_ns: When it was written.
        learned: Pictures learned until then; 0 in files of before that was told.
        obeyed_ns: The wish to roll back that was obeyed last before, see `Keeper.roll_back`; 0 before the first.
    """

    format: int
    camera: str
    fingerprint: str
    wall_ns: int
    learned: int = 0
    obeyed_ns: int = 0


class Checkpoints:
    """The checkpoints of one camera, `CAMERA.WALL_NS.npz` in one folder, the newest `keep` of them.

    The number rises even where the wall clock is put back: then it is one above the one before.
    """

    def __init__(self, folder: Path, camera: str, fingerprint: str, keep: int) -> None:
        """Args: folder: made if absent; camera; fingerprint: see `About`; keep: at least 1."""
        self._folder = folder
        self._camera = camera
        self._fingerprint = fingerprint
        self._keep = keep

    def write(self, state: StateView, wall_ns: int, learned: int = 0, obeyed_ns: int = 0) -> Path:
        """Write a checkpoint that survives a crash and a power cut, then remove the oldest.

        Args:
            state: What was learned.
            wall_ns: Now; see `About` for this and the others.
            learned: Pictures.
            obeyed_ns: The last wish to roll back.

        Raises:
            CheckpointError: The disk is full, not writable, …; those written before are still there.
        """
        path = self._folder / f"{self._camera}.{self._place(wall_ns):020d}.npz"
        write_file(path, About(FORMAT, self._camera, self._fingerprint, wall_ns, learned, obeyed_ns), state)
        self._remove_old()
        return path

    def newest_first(self) -> Sequence[Path]:
        """The files there are, the newest first; none if the folder is absent or cannot be read."""
        name = re.compile(rf"{re.escape(self._camera)}\.\d{{20}}\.npz")
        with contextlib.suppress(OSError):  # a folder that cannot be read cannot be written to either: told then
            return sorted((p for p in self._folder.iterdir() if name.fullmatch(p.name)), reverse=True)
        return []

    def read(self, path: Path) -> tuple[About, StateDict]:
        """One checkpoint of this camera and configuration.

        Raises:
            ForeignError: It is of another camera or configuration.
            CheckpointError: It is broken or cannot be read.
        """
        return read_file(path, self._camera, self._fingerprint)

    def _place(self, wall_ns: int) -> int:
        """Where a new checkpoint stands in the order: after all others, even if the wall clock was put back."""
        return max([wall_ns, *(int(path.suffixes[-2][1:]) + 1 for path in self.newest_first()[:1])])

    def _remove_old(self) -> None:
        """All but the newest, and what a crash left half written."""
        remove([*self.newest_first()[self._keep :], *self._folder.glob(f"{self._camera}.{'[0-9]' * 20}.part")])


def write_file(path: Path, about: About, state: StateView) -> None:
    """Write a file whole or not at all, so that it survives a crash and a power cut; its folder is made if absent.

    Raises:
        CheckpointError: The disk is full, not writable, …
    """
    text = np.frombuffer(json.dumps(asdict(about)).encode(), np.uint8)
    try:
        with whole(path) as file:
            np.savez(file, allow_pickle=False, **{ABOUT: text}, **state)
    except OSError as error:
        raise CheckpointError(
            f"camera {about.camera}: cannot write the checkpoint {path}: {error.strerror or error}; "
            "make room or make the folder writable; what was learned is still in memory"
        ) from error


def read_file(path: Path, camera: str, fingerprint: str) -> tuple[About, StateDict]:
    """What `write_file` wrote of this camera and configuration.

    Raises:
        ForeignError: It is of another camera or configuration.
        CheckpointError: It is broken or cannot be read.
    """
    about, arrays = _read(path, camera, lambda _: True)
    expected = (FORMAT, camera, fingerprint)
    if (about.format, about.camera, about.fingerprint) != expected:
        raise ForeignError(
            f"camera {camera}: the checkpoint {path} is of another configuration: expected {expected}, "
            f"got {(about.format, about.camera, about.fingerprint)}; what it knows is of no use to the camera as it is"
        )
    return about, arrays


def read_about(path: Path, camera: str) -> About:
    """What a file is of, without the arrays; CheckpointError if that cannot be read."""
    return _read(path, camera, lambda name: name == ABOUT)[0]


def remove(paths: Iterable[Path]) -> None:
    """Remove what is too old; what cannot be removed is logged."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("an old checkpoint cannot be removed", path=str(path), error=error.strerror)


def _read(path: Path, camera: str, wanted: Callable[[str], bool]) -> tuple[About, StateDict]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in file.files if wanted(name)}
        return About(**json.loads(arrays.pop(ABOUT).tobytes())), arrays
    except _BROKEN as error:
        raise CheckpointError(f"camera {camera}: the checkpoint {path} is broken: {error}; it is of no use") from error
