"""The whole daemon: a private folder where its processes meet, one configuration for all, and the supervisor."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from monitor import logs
from monitor.build.joining import endpoints
from monitor.config import Config, IpcOptions, dump
from monitor.processes import stop_on_signals
from monitor.roles.voice import SelfReport
from monitor.supervisor import ChildSpec, Limits, Supervisor, heartbeats_from
from monitor.transport import Context, Policy, Receiver, Sender
from monitor.types import Heartbeat, ProcessReport

# The route from its beginning to its end, which is the order in which it is stopped.
ROUTE = ("capture", "worker", "alert")
SUPERVISOR = "supervisor"
# The private folder is called after its supervisor: FOLDER, its pid, a dash and something random.
FOLDER = "rareframe-"
WINDOW = 8
REPORTS_KEPT = 64
_log = structlog.get_logger(__name__)


def run(config: Config) -> int:
    """Run the daemon until SIGINT or SIGTERM, then stop its processes in order.

    Args:
        config: For all processes. Each is given this very tree, so that one that is restarted later does not follow a
            file that was edited meanwhile.

    Returns:
        The exit code: 0, or 2 if a process found that the configuration cannot work.

    Raises:
        ConfigError, EndpointError, KeyFileError: It cannot work like this.
    """
    told = config.logging
    logs.set_up("supervisor", level=told.level, style=told.format, folder=told.dir)
    stop = stop_on_signals()
    base = _runtime_dir()
    _clear_abandoned(base)
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}-", dir=base))
    try:
        if isinstance(config.transport, IpcOptions) and config.transport.dir is None:
            config = config.model_copy(update={"transport": IpcOptions(dir=folder)})
        return _supervise(config, folder / "config.json", stop)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def with_port(config: Config) -> Config:
    """`config` with a port that is free now where it asks for any: known before, and the same after a restart."""
    host, _, port = config.alerting.web.listen.rpartition(":")
    if int(port) != 0:
        return config
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host.strip("[]"), 0))
        free = probe.getsockname()[1]
    web = config.alerting.web.model_copy(update={"listen": f"{host}:{free}"})
    return config.model_copy(update={"alerting": config.alerting.model_copy(update={"web": web})})


def _supervise(config: Config, file: Path, stop: Callable[[], bool]) -> int:
    places, boot = endpoints(config), uuid.uuid4().hex
    _write_private(file, dump(config))
    context = Context()
    make = partial(Sender, context, stop=lambda: True, key=places.key)
    with (
        Receiver(context, places.heartbeats, window=WINDOW, key=places.key) as heartbeats,
        make(places.judgements, capacity=REPORTS_KEPT, policy=Policy.BUFFERED) as reports,
    ):

        def report(message: ProcessReport) -> None:
            reports.send(message)

        hear_beats = heartbeats_from(heartbeats)
        myself = SelfReport(SUPERVISOR, boot, report)

        def hear(timeout_s: float) -> list[Heartbeat]:
            myself.tell_if_due(heartbeats.errors, sum(count.total for count in reports.drops()))
            reports.pump()
            return hear_beats(timeout_s)

        supervisor = Supervisor(_children(file, boot), report=report, boot=boot, limits=_limits(config))
        code = supervisor.run(stop, hear, time.monotonic)
    context.term()
    return code


def _children(file: Path, life: str) -> list[ChildSpec]:
    program = (sys.executable, "-m", "monitor.cli", "run", str(file), "--parent", str(os.getpid()), "--life", life)
    # The worker takes its time to load; frames that a live camera gives meanwhile would be dropped.
    after = {"capture": "worker"}
    return [ChildSpec(name, (*program, "--role", name), order, after.get(name)) for order, name in enumerate(ROUTE)]


def _limits(config: Config) -> Limits:
    given = config.supervisor
    return Limits(
        startup_s=given.start_s,
        silence_s=given.silent_s,
        stop_s=given.stop_s,
        first_delay_s=given.backoff_min_s,
        longest_delay_s=given.backoff_max_s,
        healthy_s=given.healthy_s,
    )


def _runtime_dir() -> Path:
    """Where the session keeps its sockets; the folder for temporary files where there is no such place."""
    named = os.environ.get("XDG_RUNTIME_DIR")
    return Path(named if named and os.access(named, os.W_OK | os.X_OK) else tempfile.gettempdir())


def _clear_abandoned(base: Path) -> None:
    """Remove the private folders of supervisors of this user that were killed: they hold configurations."""
    for folder in base.glob(f"{FOLDER}*-*"):
        pid = folder.name.removeprefix(FOLDER).partition("-")[0]
        if not pid.isdecimal() or folder.is_symlink() or folder.lstat().st_uid != os.geteuid():
            continue
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue  # alive, and not ours to ask


def _write_private(path: Path, text: str) -> None:
    """For its owner's eyes only: sources may hold passwords."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
