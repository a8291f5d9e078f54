"""The thread that keeps the event store within its bounds, beside the alert loop. Decides nothing itself."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

import structlog

from monitor.alerting.schema import StoreError
from monitor.views import DiskView, Trouble

# Between two pieces of work: whoever waits for the store has it then. Unit: seconds.
_PAUSE_S = 0.02

_log = structlog.get_logger(__name__)


class Work(Protocol):
    """Something that is done in pieces."""

    def run_once(self) -> bool:
        """One piece; whether there is more to do at once. StoreError and OSError: not now."""


class Room(Work, Protocol):
    """The work that knows how much room there is."""

    @property
    def next_look_s(self) -> float:
        """How long it may be left alone."""

    @property
    def view(self) -> DiskView | None:
        """As last measured."""

    @property
    def trouble(self) -> Trouble | None:
        """What is wrong with it."""


class Upkeep:
    """Does the work of others until it is stopped; a fault in one kind of it holds up no other."""

    def __init__(self, room: Room, works: Sequence[Work]) -> None:
        """Args: works: done beside `room`."""
        self._room = room
        self._works: tuple[Work, ...] = (room, *works)
        self._faults: dict[Work, str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Let it finish its piece of work; False if it did not in time."""
        self._stop.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def view(self) -> DiskView | None:
        """The room as last measured; from any thread."""
        return self._room.view

    def troubles(self, now_ns: int) -> Sequence[Trouble]:
        """What is wrong, from any thread; `now_ns`: wall time. A thread that ended must not go unseen."""
        if self._thread.ident is not None and not self._thread.is_alive() and not self._stop.is_set():
            what = "a fault ended the thread that deletes old events"
            return [Trouble("disk", "", what, now_ns, "restart the alert process, report the bug")]
        fault = next(iter(list(self._faults.values())), None)
        if fault is not None:
            what = f"old events cannot be deleted: {fault}"
            return [Trouble("disk", "", what, now_ns, "check owner and permissions of the data folder; it tries again")]
        trouble = self._room.trouble
        return [] if trouble is None else [trouble]

    def run_once(self) -> bool:
        """One piece of each kind of work; whether there is more to do at once."""
        more = [self._turn(work) for work in self._works]
        return any(more)

    def _run(self) -> None:
        while not self._stop.is_set():
            more = self.run_once()
            self._stop.wait(_PAUSE_S if more else self._room.next_look_s)

    def _turn(self, work: Work) -> bool:
        try:
            more = work.run_once()
        except (StoreError, OSError) as error:
            if str(error) != self._faults.get(work):
                _log.warning("old events cannot be deleted", why=str(error))
            self._faults[work] = str(error)
            return False
        if self._faults.pop(work, None) is not None:
            _log.info("old events can be deleted again")
        return more
