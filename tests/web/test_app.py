"""The pages: what is shown, to whom, and what never is."""

from __future__ import annotations

import asyncio
import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from monitor.types import Event, Link, Phase, State, Verdict
from monitor.views import CameraView, Health, Overview, ProcessView, Status, Trouble
from monitor.web.app import create_app
from monitor.web.server import LOOPBACK_HOSTS

S = 1_000_000_000
NOW_NS = 1_790_000_000 * S
PICTURE = b"\xff\xd8 newest picture"
EVENT = Event(
    id="00000000000000aa",
    camera="gate",
    phase=Phase.OPENED,
    began_ns=NOW_NS,
    ended_ns=NOW_NS,
    began_pts=None,
    ended_pts=None,
    peak_ns=NOW_NS,
    score=4.0,
    limit=2.0,
    p_value=None,
    frames=3,
    state=State.ACTIVE,
    reasons=(),
    cause=None,
    snapshot="events/2026-09-21/gate/aa.jpg",
    overlay="events/2026-09-21/gate/aa-overlay.jpg",
    clip=None,
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
    dropped=0,
    missed=0,
    last_frame_ns=NOW_NS,
    picture=PICTURE,
    picture_ns=NOW_NS,
    open_event=EVENT,
    last_event=EVENT,
)
WELL = Health(Status.READY, can_alert=True, troubles=())


@dataclass
class Shown:
    """What the pages show in these tests."""

    health: Health = WELL
    now_ns: int = 0
    cameras: tuple[CameraView, ...] = (CAMERA, replace(CAMERA, camera="yard", picture=None))
    events: dict[str, Event] = field(default_factory=lambda: {EVENT.id: EVENT})

    def overview(self) -> Overview:
        worker = ProcessView("worker", True, 7, 0, 10**8, 0.5)
        return Overview(NOW_NS, 0, self.health, self.cameras, (worker,), (), (EVENT,))

    def exposition(self) -> tuple[bytes, str]:
        return b"rareframe_build_info 1\n", "text/plain; version=0.0.4; charset=utf-8"

    def event(self, event_id: str) -> Event | None:
        return self.events.get(event_id)

    def mono_ns(self) -> int:
        return self.now_ns


@pytest.fixture
def shown() -> Shown:
    """All is well."""
    return Shown()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the event's pictures, and a secret beside it."""
    folder = tmp_path / "data"
    assert EVENT.snapshot is not None
    assert EVENT.overlay is not None
    (folder / EVENT.snapshot).parent.mkdir(parents=True)
    (folder / EVENT.snapshot).write_bytes(b"plain")
    (folder / EVENT.overlay).write_bytes(b"overlay")
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (folder / "events.db").write_bytes(b"secret")
    return folder


class Browser:
    """A browser on this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def request(self, method: str, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return asyncio.run(self._request(method, path, headers))

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.request("GET", path, headers)

    async def _request(self, method: str, path: str, headers: dict[str, str] | None) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9108") as client:
            return await client.request(method, path, headers=headers)


@pytest.fixture
def client(shown: Shown, data: Path) -> Browser:
    """Asks the application over ASGI, without a socket."""
    return Browser(create_app(shown, data, LOOPBACK_HOSTS))


def test_metrics_come_as_they_are(client: Browser) -> None:
    """Body and content type of the exposition, unchanged."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content == b"rareframe_build_info 1\n"
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.parametrize(
    ("status", "can_alert", "code"),
    [
        (Status.READY, True, 200),
        (Status.DEGRADED, True, 200),
        (Status.DEGRADED, False, 503),
        (Status.STARTING, True, 503),
    ],
)
def test_healthz_says_how_and_why(client: Browser, shown: Shown, status: Status, can_alert: bool, code: int) -> None:
    """200 while alerts can be made, though something is wrong; 503 while starting or when they cannot."""
    trouble = Trouble("camera", "gate", "no picture for 20 s", NOW_NS, "check its power")
    shown.health = Health(status, can_alert=can_alert, troubles=(trouble,))
    answer = client.get("/healthz")
    assert answer.status_code == code
    assert answer.json() == {
        "status": status.value,
        "can_alert": can_alert,
        "reasons": [
            {
                "kind": "camera",
                "where": "gate",
                "what": "no picture for 20 s",
                "since_ns": NOW_NS,
                "remedy": "check its power",
            }
        ],
        "cameras": {
            "gate": {"state": "active", "reason": "", "ended": False},
            "yard": {"state": "active", "reason": "", "ended": False},
        },
    }


def test_healthz_notices_a_loop_that_hangs(client: Browser, shown: Shown) -> None:
    """An old overview that says "ready" is not believed."""
    shown.now_ns = 60 * S
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["reasons"][0]["what"] == "the alert loop has not turned for 60 s"
    assert client.get("/status").json()["health"]["can_alert"] is False


def test_status_tells_all_but_pictures(client: Browser, shown: Shown) -> None:
    """Cameras, processes and recent events as JSON, readable by every parser though a number is not finite."""
    shown.cameras = (replace(CAMERA, score=math.nan),)
    body = json.loads(client.get("/status").content)
    assert body["cameras"][0]["camera"] == "gate"
    assert body["cameras"][0]["score"] is None
    assert body["cameras"][0]["picture"] is None
    assert body["processes"][0]["process"] == "worker"
    assert body["recent"][0]["id"] == EVENT.id


def test_pictures(client: Browser) -> None:
    """The newest picture of a camera, and an event's two."""
    for path, content in [
        ("/cameras/gate/picture.jpg", PICTURE),
        (f"/events/{EVENT.id}/snapshot.jpg", b"plain"),
        (f"/events/{EVENT.id}/overlay.jpg", b"overlay"),
    ]:
        answer = client.get(path)
        assert (answer.status_code, answer.content) == (200, content)
        assert answer.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/cameras/yard/picture.jpg",
        "/cameras/nobody/picture.jpg",
        "/cameras/..%2f..%2fsecret/picture.jpg",
        "/events/ffffffffffffffff/snapshot.jpg",
        "/events/..%2f..%2fsecret/snapshot.jpg",
        "/events/%00/snapshot.jpg",
        "/events/' OR 1=1 --/snapshot.jpg",
        "/../secret.jpg",
        "/events.db",
    ],
)
def test_what_is_not_there_is_404(client: Browser, path: str) -> None:
    """Unknown names, and whatever tries to lead elsewhere."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert b"secret" not in answer.content


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/hostname", "events.db", "link.jpg", "gone.jpg"])
def test_no_file_outside_the_data_folder_is_shown(client: Browser, shown: Shown, data: Path, name: str) -> None:
    """Not even if the store itself names it, nor over a link, nor what is no picture."""
    (data / "link.jpg").symlink_to(data.parent / "secret.jpg")
    shown.events[EVENT.id] = replace(EVENT, snapshot=name)
    assert client.get(f"/events/{EVENT.id}/snapshot.jpg").status_code == 404


@pytest.mark.parametrize("host", ["127.0.0.1:9108", "localhost", "LOCALHOST:1", "[::1]:9108", "127.0.0.1"])
def test_names_of_this_machine_are_answered(client: Browser, host: str) -> None:
    """Under loopback's own names, with any port: a tunnel may change it."""
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:9108", "127.0.0.1.evil.example", "", "localhost.", "127.0.0.1@evil"]
)
def test_other_names_are_refused(client: Browser, host: str) -> None:
    """DNS rebinding: a site's name that was made to point here gets nothing, on no page."""
    for path in ("/metrics", "/status", "/cameras/gate/picture.jpg"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert PICTURE not in answer.content


@pytest.mark.parametrize("path", ["/metrics", "/status", "/cameras/gate/picture.jpg", "/nowhere"])
def test_every_answer_carries_the_security_headers(client: Browser, path: str) -> None:
    """Also errors: nothing is sniffed, framed, cached, or readable by another site."""
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(client: Browser, method: str) -> None:
    """It only reads."""
    assert client.request(method, "/status").status_code == 405
