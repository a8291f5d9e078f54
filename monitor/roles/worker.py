"""The worker process: every camera's detectors on one device, one frame at a time. Decides nothing about events."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from functools import partial

import cv2
import structlog

from monitor.build.capturing import recordings
from monitor.build.detecting import DeviceError, chosen_device
from monitor.build.joining import endpoints
from monitor.build.scoring import keeper
from monitor.config import Config
from monitor.roles.voice import Heart, MisconfiguredError, SelfReport
from monitor.scoring.loop import ScoringLoop
from monitor.transport import Context, Policy, Receiver, Sender

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
    cv2.setNumThreads(config.threads)
    try:
        device = chosen_device(config.device)
    except DeviceError as error:
        raise MisconfiguredError(str(error)) from error
    _prepare_torch(config)
    make = partial(Sender, context, stop=stop, key=places.key)
    outbox = make(places.judgements, capacity=JUDGEMENTS_KEPT, policy=Policy.BUFFERED)
    heart = Heart(context, places, "worker", "scoring")
    heart.beat(0)
    keepers = {name: keeper(config, name, device) for name in config.cameras}
    _log.info("scoring", device=device, cameras=len(keepers))
    with Receiver(context, places.frames, window=WINDOW, key=places.key) as inbox:
        loop = ScoringLoop(keepers, recordings(config), inbox, outbox, boot)
        myself = SelfReport("worker", boot, outbox.send)
        turns = 0
        while not stop():
            loop.run_once(time.time_ns(), time.monotonic_ns())
            outbox.pump()
            myself.tell_if_due(inbox.errors, sum(count.total for count in outbox.drops()))
            turns += 1
            heart.beat(turns)
        loop.finish(time.time_ns())
        outbox.flush(FAREWELL_S)
    outbox.close()
    heart.close()
    context.term()
    return 0


def _prepare_torch(config: Config) -> None:
    """Load it before the first frame, for as many cores as it may have; not at all where no detector needs it."""
    kinds = {d.model.kind for camera in config.cameras.values() for d in camera.detectors}
    if "autoencoder" in kinds:
        import torch  # noqa: PLC0415 - half a second and 200 MB

        torch.set_num_threads(config.threads)
        # The first optimizer loads some eight hundred modules: a second or more, and frames would be dropped meanwhile.
        torch.optim.Adam([torch.zeros(1, requires_grad=True)])
