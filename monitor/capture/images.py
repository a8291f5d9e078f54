"""A folder of images as a recording. Knows no times but a given rate; names decide the order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from detectors.base import Image
from monitor.capture.source import Cause, Decoded, SourceError, SourceInfo, fit

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True, slots=True)
class WholeImage:
    """A picture that is already decoded as (H, W, 3) uint8 BGR."""

    whole: Image
    pts_s: float | None

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height as decoded."""
        return self.whole.shape[1], self.whole.shape[0]

    def image(self, width_px: int | None) -> Image:
        """BGR at analysis size."""
        return shrink(self.whole, width_px)


def shrink(whole: Image, width_px: int | None) -> Image:
    """`whole` at analysis size, area-averaged: a read-only copy."""
    image = np.asarray(cv2.resize(whole, fit((whole.shape[1], whole.shape[0]), width_px), interpolation=cv2.INTER_AREA))
    if image is whole or np.shares_memory(image, whole):
        image = image.copy()
    image.setflags(write=False)
    return image.astype(np.uint8, copy=False)


class ImageFolder:
    """The images of one folder in name order, `rate_hz` of them a second; an unreadable one is skipped and counted.

    Numbers in names count as numbers: 2.png comes before 10.png. Hidden files are none of them.

    Raises:
        SourceError: The folder is absent or has no images.
    """

    def __init__(self, folder: Path, rate_hz: float) -> None:
        if not folder.is_dir():
            raise SourceError(Cause.MISSING, f"{folder}: no such folder")
        self._folder = folder
        self._paths = sorted((path for path in folder.iterdir() if _is_image(path)), key=_order)
        if not self._paths:
            raise SourceError(Cause.MISSING, f"{folder}: no images ({', '.join(sorted(SUFFIXES))}) in this folder")
        self.damaged = 0
        self.info = SourceInfo("images", rate_hz, len(self._paths) / rate_hz)
        self._rate_hz = rate_hz

    def pictures(self) -> Iterator[Decoded]:
        """See `Source.pictures`; a skipped image keeps its place in time.

        Raises:
            SourceError: None of the images could be read.
        """
        for index, path in enumerate(self._paths):
            whole = _read(path)
            if whole is None:
                self.damaged += 1
                continue
            yield WholeImage(whole, index / self._rate_hz)
        if self.damaged == len(self._paths):
            raise SourceError(Cause.DECODE, f"{self._folder}: none of its {self.damaged} images can be read")

    def close(self) -> None:
        """Nothing is held open."""


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _order(path: Path) -> tuple[list[tuple[int, str]], str]:
    parts = re.split(r"(\d+)", path.name)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts], path.name


def _read(path: Path) -> Image | None:
    try:
        data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    except OSError:
        return None  # vanished or forbidden since the folder was listed
    if data.size == 0:
        return None
    image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, dtype=np.uint8)
