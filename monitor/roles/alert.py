"""The alert process: judgements and reports in, events out to store, sinks, metrics and pages. Sees no camera."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from functools import partial

import structlog

from monitor.alerting.desk import AlertDesk
from monitor.alerting.store import StoreError
from monitor.build.alerting import alerting
from monitor.build.joining import endpoints
from monitor.build.rules import budgets, candidates
from monitor.build.threads import compute_with
from monitor.config import Config
from monitor.config.places import web_url
from monitor.roles.voice import CannotStartError, Heart, SelfReport
from monitor.transport import Context, Policy, Receiver, Sender
from monitor.types import CameraReport, ClipPart, Judgement, ProcessReport, ScoringReport
from monitor.web.server import WebError
from monitor.wishes import Wishes, WishWatch

# Unacknowledged messages of one sender: enough for a burst, few enough to be sent again after a crash.
WINDOW = 32
TURN_S = 0.2
TICK_S = 0.5
# Requests for clips that wait while the capture process is away; what is older is of events that are long over.
REQUESTS_KEPT = 64
_log = structlog.get_logger(__name__)


def run(config: Config, stop: Callable[[], bool]) -> int:
    """Alert until `stop` says so; then close what is open. Returns 0.

    Raises:
        ConfigError, EndpointError, KeyFileError: It cannot work like this.
        CannotStartError: The store cannot be opened or the address is taken.
    """
    try:
        _alert(config, stop)
    except (StoreError, WebError) as error:
        raise CannotStartError(str(error)) from error
    return 0


def _alert(config: Config, stop: Callable[[], bool]) -> None:
    boot, context = uuid.uuid4().hex, Context()
    places = endpoints(config)
    compute_with(config.threads)
    heart = Heart(context, places, "alert", "deciding")
    requests = Sender(
        context, places.requests, capacity=REQUESTS_KEPT, policy=Policy.BUFFERED, stop=stop, key=places.key
    )
    with (
        requests,
        Receiver(context, places.judgements, window=WINDOW, key=places.key) as inbox,
        alerting(config, os.environ, requests.send) as running,
    ):
        _log.info("listening", url=web_url(config.alerting.web, running.web.port))
        myself = SelfReport("alert", boot, running.desk.handle)
        watch = WishWatch(config.data_dir, partial(_obey, config, running.desk))
        ticked_s, turns = float("-inf"), 0
        while not stop():
            delivery = inbox.receive(TURN_S)
            if delivery is not None:
                message = delivery.message
                if isinstance(message, Judgement | CameraReport | ScoringReport | ProcessReport | ClipPart):
                    running.desk.handle(message)
                delivery.done()
            requests.pump()
            now_s = time.monotonic()
            if now_s - ticked_s >= TICK_S:
                ticked_s = now_s
                watch.look_if_due(now_s)
                running.desk.tick()
                myself.tell_if_due(wire_errors=inbox.errors, dropped=0)
            turns += 1
            heart.beat(turns)
    heart.close()
    context.term()


def _obey(config: Config, desk: AlertDesk, wishes: Wishes) -> None:
    """Who is live the worker says with each judgement; here only the budgets of both configurations change."""
    for camera, alerts_per_day in budgets(config.cameras, wishes).items():
        desk.set_budget(camera, alerts_per_day)
    for camera, alerts_per_day in budgets(candidates(config), wishes).items():
        desk.set_budget(camera, alerts_per_day, candidate=True)
