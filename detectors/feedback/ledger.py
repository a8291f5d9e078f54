"""What feedback did, counted: how often each mark quieted or raised something, and for how much of the time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Frames of one mark farther apart than this are two happenings. Unit: seconds.
APART_S = 10.0
# A happening is one when so many of its frames were quieted: as many as open an episode.
FRAMES = 3
# Of the last hours no more than this share is quieted; beyond it, everything is told. Unit: share, and seconds.
MOST_TIME = 0.25
MEMORY_S = 3600.0


@dataclass(frozen=True, slots=True)
class Did:
    """What one mark did: so many happenings, the last at `last_s` on the clock on the wall; None if not known."""

    times: int = 0
    last_s: float | None = None


@dataclass(slots=True)
class _Run:
    at_s: float
    frames: int


class Ledger:
    """Of one camera. Its numbers are for people, but for the share of time, which is a bound."""

    def __init__(self) -> None:
        self.did: dict[int, Did] = {}
        self.happenings = 0  # that were quieted
        self._runs: dict[int | None, _Run] = {}
        self._share = 0.0  # of the last `MEMORY_S`, weighted exponentially
        self._share_s = -math.inf

    def room(self, at_s: float) -> bool:
        """Whether more may be quieted now."""
        return self._share * math.exp(-max(0.0, at_s - self._share_s) / MEMORY_S) < MOST_TIME

    def quieted(self, marks: Sequence[int], at_s: float, clock_s: float | None) -> None:
        """A frame was quieted because of these marks."""
        passed_s = min(1.0, max(0.0, at_s - self._share_s))
        kept = math.exp(-max(0.0, at_s - self._share_s) / MEMORY_S)
        self._share = self._share * kept + passed_s / MEMORY_S
        self._share_s = at_s
        self._count(marks, at_s, clock_s)
        if self._is_one(None, at_s):
            self.happenings += 1

    def raised(self, marks: Sequence[int], at_s: float, clock_s: float | None) -> None:
        """A frame was told of because of these marks."""
        self._count(marks, at_s, clock_s)

    def restart_clock(self) -> None:
        """The next time has nothing to do with the last one."""
        self._runs.clear()
        self._share_s = -math.inf

    def _count(self, marks: Sequence[int], at_s: float, clock_s: float | None) -> None:
        for mark in marks:
            before = self.did.get(mark, Did())
            more = self._is_one(mark, at_s)
            self.did[mark] = Did(before.times + more, clock_s if clock_s is not None else before.last_s)

    def _is_one(self, mark: int | None, at_s: float) -> bool:
        """Whether this frame makes a happening of those before."""
        run = self._runs.get(mark)
        if run is None or not 0 <= at_s - run.at_s <= APART_S:
            run = self._runs[mark] = _Run(at_s, 0)
        run.at_s = at_s
        run.frames += 1
        return run.frames == FRAMES
