"""What is known of each camera and process right now, kept as messages come in. Decides nothing about events."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from monitor.kinds import Kind, kind_of
from monitor.types import CameraReport, Event, Judgement, Link, ProcessReport, ScoringReport, Stamp, Verdict
from monitor.views import CameraView, ProcessView, Standing, Tally

_S = 1_000_000_000
_RATE_OVER = 32
# A longer gap between two judgements is time that was not watched.
_MOST_WATCHED_S = 10.0
RECENT_EVENTS = 50


@dataclass(slots=True)
class CameraFacts:
    """One camera's newest messages and when they came in, on the alert process's monotonic clock.

    Attributes:
        since_mono_ns: When the alert process started.
        online_mono_ns: When the camera was last seen to come online.
        pictured: The newest judgement with a picture.
    """

    camera: str
    since_mono_ns: int
    report: CameraReport | None = None
    report_mono_ns: int | None = None
    online_mono_ns: int | None = None
    scoring: ScoringReport | None = None
    judgement: Judgement | None = None
    arrivals: deque[int] = field(default_factory=lambda: deque(maxlen=_RATE_OVER))
    pictured: Judgement | None = None
    last_event: Event | None = None
    due_mono_ns: int | None = None

    def take_due(self, now_ns: int) -> float:
        """Seconds since the last call in which it was to be watched, as a live camera is from the start on."""
        since_ns = self.since_mono_ns if self.due_mono_ns is None else self.due_mono_ns
        self.due_mono_ns = now_ns
        return max(0, now_ns - since_ns) / _S if self.report is None or self.report.live else 0.0

    def take_report(self, report: CameraReport, now_ns: int) -> None:
        """A report came in."""
        if report.link is Link.ONLINE and (self.report is None or self.report.link is not Link.ONLINE):
            self.online_mono_ns = now_ns
        self.report, self.report_mono_ns = report, now_ns

    def take_judgement(self, judgement: Judgement, now_ns: int) -> float:
        """A judgement came in; the seconds it adds to the time that was really watched."""
        before, self.judgement = self.judgement, judgement
        self.arrivals.append(now_ns)
        if judgement.picture is not None:
            self.pictured = judgement
        if before is None or before.stamp.run != judgement.stamp.run or judgement.verdict is Verdict.UNKNOWN:
            return 0.0
        return min(_MOST_WATCHED_S, max(0.0, (judgement.stamp.mono_ns - before.stamp.mono_ns) / _S))

    def has_seen(self, stamp: Stamp) -> bool:
        """Whether the judgement of this frame came in before: messages may be sent twice."""
        newest = None if self.judgement is None else self.judgement.stamp
        return newest is not None and newest.run == stamp.run and stamp.seq <= newest.seq

    def report_age_s(self, now_ns: int) -> float:
        """Seconds since the newest report, or since the start."""
        return (now_ns - (self.since_mono_ns if self.report_mono_ns is None else self.report_mono_ns)) / _S

    def silent_s(self, now_ns: int) -> float:
        """Seconds since the newest judgement, or since the start."""
        return (now_ns - (self.arrivals[-1] if self.arrivals else self.since_mono_ns)) / _S

    def unjudged_s(self, now_ns: int) -> float:
        """Seconds since the newest judgement, or since the camera came online if that was later."""
        online_ns = self.since_mono_ns if self.online_mono_ns is None else self.online_mono_ns
        return min(self.silent_s(now_ns), (now_ns - online_ns) / _S)

    def rate(self, now_ns: int) -> float | None:
        """Judgements per second of late."""
        if len(self.arrivals) < 2:  # noqa: PLR2004  # a rate needs two
            return None
        span_s = (now_ns - self.arrivals[0]) / _S
        return len(self.arrivals) / span_s if span_s > 0 else None

    def view(
        self, standing: Standing, open_event: Event | None, tally: Tally, alerts_per_day: float | None, now_ns: int
    ) -> CameraView:
        """The camera as it is to be shown."""
        report, judgement, pictured = self.report, self.judgement, self.pictured
        if open_event is not None and self.last_event is not None and self.last_event.id == open_event.id:
            open_event = _told_as(open_event, self.last_event)
        return CameraView(
            camera=self.camera,
            state=standing.state,
            reason=standing.reason,
            ended=standing.ended,
            link=None if report is None else report.link,
            verdict=None if judgement is None else judgement.verdict,
            score=None if judgement is None else judgement.score,
            limit=None if judgement is None else judgement.limit,
            p_value=None if judgement is None else judgement.p_value,
            scores=() if judgement is None else judgement.scores,
            fps=self.rate(now_ns),
            frames=0 if report is None else report.frames,
            dropped=0 if report is None else sum(drop.total for drop in report.drops),
            missed=0 if self.scoring is None else self.scoring.missed,
            last_frame_ns=None if report is None else report.last_frame_ns,
            picture=None if pictured is None else pictured.picture,
            picture_ns=None if pictured is None else pictured.stamp.wall_ns,
            open_event=open_event,
            last_event=self.last_event,
            told_24h=tally.told,
            held_24h=tally.held,
            alerts_per_day=alerts_per_day,
            drops=() if report is None else report.drops,
        )


class Board:
    """All cameras and processes of the configuration; what is told of any other is not taken in."""

    def __init__(self, cameras: Sequence[str], processes: Sequence[str], now_ns: int) -> None:
        """`now_ns`: monotonic."""
        self.cameras = {camera: CameraFacts(camera, now_ns) for camera in cameras}
        self._expected = tuple(processes)
        self._since_mono_ns = now_ns
        self._processes: dict[str, tuple[ProcessReport, int]] = {}
        self._restarts: dict[str, int] = {}
        self._events: dict[str, Event] = {}

    def take_process(self, report: ProcessReport, now_ns: int) -> None:
        """A process told of itself, or the supervisor of its child."""
        if report.process not in self._expected:
            return
        if report.restarts is not None:
            self._restarts[report.process] = report.restarts
        self._processes[report.process] = report, now_ns

    def take_event(self, event: Event) -> None:
        """An event was told; what is known of how it was told stays."""
        event = replace(event, look=())  # some hundred numbers that nobody reads
        known = self._events.pop(event.id, None)
        event = event if known is None else _told_as(event, known)
        if event.camera in self.cameras and kind_of(event) is Kind.ANOMALY:
            self.cameras[event.camera].last_event = event
        self._events[event.id] = event
        while len(self._events) > RECENT_EVENTS:
            self._events.pop(next(iter(self._events)))

    def take_stored(self, event: Event) -> None:
        """An event taken before was stored, now or late, or told in a digest: whether it is held is known."""
        if event.id in self._events:
            self._events[event.id] = _told_as(self._events[event.id], event)
        facts = self.cameras.get(event.camera)
        if facts is not None and facts.last_event is not None and facts.last_event.id == event.id:
            facts.last_event = _told_as(facts.last_event, event)

    def take_files(self, event: Event) -> None:
        """An event taken before got its clip or its full picture since."""
        if event.id in self._events:
            self._events[event.id] = replace(self._events[event.id], clip=event.clip, full=event.full)
        facts = self.cameras.get(event.camera)
        if facts is not None and facts.last_event is not None and facts.last_event.id == event.id:
            facts.last_event = replace(facts.last_event, clip=event.clip, full=event.full)

    def recent(self) -> tuple[Event, ...]:
        """The newest events told, newest first."""
        return tuple(reversed(self._events.values()))

    def processes(self, now_ns: int) -> tuple[ProcessView, ...]:
        """Every process of the configuration, in its order."""
        return tuple(self._process(name, now_ns) for name in self._expected)

    def _process(self, name: str, now_ns: int) -> ProcessView:
        restarts = self._restarts.get(name)
        if name not in self._processes:
            return ProcessView(name, False, None, restarts, None, (now_ns - self._since_mono_ns) / _S)
        report, heard_ns = self._processes[name]
        return ProcessView(name, report.up, report.pid, restarts, report.rss_bytes, (now_ns - heard_ns) / _S)


def _told_as(event: Event, stored: Event) -> Event:
    return replace(event, held=stored.held, also=stored.also)
