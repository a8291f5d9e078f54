"""All topics in one registry, and its text."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Gauge, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from monitor.metrics.cameras import CameraMetrics
from monitor.metrics.clips import ClipMetrics
from monitor.metrics.deliveries import DeliveryMetrics
from monitor.metrics.disk import DiskMetrics
from monitor.metrics.events import EventMetrics
from monitor.metrics.processes import ProcessMetrics
from monitor.metrics.scoring import ScoringMetrics
from monitor.metrics.shadows import ShadowMetrics
from monitor.metrics.stages import StageMetrics


def new_registry() -> CollectorRegistry:
    """A registry that holds nothing yet, not the process-wide one of the library."""
    return CollectorRegistry()


class Metrics:
    """Everything that the alert process exports for the whole daemon, by topic; whoever tells one is given that."""

    def __init__(
        self,
        registry: CollectorRegistry,
        cameras: Sequence[str],
        processes: Sequence[str],
        sinks: Sequence[str],
        version: str,
    ) -> None:
        # Or each counter brings a second series, `…_created`, that Prometheus's text format has no use for.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client has no types there
        self._registry = registry
        known = frozenset(cameras)
        self.cameras = CameraMetrics(registry, known)
        self.stages = StageMetrics(registry)
        self.scoring = ScoringMetrics(registry, known, self.stages)
        self.events = EventMetrics(registry, known)
        self.clips = ClipMetrics(registry, known)
        self.shadows = ShadowMetrics(registry, known)
        self.deliveries = DeliveryMetrics(registry, sinks, self.stages)
        self.disk = DiskMetrics(registry)
        self.processes = ProcessMetrics(registry, frozenset(processes))
        build = Gauge("rareframe_build_info", "Which rareframe this is; always 1.", ["version"], registry=registry)
        build.labels(version).set(1)

    def exposition(self) -> tuple[bytes, str]:
        """All series in Prometheus's text format, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
