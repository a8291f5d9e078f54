"""What is going on now: metrics, health, overview and pictures; and what stands before every page."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import httpx
import pytest

from monitor.views import Health, Status, Trouble

S = 1_000_000_000
NOW_NS = 1_790_000_000 * S
PICTURE = b"\xff\xd8 newest picture"
EVENT_ID = "00000000000000aa"


def test_metrics_come_as_they_are(client: httpx.Client) -> None:
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
def test_healthz_says_how_and_why(client: httpx.Client, now: Any, status: Status, can_alert: bool, code: int) -> None:
    """200 while alerts can be made, though something is wrong; 503 while starting or when they cannot."""
    trouble = Trouble("camera", "gate", "no picture for 20 s", NOW_NS, "check its power")
    now.health = Health(status, can_alert=can_alert, troubles=(trouble,))
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


def test_healthz_notices_a_loop_that_hangs(client: httpx.Client, now: Any) -> None:
    """An old overview that says "ready" is not believed."""
    now.now_ns = 60 * S
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["reasons"][0]["what"] == "the alert loop has not turned for 60 s"
    assert client.get("/api/v1/overview").json()["health"]["can_alert"] is False


def test_the_overview_tells_all_but_pictures(client: httpx.Client, now: Any) -> None:
    """Cameras, processes and recent events as JSON, readable by every parser though a number is not finite."""
    now.cameras = (replace(now.cameras[0], score=math.nan),)
    body = json.loads(client.get("/api/v1/overview").content)
    assert body["cameras"][0]["camera"] == "gate"
    assert body["cameras"][0]["score"] is None
    assert body["cameras"][0]["picture"] is None
    assert body["processes"][0]["process"] == "worker"
    assert body["recent"][0]["id"] == EVENT_ID
    assert client.get("/status").json() == body


@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_the_newest_picture_of_a_camera(client: httpx.Client, prefix: str) -> None:
    """As JPEG; whoever has it already is told so instead."""
    answer = client.get(f"{prefix}/cameras/gate/picture.jpg")
    assert (answer.status_code, answer.content) == (200, PICTURE)
    assert answer.headers["content-type"] == "image/jpeg"
    again = client.get(f"{prefix}/cameras/gate/picture.jpg", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/cameras/yard/picture.jpg",
        "/cameras/nobody/picture.jpg",
        "/cameras/..%2f..%2fsecret/picture.jpg",
        "/events/ffffffffffffffff/snapshot.jpg",
        "/events/..%2f..%2fsecret/snapshot.jpg",
        "/events/%00/snapshot.jpg",
        "/events/' OR 1=1 --/snapshot.jpg",
        "/../secret.jpg",
        "/static/../app.py",
        "/static/..%2fapp.py",
        "/events.db",
    ],
)
def test_what_is_not_there_is_404(client: httpx.Client, path: str) -> None:
    """Unknown names, and whatever tries to lead elsewhere; the answer says what to do."""
    answer = client.get(path)
    assert answer.status_code == 404
    assert set(answer.json()["error"]) == {"what", "do"}
    assert b"secret" not in answer.content


@pytest.mark.parametrize("host", ["127.0.0.1:9108", "localhost", "LOCALHOST:1", "[::1]:9108", "127.0.0.1"])
def test_names_of_this_machine_are_answered(client: httpx.Client, host: str) -> None:
    """Under loopback's own names, with any port: a tunnel may change it."""
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:9108", "127.0.0.1.evil.example", "localhost.", "127.0.0.1@evil", "10.0.0.5"]
)
def test_other_names_are_refused(client: httpx.Client, host: str) -> None:
    """DNS rebinding: a site's name that was made to point here gets nothing, on no page."""
    for path in ("/metrics", "/status", "/cameras/gate/picture.jpg", "/api/v1/overview", "/"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 421
        assert PICTURE not in answer.content


@pytest.mark.parametrize(
    "path", ["/metrics", "/status", "/cameras/gate/picture.jpg", "/nowhere", "/api/v1/events", "/"]
)
def test_every_answer_carries_the_security_headers(client: httpx.Client, path: str) -> None:
    """Also errors: nothing is sniffed, framed, or readable by another site, and no script runs that is not ours."""
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] in {"no-store", "private, no-cache", "no-cache"}
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_page_that_only_reads_cannot_be_changed(client: httpx.Client, method: str) -> None:
    """Other methods are refused."""
    answer = client.request(method, "/status")
    assert answer.status_code == 405
    assert "error" in answer.json()


def test_requests_are_bounded(client: httpx.Client) -> None:
    """Too many headers, too long an address, too long a head: refused, and the server goes on."""
    many = {f"X-{number}": "1" for number in range(80)}
    assert client.get("/healthz", headers=many).status_code == 431
    assert client.get("/healthz?" + "a" * 5000).status_code == 414
    assert client.get("/healthz", headers={"X-Long": "a" * 20_000}).status_code == 431
    assert client.get("/healthz").status_code == 200
