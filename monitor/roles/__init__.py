"""The processes of the daemon, one function each: the same code whether a supervisor, systemd or a person starts it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal, assert_never

import structlog

from monitor import logs
from monitor.config import Config, ConfigError
from monitor.processes import orphaned, stop_on_signals
from monitor.redaction import without_credentials
from monitor.roles.voice import CannotStartError, MisconfiguredError
from monitor.transport import EndpointError, KeyFileError

RoleName = Literal["capture", "worker", "alert"]
OK, FAILED, MISCONFIGURED = 0, 1, 2
_log = structlog.get_logger(__name__)


def run_role(role: RoleName, config: Config, parent_pid: int | None, life: str) -> int:
    """Run one process of the daemon until SIGTERM, SIGINT or the death of its supervisor.

    Args:
        role: Which.
        config: The same for all processes of a daemon.
        parent_pid: The supervisor's; None if nobody's death is to end it.
        life: Unique to the life of the daemon, which outlives this process.

    Returns:
        The exit code: 0 stopped, 1 failed (try again), 2 the configuration cannot work (do not).
    """
    told = config.logging
    logs.set_up(role, level=told.level, style=told.format, folder=told.dir)
    asked = stop_on_signals()

    def stop() -> bool:
        return asked() or (parent_pid is not None and orphaned(parent_pid))

    try:
        return _run(role, config, stop, life)
    except (ConfigError, KeyFileError, MisconfiguredError) as error:
        _log.error("cannot_work_like_this", error=str(error))
        _say(str(error), told.dir)
        return MISCONFIGURED
    except (CannotStartError, EndpointError) as error:
        # May pass: a full disk, an address still held by the process before.
        _log.error("cannot_start", error=str(error))
        _say(str(error), told.dir)
        return FAILED
    except Exception:
        # The one place where a fault of ours ends a process: said once, in full; the supervisor starts it anew.
        _log.exception("broke")
        return FAILED


def _say(error: str, log_folder: Path | None) -> None:
    """Tell the person too, where the log goes to a file."""
    if log_folder is not None:
        print(f"rareframe: {without_credentials(error)}", file=sys.stderr)  # noqa: T201


def _run(role: RoleName, config: Config, stop: Callable[[], bool], life: str) -> int:
    """Each role is loaded only where it runs: capture and alert must stay free of torch."""
    match role:
        case "capture":
            from monitor.roles import capture  # noqa: PLC0415

            return capture.run(config, stop, life)
        case "worker":
            from monitor.roles import worker  # noqa: PLC0415

            return worker.run(config, stop)
        case "alert":
            from monitor.roles import alert  # noqa: PLC0415

            return alert.run(config, stop)
        case _:
            assert_never(role)
