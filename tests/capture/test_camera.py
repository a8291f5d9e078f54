"""The loop round a camera, with scripted sources and a clock that only moves when told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from monitor.capture.camera import Camera, Plan
from monitor.capture.source import Cause, SourceError
from monitor.types import Link

NS = 1_000_000_000
JOIN_S = 5.0


class Stage:
    """Builds a camera whose opener plays one scripted source after the other, then stops the loop."""

    def __init__(self, clock: Any, outlet: Any, scripted: type[Any]) -> None:
        self.clock, self.outlet, self.scripted = clock, outlet, scripted
        self.stop = threading.Event()
        self.sources: list[Any] = []
        self.opened_ns: list[int] = []

    def camera(self, *runs: Any, live: bool = True, rate_hz: float | None = None) -> Camera:
        """Each of `runs` is a list of steps, or an error that opening raises."""
        waiting = list(runs)

        def opener() -> Any:
            self.opened_ns.append(self.clock.now_ns)
            if not waiting:
                self.stop.set()
                raise SourceError(Cause.FAILED, "the script is over")
            run = waiting.pop(0)
            if isinstance(run, SourceError):
                raise run
            if callable(run):
                run()
                run = []
            self.sources.append(self.scripted(run))
            return self.sources[-1]

        names = (f"run{number}" for number in range(10_000))
        plan = Plan("gate", live, 64, rate_hz)
        return Camera(plan, opener, self.outlet, self.clock, Random(0), "boot", lambda: next(names))

    def links(self) -> list[tuple[Link, str]]:
        """The link and cause of each report, without repeats."""
        told = [(report.link, report.cause) for report in self.outlet.reports]
        return [told[0], *(after for before, after in pairwise(told) if before != after)]


@pytest.fixture
def stage(clock: Any, outlet: Any, scripted: type[Any]) -> Stage:
    """A stage with a manual clock and a listening outlet."""
    return Stage(clock, outlet, scripted)


def error(cause: Cause) -> SourceError:
    """A source's failure."""
    return SourceError(cause, "rtsp://10.0.0.5/sub: it happened")


def test_frames_are_numbered_per_run(stage: Stage, picture: Any) -> None:
    """Every run has its own name and its own seq from 0 without gaps; wall time keeps its distance within a run."""
    step = lambda: stage.clock.advance(0.2)  # noqa: E731
    run = [picture(None), step, picture(0.2), step, picture(0.1)]
    stage.camera(run, [picture(7.0)]).run(stage.stop)
    stamps = [frame.stamp for frame in stage.outlet.frames]
    assert [(stamp.run, stamp.seq) for stamp in stamps] == [("run0", 0), ("run0", 1), ("run0", 2), ("run1", 0)]
    assert [stamp.pts for stamp in stamps] == [None, 0.0, pytest.approx(-0.1), 0.0]
    assert len({stamp.wall_ns - stamp.mono_ns for stamp in stamps[:3]}) == 1
    assert all(stamp.camera == "gate" for stamp in stamps)


def test_only_pictures_that_are_due_are_converted(stage: Stage, picture: Any) -> None:
    """Of 25 pictures a second, 5 a second are converted and sent; every one lets pending frames out."""
    pictures = [picture(number / 25) for number in range(100)]
    stage.camera(pictures, live=False, rate_hz=5.0).run(stage.stop)
    sent = len(stage.outlet.frames)
    assert sent == pytest.approx(20, abs=1)
    assert sum(each.conversions for each in pictures) == sent
    assert [frame.stamp.seq for frame in stage.outlet.frames] == list(range(sent))
    assert stage.outlet.pumps == 100


def test_a_frame_says_how_long_scaling_took(stage: Stage, picture: Any) -> None:
    """On the loop's own monotonic clock, and of that frame alone."""
    slow = picture(None, while_converted=lambda: stage.clock.advance(0.25))
    stage.camera([slow, picture(None)]).run(stage.stop)
    assert [frame.scaled_s for frame in stage.outlet.frames] == [0.25, 0.0]


def test_a_recording_is_read_once_to_its_end(stage: Stage, picture: Any) -> None:
    """The end of a recording ends the loop, is told as ENDED and is no failure; its moments are its pts."""
    stage.camera([picture(0.0), picture(0.5), picture(90.0)], live=False).run(stage.stop)
    last = stage.outlet.reports[-1]
    assert (last.link, last.cause, last.failures, last.frames) == (Link.ENDED, "", (), 3)
    first, *_, final = [frame.stamp for frame in stage.outlet.frames]
    assert final.mono_ns - first.mono_ns == final.wall_ns - first.wall_ns == 90 * NS
    assert len(stage.opened_ns) == 1
    assert stage.sources[0].closed == 1


def test_a_recording_that_breaks_is_not_read_twice(stage: Stage, picture: Any) -> None:
    """After its first frame a broken recording is given up; before it, it is tried again."""
    stage.camera([error(Cause.FAILED)], [picture(0.0), error(Cause.FAILED)], [picture(0.0)], live=False).run(stage.stop)
    assert len(stage.opened_ns) == 2
    assert len(stage.outlet.frames) == 1
    last = stage.outlet.reports[-1]
    assert (last.link, last.cause, last.retry_s) == (Link.OFFLINE, "failed", None)


def test_a_live_stream_that_just_ends_is_a_disconnect(stage: Stage, picture: Any) -> None:
    """A live iterator that ends without a word counts as ENDED and is connected again."""
    stage.camera([picture(None)], [picture(None)]).run(stage.stop)
    assert {(count.label, count.total) for count in stage.outlet.reports[-1].failures} >= {("ended", 2)}
    assert len(stage.outlet.frames) == 2
    assert [source.closed for source in stage.sources] == [1, 1]


def test_a_clock_that_is_set_begins_a_run_with_the_right_time(stage: Stage, picture: Any) -> None:
    """A machine that learns the time after its cameras are open stamps no picture by the clock it had before."""

    def set_clock(seconds: float) -> None:
        stage.clock.step_ns += round(seconds * NS)

    wrong = [picture(None), lambda: set_clock(30.0), picture(None), lambda: set_clock(1e9), picture(None)]
    stage.camera(wrong, [picture(None)]).run(stage.stop)
    stamps = [frame.stamp for frame in stage.outlet.frames]
    assert [(stamp.run, stamp.seq) for stamp in stamps] == [("run0", 0), ("run0", 1), ("run1", 0)]
    assert stamps[-1].wall_ns - stamps[-1].mono_ns == stage.clock.step_ns
    assert any("clock" in report.detail for report in stage.outlet.reports)


def test_a_recording_does_not_mind_a_clock_that_is_set(stage: Stage, picture: Any) -> None:
    """Its moments are those of the recording."""
    steps = [picture(0.0), lambda: setattr(stage.clock, "step_ns", 0), picture(1.0)]
    stage.camera(steps, live=False).run(stage.stop)
    assert stage.outlet.reports[-1].link is Link.ENDED
    assert len({frame.stamp.wall_ns - frame.stamp.mono_ns for frame in stage.outlet.frames}) == 1


def test_each_change_is_told_and_each_failure_counted(stage: Stage, picture: Any) -> None:
    """Reports go connecting, online, offline with the cause and the time of the next attempt, and round again."""
    stage.camera(error(Cause.REFUSED), [picture(None), error(Cause.HUNG)]).run(stage.stop)
    assert stage.links()[:5] == [
        (Link.CONNECTING, ""),
        (Link.OFFLINE, "refused"),
        (Link.CONNECTING, ""),
        (Link.ONLINE, ""),
        (Link.OFFLINE, "hung"),
    ]
    waiting = [report for report in stage.outlet.reports if report.link is Link.OFFLINE]
    assert all(report.retry_s is not None and report.retry_s >= 0 for report in waiting)
    assert {(count.label, count.total) for count in waiting[-1].failures} >= {("refused", 1), ("hung", 1)}
    assert all(report.boot == "boot" and report.drops[0].total == 3 for report in stage.outlet.reports)


def test_delays_grow_and_a_healthy_spell_resets_them(stage: Stage, picture: Any) -> None:
    """Failures in a row are tried at growing distances; a run that was well for half a minute starts small again."""
    healthy = [picture(None), lambda: stage.clock.advance(31.0), picture(None), error(Cause.ENDED)]
    short = [picture(None), lambda: stage.clock.advance(5.0), error(Cause.ENDED)]
    stage.camera(*[error(Cause.REFUSED)] * 5, short, healthy).run(stage.stop)
    gaps_s = [(b - a) / NS for a, b in pairwise(stage.opened_ns)]
    assert all(top / 2 <= gap <= top for gap, top in zip(gaps_s, (1, 2, 4, 8, 16), strict=False))
    assert 5 + 16 <= gaps_s[5] <= 5 + 32  # connecting for a moment is not health
    assert 31 + 0.5 <= gaps_s[6] <= 31 + 1


@pytest.mark.parametrize("cause", [Cause.LOGIN, Cause.NOT_FOUND])
def test_hopeless_causes_wait_long(stage: Stage, cause: Cause) -> None:
    """A refused login is not tried again for half a minute at least: cameras lock accounts."""
    stage.camera(error(cause)).run(stage.stop)
    assert stage.opened_ns[1] - stage.opened_ns[0] >= 30 * NS


def test_the_loop_beats_while_it_waits(stage: Stage) -> None:
    """During a long delay there is a beat and a report every second, and the progress rises."""
    stage.camera(error(Cause.LOGIN)).run(stage.stop)
    seconds = (stage.opened_ns[1] - stage.opened_ns[0]) // NS
    assert len(stage.outlet.beats) >= seconds
    assert stage.outlet.beats == sorted(stage.outlet.beats)
    assert max(stage.clock.waits) <= 1.0


def test_reports_come_about_once_a_second(stage: Stage, picture: Any) -> None:
    """A camera that is well is told of once a second, not once a picture."""
    run = [step for _ in range(250) for step in (picture(None), lambda: stage.clock.advance(0.04))]
    camera = stage.camera(run)
    with pytest.raises(SourceError):
        camera.run_once(stage.stop)
    assert 10 <= len(stage.outlet.reports) <= 14
    assert stage.outlet.beats[-1] > stage.outlet.beats[0]


def test_a_stop_ends_the_loop_in_the_middle_of_a_run(stage: Stage, picture: Any) -> None:
    """Once `stop` is set, no further picture is asked for and the source is closed."""
    pictures = [picture(None) for _ in range(5)]
    stage.outlet.on_frame = lambda frame: stage.stop.set() if frame.stamp.seq == 1 else None
    stage.camera(pictures).run(stage.stop)
    assert len(stage.outlet.frames) == 2
    assert stage.sources[0].closed == 1


def test_a_stop_ends_a_delay(stage: Stage) -> None:
    """A camera that waits to be tried again stops at once."""
    stage.outlet.on_report = lambda report: stage.stop.set() if report.retry_s is not None else None
    stage.camera(error(Cause.LOGIN), error(Cause.LOGIN)).run(stage.stop)
    assert len(stage.opened_ns) == 1


def held(stage: Stage, build: Callable[[Callable[[], None]], Camera], look: Callable[[Camera], None]) -> None:
    """Run a camera in a thread that blocks in its source, `look` at it meanwhile, then let it go on to its end."""
    inside, release = threading.Event(), threading.Event()

    def block() -> None:
        inside.set()
        release.wait(JOIN_S)

    camera = build(block)
    thread = threading.Thread(target=camera.run, args=(stage.stop,))
    thread.start()
    try:
        assert inside.wait(JOIN_S)
        look(camera)
    finally:
        release.set()
        thread.join(JOIN_S)


def test_a_read_that_never_returns_is_seen_from_outside(stage: Stage, picture: Any) -> None:
    """A source that hangs beyond all its own time-outs is told as OFFLINE, hung; once it answers it is ONLINE again."""

    def look(camera: Camera) -> None:
        stage.clock.advance(9.9)
        assert camera.watch() is None
        stage.clock.advance(0.2)
        report = camera.watch()
        assert report is not None
        assert (report.link, report.cause, report.frames) == (Link.OFFLINE, "hung", 1)
        assert camera.watch() is not None

    held(stage, lambda block: stage.camera([picture(None), block, picture(None), picture(None)]), look)
    after = stage.links()
    assert after[:2] == [(Link.CONNECTING, ""), (Link.ONLINE, "")]
    assert len(stage.outlet.frames) == 3


def test_an_opening_that_never_returns_is_seen_from_outside(stage: Stage, picture: Any) -> None:
    """A connection that hangs, as a name server may make it, is told as OFFLINE, timeout."""

    def look(camera: Camera) -> None:
        stage.clock.advance(21.9)
        assert camera.watch() is None
        stage.clock.advance(0.2)
        report = camera.watch()
        assert report is not None
        assert (report.link, report.cause) == (Link.OFFLINE, "timeout")

    held(stage, lambda block: stage.camera(block, [picture(None)]), look)
    assert len(stage.outlet.frames) == 1


def test_a_waiting_receiver_is_not_a_hung_camera(stage: Stage, picture: Any) -> None:
    """A recording whose frames nobody takes is not called hung: its source is well."""
    inside, release = threading.Event(), threading.Event()
    stage.outlet.on_frame = lambda frame: (inside.set(), release.wait(JOIN_S))
    camera = stage.camera([picture(0.0)], live=False)
    thread = threading.Thread(target=camera.run, args=(stage.stop,))
    thread.start()
    assert inside.wait(JOIN_S)
    stage.clock.advance(1000.0)
    try:
        assert camera.watch() is None
    finally:
        release.set()
        thread.join(JOIN_S)


def test_damage_is_told_at_the_end_of_a_recording(stage: Stage, picture: Any) -> None:
    """Pictures that were skipped as damaged are mentioned when the recording is at its end."""
    camera = stage.camera([picture(0.0), lambda: setattr(stage.sources[0], "damaged", 4)], live=False)
    camera.run(stage.stop)
    assert "4 damaged" in stage.outlet.reports[-1].detail
