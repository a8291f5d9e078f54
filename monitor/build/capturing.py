"""A camera's sections of the configuration become its source and its loop. Loads no detector."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING

from monitor.capture.backoff import Delays
from monitor.capture.camera import Camera as Loop
from monitor.capture.camera import Outlet, Plan
from monitor.capture.open import SourceOptions, is_live, open_source
from monitor.capture.ring import Ring
from monitor.clock import SystemClock
from monitor.config import Camera, ClipOptions, Config, read_secret

if TYPE_CHECKING:
    from monitor.capture.clipping import Filmed
    from monitor.capture.filming import Filming

# libav may use its open time-out twice; the rest is slack.
OPEN_ATTEMPTS = 2
OPEN_SLACK_S = 2.0
# Beyond the configured longest wait, for errors that trying again soon cannot mend (a refused login).
PATIENCE = 15
# An event is asked for a moment after it began, and a recording is read faster than its events are told of.
LIVE_LATE_S = 15.0
RECORDING_LATE_S = 90.0
MB = 1_000_000


def source_options(name: str, camera: Camera, environ: Mapping[str, str]) -> SourceOptions:
    """How to open one camera's source, its password read.

    Raises:
        ConfigError: The password cannot be read.
    """
    capture = camera.capture
    return SourceOptions(
        address=camera.source,
        user=camera.user,
        password=read_secret(f"cameras.{name}", camera.password_env, camera.password_file, environ),
        backend=capture.backend,
        transport=capture.transport,
        image_rate_hz=camera.analysis.fps,
        open_timeout_s=capture.open_timeout_s,
        read_timeout_s=capture.read_timeout_s,
    )


def recordings(config: Config) -> frozenset[str]:
    """The cameras that are recordings: nothing of them may be dropped."""
    return frozenset(n for n, c in config.cameras.items() if not is_live(SourceOptions(address=c.source)))


def camera_loop(
    name: str,
    camera: Camera,
    environ: Mapping[str, str],
    outlet: Callable[[bool], Outlet],
    boot: str,
    life: str,
    ring: Ring | None = None,
) -> Loop:
    """The loop round one camera.

    Args:
        name: The camera's.
        camera: Its part of the configuration.
        environ: For its password.
        outlet: Makes the outlet, told whether the source is live.
        boot: Unique to the life of this process.
        life: Unique to the life of the daemon. A recording has one run in it: when this process is started anew it
            reads the recording from its beginning, and what was judged before is known by run and number.
        ring: Where its packets are kept for clips; None: nowhere.

    Raises:
        ConfigError: The password cannot be read.
    """
    options = source_options(name, camera, environ)
    capture = camera.capture
    plan = Plan(
        camera=name,
        live=is_live(options),
        width_px=camera.analysis.width,
        rate_hz=camera.analysis.fps,
        open_limit_s=OPEN_ATTEMPTS * capture.open_timeout_s + OPEN_SLACK_S,
        read_limit_s=capture.watchdog_s,
        delays=Delays(
            first_s=capture.backoff_min_s,
            cap_s=capture.backoff_max_s,
            patient_first_s=capture.backoff_max_s,
            patient_cap_s=PATIENCE * capture.backoff_max_s,
        ),
    )
    filming = None if ring is None else _filming(name, camera, ring)
    opener = partial(open_source, options, listener=filming)
    # Not for secrets: the jitter only keeps cameras from trying in step.
    jitter = random.Random()  # noqa: S311
    if plan.live:
        return Loop(plan, opener, outlet(True), SystemClock(), jitter, boot, filming=filming)
    run = blake2b(f"{life}\0{name}".encode(), digest_size=16).hexdigest()
    return Loop(plan, opener, outlet(False), SystemClock(), jitter, boot, new_run=lambda: run, filming=filming)


def ring(camera: Camera) -> Ring | None:
    """Where one camera's encoded packets are kept; None where it has no clips."""
    clips = camera.clips
    if clips is None:
        return None
    late_s = LIVE_LATE_S if is_live(SourceOptions(address=camera.source)) else RECORDING_LATE_S
    return Ring(clips.before_s + late_s, clips.memory_mb * MB)


def filmed(camera: Camera, ring: Ring) -> Filmed:
    """A camera as clips need it; it must have some."""
    from monitor.capture.clipping import ClipPlan, Filmed  # noqa: PLC0415  (loads libav)

    clips, analysis = camera.clips or ClipOptions(), camera.analysis
    return Filmed(ring, ClipPlan(clips.before_s, clips.after_s, clips.longest_s, analysis.fps, analysis.width))


def _filming(name: str, camera: Camera, ring: Ring) -> Filming:
    from monitor.capture.filming import Filming  # noqa: PLC0415  (loads libav, which the worker has no use for)

    return Filming(name, ring, camera.analysis.fps)
