"""A recording read on the spot: times, and what cannot be decoded."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.capture.recording import all_pictures, open_recording


def test_a_picture_that_cannot_be_decoded_is_held(tmp_path: Path) -> None:
    """Labels count it: as many pictures as there are files, those before in its stead, times rising evenly."""
    for number in range(6):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((48, 64, 3), 10 * number, np.uint8))
    for broken in (2, 3):
        (tmp_path / f"{broken}.png").write_bytes(b"broken")
    pictures = list(all_pictures(open_recording(tmp_path, 10.0), 64))
    assert [int(picture.image[0, 0, 0]) for picture in pictures] == [0, 10, 10, 10, 40, 50]
    assert [picture.at_s for picture in pictures] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
