"""What a camera has learned, for people: some of the ordinary pictures it keeps, and how many it learned.

The worker writes it with each checkpoint, whoever shows it reads it: below the data folder `learned/CAMERA.json`, which
is a `Learned`, and up to 12 small pictures `learned/CAMERA-1.jpg` …, as unlike one another as there are. Each file is
replaced as a whole, the JSON last. Nothing goes on from these; what the models know is in the checkpoints.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import structlog

from monitor.files import whole

FOLDER = "learned"
MOST_PICTURES = 12
_MOST_BYTES = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LearnedChannel:
    """How many pictures a channel ("moving", "scene", "place") has learned."""

    name: str
    learned: int


@dataclass(frozen=True, slots=True)
class Learned:
    """What one camera has learned.

    Attributes:
        at_ns: Wall time of the checkpoint that it was written with.
        learned: Pictures learned, by the channel that learned most; `channels` has each.
        kept: Ordinary pictures that it keeps to show beside strange ones.
        pictures: File names of some of them below the data folder.
    """

    camera: str
    at_ns: int
    learned: int
    channels: tuple[LearnedChannel, ...]
    kept: int
    pictures: tuple[str, ...] = ()


def write(data_dir: Path, learned: Learned, jpegs: Sequence[bytes]) -> None:
    """Replace what is written of the camera; what cannot be is logged, and the old is still there.

    Args:
        data_dir: The data folder.
        learned: Its `pictures` are filled in here.
        jpegs: At most `MOST_PICTURES`.
    """
    names = tuple(f"{FOLDER}/{learned.camera}-{number}.jpg" for number in range(1, 1 + MOST_PICTURES))[: len(jpegs)]
    try:
        for name, jpeg in zip(names, jpegs, strict=True):
            _replace(data_dir / name, jpeg)
        told = msgspec.json.encode(replace(learned, pictures=names))
        _replace(data_dir / FOLDER / f"{learned.camera}.json", told)
    except OSError as error:
        _log.warning("learned_not_written", camera=learned.camera, error=error.strerror, do="make room on the disk")


def read(data_dir: Path, camera: str) -> Learned | None:
    """What was written last of the camera; None before the first checkpoint, or if it cannot be read."""
    if not _NAME.fullmatch(camera):
        return None
    try:
        with (data_dir / FOLDER / f"{camera}.json").open("rb") as file:
            return msgspec.json.decode(file.read(_MOST_BYTES), type=Learned)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _replace(path: Path, content: bytes) -> None:
    with whole(path, lasting=False) as file:
        file.write(content)
