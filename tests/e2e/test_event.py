"""From a camera's pictures to what people are told: one daemon, a recording with known truth, everybody who is told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import pytest

DUE = 900  # 90 s at 10 frames a second


@dataclass(frozen=True)
class Told:
    """A daemon whose recording is at its end, and what was seen on the way."""

    daemon: Any
    truth: Any
    hook: Any
    first_health: tuple[int, str]
    events: list[dict[str, Any]]


@pytest.fixture(scope="module", name="told")
def _told(start: Any, demo_video: Any, hook: Any) -> Iterator[Told]:
    path, truth = demo_video
    sinks = [{"kind": "jsonl", "name": "lines"}, {"kind": "webhook", "name": "hook", "url": hook.url}]
    daemon = start({"cameras": {"park": {"source": str(path)}}, "alerting": {"sinks": sinks}})
    daemon.until(daemon.status, 20, "the pages answer")
    health = daemon.get("/healthz")
    daemon.until(lambda: daemon.camera("park").get("ended"), 60, "the recording is judged to its end")
    events = daemon.events()
    daemon.until(lambda: len(hook.got) >= 2 * len(events), 10, "the webhook is told")
    yield Told(daemon, truth, hook, (health.status_code, health.json()["status"]), events)
    assert daemon.stop() == 0


def test_rare_events_are_told_where_the_truth_is(told: Told) -> None:
    """At least two of the three rare events become events that overlap them in the recording's time, and few more."""
    spans = [(event["began_pts"], event["ended_pts"]) for event in told.events]
    found = [t for t in told.truth if any(began < t.ended_s and ended > t.began_s for began, ended in spans)]
    false = [s for s in spans if not any(s[0] < t.ended_s and s[1] > t.began_s for t in told.truth)]
    assert len(found) >= 2, spans
    assert len(false) <= 1, false
    assert {event["phase"] for event in told.events} == {"closed"}


def test_each_event_has_its_pictures(told: Told) -> None:
    """The plain frame and the one with the heatmap lie below the data folder, of one size, and differ."""
    for event in told.events:
        plain, overlay = (cv2.imread(str(told.daemon.data / event[name])) for name in ("snapshot", "overlay"))
        assert plain is not None
        assert overlay is not None
        assert plain.shape == overlay.shape == (202, 360, 3)
        assert (plain != overlay).any()


def test_every_sink_is_told_of_the_beginning_and_the_end(told: Told) -> None:
    """The file of lines and the webhook hear the same: each event once as opened, once as closed, nothing twice."""
    lines = [json.loads(line) for line in (told.daemon.data / "events.jsonl").read_text().splitlines()]
    for got in (lines, told.hook.got):
        keys = [telling["key"] for telling in got]
        assert len(keys) == len(set(keys))
        for event in told.events:
            phases = [telling["phase"] for telling in got if telling["id"] == event["id"]]
            assert (phases[0], phases[-1]) == ("opened", "closed")


def test_every_event_is_judged_again_to_the_same_scores(told: Told, tmp_path: Path) -> None:
    """Its bundle is fetched as a browser does, and another process comes to the numbers that were logged."""
    for event in told.events:
        page, bundle = f"/api/v1/events/{event['id']}/bundle", tmp_path / f"{event['id']}.zip"
        told.daemon.until(lambda page=page: told.daemon.get(page).is_success, 60, "the event's bundle")
        bundle.write_bytes(told.daemon.get(page).content)
        command = [sys.executable, "-m", "monitor.cli", "replay", str(bundle), "--json"]
        came = subprocess.run(command, capture_output=True, check=False, text=True)
        again = json.loads(came.stdout)
        assert (came.returncode, again["differences"]) == (0, [])
        assert again["same"]
        assert again["frames"] > 0


def test_the_status_page_shows_the_events(told: Told) -> None:
    """What is stored is what `/status` and the pictures' pages show."""
    recent = {event["id"] for event in told.daemon.status()["recent"]}
    assert recent == {event["id"] for event in told.events}
    page = told.daemon.get(f"/events/{told.events[0]['id']}/overlay.jpg")
    assert page.content == (told.daemon.data / told.events[0]["overlay"]).read_bytes()


def test_health_goes_from_starting_to_ready(told: Told) -> None:
    """503 until everything was heard of, then 200; a recording that has ended is nothing wrong."""
    assert told.first_health == (503, "starting")
    health = told.daemon.get("/healthz")
    assert (health.status_code, health.json()["status"]) == (200, "ready")


def test_every_due_frame_of_a_recording_is_judged_once(told: Told) -> None:
    """Ten times faster than it was made, and yet none is dropped."""
    count = told.daemon.metric
    assert count("rareframe_frames_total", camera="park") == DUE
    assert count("rareframe_judgements_total", camera="park") == DUE
    assert not count("rareframe_frames_dropped_total", camera="park")
    assert count("rareframe_frames_missed_total", camera="park") == 0


def test_prometheus_scrapes_it(told: Told, prometheus: Callable[[str], Any]) -> None:
    """A real Prometheus finds the same numbers as were stored; of the shipped rules none fails, and none cries wolf."""
    server = prometheus(told.daemon.url)
    told.daemon.until(lambda: server.query("rareframe_events_total"), 20, "Prometheus has scraped")
    assert server.query("up") == 1
    assert server.query("sum(rareframe_judgements_total)") == DUE
    assert server.query('rareframe_events_total{camera="park"}') == len(told.events)
    assert server.query("min(rareframe_process_up)") == 1
    told.daemon.until(server.rules, 20, "Prometheus has evaluated the rules")
    assert {name: rule["lastError"] for name, rule in server.rules().items() if rule["health"] != "ok"} == {}
    assert {name for name, rule in server.rules().items() if rule.get("state") == "firing"} == {"Watchdog"}
    told.daemon.until(lambda: server.query("stage:rareframe_stage_duration_seconds:p95_5m"), 20, "a rule has recorded")


def test_the_terminal_tells_the_same(told: Told) -> None:
    """The lines say where things are, what opened and why, and no problem where there was none."""
    said = Path(told.daemon.said[0]).read_text()
    assert f"{told.daemon.url}/metrics" in said
    for event in told.events:
        assert f"event {event['id']} opened" in said
        assert f"event {event['id']} closed" in said
    assert "problem" not in said


def test_a_browser_shows_the_same(told: Told, chromium: Any) -> None:
    """The dashboard of the running daemon: its camera has ended, and every event is listed with its picture."""
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(told.daemon.url)
    page.locator("article .badge", has_text="Ended").wait_for()
    page.locator("article .view img").wait_for()
    page.get_by_role("link", name="Events", exact=True).click()
    page.locator(f"a.event[href='#/event/{told.events[0]['id']}'] img").wait_for()
    ids = page.locator("a.event").evaluate_all("all => all.map((each) => each.dataset.id)")
    assert ids == [event["id"] for event in told.events]
    page.context.close()
    assert said == []
