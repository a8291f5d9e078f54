"""The desk: from messages to stored and pictured events, over restarts and failures."""

# ruff: noqa: ANN001 - the doubles of conftest.py cannot be imported where tests are not a package

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from monitor.alerting import recorder
from monitor.deciding.valve import Valve
from monitor.types import CameraReport, Count, Event, Judgement, Link, Phase, ProcessReport, ScoringReport, State
from monitor.views import Status

S = 1_000_000_000


@pytest.fixture
def play(house, clock, new_judgement, new_report) -> Callable[..., None]:
    """Play verdicts to the house, one a second with a report and a tick: "A" anomalous, "N" normal, " " nothing."""

    def run(verdicts: str, *, first: int = 0, run: str = "run-1", score: float = 4.0) -> None:
        for seq, verdict in enumerate(verdicts, start=first):
            clock.now_ns = seq * S
            house.desk.handle(new_report())
            if verdict != " ":
                house.desk.handle(new_judgement(seq, anomalous=verdict == "A", run=run, score=score))
            house.desk.tick()

    return run


def test_an_anomaly_becomes_one_stored_event_with_pictures(house, play) -> None:
    """Opened and closed, stored in its last phase, its pictures on disk, counted."""
    play("NNAAAANNNNNN")
    stored = house.store.events()
    assert [(event.phase, event.cause) for event in stored] == [(Phase.CLOSED, "quiet")]
    assert (house.data / stored[0].snapshot).is_file()
    assert (house.data / stored[0].overlay).is_file()
    assert house.value("rareframe_events_total", camera="gate") == 1
    assert house.value("rareframe_events_open", camera="gate") == 0
    assert house.desk.overview.recent == tuple(stored)


def test_the_event_is_stored_when_handle_returns(house, new_judgement) -> None:
    """No tick is needed between the judgement that opens and the event's being safe."""
    for seq in range(3):
        house.desk.handle(new_judgement(seq, anomalous=True))
    house.restart()
    assert [event.phase for event in house.store.open_events()] == [Phase.OPENED]


def test_the_picture_is_that_of_the_strongest_frame(house, play, clock, new_judgement) -> None:
    """Of the frames before the opening, and later of the new peak."""
    strong = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    stronger = cv2.imencode(".jpg", np.full((48, 64, 3), 255, np.uint8))[1].tobytes()
    house.desk.handle(replace(new_judgement(0, anomalous=True, score=9), picture=strong))
    house.desk.handle(new_judgement(1, anomalous=True))
    house.desk.handle(new_judgement(2, anomalous=True))
    opened = house.store.events()[0]
    assert (house.data / opened.snapshot).read_bytes() == strong
    house.desk.handle(replace(new_judgement(3, anomalous=True, score=20), picture=stronger))
    for seq in range(4, 44):
        house.desk.handle(new_judgement(seq, anomalous=True))
    for seq in range(44, 50):
        house.desk.handle(new_judgement(seq, anomalous=False))
    closed = house.store.events()[0]
    assert closed.phase is Phase.CLOSED
    assert (house.data / closed.snapshot).read_bytes() == stronger


def test_a_restart_in_the_middle_tells_of_the_same_event(house, play) -> None:
    """The alert process is killed: the event goes on under its id, with its pictures, and closes."""
    play("NAAAA")
    before = house.store.open_events()[0]
    house.restart()
    assert house.desk.overview.cameras[0].open_event.id == before.id
    play("AANNNNNN", first=5)
    events = house.store.events()
    assert [(event.id, event.phase, event.cause) for event in events] == [(before.id, Phase.CLOSED, "quiet")]
    assert events[0].snapshot == before.snapshot
    assert house.value("rareframe_events_total", camera="gate") == 0, "counted by the process before"
    assert house.value("rareframe_events_open", camera="gate") == 0


def test_messages_sent_again_after_a_restart_change_nothing(house, play, clock, new_judgement) -> None:
    """Judgements that were handled but not acknowledged come again; there is still one event."""
    play("NAAAA")
    house.restart()
    for seq in range(5):
        house.desk.handle(new_judgement(seq, anomalous=seq > 0))
    assert len(house.store.events()) == 1
    assert house.store.events()[0].phase is Phase.OPENED


def test_an_event_that_cannot_be_resumed_closes_as_interrupted(house, play) -> None:
    """Without a readable state a stored open event does not stay open for ever."""
    play("NAAAA")
    house.store.record([], {"gate": b"unreadable"}, 0)
    house.restart()
    assert [(event.phase, event.cause) for event in house.store.events()] == [(Phase.CLOSED, "interrupted")]


def test_an_event_of_a_removed_camera_closes(house, play) -> None:
    """A camera taken out of the configuration leaves no open event."""
    play("NAAAA")
    house.cameras = ("yard",)
    house.restart()
    assert [(event.phase, event.cause) for event in house.store.events()] == [(Phase.CLOSED, "removed")]


def test_an_ordered_stop_closes_what_is_open(house, play) -> None:
    """Nobody waits for the end of an event that nobody watches any more."""
    play("NAAAA")
    house.desk.stop()
    assert [(event.phase, event.cause) for event in house.store.events()] == [(Phase.CLOSED, "stopped")]


def test_a_camera_that_goes_silent_closes_as_lost(house, play, clock, new_report) -> None:
    """The event survives the attack on its camera, and closes."""
    play("NAAAA")
    house.desk.handle(new_report(link=Link.OFFLINE, cause="unreachable", detail="no route"))
    clock.pass_s(16)
    house.desk.tick()
    assert [(event.phase, event.cause) for event in house.store.events()] == [(Phase.CLOSED, "camera lost")]


def test_a_worker_that_goes_silent_is_not_a_lost_camera(house, play, clock, new_report) -> None:
    """With pictures coming but none judged the cause says so, and the camera is not active."""
    play("NAAAA")
    clock.pass_s(16)
    house.desk.handle(new_report())
    house.desk.tick()
    assert house.store.events()[0].cause == "not judged"
    assert house.desk.overview.cameras[0].state is State.DEGRADED


def test_the_end_of_a_recording_waits_for_its_last_frames(house, play, clock, new_report, new_judgement) -> None:
    """The report of the end may overtake the last judgements; the event closes after them."""
    play("NAAAA")
    house.desk.handle(new_report(link=Link.ENDED, live=False))
    clock.pass_s(2)
    house.desk.tick()
    house.desk.handle(new_judgement(5, anomalous=True))
    assert house.store.events()[0].phase is Phase.OPENED
    clock.pass_s(6)
    house.desk.tick()
    event = house.store.events()[0]
    assert (event.phase, event.cause, event.ended_pts) == (Phase.CLOSED, "source ended", 5.0)
    assert house.desk.overview.cameras[0].ended
    assert house.value("rareframe_camera_state", camera="gate", state="ended") == 1


def test_what_goes_on_soon_after_is_the_same_event_and_counted(house, play) -> None:
    """One row, closed once more; joined is its own count."""
    play("NAAANNNNNNAAAANNNN")
    assert house.value("rareframe_events_total", camera="gate") == 1
    assert house.value("rareframe_events_joined_total", camera="gate") == 1
    assert house.value("rareframe_events_open", camera="gate") == 0
    assert [(event.phase, event.frames) for event in house.store.events()] == [(Phase.CLOSED, 7)]


@pytest.mark.parametrize("restart", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("stronger", [False, True])
def test_an_event_that_goes_on_keeps_its_picture_unless_a_stronger_frame_comes(
    house, play, new_judgement, *, restart: bool, stronger: bool
) -> None:
    """Also over a restart in between."""
    play("NAAANNNNN", score=4.0)
    before = house.store.events()[0]
    content = (house.data / before.snapshot).read_bytes()
    assert before.phase is Phase.CLOSED
    if restart:
        house.restart()
    other = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    for seq in range(9, 14):
        score = 8.0 if stronger else 3.0
        house.desk.handle(replace(new_judgement(seq, anomalous=True, score=score), picture=other))
    after = house.store.events()[0]
    assert (after.id, after.phase, after.cause) == (before.id, Phase.UPDATED, None)
    assert (after.snapshot, after.overlay) == (before.snapshot, before.overlay)
    assert (house.data / after.snapshot).read_bytes() == (other if stronger else content)


def test_an_event_of_a_camera_that_was_removed_does_not_go_on_when_it_comes_back(house, play) -> None:
    """It was closed for good."""
    play("NAAAA")
    for cameras in (("yard",), ("gate", "yard")):
        house.cameras = cameras
        house.restart()
    play("AAAA", first=5)
    assert [(event.phase, event.cause) for event in house.store.events()] == [
        (Phase.OPENED, None),
        (Phase.CLOSED, "removed"),
    ]


def test_a_locked_store_loses_nothing(house, play, clock) -> None:
    """While the store cannot be written events wait in memory, health says so, and afterwards all are stored."""
    play("NA")
    other = sqlite3.connect(house.data / "events.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    play("AAAA", first=2)
    health = house.desk.overview.health
    assert not health.can_alert
    assert [(t.kind, "close that program" in t.what) for t in health.troubles if t.kind == "store"] == [("store", True)]
    other.execute("ROLLBACK")
    other.close()
    clock.pass_s(2)
    house.desk.tick()
    assert [event.phase for event in house.store.open_events()] == [Phase.OPENED]
    house.desk.tick()
    assert house.desk.overview.health.can_alert


def test_events_that_wait_too_long_are_given_up_oldest_first_and_counted(
    house,
    new_event: Callable[..., Event],
    monkeypatch: pytest.MonkeyPatch,
    clock,
) -> None:
    """Memory is bounded: what is dropped is counted, the newest stay."""
    monkeypatch.setattr(recorder, "_MOST_WAITING", 3)
    keeper = recorder.Recorder(house.store, Valve({}), house.metrics, clock)
    other = sqlite3.connect(house.data / "events.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for number in range(5):
        assert not keeper.record([new_event(id=f"{number:016x}", began_ns=number)], {})
    other.execute("ROLLBACK")
    other.close()
    assert keeper.flush(now=True)
    assert [event.began_ns for event in house.store.events()] == [4, 3, 2]
    assert house.value("rareframe_events_lost_total") == 2


def test_an_event_without_a_picture_is_told_all_the_same(house, play) -> None:
    """Where snapshots cannot be written the event is stored without, and health says so."""
    (house.data / "events").write_text("a file in the way")
    play("NAAAA")
    assert [(event.phase, event.snapshot) for event in house.store.events()] == [(Phase.OPENED, None)]
    assert [trouble.kind for trouble in house.desk.overview.health.troubles if trouble.kind == "snapshots"]
    assert house.value("rareframe_snapshot_failures_total") >= 1


def test_the_view_of_a_camera(house, play, new_report, clock, jpeg: bytes) -> None:
    """State, score, limit, rate, counts, newest picture and event, as a frozen value."""
    house.desk.handle(ScoringReport("gate", "boot", 0, 100, 3, 90, None, 0))
    play("NNNAAAAAAA")
    house.desk.handle(new_report(drops=(Count("newer_frame", 2), Count("receiver_lost", 1))))
    house.desk.tick()
    view = house.desk.overview.cameras[0]
    assert (view.camera, view.state, view.link, view.score, view.limit) == ("gate", State.ACTIVE, Link.ONLINE, 4.0, 2.0)
    assert (view.frames, view.dropped, view.missed, view.picture) == (10, 3, 3, jpeg)
    assert view.drops == (Count("newer_frame", 2), Count("receiver_lost", 1))
    assert view.fps == pytest.approx(1.0, rel=0.2)
    assert view.open_event is not None
    assert view.last_event is not None
    assert view.open_event.id == view.last_event.id
    assert house.desk.overview.cameras[1].state is State.BLIND


def test_starting_then_ready_then_degraded(house, play, clock) -> None:
    """The daemon's health follows its cameras and processes."""
    assert house.desk.overview.health.status is Status.STARTING
    house.cameras = ("gate",)
    house.restart()

    def report(process: str, *, up: bool = True) -> ProcessReport:
        return ProcessReport(process, "boot", 0, 7, up, None, 10**8, 0, 0)

    house.desk.handle(report("capture"))
    house.desk.handle(report("worker"))
    play("NNN")
    assert house.desk.overview.health.status is Status.READY
    assert house.value("rareframe_process_up", process="worker") == 1
    house.desk.handle(report("worker", up=False))
    house.desk.tick()
    assert house.desk.overview.health.status is Status.DEGRADED
    assert house.value("rareframe_process_up", process="worker") == 0


def test_strangers_are_not_taken_in(house, new_judgement, new_report) -> None:
    """Messages of cameras and processes that the configuration does not name change nothing and make no series."""
    before = house.metrics.exposition()[0].count(b"\n")
    house.desk.handle(new_report(camera="stranger"))
    house.desk.handle(new_judgement(0, anomalous=True, camera="stranger"))
    house.desk.handle(ScoringReport("stranger", "boot", 0, 1, 0, 0, None, 0))
    house.desk.handle(ProcessReport("stranger", "boot", 0, 1, True, 0, 1, 0, 0))
    house.desk.tick()
    assert {view.camera for view in house.desk.overview.cameras} == {"gate", "yard"}
    assert house.metrics.exposition()[0].count(b"\n") == before


def test_watched_time_is_that_of_frames_with_a_verdict(house, play, new_judgement) -> None:
    """Coverage: a hole, a new run and an unknown verdict do not count as watched."""
    play("NNNN")
    assert house.value("rareframe_watched_seconds_total", camera="gate") == 3
    play("NN", first=100)
    assert house.value("rareframe_watched_seconds_total", camera="gate") == 3 + 10 + 1, "a hole counts as 10 s at most"
    play("N", first=102, run="run-2")
    assert house.value("rareframe_watched_seconds_total", camera="gate") == 14


def test_time_is_due_from_the_start_on_whatever_becomes_of_the_camera(house, clock, new_report) -> None:
    """Coverage is measured against what should have been watched: silence is due too, a recording at no time."""
    house.desk.handle(new_report(camera="yard", live=False))
    for _ in range(3):
        clock.pass_s(0.5)
        house.desk.tick()
    house.desk.handle(new_report())
    clock.pass_s(4)
    house.desk.tick()
    assert house.value("rareframe_due_seconds_total", camera="gate") == 5.5
    assert house.value("rareframe_due_seconds_total", camera="yard") == 0


def test_deciding_and_storing_are_timed(house, play) -> None:
    """Deciding once a frame, storing once a telling."""
    play("NAAAN")
    assert house.value("rareframe_stage_duration_seconds_count", stage="decide") == 5
    assert house.value("rareframe_stage_duration_seconds_count", stage="store") == 1


def test_a_judgement_seen_twice_is_counted_once(house, new_judgement: Callable[..., Judgement]) -> None:
    """Messages may be sent twice."""
    for _ in range(2):
        house.desk.handle(new_judgement(0, anomalous=False))
    assert house.value("rareframe_judgements_total", camera="gate", verdict="normal") == 1


def test_latency_is_told_of_live_cameras_only(
    house,
    clock,
    new_judgement: Callable[..., Judgement],
    new_report: Callable[..., CameraReport],
    tmp_path: Path,
) -> None:
    """A recording's own time has nothing to do with now."""
    house.desk.handle(new_report(live=False))
    house.desk.handle(new_judgement(0, anomalous=False))
    assert house.value("rareframe_latency_seconds_count", camera="gate") is None
    house.desk.handle(new_report())
    clock.pass_s(1.25)
    house.desk.handle(new_judgement(1, anomalous=False))
    assert house.value("rareframe_latency_seconds_sum", camera="gate") == pytest.approx(0.25)
