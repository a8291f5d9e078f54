"""Stored events and their files, as the API gives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitor.alerting.store import EventStore
from monitor.types import Event, State

S = 1_000_000_000


def event(store: EventStore) -> Event:
    """The one that is stored in the beginning."""
    [found] = store.events()
    return found


@pytest.fixture
def many(store: EventStore) -> list[Event]:
    """Ten more, newest first: each a minute after the one before; every second is the yard's, three are held."""
    first = event(store)
    made = [
        replace(
            first,
            id=f"{number:016x}",
            camera="yard" if number % 2 else "gate",
            began_ns=first.began_ns + 60 * number * S,
            ended_ns=first.ended_ns + 60 * number * S,
            score=float(number),
            state=State.CALIBRATING if number > 7 else State.ACTIVE,
        )
        for number in range(1, 11)
    ]
    store.record(made, {}, first.began_ns)
    return made[::-1]


def ids(answer: httpx.Response) -> list[str]:
    """Of the events of a page."""
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["events"]]


def test_an_event_has_all_that_is_stored_of_it(client: httpx.Client, store: EventStore) -> None:
    """Under the names that the code has, in the list and alone."""
    body = client.get(f"/api/v1/events/{event(store).id}").json()
    assert body["camera"] == "gate"
    assert body["phase"] == "closed"
    assert body["began_ns"] == event(store).began_ns
    assert body["reasons"][0]["text"] == "moves faster than ever"
    assert (body["protected"], body["feedback"]) == (False, "")
    assert client.get("/api/v1/events").json() == {"events": [body], "next": None}


def test_pages_follow_each_other(client: httpx.Client, many: list[Event], store: EventStore) -> None:
    """By the cursor, newest first, each event once."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        more = {} if cursor is None else {"cursor": cursor}
        answer = client.get("/api/v1/events", params={"limit": 4, **more})
        found += ids(answer)
        cursor = answer.json()["next"]
        if cursor is None:
            break
    assert found == [*(each.id for each in many), "00000000000000aa"]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"camera": "yard"}, lambda e: e.camera == "yard"),
        ({"camera": "yard", "min_score": "5"}, lambda e: e.camera == "yard" and e.score >= 5),
        ({"state": "calibrating"}, lambda e: e.state is State.CALIBRATING),
        ({"since": "2026-09-21T14:22:00Z"}, lambda e: e.ended_ns >= 1_790_000_520 * S),
        ({"since": "1790000520"}, lambda e: e.ended_ns >= 1_790_000_520 * S),
        ({"until": "1790000520"}, lambda e: e.began_ns <= 1_790_000_520 * S),
        ({"feedback": "none", "protected": "false", "held": "false", "shadow": "false"}, lambda _: True),
        ({"protected": "true"}, lambda _: False),
        ({"q": "FASTER ever"}, lambda _: True),
        ({"q": "slower"}, lambda _: False),
        ({"camera": ""}, lambda _: True),
    ],
)
def test_events_are_found_by_what_is_asked(
    client: httpx.Client, many: list[Event], store: EventStore, query: dict[str, str], wanted: Callable[[Event], bool]
) -> None:
    """Each filter alone and together, and nothing else."""
    everything = [*many, *store.events(until_ns=many[-1].began_ns - 1)]
    assert ids(client.get("/api/v1/events", params=query)) == [each.id for each in everything if wanted(each)]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=100000",
        "limit=ten",
        "cursor=elsewhere",
        "since=yesterday",
        "since=1e300",
        "since=nan",
        "state=strange",
        "min_score=high",
        "protected=perhaps",
        "feedback=loved",
        "colour=red",
        "camera=a&camera=b",
        f"q={'a' * 500}",
    ],
)
def test_what_cannot_be_asked_is_refused(client: httpx.Client, query: str) -> None:
    """With 400, what is wrong, and what to do."""
    answer = client.get(f"/api/v1/events?{query}")
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"what", "do"}


@pytest.mark.parametrize("event_id", ["0", "ffffffffffffffff", "%00", "..%2f..", "00000000000000AA", "'"])
def test_an_event_that_is_not_there_is_404(client: httpx.Client, event_id: str) -> None:
    """Whatever the id looks like."""
    assert client.get(f"/api/v1/events/{event_id}").status_code == 404


@pytest.mark.parametrize(
    ("name", "media_type", "place"),
    [
        ("snapshot.jpg", "image/jpeg", "events/2026-09-21/gate/aa.jpg"),
        ("overlay.jpg", "image/jpeg", "events/2026-09-21/gate/aa-overlay.jpg"),
        ("clip.mp4", "video/mp4", "events/2026-09-21/gate/aa.mp4"),
        ("full.jpg", "image/jpeg", "events/2026-09-21/gate/aa-full.jpg"),
        ("bundle", "application/zip", "events/2026-09-21/gate/00000000000000aa-bundle.zip"),
    ],
)
def test_files_of_an_event(client: httpx.Client, store: EventStore, name: str, media_type: str, place: str) -> None:
    """Each with its type; whoever has it already is told so; HEAD tells how long it is."""
    path = f"/api/v1/events/{event(store).id}/{name}"
    answer = client.get(path)
    assert (answer.status_code, answer.text) == (200, f"content of {place}")
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "private, no-cache"
    assert client.get(path, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert client.head(path).headers["content-length"] == str(len(answer.content))
    old = client.get(f"/events/{event(store).id}/{name}")
    assert old.status_code == (200 if name in {"snapshot.jpg", "overlay.jpg"} else 404)


def test_parts_of_a_clip(client: httpx.Client, store: EventStore) -> None:
    """A browser that seeks asks for ranges, and gets them; what lies beyond the end is refused."""
    path = f"/api/v1/events/{event(store).id}/clip.mp4"
    whole = client.get(path).content
    for asked, content in [("bytes=0-3", whole[:4]), ("bytes=5-", whole[5:]), ("bytes=-4", whole[-4:])]:
        answer = client.get(path, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (206, content)
    assert client.get(path, headers={"Range": "bytes=0-3"}).headers["content-range"] == f"bytes 0-3/{len(whole)}"
    assert client.get(path, headers={"Range": "bytes=9999-"}).status_code == 416
    assert client.get(path, headers={"Range": "bytes=0-3", "If-Range": '"another"'}).content == whole


@pytest.mark.parametrize(
    "name", ["../secret.jpg", "/etc/hostname", "events.db", "link.jpg", "gone.jpg", "events", "\0"]
)
def test_no_file_outside_the_data_folder_is_shown(
    client: httpx.Client, store: EventStore, data: Path, name: str
) -> None:
    """Not even if the store itself names it, nor over a link, nor what is no picture."""
    (data / "link.jpg").symlink_to(data.parent / "secret.jpg")
    other = replace(event(store), id="00000000000000bb", snapshot=name, clip=name, overlay=None)
    store.record([other], {}, other.began_ns)
    for file in ("snapshot.jpg", "clip.mp4", "overlay.jpg"):
        assert client.get(f"/api/v1/events/{other.id}/{file}").status_code == 404


def test_a_store_that_cannot_be_read_is_told_and_passes(client: httpx.Client, store: EventStore) -> None:
    """With 503 and the store's own words; pages that do not need it go on."""
    store.close()
    answer = client.get("/api/v1/events")
    assert answer.status_code == 503
    assert "event store" in answer.json()["error"]["what"]
    assert client.get("/api/v1/overview").status_code == 200


def test_pages_go_on_while_the_store_is_busy(client: httpx.Client, store: EventStore, now: Any) -> None:
    """Whoever waits for the store waits alone."""
    with store.searching():
        assert client.get("/api/v1/overview").status_code == 200
        assert client.get("/cameras/gate/picture.jpg").status_code == 200
