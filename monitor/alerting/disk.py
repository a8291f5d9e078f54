"""Whether the disk fills up: said before it has happened, by the room that is left and by when it will be gone.

Looks at no disk itself, and deletes nothing.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from monitor.views import DiskView, Trouble

_S = 1_000_000_000
# The rate is that of the last hours, out of one look a minute; nothing is said of less than ten minutes.
_SAMPLE_S = 60.0
_WINDOW_S = 6 * 3600.0
_LEAST_S = 600.0
# People are told while so many times what is to be kept free is left, or so long before it is reached …
_SCARCE = 2.0
_SOON_S = 24 * 3600.0
# … and that it is over only when it is better by this much, so that it is not told again and again.
_BETTER = 1.25


@dataclass(frozen=True, slots=True)
class Room:
    """What the disk has at one moment, in bytes: free, and taken by events and their store."""

    free_bytes: int
    used_bytes: int


@dataclass(frozen=True, slots=True)
class _Sample:
    mono_ns: int
    room: Room


class DiskWatch:
    """Remembers how the room went lately. Not for several threads."""

    def __init__(self, quota_bytes: int, keep_free_bytes: int) -> None:
        self._quota_bytes = quota_bytes
        self._keep_free_bytes = keep_free_bytes
        self._samples: deque[_Sample] = deque(maxlen=int(_WINDOW_S / _SAMPLE_S))
        self._scarce = False

    def look(self, room: Room, mono_ns: int) -> DiskView:
        """How it stands now."""
        if not self._samples or mono_ns - self._samples[-1].mono_ns >= _SAMPLE_S * _S:
            self._samples.append(_Sample(mono_ns, room))
        return DiskView(room.free_bytes, room.used_bytes, self._quota_bytes, self._full_in_s(room, mono_ns))

    def trouble(self, view: DiskView, now_ns: int) -> Trouble | None:
        """What is wrong with `view`, the last look; None if nothing is. `now_ns`: wall time."""
        margin = _BETTER if self._scarce else 1.0
        soon = view.full_in_s is not None and view.full_in_s < _SOON_S * margin
        self._scarce = soon or view.free_bytes < self._keep_free_bytes * _SCARCE * margin
        if not self._scarce:
            return None
        left = f"{_mb(view.free_bytes)} MB left, {_mb(self._keep_free_bytes)} MB are to be kept free"
        when = "" if view.full_in_s is None else f"; at this rate that is reached in {view.full_in_s / 3600:.1f} h"
        remedy = "make room on the disk of the data folder, or lower retention.quota_mb"
        return Trouble("disk", "", f"the disk is filling up: {left}{when}", now_ns, remedy)

    def _full_in_s(self, room: Room, mono_ns: int) -> float | None:
        first = self._samples[0]
        span_s = (mono_ns - first.mono_ns) / _S
        if span_s < _LEAST_S:
            return None
        return full_in_s(room, first.room, span_s, self._quota_bytes, self._keep_free_bytes)


def full_in_s(now: Room, before: Room, span_s: float, quota_bytes: int, keep_free_bytes: int) -> float | None:
    """Seconds until only `keep_free_bytes` are free, 0 if it is so already; None if it does not come to that.

    What events take grows no further than the quota; what others take goes on growing.

    Args:
        span_s: Seconds from `before` to `now`, above 0.
    """
    room = now.free_bytes - keep_free_bytes
    if room <= 0:
        return 0.0
    ours = max(0.0, (now.used_bytes - before.used_bytes) / span_s)
    others = max(0.0, (before.free_bytes + before.used_bytes - now.free_bytes - now.used_bytes) / span_s)
    until_quota_s = max(0, quota_bytes - now.used_bytes) / ours if ours > 0 else math.inf
    together_s = room / (ours + others) if ours + others > 0 else math.inf
    if together_s <= until_quota_s:
        return together_s if math.isfinite(together_s) else None
    return until_quota_s + (room - until_quota_s * (ours + others)) / others if others > 0 else None


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.0f}"
