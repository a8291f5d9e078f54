"""The daemon's own processes."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from prometheus_client import CollectorRegistry, Gauge

from monitor.metrics.series import Totals
from monitor.types import ProcessReport


class ProcessMetrics:
    """Processes as they or the supervisor tell of them. May be told from several threads."""

    def __init__(self, registry: CollectorRegistry, processes: AbstractSet[str]) -> None:
        of, r = ["process"], registry
        self._processes = processes
        self._up = Gauge("rareframe_process_up", "Whether the process runs.", of, registry=r)
        self._restarts = Totals.made("rareframe_process_restarts_total", "Unplanned restarts of the process.", of, r)
        self._memory = Gauge("rareframe_process_resident_memory_bytes", "Memory in RAM.", of, registry=r)
        self._wire_errors = Totals.made("rareframe_wire_errors_total", "Messages that could not be read.", of, r)
        self._dropped = Totals.made(
            "rareframe_messages_dropped_total", "Messages other than frames that could not be delivered.", of, r
        )

    def reported(self, report: ProcessReport) -> None:
        """How a process is doing."""
        process = report.process
        if process not in self._processes:
            return
        self.up(process, up=report.up)
        if report.restarts is not None:  # counted by the supervisor, for one life of its own
            self._restarts.tell((process,), report.boot, report.restarts)
        else:
            self._wire_errors.tell((process,), report.boot, report.wire_errors)
            self._dropped.tell((process,), report.boot, report.dropped)
        if report.rss_bytes is not None:
            self._memory.labels(process).set(report.rss_bytes)

    def up(self, process: str, *, up: bool) -> None:
        """Whether a process runs, as last heard or no longer heard."""
        if process in self._processes:
            self._up.labels(process).set(up)
