"""From an address to an open source: the right kind, the right cause, and never a login in what is said."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.capture.open import Probe, SourceOptions, is_live, open_source, probe
from monitor.capture.source import Cause, SourceError, fit

# Mean difference in grey levels between two ways of converting and shrinking the same picture; swapped colours or
# another colour matrix give several times as much.
SAME_COLOURS = 2.0


def cause_of(options: SourceOptions) -> Cause:
    """Why it cannot be opened and read."""
    with pytest.raises(SourceError) as caught:
        probe(options)
    assert caught.value.detail
    assert str(caught.value.cause) in str(caught.value)
    return caught.value.cause


@given(width=st.integers(2, 8000), height=st.integers(2, 8000), wanted=st.none() | st.integers(2, 8000))
def test_the_analysis_size(width: int, height: int, wanted: int | None) -> None:
    """Both sides are even, at least 2 and never enlarged, and the aspect is kept to a pixel or two."""
    got_width, got_height = fit((width, height), wanted)
    assert got_width % 2 == got_height % 2 == 0
    assert 2 <= got_width <= width
    assert 2 <= got_height <= height
    if wanted is not None:
        assert max(got_width, got_height) <= max(wanted + 1, 2)
        scale = min(1.0, wanted / max(width, height))
        assert abs(got_width - max(2.0, width * scale)) <= 2
        assert abs(got_height - max(2.0, height * scale)) <= 2


def test_probe_tells_what_is_there(small_video: Path, image_folder: Path) -> None:
    """Size, rate and codec as the source gives them."""
    assert probe(SourceOptions(str(small_video))) == Probe(str(small_video), False, (320, 240), 25.0, "h264")
    seen = probe(SourceOptions(str(small_video), backend="opencv"))
    assert (seen.size_px, seen.rate_hz) == ((320, 240), 25.0)
    assert probe(SourceOptions(str(image_folder))).codec == "images"
    assert probe(SourceOptions("lavfi:testsrc2=size=96x64:rate=5")).size_px == (96, 64)


def test_the_demo_camera_opens() -> None:
    """`demo:` is a live source; a wrong parameter of it is said."""
    assert probe(SourceOptions("demo:?fps=10")).live
    assert cause_of(SourceOptions("demo:?fqs=10")) is Cause.UNSUPPORTED


def test_what_is_live() -> None:
    """Streams and devices are live unless it is said otherwise."""
    assert is_live(SourceOptions("rtsp://h/x"))
    assert is_live(SourceOptions("/dev/video0"))
    assert not is_live(SourceOptions("clip.mp4"))
    assert not is_live(SourceOptions("http://h/clip.mp4", live=False))


@pytest.mark.parametrize("backend", ["pyav", "opencv"])
def test_what_is_absent_is_missing(backend: Any, tmp_path: Path) -> None:
    """No file, no device, no image in the folder."""
    assert cause_of(SourceOptions(str(tmp_path / "no.mp4"), backend=backend)) is Cause.MISSING
    assert cause_of(SourceOptions("/dev/video99", backend=backend)) is Cause.MISSING
    assert cause_of(SourceOptions(str(tmp_path), backend=backend)) is Cause.MISSING


def test_what_is_no_video_is_said(tmp_path: Path) -> None:
    """A text file cannot be decoded; a sound file has no video; a scheme may be unknown."""
    text = tmp_path / "notes.mp4"
    text.write_text("no video at all\n" * 100)
    sound = tmp_path / "sound.wav"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert cause_of(SourceOptions(str(text))) is Cause.DECODE
    assert cause_of(SourceOptions(str(sound))) is Cause.UNSUPPORTED
    assert cause_of(SourceOptions("gopher://h/x")) is Cause.UNSUPPORTED


def test_what_opencv_cannot_do_is_said() -> None:
    """The second back end refuses what it would silently do otherwise."""
    for options in (
        SourceOptions("rtsp://h/x", backend="opencv", transport="udp"),
        SourceOptions("rtsp://h/x", backend="opencv", libav={"stimeout": "1"}),
        SourceOptions("lavfi:testsrc2", backend="opencv"),
    ):
        assert cause_of(options) is Cause.UNSUPPORTED


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_nobody_there_and_nobody_answering(scheme: str, silent_port: int) -> None:
    """A closed port is refused, a port that stays silent is a time-out, a name that nobody knows unreachable."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    assert cause_of(SourceOptions(f"{scheme}://127.0.0.1:{closed}/x")) is Cause.REFUSED
    assert cause_of(SourceOptions(f"{scheme}://127.0.0.1:{silent_port}/x", open_timeout_s=0.4)) is Cause.TIMEOUT
    assert cause_of(SourceOptions(f"{scheme}://host.invalid/x")) is Cause.UNREACHABLE


def test_opencv_tells_silence_from_the_rest(silent_port: int) -> None:
    """The second back end knows a time-out by the time it took, and nothing else."""
    address = f"rtsp://127.0.0.1:{silent_port}/x"
    assert cause_of(SourceOptions(address, backend="opencv", open_timeout_s=0.5)) is Cause.TIMEOUT
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = listener.getsockname()[1]
    assert cause_of(SourceOptions(f"rtsp://127.0.0.1:{closed}/x", backend="opencv")) is Cause.FAILED


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".h264"])
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_damage_in_the_middle_does_not_end_a_file(small_video: Path, tmp_path: Path, suffix: str, share: float) -> None:
    """With 2 % of its bytes overwritten a file is still read to its end, and what was lost is counted."""
    whole = tmp_path / f"whole{suffix}"
    with av.open(str(small_video)) as source, av.open(str(whole), "w") as target:
        inner = source.streams.video[0]
        outer = target.add_stream_from_template(inner)
        for packet in source.demux(inner):
            if packet.dts is not None:
                packet.stream = outer
                target.mux(packet)
    data = bytearray(whole.read_bytes())
    begin, length = int(share * len(data)), len(data) // 50
    data[begin : begin + length] = random.Random(1).randbytes(length)
    damaged = tmp_path / f"damaged{suffix}"
    damaged.write_bytes(data)

    source = open_source(SourceOptions(str(damaged)))
    times = [picture.pts_s for picture in source.pictures()]
    source.close()
    assert 35 <= len(times) < 50
    assert max(times) - min(times) >= (len(times) - 1) / 25 - 0.001
    assert source.damaged >= 1


def test_an_unreadable_image_is_skipped_and_counted(tmp_path: Path) -> None:
    """Empty and broken files in a folder keep their place in time and do not end it."""
    for number in range(5):
        cv2.imwrite(str(tmp_path / f"{number}.jpg"), np.full((48, 64, 3), 50 * number, np.uint8))
    (tmp_path / "1.jpg").write_bytes(b"")
    (tmp_path / "3.jpg").write_bytes(b"not a picture")
    (tmp_path / "readme.txt").write_text("not an image either")
    source = open_source(SourceOptions(str(tmp_path), image_rate_hz=10.0))
    assert [picture.pts_s for picture in source.pictures()] == pytest.approx([0.0, 0.2, 0.4])
    assert source.damaged == 2


def test_images_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """2 before 10, whether or not names are padded; what a system hides beside them is none of them."""
    for place, name in enumerate(("shot 9", "shot 10", "shot 010b", "shot 100", "zoo")):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((48, 64, 3), 50 * place, np.uint8))
    (tmp_path / "._shot 9.png").write_bytes(b"no picture")
    source = open_source(SourceOptions(str(tmp_path), image_rate_hz=10.0))
    assert [int(picture.image(None)[0, 0, 0]) for picture in source.pictures()] == [0, 50, 100, 150, 200]
    assert source.damaged == 0


def test_sound_that_goes_on_does_not_hide_that_the_pictures_stopped(tmp_path: Path) -> None:
    """A live stream whose video stops while its sound goes on is hung, by the source's own clock."""
    path = tmp_path / "sound_goes_on.mp4"
    with av.open(str(path), "w") as container:
        video, sound = container.add_stream("libx264", rate=25), container.add_stream("aac", rate=8000, layout="mono")
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="bgr24")))
        container.mux(video.encode(None))
        for number in range(40):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 8000, number * 1024
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    seconds = count()
    source = open_source(SourceOptions(str(path), live=True, read_timeout_s=40.0), lambda: float(next(seconds)))
    pictures = source.pictures()
    assert next(pictures).size_px == (64, 48)
    with pytest.raises(SourceError) as caught:
        list(pictures)
    source.close()
    assert caught.value.cause is Cause.HUNG


PROGRAM = """
import sys, traceback
from monitor.capture.open import SourceOptions, probe
for backend in ("pyav", "opencv"):
    for options in (
        SourceOptions(sys.argv[1].replace("//", "//cam:TOPSECRET@", 1), backend=backend, open_timeout_s=3.0),
        SourceOptions(sys.argv[1] + "?pwd=TOPSECRET", "TOPSECRET", "TOPSECRET", backend, open_timeout_s=3.0),
    ):
        print(options)
        try:
            probe(options)
        except Exception:
            traceback.print_exc()
print("loaded", *(name for name in ("torch", "sklearn") if name in sys.modules))
"""


def run_program(address: str) -> str:
    """All that the program above prints, to both outputs."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENCV_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, address],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=True,
    )
    return done.stdout + done.stderr


def test_no_login_reaches_any_output() -> None:
    """Neither messages, nor tracebacks with all their causes, nor the libraries' own logs show a login."""
    said = run_program("rtsp://127.0.0.1:1/sub")
    assert said.count("SourceError") >= 4
    assert "TOPSECRET" not in said


def test_capture_loads_no_learning_library() -> None:
    """Capture processes stay small: neither torch nor scikit-learn is imported by either back end."""
    assert "loaded\n" in run_program("http://127.0.0.1:1/x")


@pytest.mark.parametrize(("name", "pictures"), [("vtest.avi", 795), ("brightness_change.avi", 59)])
def test_both_back_ends_see_the_same_footage(footage: Path, name: str, pictures: int) -> None:
    """Real recordings come whole, in time order, and with the same colours through either back end."""
    seen = {}
    for backend in ("pyav", "opencv"):
        source = open_source(SourceOptions(str(footage / name), backend=backend))
        times, images = [], []
        for number, picture in enumerate(source.pictures()):
            times.append(picture.pts_s)
            if number % 50 == 0:
                images.append(picture.image(320).astype(np.float32))
        source.close()
        assert len(times) == pictures
        assert times == sorted(set(times))
        seen[backend] = np.stack(images)
    assert np.abs(seen["pyav"] - seen["opencv"]).mean() < SAME_COLOURS
