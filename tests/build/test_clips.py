"""The video of a recording's events: their own pictures, from before until after them."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from monitor.build.clips import ScanClips
from monitor.capture.recording import due_frames, open_recording
from monitor.config import load_text
from monitor.types import Event, Phase, State

FPS, LENGTH_S = 10, 20
BEGAN_S, ENDED_S, TOLD_S = 8, 10, 13
BEFORE_S, AFTER_S = 3, 2
SITE = f"cameras: {{a: {{source: x}}}}\nclips: {{before_s: {BEFORE_S}, after_s: {AFTER_S}}}\n"
NS = 1_000_000_000


def written(path: Path, codec: str, pix_fmt: str) -> Path:
    """A recording that brightens with time, a keyframe every second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 64, 48, pix_fmt, FPS
        for number in range(LENGTH_S * FPS):
            image = np.full((48, 64, 3), number, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path


def event(at_ns: int) -> Event:
    """One that opens now."""
    times, numbers = (at_ns, at_ns, None, None, at_ns), (4.0, 2.0, None, 3)
    return Event("aa", "a", Phase.OPENED, *times, *numbers, State.ACTIVE, (), *[None] * 4)


@pytest.mark.parametrize(("codec", "pix_fmt"), [("libx264", "yuv420p"), ("ffv1", "bgr0")])
def test_a_clip_shows_the_event_and_what_was_round_it(tmp_path: Path, codec: str, pix_fmt: str) -> None:
    """Its own packets where browsers play them, else encoded; the same again if the event went on and closed anew."""
    clips = ScanClips("a", load_text(SITE, "site.yaml"))
    opened = event(BEGAN_S * NS)
    closed = replace(opened, phase=Phase.CLOSED, ended_ns=ENDED_S * NS)
    found: list[bytes | None] = []
    source = open_recording(written(tmp_path / "a.mkv", codec, pix_fmt), FPS, clips.filming)
    for frame in due_frames(source, "a", 64, FPS, clips.filming):
        at_s = frame.stamp.wall_ns / NS
        if at_s == BEGAN_S:
            assert clips.clip(opened) is None
        if at_s in {TOLD_S, TOLD_S + 4}:
            found.append(clips.clip(closed))
    first, again = found
    assert first is not None
    assert again == first
    with av.open(io.BytesIO(first)) as container:
        shown = [int(frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)]
        assert container.streams.video[0].codec_context.name == "h264"
    assert shown[0] == pytest.approx((BEGAN_S - BEFORE_S) * FPS, abs=FPS + 2)
    assert shown[-1] == pytest.approx((ENDED_S + AFTER_S) * FPS, abs=2)
    assert len(shown) >= (BEFORE_S + ENDED_S - BEGAN_S + AFTER_S) * FPS
