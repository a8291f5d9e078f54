"""A camera's tape, and who writes it down. For the worker."""

from __future__ import annotations

import math
import platform
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from monitor.build.detecting import fingerprint
from monitor.bundles.manifest import Machine
from monitor.config import CameraSections, Config
from monitor.config.places import take_dir
from monitor.scoring.takes import Origin, TakeWriter
from monitor.scoring.tape import Tape, TapeRules

# What scores may depend on.
COMPUTES = ("rareframe", "numpy", "opencv-python-headless", "torch", "onnxruntime")
# Of one camera's pictures in memory; a bundle is read back only up to several times of it.
MOST_BYTES = 256 << 20
# The sections that shape a score; no source and no login is among them.
SECTIONS = frozenset(CameraSections.model_fields) - {"capture", "shadow", "rules"}


def take_writer(config: Config) -> TakeWriter | None:
    """Of all cameras of a worker; None if nothing is kept."""
    return None if config.bundles is None else TakeWriter(take_dir(config.data_dir))


def tape(config: Config, name: str, device: str, takes: TakeWriter) -> Tape | None:
    """One camera's; None if nothing is kept."""
    if config.bundles is None:
        return None
    camera = config.cameras[name]
    episodes, fps = camera.episodes, camera.analysis.fps
    rules = TapeRules(
        before=math.ceil(config.bundles.before_s * fps),
        most=max(1, math.ceil(config.bundles.most_s * fps)),
        most_bytes=MOST_BYTES,
        least=episodes.open_m,
        quiet_s=episodes.quiet_s,
        again_s=episodes.refractory_s,
    )
    told = camera.model_dump_json(include=set(SECTIONS)).encode()
    origin = Origin(name, fingerprint(camera), told, machine(config.seed, device, config.threads))
    return Tape(rules, partial(takes.keep, origin))


def machine(seed: int, device: str, threads: int) -> Machine:
    """What is computed with here."""
    return Machine({name: _version(name) for name in COMPUTES}, _processor(), device, threads, seed)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def _processor() -> str:
    """Its kind, and its name where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return " ".join([platform.machine(), *names[:1]])
