"""A picture for the terminal: two pixels in each character. Rough by nature; snapshots are for looking closely."""

from __future__ import annotations

import numpy as np
from rich.color import Color
from rich.style import Style
from rich.text import Text


def half_blocks(jpeg: bytes, columns: int) -> Text | None:
    """A JPEG as rich text, `columns` characters wide, in its own shape; None if it cannot be decoded."""
    import cv2  # noqa: PLC0415 - 0.1 s that a terminal too narrow for pictures need not wait for

    if not jpeg:
        return None
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)  # (H, W, 3) BGR
    if image is None:
        return None
    rows = max(1, round(columns * image.shape[0] / image.shape[1] / 2))
    small = cv2.resize(image, (columns, 2 * rows), interpolation=cv2.INTER_AREA)[:, :, ::-1].tolist()  # RGB
    text = Text(no_wrap=True)
    for row in range(rows):
        for upper, lower in zip(small[2 * row], small[2 * row + 1], strict=True):
            style = Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower))
            text.append("▀", style)
        text.append("\n")
    return text
