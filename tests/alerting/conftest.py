"""What the tests of alerting share: a clock that is set by hand, values with defaults, and the desk's parts."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from detectors.base import Reason
from monitor.alerting.clips import EventClips
from monitor.alerting.delivery import Delivery, Route
from monitor.alerting.desk import AlertDesk
from monitor.alerting.notices import NoticeRules
from monitor.alerting.parts import Parts, ShadowParts
from monitor.alerting.retention import Limits, Retention
from monitor.alerting.snapshots import Snapshots
from monitor.alerting.store import EventStore
from monitor.alerting.upkeep import Upkeep
from monitor.deciding.decider import EpisodeDecider
from monitor.deciding.episodes import Rules
from monitor.deciding.health import HealthAssessor, HealthRules
from monitor.deciding.policy import Policy
from monitor.deciding.valve import Budget, Valve
from monitor.metrics import Metrics
from monitor.sink import Sink, SinkError
from monitor.types import CameraReport, ClipRequest, Event, Judgement, Link, Phase, Stamp, State, Verdict

S = 1_000_000_000
EPOCH_NS = 1_790_000_000 * S  # 2026-09-21


@dataclass
class ManualClock:
    """Both hands move only by hand."""

    now_ns: int = 0

    def wall_ns(self) -> int:
        return EPOCH_NS + self.now_ns

    def mono_ns(self) -> int:
        return self.now_ns

    def pass_s(self, seconds: float) -> None:
        self.now_ns += int(seconds * S)


@pytest.fixture
def clock() -> ManualClock:
    """A clock at 0, monotonic, and in September 2026."""
    return ManualClock()


@pytest.fixture
def new_event() -> Callable[..., Event]:
    """Make an event; every field may be given."""

    def make(**fields: object) -> Event:
        event = Event(
            id="00000000000000aa",
            camera="gate",
            phase=Phase.OPENED,
            began_ns=EPOCH_NS,
            ended_ns=EPOCH_NS + 2 * S,
            began_pts=None,
            ended_pts=None,
            peak_ns=EPOCH_NS + S,
            score=4.0,
            limit=2.0,
            p_value=0.001,
            frames=3,
            state=State.ACTIVE,
            reasons=(Reason("motion", "moves as nothing did before", 0.001, (0.1, 0.2, 0.5, 0.6)),),
            cause=None,
            snapshot=None,
            overlay=None,
            clip=None,
        )
        return replace(event, **fields)  # type: ignore[arg-type]  # any of the fields, by name

    return make


@pytest.fixture(scope="session")
def jpeg() -> bytes:
    """A grey picture of 64×48."""
    return cv2.imencode(".jpg", np.full((48, 64, 3), 90, np.uint8))[1].tobytes()


@pytest.fixture
def new_judgement(jpeg: bytes) -> Callable[..., Judgement]:
    """Make a judgement of frame `seq`, one a second; anomalous ones have a picture and a heatmap."""

    def make(seq: int, *, anomalous: bool, camera: str = "gate", run: str = "run-1", score: float = 4.0) -> Judgement:
        heatmap = np.zeros((6, 8), np.float32)
        heatmap[2, 3] = 1.0
        return Judgement(
            stamp=Stamp(camera, run, seq, EPOCH_NS + seq * S, seq * S, float(seq)),
            state=State.ACTIVE,
            state_reason="",
            verdict=Verdict.ANOMALOUS if anomalous else Verdict.NORMAL,
            score=score if anomalous else 1.0,
            p_value=0.001 if anomalous else 0.5,
            limit=2.0,
            scores=(),
            reasons=(Reason("motion", "moves", 0.001, (0.1, 0.2, 0.5, 0.6)),) if anomalous else (),
            heatmap=heatmap if anomalous else None,
            picture=jpeg if anomalous else None,
            scored_s=0.01,
        )

    return make


@pytest.fixture
def new_report(clock: ManualClock) -> Callable[..., CameraReport]:
    """Make a report of a camera that gives frames, as of now."""

    def make(**fields: object) -> CameraReport:
        now_ns = clock.wall_ns()
        report = CameraReport("gate", "boot", now_ns, Link.ONLINE, "", "", True, 10, (), (), now_ns, None)
        return replace(report, **fields)  # type: ignore[arg-type]  # any of the fields, by name

    return make


class ListSink:
    """Remembers what it was told; fails with `errors` first, in order."""

    def __init__(self, name: str, errors: list[SinkError] | None = None) -> None:
        self.name = name
        self.errors = errors or []
        self.told: list[Event] = []
        self.closed = False

    def deliver(self, event: Event) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.told.append(event)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def new_sink() -> type[ListSink]:
    """The class of a sink that remembers."""
    return ListSink


@dataclass
class House:
    """A whole alert process without sockets, over one data folder; `restart` is what `kill -9` and a start do."""

    data: Path
    clock: ManualClock
    rules: Rules
    sinks: list[Sink] = field(default_factory=list)
    cameras: tuple[str, ...] = ("gate", "yard")
    budget: Budget | None = None
    shadows: tuple[str, ...] = ()
    shadow_rules: Rules | None = None
    shadow_budget: Budget | None = None
    notices: NoticeRules = field(default_factory=lambda: NoticeRules(after_s=math.inf))  # of trouble nobody is told
    clips_after_s: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self.asked: list[ClipRequest] = []
        self.registry = CollectorRegistry()
        names = [sink.name for sink in self.sinks]
        self.metrics = Metrics(self.registry, self.cameras, ("capture", "worker"), names, "0")
        self.store = EventStore.open(self.data / "events.db", names)
        rng = random.Random(0)  # spreads retries, guards nothing
        routes = [Route(sink, Policy()) for sink in self.sinks]
        self.delivery = Delivery(self.store, routes, self.metrics.deliveries, self.clock, rng)
        limits = Limits(days=30, quota_bytes=10**9, keep_free_bytes=0, settled_s=600)
        self.upkeep = Upkeep(Retention(self.store, self.data, limits, self.metrics.disk, self.clock), [])
        self.decider = EpisodeDecider(dict.fromkeys(self.cameras, self.rules))
        self.valve = Valve(dict.fromkeys(self.cameras, self.budget))
        self.shadow = EpisodeDecider(dict.fromkeys(self.shadows, self.shadow_rules or self.rules))
        self.shadow_valve = Valve(dict.fromkeys(self.shadows, self.shadow_budget))
        self.clips = EventClips(
            self.data, self.clips_after_s, self.asked.append, self.store, self.metrics.clips, self.clock
        )
        parts = Parts(
            decider=self.decider,
            valve=self.valve,
            assessor=HealthAssessor(HealthRules()),
            store=self.store,
            snapshots=Snapshots(self.data),
            deliveries=self.delivery,
            upkeep=self.upkeep,
            clips=self.clips,
            metrics=self.metrics,
            clock=self.clock,
            shadow=ShadowParts(self.shadows, self.shadow, self.shadow_valve, self._exchange),
            notices=self.notices,
        )
        self.desk = AlertDesk(parts, self.cameras, ("capture", "worker"))

    def _exchange(self, camera: str) -> None:
        self.decider.exchange(self.shadow, camera)
        self.valve.exchange(self.shadow_valve, camera)

    def restart(self) -> None:
        self.store.close()
        self._start()

    def value(self, metric: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(metric, labels)


@pytest.fixture
def house(tmp_path: Path, clock: ManualClock) -> Iterator[House]:
    """A house whose rules open at 3 of 5 and close after 4 quiet seconds."""
    rules = Rules(open_m=3, open_n=5, quiet_s=4, refractory_s=20, update_s=5, lost_s=15)
    made = House(tmp_path, clock, rules)
    yield made
    made.store.close()
