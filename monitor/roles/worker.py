"""The worker process: every camera's detectors on one device, one frame at a time. Decides nothing about events."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from functools import partial

import structlog

from monitor.build.capturing import recordings
from monitor.build.detecting import DeviceError, chosen_device, prepare_torch
from monitor.build.joining import endpoints
from monitor.build.rules import budgets, candidates, promoted
from monitor.build.scoring import keeper, shadows
from monitor.build.taking import take_writer
from monitor.build.threads import compute_with
from monitor.config import Config
from monitor.feedback import Mark, MarkWatch
from monitor.roles.voice import Heart, MisconfiguredError, SelfReport
from monitor.scoring.heeding import Heeding
from monitor.scoring.keeper import Keeper
from monitor.scoring.loop import ScoringLoop
from monitor.scoring.shadow import Shadow
from monitor.scoring.takes import TakeWriter
from monitor.transport import Context, Policy, Receiver, Sender
from monitor.wishes import Wishes, WishWatch

# Frames of one camera that may be here unjudged: one under way and one to go on with, so that they stay fresh.
WINDOW = 2
# Judgements kept while the alert process is away: minutes of one camera; with pictures at most some 40 MB.
JUDGEMENTS_KEPT = 1024
FAREWELL_S = 3.0
_log = structlog.get_logger(__name__)


def run(config: Config, stop: Callable[[], bool]) -> int:
    """Judge until `stop` says so, then save what was learned. Returns 0.

    Raises:
        ConfigError, EndpointError, KeyFileError, MisconfiguredError: It cannot work like this.
    """
    boot, context = uuid.uuid4().hex, Context()
    places = endpoints(config)
    compute_with(config.threads)
    takes = take_writer(config)
    device, keepers, beside = _prepared(config, takes)
    make = partial(Sender, context, stop=stop, key=places.key)
    outbox = make(places.judgements, capacity=JUDGEMENTS_KEPT, policy=Policy.BUFFERED)
    heart = Heart(context, places, "worker", "scoring")
    heart.beat(0)
    _log.info("scoring", device=device, cameras=len(keepers), shadows=len(beside))
    with Receiver(context, places.frames, window=WINDOW, key=places.key) as inbox:
        heeding = {name: Heeding(config.data_dir, name) for name in config.cameras}
        loop = ScoringLoop(keepers, recordings(config), inbox, outbox, boot, beside, heeding)
        myself = SelfReport("worker", boot, outbox.send)
        watch = WishWatch(config.data_dir, partial(_obey, config, loop, keepers, _by_camera(beside)))
        said = MarkWatch(config.data_dir, partial(_heed, loop))
        for each in (watch, said):
            each.look_if_due(time.monotonic())  # who is live, and what holds, is known before the first frame
        turns = 0
        while not stop():
            loop.run_once(time.time_ns(), time.monotonic_ns())
            outbox.pump()
            watch.look_if_due(time.monotonic())
            said.look_if_due(time.monotonic())
            myself.tell_if_due(inbox.errors, sum(count.total for count in outbox.drops()))
            turns += 1
            heart.beat(turns)
        loop.finish(time.time_ns())
        if takes is not None:
            takes.close(FAREWELL_S)
        outbox.flush(FAREWELL_S)
    outbox.close()
    heart.close()
    context.term()
    return 0


def _obey(
    config: Config, loop: ScoringLoop, own: Mapping[str, Keeper], second: Mapping[str, Keeper], wishes: Wishes
) -> None:
    """Budgets go with the configuration that they are of, whichever of the two is live."""
    for name, alerts_per_day in budgets(config.cameras, wishes).items():
        own[name].scorer.set_budget(alerts_per_day)
        _log.info("budget", camera=name, alerts_per_day=alerts_per_day)
    for name, alerts_per_day in budgets(candidates(config), wishes).items():
        if name in second:
            second[name].scorer.set_budget(alerts_per_day)
            _log.info("candidate_budget", camera=name, alerts_per_day=alerts_per_day)
    wished = promoted(config, wishes)
    loop.promote(wished)
    for name in config.cameras.keys() & wishes.promotions.keys() - wished:
        _log.warning("promotion_over", camera=name, why="its configuration is not the one that was promoted any more")
    for name, roll_back in wishes.roll_backs.items():
        if name in own:
            own[name].roll_back(roll_back.snapshot, roll_back.wished_ns, time.time_ns())


def _heed(loop: ScoringLoop, marks: tuple[Mark, ...]) -> None:
    loop.heed(marks)
    _log.info("feedback", marks=len(marks), newest=max((mark.id for mark in marks), default=None))


def _by_camera(beside: Mapping[str, Shadow]) -> dict[str, Keeper]:
    return {name: shadow.keeper for name, shadow in beside.items() if shadow.keeper is not None}


def _prepared(config: Config, takes: TakeWriter | None) -> tuple[str, dict[str, Keeper], dict[str, Shadow]]:
    """What it computes with, and each camera's detectors with what they knew, and its candidate's."""
    sections = [*config.cameras.values(), *candidates(config).values()]
    try:
        device = chosen_device(config.device, sections)
        prepare_torch(sections, config.threads)
        keepers = {name: keeper(config, name, device, takes) for name in config.cameras}
        return device, keepers, shadows(config, device)
    except DeviceError as error:
        raise MisconfiguredError(str(error)) from error
