"""A bundle as a zip file. What is read may come from anybody: nothing is unpacked to disk, everything is bounded.

Only the files that are named in `manifest` are looked at, so a path that leads elsewhere means nothing; a zip bomb
ends at its bound.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from detectors.base import Image, StateDict
from monitor.bundles.arrays import unpacked
from monitor.bundles.manifest import LESSONS, MANIFEST, STATE, BundleError, Manifest, decode
from monitor.files import whole

MOST_MEMBERS = 5000
MOST_MANIFEST_BYTES = 64 << 20
MOST_PART_BYTES = 512 << 20
# Of all pictures once they are decoded, as they are held together.
MOST_PIXEL_BYTES = 2 << 30
# A PNG of the size that the manifest says needs no more than this beside its pixels. Unit: bytes.
_PNG_OVERHEAD = 1 << 20
_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"  # width and height follow
_BROKEN = (OSError, ValueError, KeyError, EOFError, RuntimeError, cv2.error, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was read.

    Attributes:
        state: The models' arrays before the first frame that is judged again, with where the pipeline stood.
        lessons: Arrays of the grids that were learned, see `GridOfLesson`.
        images: One a shot, (height, width, 3) uint8, BGR, read-only.
        changed: Names of files that are not as they were written.
    """

    manifest: Manifest
    state: StateDict
    lessons: StateDict
    images: tuple[Image, ...]
    changed: tuple[str, ...]


def write(path: Path, files: Mapping[str, bytes]) -> None:
    """Write a zip of these, whole or not at all; its folder is made if absent.

    Raises:
        OSError: The disk is full, not writable, …
    """
    with whole(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # compressed already, or small


def read(path: Path) -> Bundle:
    """All of a bundle.

    Raises:
        BundleError: It is none, is broken, or is larger than any that rareframe writes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename: member for member in archive.infolist()}
            if len(members) > MOST_MEMBERS:
                raise ValueError(f"{len(members)} files, at most {MOST_MEMBERS}")
            return _Reading(path, archive, members).bundle()
    except FileNotFoundError as error:
        raise BundleError(f"{path}: expected a bundle, got nothing; `rareframe events export ID` makes one") from error
    except _BROKEN as error:
        raise BundleError(f"{path}: expected a bundle as rareframe writes it, got {error}; export it anew") from error


class _Reading:
    def __init__(self, path: Path, archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo]) -> None:
        self._path, self._archive, self._members = path, archive, members
        self._hashes: Mapping[str, str] = {}
        self._changed: list[str] = []

    def bundle(self) -> Bundle:
        manifest = decode(self._content(MANIFEST, MOST_MANIFEST_BYTES), str(self._path))
        self._hashes = manifest.hashes
        # Before any is decoded: one small file may stand for the pictures of all shots.
        if (size := len(manifest.shots) * manifest.height * manifest.width * 3) > MOST_PIXEL_BYTES:
            raise ValueError(f"{size} bytes of pictures, at most {MOST_PIXEL_BYTES}")
        state, lessons = (unpacked(self._content(name, MOST_PART_BYTES)) for name in (STATE, LESSONS))
        images = tuple(self._image(shot.file, manifest) for shot in manifest.shots)
        return Bundle(manifest, state, lessons, images, tuple(self._changed))

    def _content(self, name: str, most: int) -> bytes:
        member = self._members.get(name)
        if member is None:
            raise ValueError(f"no {name}")
        with self._archive.open(member) as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise ValueError(f"more than {most} bytes in {name}")
        if name != MANIFEST and self._hashes.get(name) != hashlib.sha256(content).hexdigest():
            self._changed.append(name)
        return content

    def _image(self, name: str, manifest: Manifest) -> Image:
        height, width = manifest.height, manifest.width
        content = self._content(name, height * width * 3 + _PNG_OVERHEAD)
        # Before it is decoded: a small file may claim to be a huge picture.
        if not content.startswith(_PNG + width.to_bytes(4, "big") + height.to_bytes(4, "big")):
            raise ValueError(f"{name} that is no PNG of {width}×{height}")
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        if image is None or image.shape != (height, width, 3):
            raise ValueError(f"{name} that cannot be decoded")
        image.setflags(write=False)
        return np.asarray(image, np.uint8)
