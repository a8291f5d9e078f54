"""Where things are that follow from the data folder. Creates none of them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path


def store_path(data_dir: Path) -> Path:
    """The event store."""
    return data_dir / "events.sqlite"


def checkpoint_dir(data_dir: Path) -> Path:
    """What the models have learned, by camera."""
    return data_dir / "checkpoints"


def log_dir(data_dir: Path) -> Path:
    """Log files, while the terminal is taken by the live view."""
    return data_dir / "logs"


def socket_dir(data_dir: Path) -> Path:
    """The sockets of the daemon that has this data folder, for every process that is told of the same one.

    Not below it: a socket's path may have 107 bytes only, and not every file system can hold sockets.
    """
    name = hashlib.sha256(os.fsencode(data_dir.absolute())).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"rareframe-{os.geteuid()}-{name}"
