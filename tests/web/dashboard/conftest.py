"""A real web server over a real event store with events that were drawn, and a real Chromium that looks at it."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from monitor import config, wishes
from monitor.alerting.claims import bundle_of
from monitor.alerting.snapshots import draw_overlay
from monitor.alerting.store import EventStore, StoreError
from monitor.build.house import ConfiguredHouse
from monitor.capture.demo import write_video
from monitor.capture.scene import Cue, RareKind, Scene
from monitor.stored import Minute
from monitor.types import Count, DetectorScore, Event, Link, Phase, Reason, State, Verdict
from monitor.views import CameraView, Health, Overview, ProcessView, Status
from monitor.web.access import LOOPBACK_NAMES, Doors, User
from monitor.web.app import Shown, create_app
from monitor.web.passwords import PasswordHash
from monitor.web.roles import Role
from monitor.web.server import WebServer

S = 1_000_000_000
PATIENCE_MS = 45_000
CLIP_S = 3.0
NOW = -1  # a camera whose newest frame is of this moment, whenever it is asked
COST = 2**4  # of a password, cheap: these tests are not about how long a guess takes
FILES = "events/2026-09-21/door/aa"
BOX = (0.25, 0.45, 0.55, 0.8)
EVENT = Event(
    id="",
    camera="door",
    phase=Phase.CLOSED,
    began_ns=0,
    ended_ns=0,
    began_pts=None,
    ended_pts=None,
    peak_ns=0,
    score=4.0,
    limit=2.0,
    p_value=1e-4,
    frames=30,
    state=State.ACTIVE,
    reasons=(Reason("speed", "moves faster than anything here", 1e-4, BOX), Reason("look", "looks new", None, None)),
    cause="quiet",
    snapshot=f"{FILES}.jpg",
    overlay=f"{FILES}-overlay.jpg",
    clip=f"{FILES}.mp4",
)
CAMERA = CameraView(
    camera="",
    state=State.ACTIVE,
    reason="",
    ended=False,
    link=Link.ONLINE,
    verdict=Verdict.NORMAL,
    score=1.0,
    limit=2.0,
    p_value=0.2,
    scores=(DetectorScore("speed", 1.0, 1.0), DetectorScore("look", 0.2, 0.3)),
    fps=10.0,
    frames=1000,
    dropped=1,
    missed=0,
    last_frame_ns=NOW,
    picture=None,
    picture_ns=S,
    open_event=None,
    last_event=None,
    told_24h=1,
    alerts_per_day=3.0,
    drops=(Count("newer_frame", 1),),
)


class Stage:
    """What goes on, as the pages are shown it; the tests change it."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.health = Health(Status.READY, can_alert=True, troubles=())
        self.cameras: tuple[CameraView, ...] = ()
        self.recent: tuple[Event, ...] = ()

    def overview(self) -> Overview:
        """Everything as it is at this moment."""
        now_ns = time.time_ns()
        cameras = tuple(
            replace(each, last_frame_ns=now_ns) if each.last_frame_ns == NOW else each for each in self.cameras
        )
        worker = ProcessView("worker", True, 7, 0, 10**8, 0.5)
        return Overview(now_ns, time.monotonic_ns(), self.health, cameras, (worker,), (), self.recent)

    def exposition(self) -> tuple[bytes, str]:
        """No metrics."""
        return b"", "text/plain"

    def heatmap(self, camera: str) -> bytes | None:
        """The same for every camera."""
        return (self._data / f"{FILES}-overlay.jpg").read_bytes() if camera else None

    def mono_ns(self) -> int:
        """As in `overview`."""
        return time.monotonic_ns()


class Site:
    """A running server and what it shows; the tests change what goes on and what is stored."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.stage = Stage(data)
        self.store = EventStore.open(data / "events.sqlite")
        self.users: tuple[User, ...] = ()
        (data / "site.yaml").write_text(
            f"data_dir: {data}\ncameras: {{door: {{source: 'demo:'}}, yard: {{source: 'demo:'}}}}\n"
        )
        self._house = ConfiguredHouse(config.load(data / "site.yaml"))
        self._port = 0
        self._server: WebServer | None = None

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def picture(self) -> bytes:
        """What a camera sees."""
        return (self.data / f"{FILES}.jpg").read_bytes()

    def camera(self, name: str, **other: Any) -> CameraView:
        """A camera that is well, but for what is said otherwise."""
        return replace(CAMERA, camera=name, picture=self.picture, **other)

    def event(self, number: int, **other: Any) -> Event:
        """An event that began so many hours ago and has every file, but for what is said otherwise; stored."""
        began_ns = time.time_ns() - (60 + 3600 * number) * S
        times = {"began_ns": began_ns, "ended_ns": began_ns + 4 * S, "peak_ns": began_ns + S}
        made = replace(EVENT, id=f"{number:016x}", score=4.0 + number, **{**times, **other})
        self.store.record([made], {}, time.time_ns())
        return made

    def minutes(self, name: str, states: Sequence[State]) -> None:
        """A camera's last minutes, one a state; blind ones without score."""
        now = time.time_ns() // (60 * S)
        for ago, state in enumerate(reversed(states)):
            score = None if state is State.BLIND else 1.0 + 0.1 * (ago % 5)
            known_s = 0.0 if score is None else 60.0
            peaks = {} if score is None else {"speed": score, "look": 0.3}
            self.store.note_history([Minute(name, now - ago, score, 2.0, 600, known_s, 0, state, "", peaks)])

    def wished(self, camera: str) -> float:
        """About how many alerts a day are wanted of it now."""
        return wishes.read(self.data).alerts_per_day(camera, 3.0)

    def begin(self) -> None:
        """Serve; at the same port as before."""
        doors = Doors(users=self.users, hosts=LOOPBACK_NAMES)
        shown = Shown(
            live=self.stage,
            archive=self.store,
            house=self._house,
            data=self.data,
            doors=doors,
            clock_s=time.monotonic,
            version="1.2.3",
            faults=(StoreError,),
            bundle_of=bundle_of,
        )
        app = create_app(shown)
        self._server = WebServer(app.asgi, "127.0.0.1", self._port, ending=app.close)
        self._server.start()
        self._port = self._server.port

    def end(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.stop()
            self._server = None


class Screen:
    """A page in a browser that tells of everything that goes wrong in it."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.url = url
        self.said: list[str] = []
        self.asked: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def _hear(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.said.append(f"{message.text} {message.location['url']}")

    def go(self, place: str) -> None:
        """To a page, e.g. "#/wall", as somebody who types its address."""
        self.page.goto(f"{self.url}/{place}", wait_until="commit")

    def find(self, selector: str, **other: Any) -> Any:
        """What is at this selector."""
        return self.page.locator(selector, **other)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files of one event, drawn: a van on the foot path."""
    data = tmp_path_factory.mktemp("drawn")
    (data / FILES).parent.mkdir(parents=True)
    scene = Scene(0, cues=(Cue(RareKind.VAN, 1.0),))
    picture = scene.draw(3.0)
    cv2.imwrite(str(data / f"{FILES}.jpg"), picture)
    heat = np.zeros((9, 16), np.float32)
    heat[4:7, 4:9] = 1
    cv2.imwrite(str(data / f"{FILES}-overlay.jpg"), draw_overlay(picture, heat, BOX))
    write_video(data / f"{FILES}.mp4", scene, CLIP_S, fps=10)
    return data


@pytest.fixture
def site(drawn: Path, tmp_path: Path) -> Iterator[Site]:
    """A server that nobody has begun yet, with two cameras and no event."""
    shutil.copytree(drawn, tmp_path / "data")
    site = Site(tmp_path / "data")
    site.stage.cameras = (site.camera("door"), site.camera("yard"))
    yield site
    site.end()
    site.store.close()


@pytest.fixture
def look(chromium: Any, site: Site) -> Iterator[Callable[..., Screen]]:
    """Open a page of the running server; fails a test in which the page said an error or asked anybody else.

    `quiet=False`: what the browser says of refused requests is part of the test.
    """
    opened: list[tuple[Screen, bool]] = []

    def open_(*, quiet: bool = True, **how: Any) -> Screen:
        screen = Screen(chromium.new_context(**how).new_page(), site.url)
        opened.append((screen, quiet))
        return screen

    yield open_
    for screen, quiet in opened:
        screen.page.context.close()
        assert [url for url in screen.asked if not url.startswith((site.url, "data:", "blob:"))] == []
        assert not quiet or screen.said == []


@pytest.fixture
def users() -> tuple[User, ...]:
    """`vera`, who may look, and `otto`, who may change; the password of each is "password of NAME"."""

    def user(name: str, role: Role) -> User:
        salt = b"salt of the tests"
        digest = hashlib.scrypt(f"password of {name}".encode(), salt=salt, n=COST, r=8, p=1, dklen=32)
        return User(name, role, PasswordHash(COST, 8, 1, salt, digest))

    return user("vera", Role.VIEWER), user("otto", Role.OPERATOR)
