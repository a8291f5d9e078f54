"""The picture of an event, plain and with the heatmap drawn over it, as files. Chooses no frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from detectors.base import Floats, Image
from monitor.files import whole
from monitor.types import Event, Judgement

_JPEG_QUALITY = 90
# Full strength still lets the picture shine through.
_MOST_OPAQUE = 0.6
_BOX_BGR = (255, 255, 255)
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Saved:
    """File names below the data folder, with `/` between their parts; None where there is no picture.

    Attributes:
        normals: Of the ordinary pictures beside it, nearest first.
    """

    snapshot: str | None
    overlay: str | None
    normals: tuple[str, ...] = ()


class Snapshots:
    """Writes below `root` as `events/DATE/CAMERA/ID.jpg`, `ID-overlay.jpg`, `ID-normal-1.jpg` …; DATE is in UTC."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def save(self, event: Event, judgement: Judgement) -> Saved:
        """Write the picture of `judgement` as that of `event`, in place of one saved before.

        A reader sees the old picture or the new one, never half of one.

        Raises:
            OSError: A file could not be written; those before it were.
        """
        if judgement.picture is None:
            return Saved(None, None)
        plain = self._write(event, ".jpg", judgement.picture)
        drawn = with_overlay(judgement)
        overlay = None if drawn is None else self._write(event, "-overlay.jpg", drawn)
        ordinary = enumerate(judgement.examples, start=1)
        return Saved(plain, overlay, tuple(self._write(event, f"-normal-{i}.jpg", each) for i, each in ordinary))

    def _write(self, event: Event, ending: str, content: bytes) -> str:
        name = str(event_file(event, ending))
        _write_whole(self._root / name, content)
        return name


def event_file(event: Event, suffix: str) -> PurePosixPath:
    """Where a file of this event is, below the data folder; `suffix` tells its files apart."""
    date = datetime.fromtimestamp(event.began_ns / 1e9, UTC).date().isoformat()
    stem = _NOT_PLAIN.sub("_", event.id)
    return PurePosixPath("events", date, _NOT_PLAIN.sub("_", event.camera), f"{stem}{suffix}")


def with_overlay(judgement: Judgement) -> bytes | None:
    """The judgement's picture with its heatmap and strongest box, as JPEG; None without picture or heatmap."""
    if judgement.picture is None or judgement.heatmap is None:
        return None
    image = cv2.imdecode(np.frombuffer(judgement.picture, dtype=np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        return None
    box = next((reason.box for reason in judgement.reasons if reason.box is not None), None)
    drawn = draw_overlay(np.asarray(image, dtype=np.uint8), judgement.heatmap, box)
    done, jpeg = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return jpeg.tobytes() if done else None


def draw_overlay(image: Image, heatmap: Floats, box: tuple[float, float, float, float] | None) -> Image:
    """Colour over the picture, stronger where the heatmap is, and a box.

    Args:
        image: (H, W, 3) uint8, BGR; not written to.
        heatmap: (h, w) float32, 0..1; what is not finite counts as 0.
        box: (left, top, right, bottom) as shares of the picture.

    Returns:
        A new picture of the same shape.
    """
    height, width = image.shape[:2]
    heat = np.nan_to_num(heatmap, nan=0.0, posinf=1.0, neginf=0.0).astype(np.float32)
    # Cubic enlarging swings beyond the range of its cells.
    heat = np.clip(cv2.resize(heat, (width, height), interpolation=cv2.INTER_CUBIC), 0.0, 1.0)  # (H, W)
    colours = cv2.applyColorMap((heat * 255).astype(np.uint8), cv2.COLORMAP_TURBO)  # (H, W, 3)
    alpha = (heat * _MOST_OPAQUE)[..., None]  # (H, W, 1)
    drawn = (image.astype(np.float32) * (1 - alpha) + colours.astype(np.float32) * alpha).round().astype(np.uint8)
    if box is not None:
        left, top, right, bottom = box
        corners = (int(left * width), int(top * height)), (int(right * width) - 1, int(bottom * height) - 1)
        cv2.rectangle(drawn, *corners, _BOX_BGR, thickness=max(1, round(height / 180)))
    return drawn


def _write_whole(path: Path, content: bytes) -> None:
    with whole(path, path.with_name(f".{path.name}.part")) as file:
        file.write(content)
