"""Tries what a configuration points to: opens each source once, sends a test, marked as one, through each sink."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from monitor.build.capturing import source_options
from monitor.build.sinks import sink, switch
from monitor.capture.open import probe as probe_source
from monitor.capture.source import SourceError
from monitor.config import Camera, Config, ConfigError, HeartbeatSinkOptions, JsonlSinkOptions, SinkOptions
from monitor.sink import SinkError
from monitor.sinks.trial import trial_event


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of trying one thing: `what` as people call it, `detail` for them, free of credentials."""

    what: str
    ok: bool
    detail: str


def probe(config: Config, environ: Mapping[str, str] = os.environ) -> Iterator[Probed]:
    """Try every source, then every sink, one after another; each within its own time-out."""
    for name, camera in config.cameras.items():
        yield _camera(name, camera, environ)
    for options in config.alerting.sinks:
        yield probe_sink(options, config, environ)


def probe_sink(options: SinkOptions, config: Config, environ: Mapping[str, str] = os.environ) -> Probed:
    """Send a test through one sink, past its filter, schedule and rate; what came back."""
    what = f"sink {options.name}"
    started_s = time.monotonic()
    try:
        came_back = _tried(options, config, environ)
    except (ConfigError, SinkError) as error:
        return Probed(what, False, str(error).removeprefix(f"{what}: "))
    except OSError as error:
        return Probed(what, False, f"{error.strerror or error}; check the path and its permissions")
    return Probed(what, True, f"{came_back} ({time.monotonic() - started_s:.1f} s)")


def _camera(name: str, camera: Camera, environ: Mapping[str, str]) -> Probed:
    what = f"camera {name}"
    try:
        seen = probe_source(source_options(name, camera, environ))
    except (SourceError, ConfigError) as error:
        return Probed(what, False, str(error))
    width, height = seen.size_px
    rate = "unknown rate" if seen.rate_hz is None else f"{seen.rate_hz:g} frames/s"
    return Probed(what, True, f"{seen.address}: {seen.codec}, {width}x{height}, {rate}")


def _tried(options: SinkOptions, config: Config, environ: Mapping[str, str]) -> str:
    if isinstance(options, HeartbeatSinkOptions):
        return switch(options, environ).ping()
    if isinstance(options, JsonlSinkOptions):
        path = options.path or config.data_dir / "events.jsonl"
        if not path.exists():  # made by whoever checks, it might be a file that the daemon cannot write
            return _writable(path)
    made = sink(options, config, environ, trying=True)
    try:
        return f"took a test: {made.deliver(trial_event(options.name, time.time_ns()))}"
    finally:
        made.close()


def _writable(path: Path) -> str:
    """Checked without making anything: where the nearest folder that exists can be written to, the rest can be made."""
    there = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not os.access(there, os.W_OK):
        raise PermissionError(0, f"{there} cannot be written to")
    return f"{path} can be written to"
