"""Small recordings through a real encoder, and a way to open them without the capture package."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import av
import numpy as np
import pytest

from detectors.base import Picture

FPS = 10


def open_clip(path: Path) -> Generator[Picture, None, None]:
    """The pictures of one file, timed by their number."""
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            yield Picture(frame.to_ndarray(format="bgr24"), index / FPS)


def write_clip(path: Path, pictures: Iterable[np.ndarray]) -> None:
    """Losslessly encoded, so that brightness survives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))


@pytest.fixture
def opener() -> Callable[[Path], Generator[Picture, None, None]]:
    """Opens a clip."""
    return open_clip


@pytest.fixture
def make_clip() -> Callable[[Path, Iterable[int]], None]:
    """Writes a clip whose left half has one brightness per frame, the right half none."""

    def make(path: Path, brightness: Iterable[int]) -> None:
        pictures = []
        for value in brightness:
            picture = np.zeros((48, 64, 3), np.uint8)
            picture[:, :32] = value
            pictures.append(picture)
        write_clip(path, pictures)

    return make
