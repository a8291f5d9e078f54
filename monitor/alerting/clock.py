"""What the alert process asks of a clock. Holds none: the one that is used comes from `build`."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Both hands of the alert process's own clock."""

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch; may step."""

    def mono_ns(self) -> int:
        """Monotonic nanoseconds; for durations within this process only."""
