"""Moments as people and programs write them in a query: ISO 8601 or seconds since the Unix epoch."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from monitor.web.answers import RefusedError

_NS = 1_000_000_000
# The years 1970 to 2262: what fits into 64 bits of nanoseconds.
_MOST_S = 9_223_372_036


def moment_ns(name: str, text: str | None) -> int | None:
    """`text` as wall time in ns; without an offset it is UTC.

    Raises:
        RefusedError: 400; it is no moment.
    """
    if text is None:
        return None
    seconds = _seconds(text)
    if seconds is None or not 0 <= seconds <= _MOST_S:
        raise RefusedError(400, f"{name}: expected a moment", "write 2026-11-01T08:30:00Z, or seconds since 1970")
    return round(seconds * 1000) * (_NS // 1000)


def _seconds(text: str) -> float | None:
    try:
        number = float(text)
        return number if math.isfinite(number) else None
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
