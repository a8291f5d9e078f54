"""Reads the layout of a labelled set: which clips there are and what is known of them. Decodes no video itself.

SET/train/CLIP.EXT          video file, or a folder of images in name order; may be absent
SET/test/CLIP.EXT
SET/labels.json             {"CLIP": [[start, end), ...]}: anomalous frames, 0-based; no key: unlabelled
SET/masks/CLIP.npz          optional; array `mask` (T, H, W) bool, pixel truth
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TypeGuard

import numpy as np
from numpy.lib import format as npy

from detectors.base import Mask, Picture
from detectors.evaluation.events import DAY_S
from detectors.evaluation.protocol import Clip

Ranges = tuple[tuple[int, int], ...]
# A recording's pictures at analysis size, `at_s` in seconds from its start.
ClipOpener = Callable[[Path], Generator[Picture, None, None]]
_MASK_AXES = 3


class DatasetError(ValueError):
    """A labelled set is not laid out as it should be; the message says which file and clip."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A labelled set, nothing of it decoded yet; clips in name order."""

    name: str
    train: tuple[Clip, ...]
    test: tuple[Clip, ...]


def read_dataset(root: Path, opener: ClipOpener) -> Dataset:
    """Find the clips of the set in the folder `root` and read their labels.

    Raises:
        DatasetError: The layout or `labels.json` is wrong, or a file in `masks` holds none. Whether labels and masks
            are as long as their clip is only known when it was streamed.
    """
    if not root.is_dir():
        raise DatasetError(f"{root}: expected the folder of a labelled set, got {_what(root)}")
    train, test = _clips(root / "train"), _clips(root / "test")
    if not train and not test:
        raise DatasetError(f"{root}: expected clips in {root / 'test'} or {root / 'train'}, got none")
    labels = _labels(root / "labels.json", [*train, *test])
    masks = _masks(root / "masks", test)
    for path in masks.values():
        _check_mask(path)
    return Dataset(
        name=root.resolve().name,
        train=tuple(Clip(name, partial(opener, path), None, None) for name, path in train.items()),
        test=tuple(
            Clip(
                name,
                partial(opener, path),
                labels.get(name),
                partial(load_mask, masks[name]) if name in masks else None,
            )
            for name, path in test.items()
        ),
    )


def planting_ground(root: Path, dataset: Dataset, length_of: Callable[[Path], float | None]) -> float:
    """The length in seconds of a set of which nothing is labelled and that is a day or longer.

    Args:
        root: Its folder.
        dataset: What was read of it.
        length_of: A recording's length in seconds, None if it does not say.

    Raises:
        DatasetError: It is not such a set.
    """
    labelled = [clip.name for clip in dataset.test if clip.ranges is not None]
    if labelled:
        raise DatasetError(
            f"{root}: expected a set without labels to plant in, got labels of {_few(labelled)}; leave --plants out"
        )
    lengths_s = [length_of(path) for split in ("train", "test") for path in recordings(root, split)]
    known_s = sum(length_s for length_s in lengths_s if length_s is not None)
    if None in lengths_s or known_s < DAY_S:
        unknown = f", and {lengths_s.count(None)} that do not say how long they are" if None in lengths_s else ""
        raise DatasetError(
            f"{root}: expected 24 h of recordings or more to plant in, got {known_s / 3600:.1f} h{unknown}; "
            "leave --plants out"
        )
    return known_s


def recordings(root: Path, split: str) -> tuple[Path, ...]:
    """The files and folders of images of one split of the set in the folder `root`, in name order; none if absent."""
    return tuple(_clips(root / split).values())


def load_mask(path: Path) -> Mask:
    """The array `mask` (T, H, W) bool of one .npz file.

    Raises:
        DatasetError: It is not there or cannot be read without unpickling.
    """
    with _mask_file(path) as file:
        return np.asarray(npy.read_array(file, allow_pickle=False))


def _check_mask(path: Path) -> None:
    """By its header, without reading it: a set of hours is not to be refused at its end."""
    with _mask_file(path) as file:
        read = npy.read_array_header_1_0 if npy.read_magic(file) == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read(file)
    if dtype != np.bool_ or len(shape) != _MASK_AXES:
        raise DatasetError(f"{path}: expected mask (frames, height, width) of bool, got {shape} of {dtype}")


@contextmanager
def _mask_file(path: Path) -> Iterator[IO[bytes]]:
    """The array within the file, and whatever is wrong with it as one error."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            if "mask" not in names:
                raise DatasetError(f'{path}: expected an array "mask", got {", ".join(names) or "no array"}')
            with archive.open("mask.npy") as file:
                yield file
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f"{path}: expected an .npz file with plain arrays; {error}") from error


def _clips(folder: Path) -> dict[str, Path]:
    """Clip name → file or folder of images; hidden files are none."""
    if not folder.is_dir():
        return {}
    clips: dict[str, Path] = {}
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.startswith("."):
            continue
        name = path.name if path.is_dir() else path.stem
        if name in clips:
            raise DatasetError(f"{folder}: clip {name}: expected one recording, got {clips[name].name} and {path.name}")
        clips[name] = path
    return clips


def _masks(folder: Path, clips: Mapping[str, Path]) -> dict[str, Path]:
    files = {path.stem: path for path in sorted(folder.glob("*.npz"))}
    for name, path in files.items():
        if name not in clips:
            raise DatasetError(f"{path}: expected the name of a test clip ({_few(clips)}), got {name}")
    return files


def _labels(path: Path, clips: Sequence[str]) -> dict[str, Ranges]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DatasetError(f"{path}: expected this file, got none; write {{}} into it if nothing is labelled") from None
    try:
        found: object = json.loads(text, object_pairs_hook=_unique)
    except ValueError as error:
        raise DatasetError(f"{path}: expected JSON; {error}") from error
    if not isinstance(found, dict):
        raise DatasetError(f'{path}: expected an object {{"CLIP": [[start, end], ...]}}, got {type(found).__name__}')
    unknown = [name for name in found if name not in clips]
    if unknown:
        raise DatasetError(f"{path}: expected names of clips ({_few(clips)}), got {unknown[0]!r}")
    return {name: _ranges(path, name, value) for name, value in found.items()}


def _ranges(path: Path, clip: str, value: object) -> Ranges:
    if not isinstance(value, list):
        raise DatasetError(f"{path}: clip {clip}: expected a list of [start, end], got {json.dumps(value)}")
    ranges = []
    for pair in value:
        if not _is_range(pair):
            expected = "expected [start, end) as whole numbers with 0 <= start < end"
            raise DatasetError(f"{path}: clip {clip}: {expected}, got {json.dumps(pair)}")
        ranges.append((pair[0], pair[1]))
    return tuple(ranges)


def _is_range(pair: object) -> TypeGuard[list[int]]:
    if not isinstance(pair, list) or len(pair) != 2:  # noqa: PLR2004 - a start and an end
        return False
    whole = all(isinstance(number, int) and not isinstance(number, bool) for number in pair)
    return whole and 0 <= pair[0] < pair[1]


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Refuses a clip that is named twice: json would take the last in silence."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"clip {key!r} is there twice")
        found[key] = value
    return found


def _what(path: Path) -> str:
    return "a file" if path.exists() else "nothing there"


def _few(names: Sequence[str] | Mapping[str, Path]) -> str:
    listed = list(names)
    return ", ".join(listed[:4]) + (", ..." if len(listed) > 4 else "")  # noqa: PLR2004 - enough to recognise the set
