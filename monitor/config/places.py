"""Where things are that follow from the data folder. Creates none of them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from monitor.config.web import WebOptions

# The environment variable by which `rareframe run` hands its own processes a token for the live view.
VIEW_TOKEN_ENV = "RAREFRAME_VIEW_TOKEN"  # noqa: S105 - the name of a variable, no token


def store_path(data_dir: Path) -> Path:
    """The event store."""
    return data_dir / "events.sqlite"


def checkpoint_dir(data_dir: Path) -> Path:
    """What the models have learned, by camera."""
    return data_dir / "checkpoints"


def take_dir(data_dir: Path) -> Path:
    """Strange frames that the worker wrote down and that no event has claimed yet."""
    return data_dir / "takes"


def log_dir(data_dir: Path) -> Path:
    """Log files, while the terminal is taken by the live view."""
    return data_dir / "logs"


def socket_dir(data_dir: Path) -> Path:
    """The sockets of the daemon that has this data folder, for every process that is told of the same one.

    Not below it: a socket's path may have 107 bytes only, and not every file system can hold sockets.
    """
    name = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"rareframe-{os.geteuid()}-{name}"


def web_url(told: WebOptions, port: int | None = None) -> str:
    """Where a program on this host asks the web server, without a slash at its end; `port`: the one that it got."""
    host, _, configured = told.listen.rpartition(":")
    # Who listens everywhere listens on loopback too, and an address for "everywhere" cannot be asked.
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104 - looked for, not listened at
    return f"{'http' if told.tls is None else 'https'}://{host}:{configured if port is None else port}"
