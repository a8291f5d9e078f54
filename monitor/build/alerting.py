"""The alert process's parts out of the configuration: store, sinks, desk, pages. Loads no decoder and no torch."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import structlog

from monitor.alerting.claims import Claims
from monitor.alerting.clips import EventClips
from monitor.alerting.delivery import Delivery
from monitor.alerting.desk import AlertDesk
from monitor.alerting.notices import NoticeRules
from monitor.alerting.parts import Parts, ShadowParts
from monitor.alerting.pulses import Pulses
from monitor.alerting.retention import Limits, Retention
from monitor.alerting.snapshots import Snapshots
from monitor.alerting.store import EventStore, StoreError
from monitor.alerting.sweep import Sweep
from monitor.alerting.upkeep import Upkeep
from monitor.build.rules import budget, candidates, rules
from monitor.build.sinks import routes, switches
from monitor.build.web import web_server
from monitor.clock import SystemClock
from monitor.config import (
    CameraSections,
    Config,
)
from monitor.config.places import take_dir
from monitor.deciding.decider import EpisodeDecider
from monitor.deciding.health import HealthAssessor, HealthRules
from monitor.deciding.valve import Valve
from monitor.feedback import FeedbackError, publish
from monitor.metrics import Metrics, new_registry
from monitor.types import ClipRequest
from monitor.views import DeliveryView
from monitor.web.server import WebServer

# The processes that are expected to tell of themselves.
PROCESSES = ("capture", "worker", "alert")
# And one that is not missed where something else supervises them.
SUPERVISOR = "supervisor"
# A delivery that is under way at the stop has this long; what is left stays in the store.
FAREWELL_S = 5.0
# After an event can no longer go on, its clip and its last telling are made.
_AFTERMATH_S = 300.0
_MB = 1_000_000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Alerting:
    """A running alert process, without its link."""

    desk: AlertDesk
    web: WebServer


@contextmanager
def alerting(config: Config, environ: Mapping[str, str], ask: Callable[[ClipRequest], object]) -> Iterator[Alerting]:
    """Everything behind the link, started; stopped in order at the end of the block, each part whatever befalls others.

    `ask` sends a request to the capture process, without waiting.

    Raises:
        ConfigError: A sink's secret cannot be read.
        StoreError: The store cannot be opened.
        WebError: The address is taken, or the certificate cannot be used.
    """
    told, beaten = routes(config, environ), switches(config, environ)
    store = open_store(config.data_dir, [each.sink.name for each in told])
    clock = SystemClock()
    names = [each.name for each in config.alerting.sinks]
    _publish(store, config.data_dir, clock.wall_ns())
    metrics = Metrics(new_registry(), list(config.cameras), (*PROCESSES, SUPERVISOR), names, version("rareframe"))
    pulses = Pulses(beaten, metrics.deliveries, clock)
    delivery = Delivery(store, told, metrics.deliveries, clock, random.Random())  # noqa: S311 - jitter, no secret
    upkeep = _upkeep(config, store, metrics, clock)
    decider, valve = _judges(config.cameras)
    after_s = {name: camera.clips.after_s for name, camera in config.cameras.items() if camera.clips is not None}
    clips = EventClips(config.data_dir, after_s, ask, store, metrics.clips, clock)
    desk = AlertDesk(
        Parts(
            decider=decider,
            valve=valve,
            assessor=HealthAssessor(HealthRules()),
            store=store,
            snapshots=Snapshots(config.data_dir),
            deliveries=_Tellers(delivery, pulses),
            upkeep=upkeep,
            clips=clips,
            metrics=metrics,
            clock=clock,
            shadow=_shadow_parts(config, decider, valve),
            notices=NoticeRules(config.alerting.notices.after_s, config.alerting.notices.over_s),
        ),
        list(config.cameras),
        PROCESSES,
    )
    with ExitStack() as ending:  # undone backwards
        ending.callback(store.close)
        ending.callback(clips.close)
        web = web_server(config, environ, desk, store, metrics, clock)
        upkeep.start()
        ending.callback(upkeep.stop, FAREWELL_S)
        delivery.start(lambda: desk.overview.cameras)
        ending.callback(delivery.stop, FAREWELL_S)
        ending.callback(delivery.wake)
        ending.callback(desk.stop)
        pulses.start(lambda: desk.overview)
        ending.callback(pulses.stop, FAREWELL_S)
        with web:
            yield Alerting(desk, web)


def _upkeep(config: Config, store: EventStore, metrics: Metrics, clock: SystemClock) -> Upkeep:
    retention = config.retention
    every = [*config.cameras.values(), *candidates(config).values()]
    limits = Limits(
        days=retention.days,
        quota_bytes=retention.quota_mb * _MB,
        keep_free_bytes=retention.keep_free_mb * _MB,
        settled_s=max(each.episodes.refractory_s for each in every) + _AFTERMATH_S,
    )
    room = Retention(store, config.data_dir, limits, metrics.disk, clock)
    claims = Claims(config.data_dir, take_dir(config.data_dir), store, clock)
    return Upkeep(room, [Sweep(store, config.data_dir, retention.history_days, clock), claims])


def _publish(store: EventStore, data_dir: Path, now_ns: int) -> None:
    """Let the workers read what people said of events, should their file be lost; it is no reason not to start."""
    try:
        publish(store, data_dir, now_ns)
    except FeedbackError as error:
        _log.error("feedback_not_published", error=str(error))


def _judges(sections: Mapping[str, CameraSections]) -> tuple[EpisodeDecider, Valve]:
    decider = EpisodeDecider({name: rules(each) for name, each in sections.items()})
    return decider, Valve({name: budget(each) for name, each in sections.items()})


def _shadow_parts(config: Config, live: EpisodeDecider, live_valve: Valve) -> ShadowParts:
    second = candidates(config)
    decider, valve = _judges(second)

    def exchange(camera: str) -> None:
        live.exchange(decider, camera)
        live_valve.exchange(valve, camera)

    return ShadowParts(tuple(second), decider, valve, exchange)


def open_store(data_dir: Path, sinks: Sequence[str]) -> EventStore:
    """The event store in the data folder, which is made if absent.

    Raises:
        StoreError: It cannot be opened.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"data_dir: {data_dir} cannot be made ({error.strerror}); name another folder") from error
    return EventStore.open(store_path(data_dir), sinks)


def store_path(data_dir: Path) -> Path:
    """Where the event store is."""
    return data_dir / "events.sqlite"


class _Tellers:
    """All sinks as the desk sees them: those that are told of events, and dead man's switches."""

    def __init__(self, delivery: Delivery, pulses: Pulses) -> None:
        self._delivery, self._pulses = delivery, pulses

    def wake(self) -> None:
        self._delivery.wake()

    def views(self) -> tuple[DeliveryView, ...]:
        return self._delivery.views() + self._pulses.views()
