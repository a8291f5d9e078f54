"""What the pages show and change, as they ask for it. `build` gives the real thing; everything but `Live` may block."""

from __future__ import annotations

from typing import Protocol

from monitor.stored import Found, Listed, Search
from monitor.views import Overview


class Live(Protocol):
    """What is known at this moment; never blocks."""

    def overview(self) -> Overview:
        """Everything at the last moment it was looked at."""

    def exposition(self) -> tuple[bytes, str]:
        """The metrics and their content type."""

    def mono_ns(self) -> int:
        """The clock of `Overview.made_mono_ns`."""


class Archive(Protocol):
    """The event store, read over a connection of its own. What it raises is named by `Shown.faults`."""

    def search(self, wanted: Search, limit: int, cursor: str | None) -> Found:
        """One page of the events that are wanted; ValueError if `cursor` is none of its own."""

    def listed(self, event_id: str) -> Listed | None:
        """One stored event."""
