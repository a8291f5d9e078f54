"""What tests of several rooms share: footage, a small video, cameras, a browser, servers; and no thread left behind."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
import structlog

TESTS = Path(__file__).resolve().parent
SHARED = Path(__file__).resolve().parents[2] / "shared"
RTSP_SERVER = SHARED / "tools" / "rtsp_server.py"
SYSTEM_PYTHON = Path("/usr/bin/python3")  # GStreamer's bindings are Debian's and not in the virtual environment
PATIENCE_S = 10.0  # for a server to be there, and for what it is told to arrive
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Not even its own housekeeping may ask anything of a network.
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
THREAD_PATIENCE_S = 2.0  # for a thread that was told to stop and is just ending


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole daemons mostly wait, so they come first: with JOBS, the other process computes meanwhile."""
    items.sort(key=lambda item: "e2e" not in item.path.parts)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With JOBS, a file's tests stay together, as they share daemons; and all whole daemons, as they keep to time.

    That is what xdist's own groups are for, but 3.8 forms none with pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - absent without the dev extra

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "daemons" if "/e2e/" in nodeid else nodeid.partition("::")[0]

    return ByFile(config, log)


@pytest.fixture(autouse=True, scope="session")
def one_opencv_thread() -> None:
    """As in every process of the daemon: with more, optical flow is not the same twice."""
    cv2.setNumThreads(1)


@pytest.fixture(autouse=True)
def logs_as_at_first() -> Iterator[None]:
    """A command that a test calls sets logging up for its process, and would hold back what a later test says again."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()


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


@pytest.fixture(name="free_port")
def _free_port() -> Callable[[], int]:
    """A port at which nobody listens."""

    def find() -> int:
        with socket.create_server(("127.0.0.1", 0)) as free:
            return int(free.getsockname()[1])

    return find


class Server:
    """A program that listens at `port`, started and ended by the tests."""

    def __init__(self, command: list[str], port: int) -> None:
        self.port = port
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < until_s:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                return
            time.sleep(0.02)
        raise AssertionError(f"{command[0]} did not listen within {PATIENCE_S:g} s")

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session", name="mosquitto")
def _mosquitto(tmp_path_factory: Any) -> Iterator[Callable[..., Server]]:
    """Start MQTT brokers: `mosquitto("allow_anonymous true", …, port=0)`, lines of its configuration."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.skip("mosquitto is absent: apt-get install mosquitto")
    started: list[Server] = []

    def start(*lines: str, port: int = 0) -> Server:
        if not port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
        file = tmp_path_factory.mktemp("mosquitto") / "mosquitto.conf"
        file.write_text("\n".join(["user root", f"listener {port} 127.0.0.1", *lines]) + "\n")
        started.append(Server([program, "-c", str(file)], port))
        return started[-1]

    yield start
    for server in started:
        server.close()


class Listener:
    """Somebody who listens at a broker: what was published below a topic, in order, retained messages too."""

    def __init__(self, port: int, topic: str) -> None:
        from paho.mqtt.client import Client  # noqa: PLC0415 - only here
        from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion  # noqa: PLC0415

        self.got: list[tuple[str, bytes]] = []
        self._news, self._ready = threading.Condition(), threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_message = self._heard
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(PATIENCE_S)

    def _heard(self, _client: object, _data: object, message: Any) -> None:
        with self._news:
            self.got.append((message.topic, message.payload))
            self._news.notify_all()

    def until(self, done: Callable[[list[tuple[str, bytes]]], bool], what: str) -> list[tuple[str, bytes]]:
        """Wait for it."""
        with self._news:
            assert self._news.wait_for(lambda: done(self.got), PATIENCE_S), f"{what}; got {self.got}"
            return list(self.got)

    def newest(self, topic: str) -> bytes | None:
        """What was published there last."""
        return next((payload for name, payload in reversed(self.got) if name == topic), None)

    def close(self) -> None:
        """Listen no more."""
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_message = self._client.on_subscribe = self._client.on_connect = None


@pytest.fixture(name="listen")
def _listen() -> Iterator[Callable[..., Listener]]:
    """Listen at a broker: `listen(port, "rareframe/#")`."""
    started: list[Listener] = []

    def start(port: int, topic: str) -> Listener:
        started.append(Listener(port, topic))
        return started[-1]

    yield start
    for listener in started:
        listener.close()


@pytest.fixture(name="alertmanager")
def _alertmanager(free_port: Callable[[], int], tmp_path: Path) -> Iterator[Callable[[str], Server]]:
    """Start Alertmanagers: `alertmanager(text of its configuration)`; skips where there is none."""
    if shutil.which("prometheus-alertmanager") is None or shutil.which("amtool") is None:
        pytest.skip("Alertmanager is absent: apt-get install prometheus-alertmanager")
    started: list[Server] = []

    def start(text: str) -> Server:
        file, port = tmp_path / "am.yml", free_port()
        file.write_text(text)
        command = ["prometheus-alertmanager", f"--config.file={file}", f"--storage.path={tmp_path}/am"]
        places = [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
        started.append(Server([*command, *places], port))
        return started[-1]

    yield start
    for server in started:
        server.close()


@dataclass
class Post:
    """A mail server and what it got."""

    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)


@pytest.fixture(name="post")
def _post(free_port: Callable[[], int]) -> Iterator[Post]:
    """A real SMTP server that wants a login and takes any."""
    controllers = pytest.importorskip("aiosmtpd.controller")
    smtp = pytest.importorskip("aiosmtpd.smtp")
    post = Post()

    class Box:
        async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd
            post.got.append(BytesParser(policy=default).parsebytes(envelope.content))  # type: ignore[arg-type]
            return "250 taken"

    controller = controllers.Controller(
        Box(),
        hostname="127.0.0.1",
        port=free_port(),
        auth_require_tls=False,
        authenticator=lambda *_: smtp.AuthResult(success=True),
    )
    controller.start()
    post.port = controller.port
    yield post
    controller.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A real browser without a window, driven by playwright; skips where one of the two is absent."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is absent; the dev extra has it")
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()
