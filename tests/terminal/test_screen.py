"""What the live view shows."""

from __future__ import annotations

import io

import cv2
import numpy as np
from rich.console import Console

from detectors.base import Reason
from monitor.terminal.picture import half_blocks
from monitor.terminal.screen import Histories, chosen_camera, screen
from monitor.types import Event, Phase, State, Verdict
from monitor.views import CameraView, Health, Overview, ProcessView, Status, Trouble

S = 1_000_000_000
WHY = Reason("motion", "faster than usual at the left", 0.001, None)
EVENT = Event(
    id="0123456789abcdef", camera="gate", phase=Phase.OPENED, began_ns=90 * S, ended_ns=92 * S, began_pts=None,
    ended_pts=None, peak_ns=91 * S, score=4.0, limit=2.0, p_value=None, frames=9, state=State.ACTIVE, reasons=(WHY,),
    cause=None, snapshot=None, overlay=None, clip=None,
)  # fmt: skip


def _camera(name: str, *, score: float | None, limit: float | None, event: Event | None = None) -> CameraView:
    return CameraView(
        camera=name, state=State.ACTIVE, reason="", ended=False, link=None, verdict=Verdict.NORMAL, score=score,
        limit=limit, p_value=None, scores=(), fps=9.9, frames=100, dropped=3, missed=3, last_frame_ns=1, picture=None,
        picture_ns=1, open_event=event, last_event=event,
    )  # fmt: skip


def _overview(*cameras: CameraView, troubles: tuple[Trouble, ...] = ()) -> Overview:
    health = Health(Status.DEGRADED if troubles else Status.READY, True, troubles)
    process = ProcessView("worker", up=True, pid=1, restarts=2, rss_bytes=None, silent_s=0.0)
    return Overview(100 * S, 0, health, cameras, (process,), (), ())


def _shown(overview: Overview | None, histories: Histories | None = None, columns: int = 140) -> str:
    out = io.StringIO()
    console = Console(file=out, width=columns, force_terminal=False)
    console.print(
        screen(overview, ["gate"], histories or Histories(), ["metrics   http://127.0.0.1:9108/metrics"], None, columns)
    )
    return out.getvalue()


def test_everything_a_person_asks_is_on_the_screen() -> None:
    """State, rate, score against its limit, drops, the last event and why, and where the metrics are."""
    shown = _shown(_overview(_camera("gate", score=1.0, limit=2.0, event=EVENT)))
    for words in (
        "ready",
        "worker (2 restarts)",
        "gate",
        "active",
        "9.9",
        "50%",
        "3",
        "faster than usual",
        "http://127.0.0.1:9108/metrics",
    ):
        assert words in shown


def test_a_narrow_terminal_keeps_what_matters() -> None:
    """In 80 columns the last scores go; state, bar and last event stay."""
    shown = _shown(_overview(_camera("gate", score=1.0, limit=2.0, event=EVENT)), columns=80)
    for words in ("gate", "active", "50%", "opened", "faster than"):
        assert words in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_unknown_is_not_shown_as_normal() -> None:
    """A camera without a score or a limit has no bar."""
    assert "not known yet" in _shown(_overview(_camera("gate", score=None, limit=None)))
    assert "no limit yet" in _shown(_overview(_camera("gate", score=1.0, limit=None)))


def test_a_limit_of_zero_is_a_limit() -> None:
    """Zero is a number: a score above it is shown beyond the mark, and nothing is divided by it."""
    assert "200%" in _shown(_overview(_camera("gate", score=1.0, limit=0.0)))


def test_a_problem_is_shown_with_its_remedy() -> None:
    """What is wrong and what to do about it."""
    trouble = Trouble("sink", "hook", "it refused the event", 1, "check its address")
    assert "! it refused the event; check its address" in _shown(_overview(troubles=(trouble,)))


def test_the_sparkline_remembers_half_a_minute() -> None:
    """Scores rise in it as they did; what is older has gone."""
    histories = Histories()
    for score in range(40):
        histories.add(_overview(_camera("gate", score=float(score), limit=20.0)))
    assert len(histories.of("gate")) == 30
    assert "▃▃▃▃▃▄▄▄▄▄" in _shown(_overview(_camera("gate", score=39.0, limit=20.0)), histories)


def test_before_the_daemon_answers_the_view_says_so() -> None:
    """Nothing is invented while there is nothing to show."""
    assert "starting; cameras: gate" in _shown(None)


def test_the_picture_is_of_the_camera_where_something_happens() -> None:
    """An open event comes first, then whoever has a picture."""
    quiet, busy = _camera("a", score=1.0, limit=2.0), _camera("b", score=1.0, limit=2.0, event=EVENT)
    assert chosen_camera(_overview(quiet, busy)) == "b"
    assert chosen_camera(_overview(quiet)) == "a"
    assert chosen_camera(_overview()) is None


def test_half_blocks_keep_shape_and_colour() -> None:
    """A red picture twice as wide as high becomes a quarter as many rows as columns, in red."""
    image = np.zeros((60, 120, 3), np.uint8)
    image[:, :, 2] = 255  # BGR
    text = half_blocks(cv2.imencode(".png", image)[1].tobytes(), 40)
    assert text is not None
    assert [len(line) for line in text.plain.splitlines()] == [40] * 10
    assert str(text.spans[0].style) == "#ff0000 on #ff0000"


def test_a_broken_picture_is_left_out() -> None:
    """Bytes that are no picture do not end the view."""
    assert half_blocks(b"not a picture", 40) is None
    assert half_blocks(b"", 40) is None
