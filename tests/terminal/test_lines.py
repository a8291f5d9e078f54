"""What is printed off a terminal: a line per change and nothing else."""

from __future__ import annotations

from dataclasses import replace

from monitor.terminal.lines import Lines
from monitor.types import Event, Phase, State
from monitor.views import CameraView, Health, Overview, ProcessView, Status, Trouble

S = 1_000_000_000
CAMERA = CameraView(
    camera="gate", state=State.WARMING, reason="learning the scene: 40 s more", ended=False, link=None, verdict=None,
    score=None, limit=None, p_value=None, scores=(), fps=None, frames=0, dropped=0, missed=0, last_frame_ns=None,
    picture=None, picture_ns=None, open_event=None, last_event=None,
)  # fmt: skip
OVERVIEW = Overview(
    made_ns=100 * S, made_mono_ns=0, health=Health(Status.READY, True, ()), cameras=(CAMERA,), processes=(),
    deliveries=(), recent=(),
)  # fmt: skip
EVENT = Event(
    id="0123456789abcdef", camera="gate", phase=Phase.OPENED, began_ns=90 * S, ended_ns=92 * S, began_pts=None,
    ended_pts=None, peak_ns=91 * S, score=4.0, limit=2.0, p_value=None, frames=9, state=State.ACTIVE, reasons=(),
    cause=None, snapshot=None, overlay=None, clip=None,
)  # fmt: skip


def _words(lines: list[str]) -> list[str]:
    """Without the time of day, which depends on where the test runs."""
    return [line.partition(" ")[2] for line in lines]


def test_a_state_is_told_once() -> None:
    """Each change of state is a line; the same state again, with another reason, is none."""
    lines = Lines(0)
    active = replace(OVERVIEW, cameras=(replace(CAMERA, state=State.ACTIVE, reason=""),))
    later = replace(OVERVIEW, cameras=(replace(CAMERA, reason="learning the scene: 39 s more"),))
    assert _words(lines.news(OVERVIEW)) == ["gate: warming, learning the scene: 40 s more"]
    assert lines.news(later) == []
    assert _words(lines.news(active)) == ["gate: active"]


def test_an_event_is_told_when_it_opens_and_when_it_closes() -> None:
    """Two lines an event, however often it is looked at, also if it opened and closed between two looks."""
    lines = Lines(0)
    lines.news(OVERVIEW)
    closed = replace(EVENT, phase=Phase.CLOSED, cause="quiet")
    other = replace(closed, id="fedcba9876543210")
    opened_line = f"gate: event {EVENT.id} opened: score 4 above 2"
    closed_line = f"gate: event {EVENT.id} closed after 2.0 s (quiet)"
    assert _words(lines.news(replace(OVERVIEW, recent=(EVENT,)))) == [opened_line]
    assert lines.news(replace(OVERVIEW, recent=(replace(EVENT, phase=Phase.UPDATED),))) == []
    assert _words(lines.news(replace(OVERVIEW, recent=(other, closed)))) == [
        closed_line,
        opened_line.replace(EVENT.id, other.id),
        closed_line.replace(EVENT.id, other.id),
    ]
    assert lines.news(replace(OVERVIEW, recent=(other, closed))) == []


def test_events_from_before_the_start_are_old() -> None:
    """A daemon that is started again does not tell yesterday's events as news."""
    lines = Lines(95 * S)
    assert _words(lines.news(replace(OVERVIEW, cameras=(), recent=(replace(EVENT, phase=Phase.CLOSED),)))) == []


def test_a_problem_is_told_when_it_comes_and_when_it_goes() -> None:
    """What is wrong and what to do once, then that it is over."""
    lines = Lines(0)
    lines.news(OVERVIEW)
    trouble = Trouble("camera", "gate", "no frames for 20 s", 90 * S, "check its network")
    wrong = replace(OVERVIEW, health=Health(Status.DEGRADED, True, (trouble,)))
    assert _words(lines.news(wrong)) == ["problem: camera gate: no frames for 20 s; check its network"]
    assert lines.news(wrong) == []
    assert _words(lines.news(OVERVIEW)) == ["over: camera gate: no frames for 20 s"]


def test_a_restart_is_told() -> None:
    """Each unplanned restart of a process is a line."""
    lines = Lines(0)
    lines.news(OVERVIEW)
    process = ProcessView("worker", up=True, pid=1, restarts=1, rss_bytes=None, silent_s=0.0)
    assert _words(lines.news(replace(OVERVIEW, processes=(process,)))) == ["worker: restarted, 1 time(s) by now"]
    assert lines.news(replace(OVERVIEW, processes=(process,))) == []
