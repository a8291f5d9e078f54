"""What a process needs to start another, to know when to stop, and to know its own size. Decides about nobody's life.

Children run in sessions of their own, so Ctrl-C reaches only the supervisor. They notice its death by `orphaned`, asked
by their working loops. `PR_SET_PDEATHSIG` was not chosen: it needs code between fork and exec, follows the *thread*
that started the child, and exists on Linux only.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Protocol

_STATM = Path("/proc/self/statm")


class Process(Protocol):
    """What is needed of a child process; `subprocess.Popen` has it."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""

    def send_signal(self, sig: int) -> None:
        """Send `sig`; nothing happens if it is dead."""


def spawn(argv: Sequence[str]) -> Process:
    """Start `argv` in a session of its own, without a shell.

    Raises:
        OSError: It cannot be started.
    """
    return subprocess.Popen(argv, start_new_session=True)  # noqa: S603 - our own program with our own arguments


def orphaned(parent_pid: int) -> bool:
    """Whether the process that started this one, `parent_pid`, is gone. Asked by a role's stop signal."""
    return os.getppid() != parent_pid


def stop_on_signals() -> Callable[[], bool]:
    """From now on SIGINT and SIGTERM only set a flag; the returned function reads it. For the main thread."""
    asked: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        asked[:] = [number]

    signal.signal(signal.SIGINT, note)
    signal.signal(signal.SIGTERM, note)
    return lambda: bool(asked)


def resident_bytes() -> int | None:
    """This process's resident memory; None where the system does not tell (no /proc)."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None
