"""What is promised of a camera's loop as it is built: above all, which run a recording belongs to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from monitor.build.capturing import camera_loop, recordings, source_options
from monitor.config import ConfigError, load_text, of_source
from monitor.types import CameraReport, Count, Frame


class Taking:
    """An outlet that keeps the runs it saw."""

    def __init__(self) -> None:
        self.runs: set[str] = set()

    def send(self, frame: Frame) -> None:
        self.runs.add(frame.stamp.run)

    def pump(self) -> None:
        pass

    def report(self, report: CameraReport) -> None:
        pass

    def beat(self, progress: int) -> None:
        pass

    def drops(self) -> Sequence[Count]:
        return ()


def _runs(path: Path, life: str) -> set[str]:
    outlet = Taking()
    camera = of_source(str(path)).cameras["camera"]
    camera_loop("camera", camera, {}, lambda _: outlet, "boot", life).run(threading.Event())
    return outlet.runs


def test_a_recording_has_one_run_in_the_life_of_a_daemon(small_video: Path) -> None:
    """Read anew after a crash it is the same run, so that what was judged is known; another daemon begins another."""
    first, again, other = (_runs(small_video, life) for life in ("one", "one", "two"))
    assert first == again
    assert len(first | other) == 2


@pytest.mark.parametrize("source", ["demo:?fps=50"])
def test_each_connection_to_a_live_camera_is_a_run(source: str) -> None:
    """Nothing goes on over a gap in what a camera saw."""
    runs = set()
    for _ in range(2):
        stop = threading.Event()

        class Once(Taking):
            def send(self, frame: Frame, stop: threading.Event = stop) -> None:
                super().send(frame)
                stop.set()

        outlet = Once()
        loop = camera_loop("door", of_source(source).cameras["camera"], {}, lambda _, o=outlet: o, "boot", "one")
        loop.run(stop)
        runs |= outlet.runs
    assert len(runs) == 2


def test_the_password_is_read_and_never_shown(tmp_path: Path) -> None:
    """Out of the environment or a file, when the camera is built; printing the options tells nothing of it."""
    (tmp_path / "password").write_text("s3cret\nsecond line\n")
    for place in ("password_env: GATE", f"password_file: {tmp_path}/password"):
        text = f'cameras: {{gate: {{source: "rtsp://10.0.0.5/sub", user: joe, {place}}}}}\n'
        camera = load_text(text, "site.yaml").cameras["gate"]
        options = source_options("gate", camera, {"GATE": "s3cret"})
        assert (options.user, options.password) == ("joe", "s3cret")
        assert "s3cret" not in repr(options) + str(options) + repr(camera)


def test_a_password_that_is_not_there_is_an_error_that_says_which() -> None:
    """The camera is named, and the variable."""
    text = 'cameras: {gate: {source: "rtsp://10.0.0.5/sub", user: joe, password_env: GATE}}\n'
    camera = load_text(text, "site.yaml").cameras["gate"]
    with pytest.raises(ConfigError, match=r"cameras\.gate: expected a secret in the environment variable GATE"):
        source_options("gate", camera, {})


def test_the_capture_section_is_taken_over() -> None:
    """What a person writes for one camera is what its source is opened with."""
    text = """
capture: {backend: opencv, transport: udp, open_timeout_s: 3.0, read_timeout_s: 4.0}
analysis: {fps: 5.0}
cameras: {gate: {source: "rtsp://10.0.0.5/sub", capture: {transport: tcp}}}
"""
    options = source_options("gate", load_text(text, "site.yaml").cameras["gate"], {})
    assert (options.backend, options.transport) == ("opencv", "tcp")
    assert (options.open_timeout_s, options.read_timeout_s, options.image_rate_hz) == (3.0, 4.0, 5.0)


def test_recordings_are_what_has_an_end() -> None:
    """Files and folders: nothing of them may be dropped. Streams, devices and the drawn street are live."""
    text = """
cameras:
  a: {source: film.mp4}
  b: {source: "rtsp://10.0.0.5/sub"}
  c: {source: "demo:"}
  d: {source: /dev/video0}
  e: {source: "lavfi:testsrc2"}
"""
    assert recordings(load_text(text, "site.yaml")) == {"a", "e"}
