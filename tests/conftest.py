"""What tests of several rooms share: footage, a small video, an RTSP camera, and no thread left behind."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
RTSP_SERVER = SHARED / "tools" / "rtsp_server.py"
SYSTEM_PYTHON = Path("/usr/bin/python3")  # GStreamer's bindings are Debian's and not in the virtual environment
THREAD_PATIENCE_S = 2.0  # for a thread that was told to stop and is just ending


@pytest.fixture(autouse=True, scope="session")
def one_opencv_thread() -> None:
    """As in every process of the daemon: with more, optical flow is not the same twice."""
    cv2.setNumThreads(1)


@pytest.fixture(autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    """Fail a test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before]
    until_s = time.monotonic() + THREAD_PATIENCE_S
    for thread in left:
        thread.join(max(0.0, until_s - time.monotonic()))
    names = [thread.name for thread in left if thread.is_alive()]
    assert not names, f"threads left running: {names}"


@pytest.fixture
def one_torch_thread() -> Iterator[None]:
    """Torch takes every core unless told otherwise, and is the slower for it on grids as small as those of tests."""
    import torch  # noqa: PLC0415 - seconds, which most tests do not need

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def footage() -> Path:
    """The folder of real footage; skips where it is absent."""
    folder = SHARED / "data" / "footage"
    if not folder.is_dir():
        pytest.skip(f"no footage at {folder}")
    return folder


@pytest.fixture(scope="session")
def small_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """50 pictures, 320×240, 25 a second, H.264 with a keyframe every 10: a red bar grows from the left by 6 px each."""
    path = tmp_path_factory.mktemp("video") / "small.mp4"
    noise = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 320, 240, "yuv420p", 10
        for number in range(50):
            image = noise.integers(0, 25, (240, 320, 3), dtype=np.uint8)
            image[:, : 6 * (number + 1), 2] = 225
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode(None))
    return path


class RtspServer:
    """A running RTSP server; `urls` are its mounts, in the order they were asked for."""

    def __init__(self, arguments: tuple[str, ...], port: int) -> None:
        command = [str(SYSTEM_PYTHON), str(RTSP_SERVER), "--port", str(port), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.urls: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == "ready":
                return
            self.urls.append(line.strip())
        reason = self.process.communicate()[1].strip()
        pytest.skip(f"the RTSP server cannot start: {reason}")

    @property
    def port(self) -> int:
        """The TCP port it listens at."""
        return int(self.urls[0].split("/")[2].rpartition(":")[2])

    def signal(self, number: int) -> None:
        """SIGKILL is a camera that vanishes, SIGSTOP one that hangs, SIGCONT brings it back."""
        self.process.send_signal(number)

    def close(self) -> None:
        """End it, however it is."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def rtsp_server() -> Iterator[Callable[..., RtspServer]]:
    """Start RTSP servers: `rtsp_server("--camera", "door=h264:320x240@25", port=0)`; skips where none can start."""
    yield from _rtsp_servers()


@pytest.fixture(scope="module")
def rtsp_camera() -> Iterator[Callable[..., RtspServer]]:
    """The same for a whole module."""
    yield from _rtsp_servers()


def _rtsp_servers() -> Iterator[Callable[..., RtspServer]]:
    if not (RTSP_SERVER.is_file() and SYSTEM_PYTHON.is_file()):
        pytest.skip(f"no RTSP server: {RTSP_SERVER} or {SYSTEM_PYTHON} is absent")
    started: list[RtspServer] = []

    def start(*arguments: str, port: int = 0) -> RtspServer:
        started.append(RtspServer(arguments, port))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A TCP port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
