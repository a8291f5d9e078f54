"""Health: what may be believed of a camera, and what is wrong with the daemon."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.deciding.health import HealthAssessor, HealthRules
from monitor.types import CameraReport, Judgement, Link, Stamp, State, Verdict
from monitor.views import CameraView, DeliveryView, Health, ProcessView, Status, Trouble

S = 1_000_000_000
NOW_NS = 1_790_000_000 * S
ASSESSOR = HealthAssessor(HealthRules())
REPORT = CameraReport("gate", "boot", NOW_NS, Link.ONLINE, "", "", True, 100, (), (), NOW_NS - S, None)
JUDGEMENT = Judgement(
    stamp=Stamp("gate", "run-1", 5, NOW_NS, 5 * S, None),
    state=State.ACTIVE,
    state_reason="",
    verdict=Verdict.NORMAL,
    score=1.0,
    p_value=0.5,
    limit=2.0,
    scores=(),
    reasons=(),
    heatmap=None,
    picture=None,
    scored_s=0.01,
)
VIEW = CameraView(
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
    picture=None,
    picture_ns=None,
    open_event=None,
    last_event=None,
)
WORKER = ProcessView("worker", True, 7, 0, 10**8, 0.5)


def test_a_camera_that_is_judged_stands_where_the_worker_says() -> None:
    """With fresh pictures and fresh judgements the worker's state holds."""
    warming = replace(JUDGEMENT, state=State.WARMING, state_reason="20 s left", verdict=Verdict.UNKNOWN)
    assert ASSESSOR.camera(REPORT, 0.5, JUDGEMENT, 0.2).state is State.ACTIVE
    standing = ASSESSOR.camera(REPORT, 0.5, warming, 0.2)
    assert (standing.state, standing.reason) == (State.WARMING, "20 s left")


@pytest.mark.parametrize(
    ("report", "age_s", "reason"),
    [
        (None, 30.0, "its capture has not been heard of for 30 s"),
        (REPORT, 30.0, "its capture has been silent for 30 s"),
        (
            replace(REPORT, link=Link.OFFLINE, cause="refused", detail="login refused", retry_s=60.0),
            0.5,
            "login refused; next try in 60 s",
        ),
        (replace(REPORT, link=Link.CONNECTING), 0.5, "not connected yet"),
        (replace(REPORT, last_frame_ns=None), 0.5, "connected, no picture yet"),
        (replace(REPORT, last_frame_ns=NOW_NS - 40 * S), 0.5, "no picture for 40 s"),
    ],
)
def test_no_pictures_is_blind_whatever_the_worker_last_said(
    report: CameraReport | None, age_s: float, reason: str
) -> None:
    """A camera without pictures is blind, and says why."""
    standing = ASSESSOR.camera(report, age_s, JUDGEMENT, 0.2)
    assert (standing.state, standing.reason, standing.ended) == (State.BLIND, reason, False)


def test_pictures_that_nobody_judges_are_not_normal() -> None:
    """A dead worker shows on each of its cameras."""
    standing = ASSESSOR.camera(REPORT, 0.5, JUDGEMENT, 40.0)
    assert standing.state is State.DEGRADED
    assert "none was judged for 40 s" in standing.reason


def test_an_unknown_verdict_is_never_active() -> None:
    """A camera whose newest verdict is UNKNOWN does not pass for a working one."""
    standing = ASSESSOR.camera(REPORT, 0.5, replace(JUDGEMENT, verdict=Verdict.UNKNOWN), 0.2)
    assert standing.state is State.DEGRADED


def test_a_recording_that_ended_is_no_trouble() -> None:
    """The end of a recording is its own thing, and only once its last frames were judged."""
    ended = replace(REPORT, link=Link.ENDED, live=False)
    assert ASSESSOR.camera(ended, 300.0, JUDGEMENT, 1.0).state is State.ACTIVE
    standing = ASSESSOR.camera(ended, 300.0, JUDGEMENT, 6.0)
    assert standing.ended
    view = replace(VIEW, state=standing.state, ended=standing.ended, link=Link.ENDED)
    assert health(view).status is Status.READY


def test_a_recordings_own_time_is_not_compared_with_now() -> None:
    """A recording made long ago is not a camera without pictures."""
    recording = replace(REPORT, live=False, last_frame_ns=NOW_NS - 1000 * S)
    assert ASSESSOR.camera(recording, 0.5, JUDGEMENT, 0.2).state is State.ACTIVE


def health(
    *cameras: CameraView,
    processes: tuple[ProcessView, ...] = (WORKER,),
    alert_path: tuple[Trouble, ...] = (),
    deliveries: tuple[DeliveryView, ...] = (),
    previous: Health | None = None,
    age_s: float = 100.0,
    now_ns: int = NOW_NS,
) -> Health:
    """The daemon's health, by default long after a good start."""
    return ASSESSOR.daemon(cameras, processes, alert_path, deliveries, previous=previous, age_s=age_s, now_ns=now_ns)


def test_all_well_is_ready() -> None:
    """Nothing wrong: ready, and without reasons."""
    assert health(VIEW) == Health(Status.READY, can_alert=True, troubles=())


def test_starting_until_everything_was_heard() -> None:
    """Cameras and processes that were not heard yet mean starting, not trouble, for the first while only."""
    unheard = replace(VIEW, link=None, verdict=None, state=State.BLIND, reason="not heard")
    assert health(unheard, age_s=5.0) == Health(Status.STARTING, can_alert=True, troubles=())
    late = health(unheard, age_s=61.0)
    assert late.status is Status.DEGRADED
    assert [(t.kind, t.where, t.what) for t in late.troubles] == [("camera", "gate", "not heard")]
    absent = replace(WORKER, up=False, pid=None)
    assert health(VIEW, processes=(absent,), age_s=5.0).status is Status.STARTING
    assert health(VIEW, processes=(absent,), age_s=61.0).troubles[0].where == "worker"


def test_a_camera_that_cannot_be_reached_does_not_hold_up_the_start() -> None:
    """Known trouble is told at once."""
    offline = replace(VIEW, link=Link.OFFLINE, verdict=None, state=State.BLIND, reason="refused")
    assert health(offline, age_s=5.0).status is Status.DEGRADED


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"processes": (replace(WORKER, up=False),)}, "process"),
        ({"processes": (replace(WORKER, silent_s=30.0),)}, "process"),
        ({"deliveries": (DeliveryView("hook", 3, 0, "answered 500"),)}, "sink"),
        ({"alert_path": (Trouble("snapshots", "", "disk full", NOW_NS, "make room"),)}, "snapshots"),
        ({"alert_path": (Trouble("store", "", "disk full", NOW_NS, "make room"),)}, "store"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(wrong: dict[str, tuple[object, ...]], kind: str) -> None:
    """Each trouble degrades, is named and has a remedy; only the store stops alerts."""
    found = health(VIEW, **wrong)  # type: ignore[arg-type]  # one of the keyword arguments above
    assert found.status is Status.DEGRADED
    assert [trouble.kind for trouble in found.troubles] == [kind]
    assert found.troubles[0].remedy
    assert found.can_alert is (kind != "store")


def test_trouble_keeps_the_time_of_its_beginning() -> None:
    """Since when: from the first moment it was seen, though its text changes; anew after it was gone."""
    blind = replace(VIEW, state=State.BLIND, reason="no picture for 16 s")
    first = health(blind)
    later = health(replace(blind, reason="no picture for 99 s"), previous=first, now_ns=NOW_NS + 83 * S)
    assert [(t.since_ns, t.what) for t in later.troubles] == [(NOW_NS, "no picture for 99 s")]
    again = health(blind, previous=health(VIEW, previous=later), now_ns=NOW_NS + 200 * S)
    assert again.troubles[0].since_ns == NOW_NS + 200 * S
