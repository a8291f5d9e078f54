"""Tries what a configuration points to: opens each source once, reaches each sink. Tells no sink anything."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never
from urllib.parse import urlsplit

from monitor.build.alerting import sink
from monitor.build.capturing import source_options
from monitor.capture.open import probe as probe_source
from monitor.capture.source import SourceError
from monitor.config import (
    Camera,
    Config,
    ConfigError,
    JsonlSinkOptions,
    SinkOptions,
    WebhookSinkOptions,
    read_secret,
)

_PORTS = {"http": 80, "https": 443}


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
        yield _sink(options, config.data_dir, environ)


def _camera(name: str, camera: Camera, environ: Mapping[str, str]) -> Probed:
    what = f"camera {name}"
    try:
        seen = probe_source(source_options(name, camera, environ))
    except (SourceError, ConfigError) as error:
        return Probed(what, False, str(error))
    width, height = seen.size_px
    rate = "unknown rate" if seen.rate_hz is None else f"{seen.rate_hz:g} frames/s"
    return Probed(what, True, f"{seen.address}: {seen.codec}, {width}x{height}, {rate}")


def _sink(options: SinkOptions, data_dir: Path, environ: Mapping[str, str]) -> Probed:
    what = f"sink {options.name}"
    try:
        match options:
            case JsonlSinkOptions(path=path):
                detail = _writable(path or data_dir)
            case WebhookSinkOptions():
                sink(options, data_dir, environ).close()  # its secrets and headers are there and make sense
                detail = _reachable(_url(options, environ), options.timeout_s)
            case _:
                assert_never(options)
    except ConfigError as error:
        return Probed(what, False, str(error))
    except OSError as error:
        return Probed(what, False, f"{error.strerror or error}; check the address and the network")
    return Probed(what, True, detail)


def _writable(path: Path) -> str:
    """Checked without making anything: where the nearest folder that exists can be written to, the rest can be made."""
    there = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not os.access(there, os.W_OK):
        raise PermissionError(0, f"{there} cannot be written to")
    return f"{path} can be written to"


def _url(options: WebhookSinkOptions, environ: Mapping[str, str]) -> str:
    if options.url is not None:
        return options.url.get_secret_value()
    return read_secret(f"alerting.sinks.{options.name}.url", options.url_env, options.url_file, environ) or ""


def _reachable(url: str, timeout_s: float) -> str:
    """A connection and nothing more: whoever listens there is not told of an event that never was."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    with socket.create_connection((host, port), timeout_s):
        return f"{host}:{port} answers"
