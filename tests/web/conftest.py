"""A whole web server on loopback, over a real event store, and browsers that ask it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from monitor.alerting.claims import bundle_of
from monitor.alerting.store import EventStore, StoreError
from monitor.build.house import ConfiguredHouse
from monitor.config import load_text
from monitor.types import Count, Event, Link, Phase, Reason, State, Verdict
from monitor.views import CameraView, DeliveryView, Health, Overview, ProcessView, Status
from monitor.web.access import LOOPBACK_NAMES, Doors, Token, User
from monitor.web.app import Application, Shown, create_app
from monitor.web.passwords import PasswordHash, parsed
from monitor.web.roles import Role
from monitor.web.server import WebServer
from monitor.wishes import WishError

S = 1_000_000_000
NOW_NS = 1_790_000_000 * S
PATIENCE_S = 10.0
PICTURE = b"\xff\xd8 newest picture"
EVENT = Event(
    id="00000000000000aa",
    camera="gate",
    phase=Phase.CLOSED,
    began_ns=NOW_NS,
    ended_ns=NOW_NS + S,
    began_pts=None,
    ended_pts=None,
    peak_ns=NOW_NS,
    score=4.0,
    limit=2.0,
    p_value=None,
    frames=3,
    state=State.ACTIVE,
    reasons=(Reason("speed", "moves faster than ever", 0.001, None),),
    cause="quiet",
    snapshot="events/2026-09-21/gate/aa.jpg",
    overlay="events/2026-09-21/gate/aa-overlay.jpg",
    clip="events/2026-09-21/gate/aa.mp4",
    full="events/2026-09-21/gate/aa-full.jpg",
)
CAMERA = CameraView(
    camera="gate",
    state=State.ACTIVE,
    reason="",
    ended=False,
    link=Link.ONLINE,
    verdict=Verdict.NORMAL,
    score=1.0,
    limit=2.0,
    p_value=0.5,
    scores=(),
    fps=5.0,
    frames=100,
    dropped=3,
    missed=0,
    last_frame_ns=NOW_NS,
    picture=PICTURE,
    picture_ns=NOW_NS,
    open_event=EVENT,
    last_event=EVENT,
    drops=(Count("newer_frame", 2), Count("receiver_lost", 1)),
)
WELL = Health(Status.READY, can_alert=True, troubles=())
PASSWORDS = {"vera": "vera's password", "otto": "otto's password"}
# Cheap ones: the tests are not about how long a guess takes.
_COST = 2**4


def _hash(password: str) -> PasswordHash:
    salt = b"salt of the tests"
    digest = hashlib.scrypt(password.encode(), salt=salt, n=_COST, r=8, p=1, dklen=32)
    return parsed(PasswordHash(_COST, 8, 1, salt, digest).text())


TOKENS = {"prometheus": "a token of a viewer, 32 characters", "robot": "a token of an operator, 32 characters"}
DOORS = Doors(
    users=(
        User("vera", Role.VIEWER, _hash(PASSWORDS["vera"])),
        User("otto", Role.OPERATOR, _hash(PASSWORDS["otto"])),
    ),
    tokens=(
        Token("prometheus", Role.VIEWER, hashlib.sha256(TOKENS["prometheus"].encode()).digest()),
        Token("robot", Role.OPERATOR, hashlib.sha256(TOKENS["robot"].encode()).digest()),
    ),
    hosts=LOOPBACK_NAMES,
)
CONFIGURATION = """
data_dir: DATA
cameras:
  gate: {source: "rtsp://viewer:s3cret@10.0.0.5/sub", budget: {alerts_per_day: 3}}
  yard: {source: "demo:", budget: null}
alerting:
  sinks: [{kind: webhook, url: "https://hooks.example.org/hook-t0ken"}]
  web:
    users: [{name: anna, role: operator, password_hash: "scrypt$32768$8$3$c2FsdA==$aGFzaGhhc2hoYXNoaGFzaA=="}]
"""
OPEN = Doors(hosts=LOOPBACK_NAMES)


@dataclass
class Now:
    """What is going on in these tests, and their monotonic clock for sessions and waits."""

    health: Health = WELL
    now_ns: int = 0
    clock_s: float = 1000.0
    made_ns: int = NOW_NS
    cameras: tuple[CameraView, ...] = (CAMERA, replace(CAMERA, camera="yard", picture=None))
    recent: tuple[Event, ...] = field(default=(EVENT,))
    deliveries: tuple[DeliveryView, ...] = ()
    heatmaps: dict[str, bytes] = field(default_factory=dict)

    def overview(self) -> Overview:
        worker = ProcessView("worker", True, 7, 0, 10**8, 0.5)
        return Overview(self.made_ns, 0, self.health, self.cameras, (worker,), self.deliveries, self.recent)

    def exposition(self) -> tuple[bytes, str]:
        return b"rareframe_build_info 1\n", "text/plain; version=0.0.4; charset=utf-8"

    def mono_ns(self) -> int:
        return self.now_ns

    def heatmap(self, camera: str) -> bytes | None:
        return self.heatmaps.get(camera)


@pytest.fixture
def now() -> Now:
    """All is well."""
    return Now()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the event's files, and a secret beside it."""
    folder = tmp_path / "data"
    assert EVENT.snapshot is not None
    (folder / EVENT.snapshot).parent.mkdir(parents=True)
    for name in (EVENT.snapshot, EVENT.overlay, EVENT.clip, EVENT.full, str(bundle_of(EVENT))):
        assert name is not None
        (folder / name).write_bytes(f"content of {name}".encode())
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (folder / "events.db").write_bytes(b"secret")
    return folder


@pytest.fixture
def store(data: Path) -> Iterator[EventStore]:
    """An event store with one event."""
    store = EventStore.open(data / "events.sqlite")
    store.record([EVENT], {}, NOW_NS)
    yield store
    store.close()


class Browser(httpx.Client):
    """One on this machine; remembers cookies, and the session's CSRF token once it is logged in."""

    def __init__(self, port: int, **more: object) -> None:
        super().__init__(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, trust_env=False, verify=False, **more)  # type: ignore[arg-type]

    def log_in(self, user: str) -> httpx.Response:
        """With that user's password."""
        answer = self.post(
            "/api/v1/login", json={"user": user, "password": PASSWORDS[user]}, headers={"X-CSRF-Token": "x"}
        )
        assert answer.status_code == 200, answer.text
        self.headers["X-CSRF-Token"] = answer.json()["csrf"]
        return answer


@dataclass(frozen=True)
class Served:
    """A running server; `browser` makes another browser each time."""

    app: Application
    server: WebServer
    port: int
    browser: Callable[[], Browser]


@pytest.fixture
def serve(now: Now, data: Path, store: EventStore) -> Iterator[Callable[..., Served]]:
    """Start servers: `serve(DOORS)`; parts can be replaced by name."""
    with ExitStack() as ending:

        def start(doors: Doors = OPEN, proxies: Sequence[str] = (), **parts: object) -> Served:
            shown = Shown(
                live=now,
                archive=store,
                house=ConfiguredHouse(load_text(CONFIGURATION.replace("DATA", str(data)), "site.yaml")),
                data=data,
                doors=doors,
                clock_s=lambda: now.clock_s,
                version="1.2.3",
                faults=(StoreError, WishError),
                bundle_of=bundle_of,
            )
            app = create_app(replace(shown, **parts))  # type: ignore[arg-type]
            server = ending.enter_context(WebServer(app.asgi, "127.0.0.1", 0, proxies=proxies, ending=app.close))
            return Served(app, server, server.port, lambda: ending.enter_context(Browser(server.port)))

        yield start


@pytest.fixture
def tokens() -> dict[str, str]:
    """The secrets of `prometheus`, a viewer, and of `robot`, an operator."""
    return TOKENS


@pytest.fixture
def passwords() -> dict[str, str]:
    """Of `vera`, a viewer, and of `otto`, an operator."""
    return PASSWORDS


@pytest.fixture
def doors() -> Doors:
    """With these users and tokens."""
    return DOORS


@pytest.fixture
def closed(serve: Callable[..., Served]) -> Served:
    """A server on which everybody has to log in."""
    return serve(DOORS)


@pytest.fixture
def client(serve: Callable[..., Served]) -> Browser:
    """Asks a server on which nobody has to log in."""
    return serve(OPEN).browser()


def until(true: Callable[[], bool]) -> None:
    """Wait for it, for a while."""
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s, "it did not come true"
        time.sleep(0.01)
