"""The machine's own clocks, for whoever is handed a clock. The protocols are their consumers'."""

from __future__ import annotations

import threading
import time


class SystemClock:
    """Wall time for people, monotonic time for durations."""

    def wall_ns(self) -> int:
        """Nanoseconds since the Unix epoch; may step."""
        return time.time_ns()

    def mono_ns(self) -> int:
        """Nanoseconds from any origin; never goes back; means nothing on another host."""
        return time.monotonic_ns()

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Wait until `stop` is set or `seconds` are over; whether `stop` is set."""
        return stop.wait(seconds)
