"""What `monitor.processes` promises: signals set a flag, and an orphan knows that it is one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from monitor.processes import orphaned, stop_on_signals


@pytest.fixture
def restored() -> Iterator[None]:
    """The handlers of before, afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_only_sets_the_flag(restored: None, number: int) -> None:
    """Nothing is interrupted; the loop asks and learns of it, however often it was sent."""
    stopped = stop_on_signals()
    assert not stopped()
    for _ in range(3):
        signal.raise_signal(number)
    assert stopped()


def test_a_child_of_a_living_parent_is_no_orphan() -> None:
    """While the parent lives nothing is amiss."""
    assert not orphaned(os.getppid())


def test_an_orphan_notices() -> None:
    """A process whose parent was killed learns it by asking, without any help from the parent."""
    grandchild = (
        "import os, sys, time\n"
        "from monitor.processes import orphaned\n"
        "parent = int(sys.argv[1])\n"
        "print('up', flush=True)\n"
        "while not orphaned(parent): time.sleep(0.01)\n"
        "print('orphaned', flush=True)\n"
    )
    child = (
        "import os, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {grandchild!r}, str(os.getpid())], start_new_session=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        began = time.monotonic()
        parent.kill()
        assert parent.stdout.readline() == "orphaned\n"
        assert time.monotonic() - began < 10.0
