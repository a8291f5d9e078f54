"""What operators change: budgets, feedback, protected events, dead letters; each change is done and audited."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from monitor import learned, wishes
from monitor.learned import Learned, LearnedChannel
from monitor.stored import Minute
from monitor.types import State
from monitor.views import DeliveryView

EVENT = "/api/v1/events/00000000000000aa"
PICTURE = b"\xff\xd8 newest picture"


@pytest.fixture
def otto(closed: Any) -> Any:
    """An operator's browser."""
    browser = closed.browser()
    browser.log_in("otto")
    return browser


def audit(browser: Any) -> list[tuple[str, str, str]]:
    """Who, what, where; newest first."""
    return [(each["who"], each["what"], each["where"]) for each in browser.get("/api/v1/audit").json()["audit"]]


def test_an_event_is_protected_and_released(otto: Any) -> None:
    """It is seen at once, filtered by, and audited."""
    for on in (True, False):
        assert otto.put(f"{EVENT}/protected", json={"protected": on}).status_code == 200
        assert otto.get(EVENT).json()["protected"] is on
        assert len(otto.get("/api/v1/events", params={"protected": on}).json()["events"]) == 1
    assert audit(otto)[:2] == [
        ("otto", "unprotect", "00000000000000aa"),
        ("otto", "protect", "00000000000000aa"),
    ]
    assert otto.put("/api/v1/events/ffffffffffffffff/protected", json={"protected": True}).status_code == 404


def test_feedback_is_given_listed_and_undone(otto: Any, data: Path) -> None:
    """The workers' file has it, and has it no more; undoing it twice is a conflict."""
    given = otto.post(f"{EVENT}/feedback", json={"kind": "normal", "note": "the postman"}).json()
    assert set(given) == {"id", "effect"}
    assert otto.get(EVENT).json()["feedback"] == "normal"
    [said] = otto.get("/api/v1/feedback", params={"camera": "gate"}).json()["feedback"]
    assert (said["id"], said["who"], said["note"], said["undone_ns"]) == (given["id"], "otto", "the postman", None)
    assert otto.get("/api/v1/feedback", params={"camera": "yard"}).json()["feedback"] == []
    assert otto.get("/api/v1/cameras/gate/learned").json()["feedback"] == [said]
    published = data / "feedback.json"
    assert b"00000000000000aa" in published.read_bytes()
    assert otto.post(f"/api/v1/feedback/{given['id']}/undo").status_code == 200
    assert b"00000000000000aa" not in published.read_bytes()
    assert otto.get(EVENT).json()["feedback"] == ""
    assert otto.post(f"/api/v1/feedback/{given['id']}/undo").status_code == 409
    assert {("otto", "feedback", "00000000000000aa"), ("otto", "undo feedback", "00000000000000aa")} <= set(audit(otto))


@pytest.mark.parametrize("number", ["0", "99", "x", "-1", "9" * 30, "%00"])
def test_feedback_that_is_not_there_cannot_be_undone(otto: Any, number: str) -> None:
    """Whatever the number looks like."""
    assert otto.post(f"/api/v1/feedback/{number}/undo").status_code in {404, 409}


def test_a_budget_is_changed_as_by_the_command_line(otto: Any, data: Path) -> None:
    """Through the wishes that every process reads; audited with what it was before."""
    answer = otto.put("/api/v1/cameras/gate/budget", json={"alerts_per_day": 7})
    assert answer.json() == {"camera": "gate", "alerts_per_day": 7.0, "before": 3.0}
    assert wishes.read(data).budgets["gate"] == wishes.BudgetWish(7, 3)
    assert otto.put("/api/v1/cameras/gate/budget", json={"alerts_per_day": 3}).json()["before"] == 7.0
    assert "gate" not in wishes.read(data).budgets
    assert audit(otto)[0] == ("otto", "budget", "gate")
    for wrong in (0, 0.1, 101, -1, "many", None):
        assert otto.put("/api/v1/cameras/gate/budget", json={"alerts_per_day": wrong}).status_code == 400
    assert otto.put("/api/v1/cameras/yard/budget", json={"alerts_per_day": 5}).status_code == 409
    assert otto.put("/api/v1/cameras/nobody/budget", json={"alerts_per_day": 5}).status_code == 404


def test_a_budget_that_cannot_be_written_is_told(otto: Any, data: Path) -> None:
    """With 503 and the wish's own words; nothing is audited that did not happen."""
    (data / "wishes.json").mkdir()
    answer = otto.put("/api/v1/cameras/gate/budget", json={"alerts_per_day": 7})
    assert answer.status_code == 503
    assert "wishes.json" in answer.json()["error"]["what"]
    assert audit(otto) == []


def test_dead_letters_are_seen_and_told_after_all(otto: Any, store: Any, now: Any) -> None:
    """By their sink; a sink that is none is 404."""
    with store.transaction() as db:
        db.execute(
            "INSERT INTO deliveries (event, sink, telling, phase, body, state, attempts, due_ns, error) "
            "SELECT id, 'ops', 'x', 'opened', body, 'dead', 4, 0, 'refused' FROM events"
        )
    now.deliveries = (DeliveryView("ops", 0, 1, "refused"),)
    [sink] = otto.get("/api/v1/system").json()["sinks"]
    assert (sink["sink"], sink["dead"], sink["letters"][0]["error"]) == ("ops", 1, "refused")
    assert otto.post("/api/v1/sinks/ops/resend").json() == {"count": 1}
    assert otto.get("/api/v1/system").json()["sinks"][0]["dead"] == 0
    assert audit(otto)[0] == ("otto", "resend", "ops")
    assert otto.post("/api/v1/sinks/none/resend").status_code == 404


def test_the_system_page_has_all_but_secrets(otto: Any) -> None:
    """Version, processes, drops, and the configuration in force."""
    answer = otto.get("/api/v1/system")
    body = answer.json()
    assert body["version"] == "1.2.3"
    assert body["processes"][0]["process"] == "worker"
    assert body["drops"]["gate"] == {
        "frames": 100,
        "dropped": 3,
        "missed": 0,
        "reasons": {"newer_frame": 2, "receiver_lost": 1},
    }
    assert body["configuration"]["cameras"]["gate"]["source"].endswith("10.0.0.5/sub")
    for secret in ("s3cret", "scrypt$", "hook-t0ken"):
        assert secret not in answer.text


def test_a_cameras_history_is_columns_of_minutes(client: Any, store: Any) -> None:
    """Of the span that is asked for, with its events; a detector that was not there then is null."""
    first = 1_790_000_000 // 60
    rows = [
        Minute("gate", first, None, None, 10, 0.0, 0, State.WARMING),
        Minute("gate", first + 1, 4.0, 2.0, 50, 55.0, 3, State.ACTIVE, "colour", {"speed": 4.0}),
    ]
    store.note_history([*rows, replace(rows[1], camera="yard")])
    path = "/api/v1/cameras/gate/history"
    body = client.get(path, params={"since": first * 60, "until": "2026-09-21T15:00:00Z"}).json()
    assert body["minutes"] == [first * 60, first * 60 + 60]
    assert (body["score"], body["limit"], body["known_s"]) == ([None, 4.0], [None, 2.0], [0.0, 55.0])
    assert (body["state"], body["light"]) == (["warming", "active"], ["", "colour"])
    assert body["detectors"] == {"speed": [None, 4.0]}
    assert body["events"] == [{"id": "00000000000000aa", "began": 1.79e9, "ended": 1.79e9 + 1, "held": ""}]
    assert client.get(path).json()["minutes"] == []
    assert client.get(path, params={"since": "2026-01-01", "until": "2026-09-21"}).status_code == 400
    assert client.get(path, params={"since": "2026-09-21", "until": "2026-09-20"}).status_code == 400
    assert client.get("/api/v1/cameras/nobody/history").status_code == 404


def test_what_a_camera_learned(client: Any, data: Path) -> None:
    """Nothing before its first checkpoint; then how much, the ordinary pictures, and the snapshots to go back to."""
    path = "/api/v1/cameras/gate/learned"
    assert client.get(path).json()["learned"] is None
    learned.write(data, Learned("gate", 5, 70, (LearnedChannel("moving", 70),), 9), [b"\xff\xd8 one", b"\xff\xd8 two"])
    folder = data / "checkpoints" / "dated"
    folder.mkdir(parents=True)
    (folder / "gate.20261105T140532Z.daily.npz").touch()
    (folder / "yard.20261105T140532Z.daily.npz").touch()
    body = client.get(path).json()
    assert (body["learned"], body["at_ns"]) == (70, 5)
    assert body["snapshots"] == [{"at": "2026-11-05T14:05:32Z", "why": "daily"}]
    assert [client.get(url).content for url in body["normals"]] == [b"\xff\xd8 one", b"\xff\xd8 two"]
    for wrong in ("0", "3", "x", "..%2f1", "%00"):
        assert client.get(f"/api/v1/cameras/gate/normal-{wrong}.jpg").status_code == 404


def test_the_ordinary_pictures_of_an_event(client: Any, store: Any, data: Path) -> None:
    """By their number, as many as it has."""
    [event] = store.events()
    other = replace(event, id="00000000000000bb", normals=("events/normal.jpg",))
    (data / "events" / "normal.jpg").write_bytes(b"ordinary")
    store.record([other], {}, 0)
    assert client.get(f"/api/v1/events/{other.id}/normal-1.jpg").content == b"ordinary"
    for wrong in ("0", "2", "-1", "x", "99999999999", "\u00b2"):
        assert client.get(f"/api/v1/events/{other.id}/normal-{wrong}.jpg").status_code == 404


def test_a_picture_with_its_heatmap(client: Any, now: Any) -> None:
    """Where there is one; else the plain picture."""
    path = "/api/v1/cameras/gate/picture.jpg"
    assert client.get(path, params={"heatmap": 1, "t": "123"}).content == PICTURE
    now.heatmaps["gate"] = b"\xff\xd8 drawn"
    assert client.get(path, params={"heatmap": 1}).content == b"\xff\xd8 drawn"
    assert client.get(path, params={"heatmap": 0}).content == PICTURE
    assert client.get("/api/v1/cameras/nobody/picture.jpg", params={"heatmap": 1}).status_code == 404
