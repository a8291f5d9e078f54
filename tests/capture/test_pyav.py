"""What is special about pictures that libav decodes. What all sources promise is in the contract."""

from __future__ import annotations

import time
from pathlib import Path

import av
import numpy as np

from monitor.capture.pyav import AvInput, AvSource
from monitor.capture.source import fit


def test_one_converter_for_all_pictures_changes_no_pixel(small_video: Path) -> None:
    """Whatever sizes are asked for in turn, a picture is that of a converter of its own."""
    given = AvInput(str(small_video), "small", None, False, False, {}, 5.0, 5.0)
    source = AvSource(given, time.monotonic)
    with av.open(str(small_video)) as plain:
        for number, (ours, theirs) in enumerate(zip(source.pictures(), plain.decode(video=0), strict=True)):
            width = (None, 160, 96, 160)[number % 4]
            size = fit(ours.size_px, width)
            alone = theirs.to_ndarray(format="bgr24", width=size[0], height=size[1], interpolation="AREA")
            assert np.array_equal(ours.image(width), alone)
    source.close()
