"""The room that events have, and what is deleted for it."""

from __future__ import annotations

import math

from prometheus_client import CollectorRegistry, Counter, Gauge

from monitor.views import DiskView


class DiskMetrics:
    """NaN until the disk was looked at. May be told from several threads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        r = registry
        self._free = Gauge("rareframe_disk_free_bytes", "Room left on the disk of the data folder.", registry=r)
        self._used = Gauge("rareframe_events_bytes", "What stored events, their files included, take.", registry=r)
        self._quota = Gauge("rareframe_events_quota_bytes", "The most that they may take.", registry=r)
        self._deleted = Counter(
            "rareframe_events_deleted_total",
            "Events deleted by retention, by what they had to go for; what people delete is in the audit.",
            ["reason"],
            registry=r,
        )
        for gauge in (self._free, self._used, self._quota):
            gauge.set(math.nan)
        for reason in ("age", "quota", "room"):
            self._deleted.labels(reason)

    def looked(self, view: DiskView) -> None:
        """The disk was looked at."""
        self._free.set(view.free_bytes)
        self._used.set(view.used_bytes)
        self._quota.set(view.quota_bytes)

    def deleted(self, reason: str, events: int) -> None:
        """So many events were deleted: for their "age", the "quota", or for "room" on the disk."""
        self._deleted.labels(reason).inc(events)
